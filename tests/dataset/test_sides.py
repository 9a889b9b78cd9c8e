from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gliascope.dataset.layout import measure_patient, patients
from gliascope.dataset.sides import side_patients, side_statistics
from gliascope.dataset.slices import make_slice_split
from gliascope.dataset.split import SIDES, Split
from gliascope.errors import SplitError
from gliascope.read import read_case

MakeSet = Callable[[dict[str, list[int]]], Path]

A, B, C = "TCGA_CS_1_1", "TCGA_CS_2_1", "TCGA_DU_3_1"
BY_PATIENT = Split((B,), (), (A,))
BY_SLICE = Split((f"{B}/{B}_1.tif", f"{B}/{B}_10.tif"), (f"{B}/{B}_2.tif",), (f"{A}/{A}_1.tif",), strategy="slice")


@pytest.fixture
def root(make_set: MakeSet) -> Path:
    return make_set({A: [0, 1], B: [0, 0, 2, 3, 4, 0, 0, 0, 0, 5], C: [0]})


def test_a_side_by_patient_is_whole_folders(root: Path) -> None:
    (folder,) = side_patients(BY_PATIENT, "train", root)
    assert folder == next(one for one in patients(root) if one.name == B)


def test_a_side_by_slice_is_slices_with_their_masks(root: Path) -> None:
    (folder,) = side_patients(BY_SLICE, "train", root)
    assert (folder.name, folder.patient, folder.institution) == (B, "TCGA_CS_2", "CS")
    assert [one.name for one in folder.files.images] == [f"{B}_1.tif", f"{B}_10.tif"]
    assert [one.name for one in folder.files.masks] == [f"{B}_1_mask.tif", f"{B}_10_mask.tif"]
    case = read_case(folder.files)
    assert not case.warnings
    assert not case.problems
    assert [truth is not None and int(truth.pixels.sum()) for truth in case.truths] == [0, 5]
    assert case.scans[0].is_volume
    (single,) = side_patients(BY_SLICE, "validation", root)
    assert not read_case(single.files).scans[0].is_volume


def test_measured_folders_are_narrowed_as_folders_are(root: Path) -> None:
    measured = [measure_patient(one) for one in patients(root)]
    for split in (BY_PATIENT, BY_SLICE, make_slice_split(root, test=0.4, validation=0.4)):
        for side in SIDES:
            if getattr(split, side):
                folders = side_patients(split, side, root)
                assert side_statistics(split, side, measured) == [measure_patient(one) for one in folders]


@pytest.mark.parametrize(
    ("split", "side", "message"),
    [
        (BY_PATIENT, "exam", "side must be one of train, validation, test, received 'exam'"),
        (BY_PATIENT, "validation", "the validation side of the split must have patients, received none"),
        (Split((A,), (), ("TCGA_CS_9_1", C)), "test", "every patient .* 1 of 2 are not: TCGA_CS_9_1"),
        (Split((), (), (f"{A}/3.tif", f"{A}/{A}_1.tif"), "slice"), "test", f"every slice .* 1 of 2 .*: {A}/3.tif"),
        (Split((), (), (A,), "slice"), "train", "the train side of the split must have slices, received none"),
        (Split((), (), tuple(f"x/{n}.tif" for n in "0123"), "slice"), "test", r"4 of 4 .*: x/0.tif, .*/2.tif, \.\.\."),
    ],
)  # fmt: skip
def test_a_side_that_is_not_there_is_refused(root: Path, split: Split, side: str, message: str) -> None:
    with pytest.raises(SplitError, match=message):
        side_patients(split, side, root)
