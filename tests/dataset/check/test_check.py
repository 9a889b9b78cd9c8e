"""Every rule is broken by a data set that breaks this rule and no other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from gliascope.dataset.check import RULES, check_data
from gliascope.errors import InputError
from gliascope.phantom import make_phantom, write_phantom

A, B, C = (f"PHANTOM_LS_000{number}_19000101" for number in range(3))

CheckRules = Callable[[Path], dict[str, list[tuple[str, str]]]]
Break = Callable[[Path], object]
OF_VOLUMES = {"no-flair", "mask-grid", "sequence-missing", "as-stored"}
"""Broken in test_volumes.py."""


def image(root: Path, name: str, number: int) -> Path:
    return root / name / f"{name}_{number}.tif"


def mask(root: Path, name: str, number: int) -> Path:
    return root / name / f"{name}_{number}_mask.tif"


def pixels(path: Path) -> NDArray[np.uint8]:
    values: NDArray[np.uint8] = tifffile.imread(path)
    return values


def save(path: Path, values: NDArray[Any]) -> None:
    tifffile.imwrite(path, values, photometric="rgb" if values.ndim == 3 else "minisblack", metadata=None)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def replace_mask(values: Callable[[NDArray[np.uint8]], NDArray[Any]]) -> Break:
    return lambda root: save(mask(root, B, 3), values(pixels(mask(root, B, 3))))


def replace_image(values: Callable[[NDArray[np.uint8]], NDArray[Any]]) -> Break:
    return lambda root: save(image(root, B, 3), values(pixels(image(root, B, 3))))


def labels(inside: NDArray[np.uint8]) -> NDArray[np.uint8]:
    values = np.zeros_like(inside)
    values[0, :4] = (1, 2, 4, 4)
    return values


def halve(path: Path) -> None:
    values = pixels(path)[::2, ::2]
    save(path, np.ascontiguousarray(values))


def halve_slice(root: Path) -> None:
    halve(image(root, B, 3))
    halve(mask(root, B, 3))


def halve_patient(root: Path) -> None:
    for path in (root / B).iterdir():
        halve(path)


def only_masks(root: Path) -> None:
    (root / "masks").mkdir()
    shutil.copy(mask(root, B, 3), root / "masks" / f"{B}_3_mask.tif")


def lose_image(root: Path) -> None:
    image(root, B, 5).unlink()


def same_name(root: Path) -> None:
    other = write_phantom(make_phantom(7, slices=3, size=96), root / "more")
    for path in sorted(other.iterdir()):
        path.rename(path.with_name(path.name.replace(other.name, B)))
    other.rename(other.with_name(B))


def rename(number: int, to: str) -> Break:
    def act(root: Path) -> None:
        image(root, B, number).rename(root / B / f"{to}.tif")
        mask(root, B, number).rename(root / B / f"{to}_mask.tif")

    return act


def lose_slice(root: Path) -> None:
    image(root, B, 3).unlink()
    mask(root, B, 3).unlink()


def repeat(source: str, number: int) -> Break:
    def act(root: Path) -> None:
        shutil.copy(image(root, source, number), image(root, B, 3))
        shutil.copy(mask(root, source, number), mask(root, B, 3))

    return act


def copy_channel(source: int, target: int) -> Break:
    def act(root: Path) -> None:
        for number in range(1, 6):
            values = pixels(image(root, B, number))
            values[..., target] = values[..., source]
            save(image(root, B, number), values)

    return act


def save_again(root: Path) -> None:
    """A slice of one patient, moved, brightened and with noise, stands for another patient's."""
    values = np.roll(pixels(image(root, A, 3)).astype(np.float64), (2, 3), axis=(0, 1)) * 1.1
    values += np.random.default_rng(0).normal(0, 2, values.shape)
    save(image(root, C, 2), np.clip(values, 0, 255).astype(np.uint8))


def healthy(root: Path) -> None:
    write_phantom(make_phantom(9, slices=5, size=96, healthy=True), root)


def write(name: str, content: str = "?") -> Break:
    return lambda root: (root / name).write_text(content, encoding="utf-8")


def results(root: Path) -> None:
    (root / "out").mkdir()
    for name in ("cases.csv", "slices.csv"):
        (root / "out" / name).write_text("", encoding="utf-8")
    shutil.copy(image(root, B, 3), root / "out" / "figure.tif")


