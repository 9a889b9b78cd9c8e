"""Documentation runs: snippets are executed, generated pages are compared, links lead somewhere."""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import SkipTest

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser, SkipParser

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
SNIPPET = re.compile(r"^```(bash|console|python)$", re.MULTILINE)
WITH_SNIPPETS = [page for page in PAGES if SNIPPET.search(page.read_text(encoding="utf-8"))]

Cli = Callable[..., Any]


def name(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def commands(text: str) -> list[list[str]]:
    """Words of every `gliascope ...` line; other programs' lines and what was printed are left out."""
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = (shlex.split(line.removeprefix("$ "), comments=True) for line in joined.splitlines())
    return [words[1:] for words in lines if words[:1] == ["gliascope"]]


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "scans"
    command = [sys.executable, "-m", "gliascope", "phantom", "-o", str(folder), "--slices", "16"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("page", WITH_SNIPPETS, ids=name)
def test_snippets(page: Path, cli: Cli, phantoms: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = page.read_text(encoding="utf-8")
    for folder in ("scans", "kaggle_3m"):
        if f"phantom -o {folder}" not in text:
            shutil.copytree(phantoms, tmp_path / folder)
    monkeypatch.chdir(tmp_path)

    def run(example: Example) -> None:
        for words in commands(example.parsed):
            result = cli(*words)
            assert result.status == 0, f"line {example.line}: gliascope {' '.join(words)}: {result.err}"

    shells = [CodeBlockParser(language, run) for language in ("bash", "console")]
    sybil = Sybil([*shells, PythonCodeBlockParser(), SkipParser()])
    for example in sybil.parse(page).examples():
        with contextlib.suppress(SkipTest):
            example.evaluate()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_a_skipped_snippet_has_a_reason(page: Path) -> None:
    for directive in re.findall(r"<!--\s*skip:?.*?-->", page.read_text(encoding="utf-8")):
        assert re.fullmatch(r'<!-- skip: next ".{10,}" -->', directive), directive


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{name(page)} links to {target}, which is not there"


def test_generated_pages_are_up_to_date() -> None:
    script = REPOSITORY / "docs" / "make_pages.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_commands_are_found() -> None:
    text = "$ gliascope a b  # why\nmake test\ngliascope c \\\n    -o 'd e'\nprinted\n"
    assert commands(text) == [["a", "b"], ["c", "-o", "d e"]]
