"""Labelled NIfTI cases are checked by the same rules, and by some of their own."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.dataset.check import check_data
from gliascope.dataset.layout import patients
from gliascope.errors import InputError
from gliascope.evaluate.survey import survey
from gliascope.phantom import make_phantom, write_phantom_volumes

A, B, C = (f"PHANTOM_LS_000{number}_19000101" for number in range(3))

CheckRules = Callable[[Path], dict[str, list[tuple[str, str]]]]
Break = Callable[[Path], object]


@pytest.fixture(scope="session")
def sound_volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound") / "cases"
    for seed in range(3):
        write_phantom_volumes(make_phantom(seed, slices=5, size=96), root)
    return root


@pytest.fixture
def sound(sound_volumes: Path, tmp_path: Path) -> Path:
    """Three patients of three sequences and a truth: nothing to remark on."""
    return Path(shutil.copytree(sound_volumes, tmp_path / "cases"))


def file(root: Path, what: str, name: str = B) -> Path:
    return root / name / f"{name}_{what}.nii.gz"


def change(
    what: str, values: Callable[[NDArray[Any]], NDArray[Any]], affine: Callable[[NDArray[Any]], NDArray[Any]] = np.copy
) -> Break:
    """Write a file of the second case with other voxels, or elsewhere."""

    def act(root: Path) -> None:
        image = nibabel.Nifti1Image.from_filename(str(file(root, what)))
        changed = nibabel.Nifti1Image(values(np.asanyarray(image.dataobj)), affine(np.asarray(image.affine)))
        nibabel.save(changed, file(root, what))

    return act


def lose(what: str) -> Break:
    return lambda root: file(root, what).unlink()


def cut(what: str) -> Break:
    return lambda root: file(root, what).write_bytes(file(root, what).read_bytes()[:-40])


def copy(what: str, to: str, into: str = B) -> Break:
    return lambda root: shutil.copy(file(root, what), file(root, to, into))


def blank_third(values: NDArray[Any]) -> NDArray[Any]:
    values = values.copy()
    values[:, :, 2] = 0
    return values


def blank_slice(root: Path) -> None:
    for what in ("t1", "flair", "t1ce"):
        change(what, blank_third)(root)


def labels(values: NDArray[Any]) -> NDArray[Any]:
    values = values.copy()
    values[0, :4, 0] = (1, 2, 4, 4)
    return values


def soft(values: NDArray[Any]) -> NDArray[Any]:
    return values + np.linspace(0, 1, values.size, dtype=np.float32).reshape(values.shape)


def moved(millimetres: float) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def move(affine: NDArray[Any]) -> NDArray[Any]:
        affine = affine.copy()
        affine[:3, 3] += millimetres
        return affine

    return move


def same_patient_twice(root: Path) -> None:
    """The second case's files under a third patient's name."""
    for what in ("t1", "flair", "t1ce", "seg"):
        copy(what, what, C)(root)


def nan_voxel(values: NDArray[Any]) -> NDArray[Any]:
    values = values.astype(np.float32)
    values[0, 0, 0] = np.nan
    return values


BROKEN: list[tuple[str, Break, str, str]] = [
    ("unreadable", cut("t1"), f"{B}/{B}_t1.nii.gz", "ended before"),
    ("unreadable", cut("seg"), f"{B}/{B}_seg.nii.gz", "ended before"),
    ("image-without-mask", lose("seg"), f"{B}/{B}_flair.nii.gz", "no truth"),
    ("image-without-mask", change("seg", lambda m: m[..., :3]), f"{B}/{B}_seg.nii.gz", "a truth of 3 of 5 slices"),
    ("mask-size", change("seg", np.copy, moved(900)), f"{B}/{B}_seg.nii.gz", "one that lies elsewhere"),
    ("mask-values", change("seg", soft), f"{B}/{B}_seg.nii.gz", "of them"),
    ("no-flair", lose("flair"), B, "pre-contrast and post-contrast alone"),
    ("repeated-across-patients", same_patient_twice, f"{C}/{C}_flair.nii.gz", "axial slices with the pixels of"),
    ("mask-labels", change("seg", labels), f"{B}/{B}_seg.nii.gz", "several labels"),
    ("mask-mostly-inside", change("seg", lambda m: 1 - m), f"{B}/{B}_seg.nii.gz", "more than half"),
    ("mask-on-blank", blank_slice, f"{B}/{B}_seg.nii.gz", "an outline on a slice of one value"),
    ("mask-grid", change("seg", lambda m: m[2:]), f"{B}/{B}_seg.nii.gz", "another grid"),
    ("several-masks", copy("seg", "mask"), B, "is taken"),
    ("channel-copy", copy("flair", "t1ce"), B, "post-contrast is a copy of FLAIR"),
    ("sequence-missing", lose("t1"), B, "no pre-contrast"),
    ("as-stored", change("t1", nan_voxel), B, "NaN"),
    ("no-tumour", change("seg", np.zeros_like), B, "no voxel inside on 5 slices"),
    ("stray-file", copy("flair", "t2"), f"{B}/{B}_t2.nii.gz", "a volume that is not used"),
    (
        "mask-without-image",
        lambda root: shutil.copy(file(root, "seg"), root / B / "x_seg.nii.gz"),
        f"{B}/x_seg.nii.gz",
        "no image",
    ),
]


@pytest.mark.parametrize(
    ("rule", "act", "path", "received"), BROKEN, ids=[f"{one[0]}-{place}" for place, one in enumerate(BROKEN)]
)
def test_a_rule_is_broken(
    sound: Path, check_rules: CheckRules, rule: str, act: Break, path: str, received: str
) -> None:
    act(sound)
    found = check_rules(sound)
    assert list(found) == [rule]
    ((where, what),) = found[rule]
    assert where == path
    assert received in what


def test_an_unreadable_sequence_is_told_once_whatever_else_is_missing(sound: Path, check_rules: CheckRules) -> None:
    file(sound, "t1").write_bytes(b"")
    assert {rule: len(told) for rule, told in check_rules(sound).items()} == {"unreadable": 1}
    lose("t1ce")(sound)
    found = check_rules(sound)
    assert found == {
        "unreadable": [(f"{B}/{B}_t1.nii.gz", "0 bytes")],
        "sequence-missing": [(B, "no post-contrast")],
    }


def test_names_that_speak_of_a_rule_do_not_change_it(sound: Path, check_rules: CheckRules) -> None:
    """What is remarked on is told by kinds; a file's name may say anything."""
    case = sound / "several truths: different values"
    (sound / B).rename(case)
    for path in case.iterdir():
        path.rename(case / path.name.replace(B, "not used: different values"))
    name = case.name
    seg, t1 = (case / f"not used: different values_{what}.nii.gz" for what in ("seg", "t1"))
    for path, act in ((seg, lambda image: moved(900)(image.affine)), (t1, lambda image: image.affine)):
        image = nibabel.Nifti1Image.from_filename(str(path))
        values = np.asanyarray(image.dataobj)
        nibabel.save(nibabel.Nifti1Image(nan_voxel(values) if path == t1 else values, act(image)), path)
    found = check_rules(sound)
    assert [place for place, _ in found["mask-size"]] == [f"{name}/{seg.name}"]
    assert "mask-values" not in found
    ((_, told),) = found["as-stored"]
    assert told.startswith(t1.name)


