from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from gliascope.errors import InputError
from gliascope.read import find_cases, pixel_hash, read_case, read_cases
from gliascope.read.cases import DIFFERENT, SEVERAL_VOLUMES, TOLD_BY_NAME, check_channels
from gliascope.read.channels import EQUAL_CHANNELS, GREY_IS_FLAIR
from gliascope.scan import Case, Problem

Picture = NDArray[Any]
Save = Callable[[str, Picture], Path]


def only(inputs: Path | list[Path], channels: Any = None) -> Case:
    (case,) = read_cases(inputs, channels)
    return case


def test_a_colour_patient(save: Save, colour: Picture) -> None:
    for number in (2, 10, 1):
        save(f"p/s_{number}.tif", colour + np.uint8(number))
    save("p/s_10_mask.tif", np.eye(11, 7, dtype=np.uint8) * np.uint8(255))
    case = only(save("p/s_1.tif", colour).parent)
    (scan,) = case.scans
    assert scan.sequences == ("pre", "flair", "post")
    assert scan.is_volume
    assert not scan.has_geometry
    assert scan.pixels.dtype == np.uint8
    assert np.array_equal(scan.pixels, [colour, colour + np.uint8(2), colour + np.uint8(10)])
    assert [source.path.name for source in scan.sources if source.path] == ["s_1.tif", "s_2.tif", "s_10.tif"]
    assert [source.sha256 for source in scan.sources] == [pixel_hash(one) for one in scan.pixels]
    assert case.truths[:2] == (None, None)
    assert case.truths[2] is not None
    assert int(case.truths[2].pixels.sum()) == 7
    assert case.problems == ()
    assert case.warnings == ()


def test_grey_is_flair_and_told(save: Save, grey: Picture) -> None:
    case = only(save("1.png", grey))
    assert case.name == "1"
    assert case.scans[0].sequences == ("flair",)
    assert not case.scans[0].is_volume
    assert np.array_equal(case.scans[0].pixels[0, :, :, 0], grey)
    assert case.warnings == (GREY_IS_FLAIR,)


def test_equal_channels_are_grey_and_told(save: Save, grey: Picture) -> None:
    path = save("1.png", np.dstack([grey] * 3))
    case = only(path)
    assert case.scans[0].sequences == ("flair",)
    assert np.array_equal(case.scans[0].pixels[0, :, :, 0], grey)
    assert case.warnings == (EQUAL_CHANNELS,)
    assert case.sources[0].sha256 == pixel_hash(np.dstack([grey] * 3)) != pixel_hash(grey)


def test_a_black_slice_of_a_colour_patient_stays_colour(save: Save, colour: Picture) -> None:
    save("p/1.tif", np.zeros_like(colour))
    case = only(save("p/2.tif", colour).parent)
    assert [scan.pixels.shape for scan in case.scans] == [(2, 11, 7, 3)]
    assert case.warnings == ()


def test_16_bits_become_float32_and_the_digest_is_of_16_bits(save: Save, grey: Picture) -> None:
    deep = grey.astype(np.uint16) * np.uint16(257)
    case = only(save("1.png", deep))
    assert case.scans[0].pixels.dtype == np.float32
    assert np.array_equal(case.scans[0].pixels[0, :, :, 0], deep)
    assert case.sources[0].sha256 == pixel_hash(deep)


def test_the_digest_does_not_depend_on_the_container(save: Save, colour: Picture) -> None:
    paths = [save("1.tif", colour), save("2.png", colour)]
    first, second = read_cases(paths)
    assert first.sources[0].sha256 == second.sources[0].sha256


def test_many_pages_are_one_volume_with_their_masks(tmp_path: Path) -> None:
    stack = np.random.default_rng(0).integers(0, 255, (4, 6, 5)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "scan.tif", stack, photometric="minisblack")
    tifffile.imwrite(tmp_path / "scan_mask.tif", (stack > 200).astype(np.uint8), photometric="minisblack")
    case = only(tmp_path / "scan.tif")
    (scan,) = case.scans
    assert scan.is_volume
    assert np.array_equal(scan.pixels[..., 0], stack)
    assert [(source.page, source.pages) for source in case.sources] == [(0, 4), (1, 4), (2, 4), (3, 4)]
    truths = [mask.pixels for mask in case.truths if mask is not None]
    assert np.array_equal(truths, stack > 200)


