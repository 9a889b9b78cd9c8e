from __future__ import annotations

import errno
import filecmp
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gliascope.errors import InputError
from gliascope.findings import Finding
from gliascope.pipeline import Analyser, results, write_case
from gliascope.pipeline.results import case_folder
from gliascope.read import case_from_array, find_cases, read_case
from gliascope.scan import Case

BundleFactory = Callable[..., Path]
Bright = Callable[..., Any]


@pytest.fixture
def case(tmp_path: Path, bright: Bright) -> Case:
    (files,) = find_cases(bright().save(tmp_path / "anna", masks=True))
    return read_case(files)


@pytest.fixture
def finding(case: Case, tiny_bundle: BundleFactory) -> Finding:
    return Analyser(tiny_bundle(), save_probabilities=True).analyse(case)


def test_a_folder_holds_what_its_record_names(tmp_path: Path, finding: Finding, case: Case) -> None:
    record = write_case(finding, case, tmp_path / "out")
    folder = tmp_path / "out" / "anna"
    assert json.loads((folder / "findings.json").read_text(encoding="utf-8")) == record
    named = {"findings.json", record["contact_sheet"], record["report"], record["thumbnail"]}
    for one, said in zip(finding.slices, record["slices"], strict=True):
        named |= {said[key] for key in ("mask", "mask_probability", "figure") if said[key] is not None}
        mask = np.asarray(Image.open(folder / said["mask"]))
        assert mask.dtype == np.uint8
        assert np.array_equal(mask, one.mask * np.uint8(255))
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert there == named
    assert len([name for name in there if name.startswith("masks/")]) == 6
    assert len([name for name in there if name.startswith("figures/")]) == 3
    assert len([name for name in there if name.startswith("probabilities/")]) == 2
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["anna"]


def test_the_same_case_gives_the_same_bytes(tmp_path: Path, case: Case, tiny_bundle: BundleFactory) -> None:
    bundle = tiny_bundle()
    for name, threads, size in (("one", 1, 8), ("two", 2, 1)):
        finding = Analyser(bundle, threads=threads, batch_size=size).analyse(case)
        write_case(finding, case, tmp_path / name)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    equal, different, lost = filecmp.cmpfiles(tmp_path / "one", tmp_path / "two", files, shallow=False)
    assert (len(equal), different, lost) == (len(files), [], [])


def test_without_figures(tmp_path: Path, finding: Finding, case: Case) -> None:
    record = write_case(finding, case, tmp_path / "out", figures=False)
    assert not (tmp_path / "out" / "anna" / "figures").exists()
    assert record["contact_sheet"] is None
    assert all(one["figure"] is None for one in record["slices"])


def test_a_missed_tumour_has_its_picture_too(tmp_path: Path, case: Case, tiny_bundle: BundleFactory) -> None:
    record = write_case(Analyser(tiny_bundle(), threshold=1.0).analyse(case), case, tmp_path / "out")
    assert record["verdict"] == "no tumour"
    assert [one["figure"] is not None for one in record["slices"]] == [False, False, True, True, False, False]
    assert (tmp_path / "out" / "anna" / "figures" / "anna_3.png").is_file()


def test_no_tumour_and_nothing_at_all_are_written_completely(tmp_path: Path, tiny_bundle: BundleFactory) -> None:
    analyser = Analyser(tiny_bundle())
    ramp = np.tile(np.arange(64, dtype=np.uint8), (64, 1))
    for name, pixels, sheet in (("ramp", ramp, True), ("blank", ramp * 0, False)):
        case = case_from_array(pixels, name)
        write_case(analyser.analyse(case), case, tmp_path)
        mask = np.asarray(Image.open(tmp_path / name / "masks" / "slice_mask.png"))
        assert mask.shape == (64, 64)
        assert not mask.any()
        assert (tmp_path / name / "figures" / "contact_sheet.png").is_file() == sheet


@pytest.mark.parametrize("shape", [(2, 2), (1, 40), (40, 1), (3, 1000)])
def test_odd_sizes_are_drawn(tmp_path: Path, tiny_bundle: BundleFactory, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (2, *shape), dtype=np.uint8)
    case = case_from_array(pixels, "odd")
    write_case(Analyser(tiny_bundle(), threshold=0.0).analyse(case), case, tmp_path)
    assert len(list((tmp_path / "odd" / "figures").iterdir())) == 3


def test_an_older_result_is_replaced_as_a_whole(tmp_path: Path, finding: Finding, case: Case) -> None:
    write_case(finding, case, tmp_path / "out")
    write_case(finding, case, tmp_path / "out", figures=False)
    assert not (tmp_path / "out" / "anna" / "figures").exists()
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["anna"]


def test_something_else_in_the_place_is_left_alone(tmp_path: Path, finding: Finding, case: Case) -> None:
    (tmp_path / "out" / "anna").mkdir(parents=True)
    (tmp_path / "out" / "anna" / "diary.txt").write_text("dear")
    with pytest.raises(InputError, match="only an older result may be replaced"):
        write_case(finding, case, tmp_path / "out")
    assert (tmp_path / "out" / "anna" / "diary.txt").read_text() == "dear"


@pytest.mark.parametrize("again", [False, True])
def test_a_full_disk_leaves_no_half_case(
    tmp_path: Path, finding: Finding, case: Case, monkeypatch: pytest.MonkeyPatch, again: bool
) -> None:
    if again:
        write_case(finding, case, tmp_path / "out")
    before = sorted(path.name for path in (tmp_path / "out").rglob("*"))
    written = []

    def full(mask: Any, path: Path) -> None:
        written.append(path)
        if len(written) == 4:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mask")

    monkeypatch.setattr(results, "write_mask", full)
    with pytest.raises(OSError, match="No space left on device"):
        write_case(finding, case, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").rglob("*")) == before


def test_leftovers_of_a_killed_run_are_cleared(tmp_path: Path, finding: Finding, case: Case) -> None:
    for name in (".anna.partial", ".anna.old"):
        (tmp_path / "out" / name / "masks").mkdir(parents=True)
    write_case(finding, case, tmp_path / "out")
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["anna"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", ".hidden", "nul\0"])
def test_names_that_are_no_folder_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="usable as a folder's name"):
        case_folder(tmp_path, name)


def test_a_case_never_takes_a_table_s_name(tmp_path: Path) -> None:
    assert case_folder(tmp_path, "Cases.csv").name == "Cases.csv_"
    assert case_folder(tmp_path, "Größe µ 日本").name == "Größe µ 日本"
