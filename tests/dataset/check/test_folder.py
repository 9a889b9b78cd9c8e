from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from gliascope.dataset.check.facts import Notes
from gliascope.dataset.check.folder import check_folder
from gliascope.phantom import make_phantom
from gliascope.read.find import CaseFiles, find_cases
from gliascope.scan import Problem


def test_a_folder_that_cannot_be_opened_is_unreadable(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    gone = tmp_path / "gone"
    facts = check_folder(CaseFiles("gone", gone, (), is_folder=True, problems=(Problem(str(gone), "?"),)), notes)
    (remark,) = notes
    assert (remark.rule, remark.path) == ("unreadable", "gone")
    assert remark.received == "a folder that cannot be opened: No such file or directory"
    assert facts.slices == ()


def test_facts_hold_no_pixels(tmp_path: Path) -> None:
    phantom = make_phantom(0, slices=3, size=96)
    folder = tmp_path / "TCGA_XX_0001_20000101"
    folder.mkdir()
    for number, page in enumerate(phantom.scan.pixels.astype(np.uint16) * 100, start=1):
        tifffile.imwrite(folder / f"{folder.name}_{number}.tif", page, photometric="rgb", metadata=None)
    notes = Notes(tmp_path)
    (case,) = find_cases(folder)
    facts = check_folder(case, notes)
    assert facts.patient == "TCGA_XX_0001"
    assert [one.form_text for one in facts.slices] == ["96 x 96 x 3 uint16"] * 3
    assert facts.thumbnails.shape == (len(facts.thumbnail_of), 64, 64)
    assert facts.thumbnails.dtype == np.uint8
    assert {one.rule for one in notes} == {"image-without-mask"}


def test_slices_of_two_sizes_are_compared_by_their_own_places(tmp_path: Path) -> None:
    folder = tmp_path / "X"
    folder.mkdir()
    for number, size in enumerate((96, 64, 96), start=1):
        page = make_phantom(number, slices=1, size=size).scan.pixels[0]
        tifffile.imwrite(folder / f"X_{number}.tif", page, photometric="rgb", metadata=None)
    (case,) = find_cases(folder)
    facts = check_folder(case, Notes(tmp_path))
    assert sorted(facts.thumbnail_of) == [0, 1, 2]
    assert facts.thumbnail_of == (0, 2, 1)