def test_files_of_many_pages_are_never_put_together(tmp_path: Path) -> None:
    for name, pages in (("a", 3), ("b", 1), ("c", 2)):
        tifffile.imwrite(tmp_path / f"{name}.tif", np.zeros((pages, 6, 5), np.uint8), photometric="minisblack")
    case = only(tmp_path)
    assert [(len(scan), scan.is_volume) for scan in case.scans] == [(3, True), (1, False), (2, True)]
    assert SEVERAL_VOLUMES in case.warnings


@pytest.mark.parametrize(
    "other",
    [
        np.zeros((7, 11), np.uint8),
        np.arange(11 * 7 * 3, dtype=np.uint8).reshape(11, 7, 3),
        np.zeros((11, 7), np.uint16),
    ],
    ids=["size", "channels", "depth"],
)
def test_slices_that_differ_stand_alone_in_order(save: Save, grey: Picture, other: Picture) -> None:
    save("p/1.png", grey)
    save("p/2.tif", other)
    case = only(save("p/3.png", grey).parent)
    assert [len(scan) for scan in case.scans] == [1, 1, 1]
    assert not any(scan.is_volume for scan in case.scans)
    assert [source.path.name for source in case.sources if source.path] == ["1.png", "2.tif", "3.png"]
    assert DIFFERENT in case.warnings


def test_a_damaged_file_among_good_ones_is_a_problem(save: Save, grey: Picture) -> None:
    save("p/1.png", grey)
    bad = save("p/2.png", grey)
    bad.write_bytes(bad.read_bytes()[:60])
    empty = bad.with_name("4.tif")
    empty.touch()
    case = only(save("p/3.png", grey).parent)
    assert [source.path.name for source in case.sources if source.path] == ["1.png", "3.png"]
    assert [problem.path for problem in case.problems] == [str(bad), str(empty)]
    assert case.problems[0].message.startswith("an image must be undamaged, received ")
    assert case.problems[1].message == "an image file must not be empty, received 0 bytes"
    (told,) = (one for one in case.warnings if "neighbours" in one)
    assert told.startswith("1.png and 3.png are taken as neighbours, though they may be further apart than the others")
    assert told.endswith("2.png between them cannot be read")


def test_a_gap_is_told_only_between_slices_of_one_volume(save: Save, grey: Picture) -> None:
    for number in range(1, 8):
        save(f"p/{number}.png", grey + np.uint8(number))
    for number in (1, 3, 4, 7):
        save(f"p/{number}.png", grey).write_bytes(b"nothing")
    case = only(save("p/2.png", grey).parent)
    assert [one.split(" are ")[0] for one in case.warnings if "neighbours" in one] == ["2.png and 5.png"]
    assert "3.png, 4.png between them" in case.warnings[-1]
    save("p/2.png", grey[:5])
    assert not any("neighbours" in one for one in only(save("p/6.png", grey).parent).warnings)


def test_a_case_of_which_nothing_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "scan.mgz").write_bytes(b"\x5c\x01\x00\x00")
    case = only(tmp_path / "scan.mgz")
    assert len(case) == 0
    assert case.scans == ()
    assert "must be TIFF, PNG or JPEG" in case.problems[0].message


def test_truth_that_does_not_fit_is_a_problem_and_the_image_stays(save: Save, grey: Picture) -> None:
    mask = save("p/1_mask.png", np.zeros((3, 3), np.uint8))
    case = only(save("p/1.png", grey).parent)
    assert len(case) == 1
    assert case.truths == (None,)
    assert case.problems == (Problem(str(mask), "a mask must have its image's size, 11 x 7, received 3 x 3"),)


def test_a_mask_without_an_image_is_told(save: Save, grey: Picture) -> None:
    save("p/2_mask.png", grey)
    case = only(save("p/1.png", grey).parent)
    assert "mask without an image: 2_mask.png" in case.warnings


@pytest.mark.parametrize("channels", [("flair",), ("pre",)])
def test_channels_name_grey(save: Save, grey: Picture, channels: tuple[str, ...]) -> None:
    for pixels in (grey, np.dstack([grey] * 3)):
        case = only(save("1.png", pixels), channels)
        assert case.scans[0].sequences == channels
        assert case.warnings == ()


def test_channels_name_colours(save: Save, colour: Picture, grey: Picture) -> None:
    case = only(save("1.png", colour), ("post", "flair", "pre"))
    assert case.scans[0].sequences == ("post", "flair", "pre")
    assert np.array_equal(case.scans[0].pixels[0], colour)
    case = only(save("1.png", np.dstack([grey] * 3)), ("post", "flair", "pre"))
    assert case.scans[0].pixels.shape == (1, 11, 7, 3)


