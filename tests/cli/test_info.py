from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from gliascope import __version__
from gliascope.bundle import EMBEDDED, Bundle, load_bundle, write_bundle
from gliascope.cli import info
from gliascope.detect.assessor import load_assessor
from gliascope.engine.onnx import available_devices
from gliascope.recipe import Recipe
from gliascope.rules import OperatingPoint

Cli = Callable[..., Any]

SUMMARY = {
    "data": "LGG",
    "sides": {"train": {"patients": 56, "slices": 2017}, "test": {"patients": 22, "slices": 780}},
    "listed": ["a", "b"],
}


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return write_bundle(
        tmp_path / "made",
        name="probe",
        wiring="shared",
        recipe=Recipe(name="small"),
        operating_points={"balanced": OperatingPoint("balanced", 0.45, 0.5, "largest")},
        graphs={"trunk": b"not opened", "decoder": b"not opened"},
        seen=["0" * 64],
        summary=SUMMARY,
        card="# Card\n",
        licence="Licence\n",
        evaluation={"dice_per_patient": 0.8123456},
    )


def test_json(cli: Cli, bundle: Bundle) -> None:
    result = cli("info", "--json", "--model", bundle.path)
    values = json.loads(result.out)
    assert result.status == 0
    assert result.err == ""
    assert values["schema"] == "gliascope.info/1"
    assert values["gliascope"] == __version__
    assert values["python"] == platform.python_version()
    assert values["packages"]["onnxruntime"] == metadata.version("onnxruntime")
    assert values["bundle"] == {
        "name": "probe",
        "created": bundle.created,
        "wiring": "shared",
        "recipe": "small",
        "operating_points": {"balanced": {"detection": 0.45, "mask": 0.5, "components": "largest"}},
        "summary": SUMMARY,
        "evaluation": {"dice_per_patient": 0.8123456},
        "sha256": bundle.sha256,
        "path": str(bundle.path),
    }


def test_text(cli: Cli, bundle: Bundle) -> None:
    lines = cli("info", "--model", bundle.path).out.splitlines()
    assert lines[0].startswith(f"gliascope {__version__}, Python {platform.python_version()}")
    assert f"model      probe, made {bundle.created}, wiring shared, recipe small" in lines
    assert f"sha256     {bundle.sha256}" in lines
    assert lines[lines.index("thresholds") + 1] == "  balanced  detection 0.45, mask 0.5, components largest"
    trained = lines.index("trained on")
    assert lines[trained + 1 : trained + 5] == [
        "  data         LGG",
        "  sides train  patients 56, slices 2017",
        "  sides test   patients 22, slices 780",
        "  listed       2 (listed in bundle.json)",
    ]
    assert lines[lines.index("measured") + 1] == "  dice per patient  0.8123"
    assert lines[-1] == "Research software, never a diagnosis."


def test_agrees_with_the_bundle_module() -> None:
    assert info.EMBEDDED == EMBEDDED
    values = info.collect(EMBEDDED, required=False)["bundle"]
    assert values is not None
    embedded = load_bundle(verify=False)
    assert values["sha256"] == embedded.sha256
    assert values["name"] == embedded.name
    assert values["wiring"] == embedded.wiring
    assert values["recipe"] == embedded.recipe.name
    assert set(values["operating_points"]) == set(embedded.operating_points)


def test_agrees_with_onnxruntime_about_devices() -> None:
    assert tuple(info.collect(EMBEDDED, required=False)["devices"]) == available_devices()


def test_without_a_bundle(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "EMBEDDED", tmp_path)
    assert json.loads(cli("info", "--json").out)["bundle"] is None
    result = cli("info")
    assert result.status == 0
    assert "holds no model bundle" in result.out


def test_a_named_bundle_must_be_there(cli: Cli, tmp_path: Path) -> None:
    result = cli("info", "--model", tmp_path / "none")
    assert result.status == 1
    assert "must be a folder with a bundle.json" in result.err


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"name": "x"}'])
def test_a_damaged_bundle(cli: Cli, tmp_path: Path, text: str) -> None:
    (tmp_path / "bundle.json").write_text(text)
    result = cli("info", "--model", tmp_path)
    assert result.status == 1
    assert "must be a bundle's manifest" in result.err


def test_hash_names_the_manifest(bundle: Bundle) -> None:
    digest = hashlib.sha256((bundle.path / "bundle.json").read_bytes()).hexdigest()
    assert info.collect(bundle.path, required=True)["bundle"]["sha256"] == digest


def test_neither_numpy_nor_onnxruntime_is_imported() -> None:
    code = (
        "import sys\nfrom gliascope.cli.app import main\n"
        "try: main(['info', '--json'])\nexcept SystemExit as end: assert end.code == 0\n"
        "assert not {'numpy', 'onnxruntime', 'keras', 'matplotlib', 'pydantic'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_the_assessor_is_named(cli: Cli) -> None:
    embedded = load_assessor()
    shown = json.loads(cli("info", "--json").out)["assessor"]
    assert shown["sha256"] == embedded.sha256
    assert shown["patients"] == embedded.record["fitted_on"]["patients"]
    assert shown["limits"] == embedded.record["limits"]
    assert f"sha256 {embedded.sha256}" in cli("info").out


def test_a_damaged_assessor_is_named(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(info, "ASSESSOR", tmp_path / "assessor.json")
    assert json.loads(cli("info", "--json").out)["assessor"] is None
    (tmp_path / "assessor.json").write_text("{}")
    result = cli("info")
    assert result.status == 1
    assert "assessor.json: must be an assessor's record" in result.err
