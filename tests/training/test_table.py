from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gliascope.dataset.layout import patients
from gliascope.errors import InputError
from gliascope.prepare import prepare
from gliascope.read import read_cases
from gliascope.recipe import Preparation
from gliascope.training.store import join_tables
from gliascope.training.table import load_table

PREPARATION = Preparation(size=32)


def write_patient(folder: Path, slices: int = 3, tumours: int = 1, seed: int = 0) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number in range(1, slices + 1):
        pixels = np.zeros((40, 40, 3), np.uint8)
        pixels[4:36, 6:34] = rng.integers(40, 220, (32, 28, 3))
        mask = np.zeros((40, 40), np.uint8)
        if number <= tumours:
            mask[10:20, 12:22] = 255
        Image.fromarray(pixels).save(folder / f"{folder.name}_{number}.png")
        Image.fromarray(mask).save(folder / f"{folder.name}_{number}_mask.png")
    return folder


def test_slices_are_prepared_as_in_use(tmp_path: Path) -> None:
    folders = [write_patient(tmp_path / name, seed=seed) for seed, name in enumerate(("a", "b"))]
    table = load_table(patients(tmp_path), PREPARATION)
    assert table.images.shape == (6, 32, 32, 3)
    assert table.images.dtype == np.float16
    assert table.labels.tolist() == [True, False, False] * 2
    assert [one.name for one in table.patients] == ["a", "b"]
    assert [one.rows for one in table.patients] == [slice(0, 3), slice(3, 6)]
    (case,) = read_cases([str(folders[1])])
    prepared = prepare(case.scans[0], PREPARATION)
    np.testing.assert_array_equal(table.images[3:], prepared.images.astype(np.float16))
    assert table.patients[1].inverse == prepared.inverse
    assert table.patients[1].hashes == tuple(one.sha256 for one in case.sources)


def test_truth_is_kept_in_the_scans_own_pixels(tmp_path: Path) -> None:
    table = load_table(patients(write_patient(tmp_path / "a", tumours=2)), PREPARATION)
    (patient,) = table.patients
    assert patient.truth.shape == (3, 40, 40)
    assert patient.truth.sum(axis=(1, 2)).tolist() == [100, 100, 0]
    assert set(np.unique(table.masks)) == {0, 1}
    back = patient.inverse.restore(table.masks.astype(np.float32)) >= 0.5
    assert 2 * (back & patient.truth).sum() / (back.sum() + patient.truth.sum()) > 0.9


def test_a_slice_without_a_mask_is_refused(tmp_path: Path) -> None:
    folder = write_patient(tmp_path / "a")
    (folder / "a_2_mask.png").unlink()
    with pytest.raises(InputError, match=r"a_2\.png: a training slice must have a mask"):
        load_table(patients(folder), PREPARATION)


def test_a_damaged_image_is_refused_by_name(tmp_path: Path) -> None:
    folder = write_patient(tmp_path / "a")
    (folder / "a_3.png").write_bytes((folder / "a_3.png").read_bytes()[:60])
    with pytest.raises(InputError, match=r"a_3\.png"):
        load_table(patients(folder), PREPARATION)


def test_slices_of_two_sizes_are_refused(tmp_path: Path) -> None:
    folder = write_patient(tmp_path / "a")
    for name in ("a_2.png", "a_2_mask.png"):
        with Image.open(folder / name) as image:
            image.resize((20, 20)).save(folder / name)
    with pytest.raises(InputError, match="must have one size"):
        load_table(patients(folder), PREPARATION)


def test_no_patient_is_refused() -> None:
    with pytest.raises(InputError, match="received none"):
        load_table([], PREPARATION)


def test_neighbours_are_put_together_when_asked_for_and_held_once(tmp_path: Path) -> None:
    for seed, name in enumerate(("a", "b")):
        write_patient(tmp_path / name, slices=4, seed=seed)
    beside = PREPARATION.model_copy(update={"neighbours": 2})
    table, plain = load_table(patients(tmp_path), beside), load_table(patients(tmp_path), PREPARATION)
    np.testing.assert_array_equal(table.images, plain.images)
    assert table.neighbours is not None
    expected = [
        prepare(case.scans[0], beside).images.astype(np.float16)
        for case in read_cases([str(tmp_path / "a"), str(tmp_path / "b")])
    ]
    whole = np.concatenate(expected)
    np.testing.assert_array_equal(table.inputs(slice(0, 8)), whole)
    rows = np.array([5, 0, 3, 3])
    np.testing.assert_array_equal(table.inputs(rows), whole[rows])
    np.testing.assert_array_equal(plain.inputs(rows), plain.images[rows])
    parts = [load_table([one], beside) for one in patients(tmp_path)]
    np.testing.assert_array_equal(join_tables(parts).inputs(rows), whole[rows])
