"""What `evaluate` needs beyond the core installation is loaded when it is used, and named where it is missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gliascope.dataset.split import Split
from gliascope.errors import MissingExtra
from gliascope.evaluate.assemble import Evaluation
from gliascope.evaluate.evidence import load_evidence, save_evidence
from gliascope.evaluate.run import evaluate_side
from gliascope.pipeline import Analyser

EXTRA = ("pandas", "pyarrow", "sklearn")


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [
        ("gliascope.evaluate.output, gliascope.evaluate.run", EXTRA),
        ("gliascope.evaluate.curve", (*EXTRA, "cv2", "onnxruntime", "pydantic", "scipy")),
    ],
    ids=["evaluate", "what training imports"],
)
def test_an_import_loads_nothing_of_the_extra(modules: str, unwanted: tuple[str, ...]) -> None:
    check = f"import sys, {modules}\nprint(*sorted(set(sys.modules) & {set(unwanted)!r}))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_analysing_loads_nothing_of_the_extra(data: Path, tmp_path: Path) -> None:
    code = (
        "import sys\nfrom gliascope.engine.fake import FakeEngine\n"
        "from gliascope.pipeline import Analyser, analyse_into\nfrom gliascope.read import find_cases\n"
        f"list(analyse_into(Analyser(engine=FakeEngine()), find_cases([{str(data)!r}]), {str(tmp_path / 'out')!r}))\n"
        f"print(*sorted(set(sys.modules) & {set(EXTRA)!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
    assert list((tmp_path / "out").iterdir())


def test_a_missing_extra_is_named_before_anything_is_read(
    split: Split, analyser: Analyser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(
        MissingExtra, match=r"an evaluation needs the extra `evaluate` .*pip install .gliascope\[evaluate"
    ):
        evaluate_side(tmp_path / "nowhere", split, analyser)


def test_evidence_needs_the_extra_too(
    data: Path, split: Split, analyser: Analyser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation: Evaluation = evaluate_side(data, split, analyser, resamples=0)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    file = tmp_path / "evidence.parquet"
    with pytest.raises(MissingExtra, match="evidence as Parquet needs the extra `evaluate`"):
        save_evidence(evaluation.patients, file, record=evaluation.record)
    with pytest.raises(MissingExtra, match="evidence as Parquet needs the extra `evaluate`"):
        load_evidence(file)
    assert not file.exists()