def test_a_wrong_number_of_channels_is_a_problem(save: Save, grey: Picture, colour: Picture) -> None:
    case = only(save("1.png", colour), ("flair",))
    assert len(case) == 0
    assert case.problems[0].message == (
        "channels must name each of the image's channels, received 1 names (flair) for 3 channels"
    )
    assert len(only(save("2.png", grey), ("pre", "flair"))) == 0


@pytest.mark.parametrize("channels", [(), ("t2",), ("flair", "flair"), ("pre", "flair", "post", "pre")])
def test_impossible_channels_are_refused_at_once(save: Save, grey: Picture, channels: Any) -> None:
    path = save("1.png", grey)
    with pytest.raises(InputError, match="channels must be some of pre, flair, post, each at most once"):
        read_cases(path, channels)
    with pytest.raises(InputError, match="channels must be some of"):
        read_case(find_cases(path)[0], channels)


def test_channels_that_volumes_do_not_use_are_told(save: Save, grey: Picture) -> None:
    image = save("set/a/1.png", grey)
    volume = image.parents[1] / "b" / "b_flair.nii.gz"
    volume.parent.mkdir()
    nibabel.save(nibabel.Nifti1Image(np.arange(60, dtype=np.uint8).reshape(5, 4, 3), np.eye(4)), volume)
    files = find_cases(image.parents[1])
    of_images, of_volumes = (read_case(one, ("post",)) for one in files)
    assert of_images.scans[0].sequences == ("post",)
    assert of_volumes.scans[0].sequences == ("flair",)
    assert of_images.warnings == ()
    told = f"the channels that were named are not used: {TOLD_BY_NAME}"
    assert told in of_volumes.warnings
    assert told not in read_case(files[1]).warnings
    check_channels(files, ("post",))
    check_channels(files[1:], None)
    with pytest.raises(InputError, match=r"what --channels names must be .* of images, received NIfTI volumes: a vol"):
        check_channels(files[1:], ("post",))


def test_wrong_arguments_are_refused_before_anything_is_read(save: Save, grey: Picture) -> None:
    path = save("1.png", grey)
    with pytest.raises(InputError, match="an input must exist"):
        read_cases([path, path.with_name("gone.png")])


def test_cases_are_read_one_at_a_time(save: Save, grey: Picture) -> None:
    first, second = save("1.png", grey), save("2.png", grey)
    cases = read_cases([first, second])
    assert len(next(cases)) == 1
    second.write_bytes(b"changed")
    assert len(next(cases)) == 0


def test_alpha_is_told(save: Save, colour: Picture) -> None:
    opaque = np.dstack([colour, np.full(colour.shape[:2], 255, np.uint8)])
    case = only(save("1.png", opaque))
    assert np.array_equal(case.scans[0].pixels[0], colour)
    assert case.warnings == ("transparency (alpha) was dropped",)


@pytest.mark.realdata
def test_real_patients_are_read_pixel_for_pixel(lgg_root: Path) -> None:
    folders = sorted(one for one in lgg_root.iterdir() if one.is_dir())[:3]
    for case, folder in zip(read_cases(folders), folders, strict=True):
        assert case.name == folder.name
        assert case.problems == ()
        (scan,) = case.scans
        assert scan.is_volume
        assert scan.sequences == ("pre", "flair", "post")
        assert len(scan) == len(list(folder.glob("*_mask.tif")))
        numbers = [int(source.path.stem.rpartition("_")[2]) for source in scan.sources if source.path]
        assert all(after == before + 1 for before, after in pairwise(numbers))
        for pixels, source, truth in zip(scan.pixels, scan.sources, case.truths, strict=True):
            assert source.path is not None
            assert truth is not None
            with Image.open(source.path) as image, Image.open(f"{source.path.with_suffix('')}_mask.tif") as mask:
                assert np.array_equal(pixels, np.asarray(image))
                assert np.array_equal(truth.pixels, np.asarray(mask) > 0)


@pytest.mark.realdata
def test_what_is_no_brain_is_still_read(external_root: Path) -> None:
    cases = list(read_cases(sorted((external_root / "ood").glob("*.png"))))
    assert len(cases) >= 6
    assert all(len(case) == 1 and not case.problems for case in cases)