def test_sound_cases_have_nothing_to_remark_on(sound: Path) -> None:
    report = check_data(sound)
    assert report.remarks == ()
    assert (report.folders, report.patients, report.slices) == (3, 3, 15)
    survey(patients(sound), frozenset())  # as an evaluation looks at them first


def test_what_is_broken_is_what_an_evaluation_refuses(sound: Path) -> None:
    lose("seg")(sound)
    assert check_data(sound).broken
    with pytest.raises(InputError, match="must have a true mask"):
        survey(patients(sound), frozenset())


def test_cases_of_one_folder_have_their_own_names(sound: Path, tmp_path: Path) -> None:
    together = tmp_path / "together"
    together.mkdir()
    for path in sound.glob("*/*"):
        shutil.copy(path, together)
    report = check_data(together)
    assert report.remarks == ()
    assert (report.folders, report.patients) == (3, 3)
    (together / f"{B}_seg.nii.gz").unlink()
    (found,) = check_data(together).remarks
    assert (found.rule, found.path) == ("image-without-mask", f"{B}_flair.nii.gz")


def test_images_and_volumes_may_lie_together(sound: Path, sound_phantoms: Path) -> None:
    shutil.copytree(sound_phantoms / A, sound / "more" / A)
    report = check_data(sound)
    assert {one.rule for one in report.remarks} == {"folder-names", "repeated-in-patient"}
