"""The public names: a change to this list is a change that users notice."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

import gliascope

PUBLIC = [
    "Analyser",
    "Bundle",
    "Case",
    "Finding",
    "GliascopeError",
    "Recipe",
    "Scan",
    "__version__",
    "analyse",
    "enhance",
    "load_bundle",
    "load_recipe",
]


def test_public_names() -> None:
    assert gliascope.__all__ == PUBLIC
    assert sorted(gliascope.__all__) == gliascope.__all__


@pytest.mark.parametrize("name", PUBLIC)
def test_public_name_is_there(name: str) -> None:
    assert getattr(gliascope, name) is not None
    assert name in dir(gliascope)


def test_unknown_name() -> None:
    with pytest.raises(AttributeError, match="'gliascope' has no attribute 'analyze'"):
        gliascope.analyze  # noqa: B018  the attribute access is what is tested


def test_star_import_gives_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from gliascope import *", names)
    assert {one for one in names if one != "__builtins__"} == set(PUBLIC)


HEAVY = ("cv2", "jax", "keras", "matplotlib", "numpy", "onnxruntime", "pydantic", "scipy", "tensorflow", "torch")


@pytest.mark.parametrize(
    "code",
    [
        "import gliascope",
        "from gliascope.cli.app import main\ntry: main(['--help'])\nexcept SystemExit as end: assert end.code == 0",
    ],
    ids=["import", "help"],
)
def test_nothing_heavy_is_loaded(code: str) -> None:
    check = f"{code}\nimport sys\nprint('loaded:', *sorted(set(sys.modules) & {set(HEAVY)!r}))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_the_library_leaves_logging_alone() -> None:
    loggers = "logging.root.handlers, logging.getLogger('gliascope').handlers"
    check = f"import logging, gliascope, gliascope.bundle; print({loggers})"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


@pytest.mark.parametrize(
    "arguments",
    [["-c", "import gliascope"], ["-m", "gliascope", "--help"], ["-m", "gliascope", "info"]],
    ids=["import", "help", "info"],
)
def test_answers_within_half_a_second(arguments: list[str]) -> None:
    """Processor time, the best of three: a busy machine must not make this fail."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.5
