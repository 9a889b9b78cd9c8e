from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gliascope.errors import InputError
from gliascope.pipeline import Analyser, Outcome, analyse_into, work, write_case
from gliascope.pipeline.lock import LOCK
from gliascope.pipeline.tables import CASE_COLUMNS, SLICE_COLUMNS
from gliascope.read import find_cases

BundleFactory = Callable[..., Path]
Bright = Callable[..., Any]


@pytest.fixture
def patients(tmp_path: Path, bright: Bright) -> Path:
    """Three patients: one with tumour and truth, one without tumour, one with a bad file."""
    root = tmp_path / "patients"
    bright(seed=1).save(root / "p1", masks=True)
    bright(seed=2, tumour=(0, 0)).save(root / "p2")
    bright(seed=3, slices=4).save(root / "p10")
    (root / "p10" / "p10_2.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return root


def run(inputs: Path | Sequence[Path], out: Path, analyser: Analyser, **options: Any) -> list[Outcome]:
    return list(analyse_into(analyser, find_cases(inputs), out, **options))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_tables_and_folders(tmp_path: Path, patients: Path, tiny_bundle: BundleFactory) -> None:
    out = tmp_path / "out"
    outcomes = run(patients, out, Analyser(tiny_bundle()))
    assert [one.record["case"] for one in outcomes] == ["p1", "p2", "p10"]
    assert [one.has_problems for one in outcomes] == [False, False, True]
    assert sorted(one.name for one in out.iterdir() if one.name != LOCK) == [
        *("cases.csv", "index.html", "p1", "p10", "p2", "slices.csv")
    ]

    cases = table(out / "cases.csv")
    assert tuple(cases[0]) == CASE_COLUMNS
    assert [one["verdict"] for one in cases] == ["tumour", "no tumour", "tumour"]
    assert [one["slices"] for one in cases] == ["6", "6", "3"]
    assert [one["tumour_slices"] for one in cases] == ["2", "0", "2"]
    assert "p10_2.png" in cases[2]["warnings"]
    assert cases[0]["warnings"] == "grey image: taken as FLAIR"

    slices = table(out / "slices.csv")
    assert tuple(slices[0]) == SLICE_COLUMNS
    files = [(one["case"], one["file"]) for one in slices]
    assert files[:2] == [("p1", "p1_1.png"), ("p1", "p1_2.png")]
    assert files[12:] == [("p10", "p10_1.png"), ("p10", "p10_3.png"), ("p10", "p10_4.png")]
    for case in cases:
        rows = [one for one in slices if one["case"] == case["case"]]
        assert len(rows) == int(case["slices"])
        assert sum(int(one["area_px"]) for one in rows) == int(case["area_px"])
        assert max(float(one["probability"]) for one in rows) == float(case["score"])


def test_the_tables_hold_every_finished_case_at_any_time(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory
) -> None:
    out = tmp_path / "out"
    outcomes = analyse_into(Analyser(tiny_bundle()), find_cases(patients), out)
    for count in (1, 2, 3):
        next(outcomes)
        cases = table(out / "cases.csv")
        assert len(cases) == count
        assert len(table(out / "slices.csv")) == sum(int(one["slices"]) for one in cases)


def test_continue_takes_over_what_is_finished(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, analyser = tmp_path / "out", Analyser(tiny_bundle())
    run(patients, out, analyser)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    shutil.rmtree(out / "p2")
    (out / "cases.csv").write_text("torn")
    asked = []
    whole = Analyser.analyse

    def counted(self: Analyser, case: Any) -> Any:
        asked.append(case.name)
        return whole(self, case)

    monkeypatch.setattr(Analyser, "analyse", counted)
    outcomes = run(patients, out, analyser, resume=True)
    assert asked == ["p2"]
    assert [one.continued for one in outcomes] == [True, False, True]
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert [one.continued for one in run(patients, out, analyser)] == [False] * 3


@pytest.mark.parametrize("change", ["pixels", "truth", "threshold", "model", "figures", "version", "torn"])
def test_continue_does_again_what_would_come_out_differently(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    out, bundle = tmp_path / "out", tiny_bundle()
    run(patients / "p1", out, Analyser(bundle), figures=False)
    analyser, figures = Analyser(bundle), False
    if change == "pixels":
        Image.fromarray(np.full((96, 96), 50, np.uint8)).save(patients / "p1" / "p1_1.png")
    elif change == "truth":
        (patients / "p1" / "p1_1_mask.png").unlink()
    elif change == "threshold":
        analyser = Analyser(bundle, threshold=0.1)
    elif change == "model":
        analyser = Analyser(tiny_bundle("separate"))
    elif change == "figures":
        figures = True
    elif change == "version":
        monkeypatch.setattr("gliascope.__version__", "99.0")
    else:
        (out / "p1" / "findings.json").write_text('{"schema": "gliascope.fin')
    (outcome,) = run(patients / "p1", out, analyser, figures=figures, resume=True)
    assert not outcome.continued
    assert (out / "p1" / "figures").exists() == figures


def test_a_run_that_breaks_off_keeps_what_it_finished(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, out = write_case, tmp_path / "out"

    def full(finding: Any, case: Any, folder: Path, **options: Any) -> Any:
        if finding.case == "p2":
            raise OSError(28, "No space left on device")
        return whole(finding, case, folder, **options)

    monkeypatch.setattr(work, "write_case", full)
    with pytest.raises(OSError, match="No space left"):
        run(patients, out, Analyser(tiny_bundle()))
    assert [one["case"] for one in table(out / "cases.csv")] == ["p1"]
    assert json.loads((out / "p1" / "findings.json").read_text())["verdict"] == "tumour"
    assert not (out / "p2").exists()


def test_pages_of_one_file_are_told_apart(tmp_path: Path, bright: Bright, tiny_bundle: BundleFactory) -> None:
    pages = [Image.fromarray(one) for one in bright().pixels]
    pages[0].save(tmp_path / "stack.tif", save_all=True, append_images=pages[1:])
    (outcome,) = run(tmp_path / "stack.tif", tmp_path / "out", Analyser(tiny_bundle()))
    assert outcome.record["tumour_slices"] == 2
    assert [one["file"] for one in table(tmp_path / "out" / "slices.csv")] == [f"stack.tif#{n}" for n in range(1, 7)]
    assert (tmp_path / "out" / "stack" / "masks" / "stack_p0006_mask.png").is_file()
    assert (tmp_path / "out" / "stack" / "figures" / "stack_p0003.png").is_file()


def test_results_never_go_where_something_else_is(tmp_path: Path, patients: Path, tiny_bundle: BundleFactory) -> None:
    analyser = Analyser(tiny_bundle())
    with pytest.raises(InputError, match="must not go into a folder that is read"):
        run(patients / "p1", patients / "p1", analyser)
    with pytest.raises(InputError, match="only an older result may be replaced"):
        run(patients, patients, analyser)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="must go into a folder, received a file"):
        run(patients, tmp_path / "file", analyser)
    assert sorted(one.name for one in patients.iterdir()) == ["p1", "p10", "p2"]


def test_results_inside_the_input_are_not_read_by_the_next_run(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory
) -> None:
    analyser = Analyser(tiny_bundle())
    first, second = (run(patients, patients / "results", analyser) for _ in range(2))
    assert [one.record for one in first] == [one.record for one in second]


def test_a_second_run_into_the_same_folder_is_refused(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory
) -> None:
    out, analyser = tmp_path / "out", Analyser(tiny_bundle())
    first = analyse_into(analyser, find_cases(patients), out)
    next(first)
    for inputs in (patients, patients / "p2"):
        with pytest.raises(InputError, match="out: results must be written by one run at a time"):
            run(inputs, out, analyser)
    assert len(list(first)) == 2
    assert [one["case"] for one in table(out / "cases.csv")] == ["p1", "p2", "p10"]
    assert sorted(one.name for one in out.iterdir() if one.name != LOCK) == [
        *("cases.csv", "index.html", "p1", "p10", "p2", "slices.csv")
    ]
    assert [one.continued for one in run(patients, out, analyser, resume=True)] == [True] * 3