def multipage(root: Path) -> None:
    """A patient as a file of many pages, of which one is repeated."""
    stack = np.stack([pixels(image(root, B, number)) for number in (1, 2, 3, 2)])
    inside = np.stack([pixels(mask(root, B, number)) for number in (1, 2, 3, 2)])
    for path in (root / B).iterdir():
        path.unlink()
    tifffile.imwrite(root / B / "volume.tif", stack, photometric="rgb", metadata=None)
    tifffile.imwrite(root / B / "volume_mask.tif", inside, photometric="minisblack", metadata=None)


BROKEN: list[tuple[str, Break, str, str]] = [
    ("unreadable", lambda root: cut_short(image(root, B, 3)), f"{B}/{B}_3.tif", "a file with parts missing"),
    ("unreadable", lambda root: cut_short(mask(root, B, 3)), f"{B}/{B}_3_mask.tif", "a file with parts missing"),
    ("unreadable", lambda root: image(root, B, 3).write_bytes(b""), f"{B}/{B}_3.tif", "0 bytes"),
    ("unreadable", write(f"{B}/{B}_3.tif", "no image"), f"{B}/{B}_3.tif", "a file that starts with b'no image'"),
    ("image-without-mask", lambda root: mask(root, B, 3).unlink(), f"{B}/{B}_3.tif", "no mask"),
    ("mask-without-image", lose_image, f"{B}/{B}_5_mask.tif", "no image"),
    ("mask-without-image", only_masks, f"masks/{B}_3_mask.tif", "no image"),
    ("mask-size", replace_mask(lambda m: m[:50]), f"{B}/{B}_3_mask.tif", "50 x 96"),
    (
        "mask-values",
        replace_mask(lambda m: np.broadcast_to(np.arange(96, dtype=np.uint8), m.shape)),
        f"{B}/{B}_3_mask.tif",
        "96",
    ),
    (
        "patient-sizes",
        halve_slice,
        f"{B}/{B}_3.tif",
        "48 x 48 x 3 uint8, where 4 of 5 slices are 96 x 96 x 3 uint8",
    ),
    ("patient-sizes", replace_image(lambda i: i.astype(np.uint16)), f"{B}/{B}_3.tif", "96 x 96 x 3 uint16"),
    ("patient-sizes", replace_image(lambda i: i[..., 1]), f"{B}/{B}_3.tif", "96 x 96 x 1 uint8"),
    ("folder-names", same_name, f"more/{B}", f"the name of {B}"),
    ("repeated-across-patients", repeat(A, 2), f"{B}/{B}_3.tif", f"the pixels of {A}/{A}_2.tif"),
    ("mask-labels", replace_mask(labels), f"{B}/{B}_3_mask.tif", "several labels"),
    ("mask-mostly-inside", replace_mask(lambda m: 255 - m), f"{B}/{B}_3_mask.tif", "more than half"),
    ("mask-on-blank", replace_image(np.zeros_like), f"{B}/{B}_3_mask.tif", "an outline on a slice of one value"),
    (
        "several-masks",
        lambda root: Image.fromarray(pixels(mask(root, B, 3))).save(root / B / f"{B}_3_mask.png"),
        f"{B}/{B}_3_mask.png",
        f"another, {B}_3_mask.tif, is taken",
    ),
    ("slice-names", rename(3, "scan_3"), B, "scan_3.tif"),
    ("slice-names", rename(5, f"{B}_last"), B, f"{B}_last.tif"),
    ("slice-numbers", lose_slice, B, "1 to 5 without 3"),
    ("slice-numbers", rename(1, f"{B}_7"), B, "2 to 7 without 1, 6"),
    ("slice-numbers", rename(5, f"{B}_04"), B, "twice: 4"),
    ("set-sizes", halve_patient, B, "48 x 48 x 3 uint8, where 2 of 3 are 96 x 96 x 3 uint8"),
    ("channel-copy", copy_channel(1, 0), B, "pre-contrast is a copy of FLAIR"),
    ("channel-copy", copy_channel(1, 2), B, "post-contrast is a copy of FLAIR"),
    ("channel-copy", copy_channel(0, 2), B, "post-contrast is a copy of pre-contrast"),
    ("repeated-in-patient", repeat(B, 2), f"{B}/{B}_3.tif", f"the pixels of {B}/{B}_2.tif"),
    ("repeated-in-patient", multipage, f"{B}/volume.tif", f"the pixels of {B}/volume.tif (page 1)"),
    ("alike-across-patients", save_again, f"{C}/{C}_2.tif", f"with {A}/{A}_3.tif"),
    ("no-images", lambda root: (root / "D").mkdir(), "D", "an empty folder"),
    ("no-tumour", healthy, "PHANTOM_HC_0009_19000101", "no pixel inside on 5 slices"),
    ("stray-file", write("notes.txt"), "notes.txt", "another file"),
    ("stray-file", write(f"{B}/README.md"), f"{B}/README.md", "another file"),
    ("stray-file", results, "out", "results of an earlier run"),
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


def test_every_rule_has_a_data_set_that_breaks_it() -> None:
    assert {one[0] for one in BROKEN} == set(RULES) - OF_VOLUMES


def test_a_sound_data_set_has_nothing_to_remark_on(sound: Path) -> None:
    for name in ("README.md", "LICENSE", ".hidden"):
        (sound / name).write_text("", encoding="utf-8")
    (sound / A / ".complete").touch()
    report = check_data(sound)
    assert report.remarks == ()
    assert (report.folders, report.patients, report.slices) == (3, 3, 15)
    assert not report.broken


def test_blank_slices_may_be_equal(sound: Path, check_rules: CheckRules) -> None:
    for name in (A, B):
        save(image(sound, name, 1), np.zeros((96, 96, 3), np.uint8))
        save(mask(sound, name, 1), np.zeros((96, 96), np.uint8))
    assert check_rules(sound) == {}


def test_a_patient_may_have_two_folders_that_look_alike(sound: Path, check_rules: CheckRules) -> None:
    """The second examination of a patient is no leak between patients."""
    later = A.replace("19000101", "19010101")
    shutil.copytree(sound / A, sound / later)
    for path in sorted((sound / later).iterdir()):
        path.rename(path.with_name(path.name.replace(A, later)))
    for number in range(1, 6):
        values = pixels(image(sound, later, number))
        save(image(sound, later, number), np.clip(values.astype(np.int64) + 3, 0, 255).astype(np.uint8))
    assert check_rules(sound) == {}


def test_many_bad_files_at_once_are_all_told(sound: Path, check_rules: CheckRules) -> None:
    for number in (1, 2, 3):
        cut_short(image(sound, A, number))
        mask(sound, B, number).unlink()
    for path in (sound / C).iterdir():
        path.write_bytes(b"II*\0")
    found = check_rules(sound)
    assert len(found["unreadable"]) == 3 + 10
    assert [path for path, _ in found["image-without-mask"]] == [f"{B}/{B}_{number}.tif" for number in (1, 2, 3)]


@settings(max_examples=15)
@given(st.data())
def test_no_content_ends_the_check(sound_phantoms: Path, data: st.DataObject) -> None:
    """Whatever stands in a file: it is told, or it is an image."""
    victim = data.draw(st.sampled_from([image(sound_phantoms, B, 3), mask(sound_phantoms, B, 3)]))
    before = victim.read_bytes()
    content = bytearray(before[: data.draw(st.integers(0, len(before)))])
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=6)):
        if place < len(content):
            content[place] = value
    try:
        victim.write_bytes(content)
        report = check_data(sound_phantoms)
        assert report.folders == 3
        assert {one.path for one in report.remarks if one.rule == "unreadable"} <= {f"{B}/{victim.name}"}
    finally:
        victim.write_bytes(before)


def test_progress_is_told(sound: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    check_data(sound, lambda *step: steps.append(step))
    assert [one[2] for one in steps] == [A, B, C, "comparing patients"]
    assert steps[-1][:2] == (3, 3)


def test_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a data set must be a folder, received none"):
        check_data(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="must hold patients' folders with images, received none"):
        check_data(tmp_path / "empty")


@pytest.mark.realdata
def test_real_patients(lgg_root: Path, check_rules: CheckRules) -> None:
    assert set(check_rules(lgg_root)) <= {"channel-copy"}
