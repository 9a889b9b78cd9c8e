from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

import gliascope

Cli = Callable[..., Any]


def slice_of(seed: int, *shape: int, dtype: type[np.generic] = np.uint8, top: int = 180) -> NDArray[Any]:
    return np.random.default_rng(seed).integers(0, top, shape).astype(dtype)


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """Three colour slices with a mask, as in the LGG data set."""
    folder = tmp_path / "in" / "TCGA_XX_0001"
    folder.mkdir(parents=True)
    for number in (1, 2, 10):
        tifffile.imwrite(folder / f"TCGA_XX_0001_{number}.tif", slice_of(number, 64, 64, 3))
    Image.fromarray(np.zeros((64, 64), np.uint8)).save(folder / "TCGA_XX_0001_1_mask.tif")
    return folder


def read(path: Path) -> NDArray[Any]:
    with Image.open(path) as image:
        return np.asarray(image)


def test_one_image_into_a_file(cli: Cli, tmp_path: Path) -> None:
    image = slice_of(0, 60, 80)
    Image.fromarray(image).save(tmp_path / "scan.png")
    result = cli("enhance", tmp_path / "scan.png", "-o", tmp_path / "out" / "better.png")
    assert result.status == 0
    assert np.array_equal(read(tmp_path / "out" / "better.png"), gliascope.enhance(image))
    assert result.out.startswith(f"{tmp_path / 'out' / 'better.png'}: contrast 0.")
    assert " -> " in result.out
    assert [one.name for one in (tmp_path / "out").iterdir()] == ["better.png"]


def test_a_patient_into_a_folder(cli: Cli, patient: Path, tmp_path: Path) -> None:
    result = cli("enhance", patient, "-o", tmp_path / "out")
    assert result.status == 0
    assert len(result.out.splitlines()) == 3
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert written == [f"TCGA_XX_0001/TCGA_XX_0001_{number}.tif" for number in (1, 10, 2)]
    for number in (1, 2, 10):
        found = read(tmp_path / "out" / "TCGA_XX_0001" / f"TCGA_XX_0001_{number}.tif")
        assert np.array_equal(found, gliascope.enhance(slice_of(number, 64, 64, 3)))


def test_a_folder_of_patients_keeps_its_folders(cli: Cli, patient: Path, tmp_path: Path) -> None:
    other = patient.parent / "other"
    other.mkdir()
    Image.fromarray(slice_of(5, 40, 40)).save(other / "a.jpg", quality=95)
    assert cli("enhance", patient.parent, "-o", tmp_path / "out", "-q").status == 0
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"TCGA_XX_0001", "other"}
    assert np.array_equal(read(tmp_path / "out" / "other" / "a.png"), gliascope.enhance(read(other / "a.jpg")))


def test_clip_limit_and_tile_grid_are_used(cli: Cli, tmp_path: Path) -> None:
    image = slice_of(0, 64, 64)
    Image.fromarray(image).save(tmp_path / "scan.png")
    options = ("--clip-limit", "4.5", "--tile-grid", "3")
    result = cli("enhance", tmp_path / "scan.png", "-o", tmp_path / "out.png", *options, "--json")
    report = json.loads(result.out)
    assert report["clahe"] == {"clip_limit": 4.5, "tile_grid": 3}
    assert np.array_equal(read(tmp_path / "out.png"), gliascope.enhance(image, clip_limit=4.5, tile_grid=3))


def test_the_kind_size_and_channels_of_the_input_are_kept(cli: Cli, tmp_path: Path) -> None:
    equal = np.repeat(slice_of(1, 50, 70, 1), 3, axis=2)
    Image.fromarray(equal).save(tmp_path / "equal.png")
    stack = slice_of(2, 4, 32, 48)
    tifffile.imwrite(tmp_path / "stack.tiff", stack, photometric="minisblack")
    result = cli("enhance", tmp_path / "equal.png", tmp_path / "stack.tiff", "-o", tmp_path / "out", "--json")
    assert result.status == 0
    assert read(tmp_path / "out" / "equal.png").shape == (50, 70, 3)
    with tifffile.TiffFile(tmp_path / "out" / "stack.tiff") as file:
        pages = [page.asarray() for page in file.pages]
    assert np.array_equal(pages, gliascope.enhance(stack))
    assert [one["page"] for one in json.loads(result.out)["images"]] == [0, 0, 1, 2, 3]


def test_16_bits_become_8_over_the_whole_folder(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "deep"
    folder.mkdir()
    stack = np.stack([slice_of(1, 40, 40, dtype=np.uint16, top=4000), slice_of(2, 40, 40, dtype=np.uint16, top=900)])
    for number, one in enumerate(stack):
        Image.fromarray(one).save(folder / f"{number}.png")
    assert cli("enhance", folder, "-o", tmp_path / "out").status == 0
    found = [read(tmp_path / "out" / "deep" / f"{number}.png") for number in range(2)]
    assert np.array_equal(found, gliascope.enhance(stack))
    assert cli("enhance", folder / "1.png", "-o", tmp_path / "alone.png").status == 0
    assert np.array_equal(read(tmp_path / "alone.png"), gliascope.enhance(stack[1]))


def test_slices_of_different_depth_are_scaled_by_themselves(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    deep, shallow = slice_of(1, 40, 40, dtype=np.uint16, top=4000), slice_of(2, 40, 50)
    Image.fromarray(deep).save(folder / "a.png")
    Image.fromarray(shallow).save(folder / "b.png")
    assert cli("enhance", folder, "-o", tmp_path / "out").status == 0
    assert np.array_equal(read(tmp_path / "out" / "mixed" / "a.png"), gliascope.enhance(deep))
    assert np.array_equal(read(tmp_path / "out" / "mixed" / "b.png"), gliascope.enhance(shallow))


def test_a_bad_file_is_reported_and_the_rest_is_done(cli: Cli, patient: Path, tmp_path: Path) -> None:
    bad = patient / "TCGA_XX_0001_2.tif"
    bad.write_bytes(b"II*\0 and nothing more")
    result = cli("enhance", patient, "-o", tmp_path / "out", "--json")
    assert result.status == 1
    assert f"gliascope: error: {bad}: " in result.err
    report = json.loads(result.out)
    assert [Path(one["input"]).stem for one in report["images"]] == ["TCGA_XX_0001_1", "TCGA_XX_0001_10"]
    assert [one["path"] for one in report["problems"]] == [str(bad)]
    assert len(list((tmp_path / "out").rglob("*.tif"))) == 2


def test_a_folder_without_images_is_a_problem(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = cli("enhance", tmp_path / "empty", "-o", tmp_path / "out")
    assert result.status == 1
    assert (
        "a folder must hold images (.tif, .tiff, .png, .jpg, .jpeg, .nii.gz, .nii) or DICOM, received none"
        in result.err
    )


@pytest.mark.parametrize(
    ("name", "rule"), [("bad.dcm", "a DICOM "), ("bad.zip", "a zip archive must be readable and undamaged")]
)
@pytest.mark.parametrize("output", ["out", "out.png", "out.nii.gz"])
def test_dicom_that_cannot_be_read_is_a_problem(cli: Cli, tmp_path: Path, name: str, rule: str, output: str) -> None:
    bad = tmp_path / name
    bad.write_bytes(b"no DICOM at all")
    result = cli("enhance", bad, "-o", tmp_path / output, "--json")
    assert result.status == 1
    assert f"gliascope: error: {bad}: {rule}" in result.err
    report = json.loads(result.out)
    assert report["images"] == []
    assert [one["path"] for one in report["problems"]] == [str(bad)]


def test_what_cannot_be_used_is_told_and_the_rest_is_done(cli: Cli, patient: Path, tmp_path: Path) -> None:
    (patient.parent / "other").mkdir()
    (patient.parent / "other" / "x_t2.nii.gz").touch()
    (patient / "y_t2.nii.gz").touch()
    result = cli("enhance", patient.parent, "-o", tmp_path / "out")
    assert result.status == 1
    assert len(result.out.splitlines()) == 3
    assert "a case must have FLAIR (or T1), received x_t2.nii.gz: no FLAIR" in result.err
    assert f"{patient}: not used: y_t2.nii.gz" in result.err


def test_report(cli: Cli, patient: Path, tmp_path: Path) -> None:
    report = json.loads(cli("enhance", patient, "-o", tmp_path / "out", "--json").out)
    assert report["schema"] == "gliascope.enhance/1"
    assert report["problems"] == []
    for one in report["images"]:
        assert (one["case"], one["sequence"], one["figure"]) == ("TCGA_XX_0001", "flair", None)
        assert set(one["before"]) == set(one["after"]) == {"contrast", "local_contrast", "entropy", "noise"}
        assert one["after"]["contrast"] > one["before"]["contrast"]


def test_figures(cli: Cli, patient: Path, tmp_path: Path) -> None:
    stack = tmp_path / "stack.tif"
    tifffile.imwrite(stack, slice_of(0, 2, 40, 40), photometric="minisblack")
    result = cli("enhance", patient / "TCGA_XX_0001_1.tif", stack, "-o", tmp_path / "out", "--figure", "--json")
    assert result.status == 0
    drawn = [Path(one["figure"]).relative_to(tmp_path / "out").as_posix() for one in json.loads(result.out)["images"]]
    assert drawn == [
        "figures/TCGA_XX_0001_1_enhancement.png",
        "figures/stack_p0001_enhancement.png",
        "figures/stack_p0002_enhancement.png",
    ]
    assert {read(tmp_path / "out" / one).shape[:2] for one in drawn} == {(960, 1600)}


def test_channels_tell_which_one_is_measured(cli: Cli, tmp_path: Path) -> None:
    image = np.stack([slice_of(n, 64, 64, top=40 * n + 40) for n in range(3)], axis=-1)
    Image.fromarray(image).save(tmp_path / "scan.png")
    contrasts = {}
    for names in ("pre,flair,post", "flair,pre,post"):
        options = ("-o", tmp_path / "out", "--channels", names, "--json")
        (one,) = json.loads(cli("enhance", tmp_path / "scan.png", *options).out)["images"]
        contrasts[names] = one["before"]["contrast"]
    assert contrasts["flair,pre,post"] < contrasts["pre,flair,post"]


def test_a_grey_image_in_three_channels_may_have_one_name(cli: Cli, tmp_path: Path) -> None:
    Image.fromarray(np.repeat(slice_of(1, 50, 70, 1), 3, axis=2)).save(tmp_path / "equal.png")
    options = ("-o", tmp_path / "out.png", "--channels", "post", "--json")
    (one,) = json.loads(cli("enhance", tmp_path / "equal.png", *options).out)["images"]
    assert one["sequence"] == "post"
    assert read(tmp_path / "out.png").shape == (50, 70, 3)


def test_names_that_do_not_fit_are_a_problem_of_the_file(cli: Cli, patient: Path, tmp_path: Path) -> None:
    result = cli("enhance", patient, "-o", tmp_path / "out", "--channels", "flair")
    assert result.status == 1
    assert "channels must name each of the image's channels" in result.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("-o", "out", "--clip-limit", "0"), "clip_limit"),
        (("-o", "out", "--clip-limit", "nan"), "clip_limit"),
        (("-o", "out", "--tile-grid", "65"), "tile_grid"),
        (("-o", "out", "--channels", "flair,flair"), "each at most once"),
        (("-o", "out", "--channels", "t2"), "--channels must be some of"),
        (("-o", "out.jpg"), "written as .png, .tif or .tiff"),
        (("-o", "same"), "must not be overwritten"),
        ((), "--output"),
    ],
)
def test_wrong_arguments_give_status_2_and_write_nothing(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "same"
    folder.mkdir()
    Image.fromarray(slice_of(0, 20, 20)).save(folder / "scan.png")
    result = cli("enhance", folder / "scan.png", *options)
    assert result.status == 2
    assert message in " ".join(result.err.split())
    assert [path.name for path in tmp_path.rglob("*")] == ["same", "scan.png"]


def test_one_file_cannot_hold_a_folder(cli: Cli, patient: Path, tmp_path: Path) -> None:
    assert cli("enhance", patient, "-o", tmp_path / "all.tif").status == 2
    assert cli("enhance", tmp_path / "nothing.png", "-o", tmp_path / "out").status == 2
    assert cli("enhance", patient / "TCGA_XX_0001_1_mask.tif", "-o", tmp_path / "out").status == 2


def test_files_of_one_stem_do_not_overwrite_each_other(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.png", "a.jpg"):
        Image.fromarray(slice_of(len(name), 32, 32)).save(folder / name)
    assert cli("enhance", folder, "-o", tmp_path / "out", "--figure").status == 0
    written = sorted(path.relative_to(tmp_path / "out" / "in").as_posix() for path in (tmp_path / "out").rglob("*.png"))
    assert written == [
        "a.jpg.png",
        "a.png",
        "figures/a.jpg_enhancement.png",
        "figures/a.png_enhancement.png",
    ]


@pytest.mark.realdata
def test_real_slices_gain_contrast(cli: Cli, lgg_root: Path, tmp_path: Path) -> None:
    first = min(path for path in lgg_root.iterdir() if path.is_dir())
    report = json.loads(cli("enhance", first, "-o", tmp_path / "out", "--json").out)
    middle = report["images"][5:-5]
    assert middle
    for one in middle:
        assert one["after"]["local_contrast"] > one["before"]["local_contrast"]
        assert one["after"]["noise"] > one["before"]["noise"]
        source, result = tifffile.imread(one["input"]), tifffile.imread(one["output"])
        assert (source.shape, source.dtype) == (result.shape, result.dtype)


def volume_in(path: Path) -> nibabel.Nifti1Image:
    return nibabel.Nifti1Image.from_filename(str(path))


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """FLAIR of 16 bits as sagittal slices, T1 of 8 bits on another grid, and a truth."""
    folder = tmp_path / "in" / "case"
    folder.mkdir(parents=True)
    flair = slice_of(1, 40, 30, 12, dtype=np.int16, top=900)
    image = nibabel.Nifti1Image(flair, np.array([[0, 0, 5, -20], [-1.2, 0, 0, 30], [0, 0.8, 0, -9], [0, 0, 0, 1]]))
    image.header.set_slope_inter(2, 0)
    nibabel.save(image, folder / "case_flair.nii")
    nibabel.save(nibabel.Nifti1Image(slice_of(2, 16, 18, 5), np.diag([3.0, 3.0, 4.0, 1.0])), folder / "case_t1.nii.gz")
    nibabel.save(nibabel.Nifti1Image(slice_of(3, 40, 30, 12, top=2), image.affine), folder / "case_seg.nii.gz")
    return folder


def test_volumes_are_enhanced_slice_by_axial_slice_on_their_own_grid(cli: Cli, study: Path, tmp_path: Path) -> None:
    result = cli("enhance", study.parent, "-o", tmp_path / "out", "--json")
    assert result.status == 0
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*"))
    assert written == ["case/case_flair.nii.gz", "case/case_t1.nii.gz"]
    source, found = (
        volume_in(study / "case_flair.nii"),
        volume_in(tmp_path / "out" / "case" / "case_flair.nii.gz"),
    )
    assert (found.shape, found.get_data_dtype()) == (source.shape, np.uint8)
    assert np.array_equal(found.affine, source.affine)
    axial = np.asanyarray(source.dataobj).transpose(1, 0, 2)  # axis 1 rises to superior; rows to anterior, columns to R
    expected = gliascope.enhance(axial[:, :, ::-1])
    assert np.array_equal(np.asanyarray(found.dataobj).transpose(1, 0, 2)[:, :, ::-1], expected)
    t1 = volume_in(study / "case_t1.nii.gz")
    better = gliascope.enhance(np.asanyarray(t1.dataobj).transpose(2, 1, 0)[:, ::-1, ::-1])[:, ::-1, ::-1]
    done = volume_in(tmp_path / "out" / "case" / "case_t1.nii.gz")
    assert np.array_equal(np.asanyarray(done.dataobj).transpose(2, 1, 0), better)
    rows = json.loads(result.out)["images"]
    assert [(one["sequence"], Path(one["output"]).name) for one in rows] == [
        ("pre", "case_t1.nii.gz"),
        ("flair", "case_flair.nii.gz"),
    ]
    assert all(0 <= one["page"] < slices for one, slices in zip(rows, (5, 30), strict=True))


def test_channels_among_volumes_are_used_for_images_and_told(cli: Cli, study: Path, tmp_path: Path) -> None:
    Image.fromarray(slice_of(0, 40, 40)).save(study.parent / "scan.png")
    result = cli("enhance", study.parent, "-o", tmp_path / "out", "--channels", "post", "--json")
    assert result.status == 0
    assert f"{study}: the channels that were named are not used: a volume's sequence is told by" in result.err
    assert [one["sequence"] for one in json.loads(result.out)["images"]] == ["post", "pre", "flair"]


def test_one_volume_into_a_file_with_its_figure(cli: Cli, study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "better.nii.gz"
    result = cli("enhance", study / "case_flair.nii", "-o", out, "--figure", "--clip-limit", "3")
    assert result.status == 0
    assert sorted(one.name for one in out.parent.iterdir()) == ["better.nii.gz", "better_enhancement.png"]
    again = cli("enhance", study / "case_flair.nii", "-o", tmp_path / "again", "--clip-limit", "3")
    assert again.status == 0
    assert (tmp_path / "again" / "case_flair.nii.gz").read_bytes() == out.read_bytes()


def test_a_result_that_is_not_read_back_is_reported_and_the_rest_is_done(
    cli: Cli, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compress: Callable[..., bytes] = gzip.compress

    def spoil(content: bytes, **options: int) -> bytes:
        """A disk that alters the T1's last voxel."""
        whole = bytes(content)
        is_t1 = len(whole) < 10_000
        return compress(whole[:-1] + bytes([whole[-1] ^ 1]) if is_t1 else whole, **options)

    monkeypatch.setattr(gzip, "compress", spoil)
    result = cli("enhance", study, "-o", tmp_path / "out", "--json")
    assert result.status == 1
    report = json.loads(result.out)
    assert [one["sequence"] for one in report["images"]] == ["flair"]
    (problem,) = report["problems"]
    assert problem["path"] == str(study / "case_t1.nii.gz")
    assert "what was written must be read back over its source" in problem["message"]
    assert [one.name for one in (tmp_path / "out" / "case").iterdir()] == ["case_flair.nii.gz"]


def test_a_bad_volume_is_reported_and_the_rest_is_done(cli: Cli, study: Path, tmp_path: Path) -> None:
    whole = (study / "case_flair.nii").read_bytes()
    (study / "case_flair.nii").write_bytes(whole[:5000])
    result = cli("enhance", study, "-o", tmp_path / "out")
    assert result.status == 1
    said = " ".join(result.err.split())
    assert "case_flair.nii: a NIfTI must hold all of its voxels, received a file that ends in slice" in said
    assert [one.name for one in (tmp_path / "out" / "case").iterdir()] == ["case_t1.nii.gz"]


@pytest.mark.parametrize(
    ("values", "note"),
    [
        (np.full((9, 8, 3), 7, np.float32), ""),
        (np.full((9, 8, 3), np.nan, np.float32), "NaN"),
        (np.ones((1, 1, 1), np.uint8), ""),
        (np.array([np.inf, -3, 8], np.float32).reshape(1, 1, 3), "infinite"),
    ],
)
def test_volumes_with_nothing_to_see_are_written_too(cli: Cli, tmp_path: Path, values: NDArray[Any], note: str) -> None:
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), tmp_path / "a_flair.nii")
    result = cli("enhance", tmp_path / "a_flair.nii", "-o", tmp_path / "out", "--figure")
    assert result.status == 0
    assert note in result.err
    assert volume_in(tmp_path / "out" / "a_flair.nii.gz").shape == values.shape


@pytest.mark.parametrize(
    ("output", "options", "message"),
    [
        ("out.png", (), "a volume is written as .nii.gz, received 'out.png'"),
        ("out.nii", (), "a volume is written as .nii.gz, received 'out.nii'"),
        ("in/case/case_t1.nii.gz", (), "an input must not be overwritten"),
        ("out", ("--channels", "flair"), "a volume's sequence is told by its file's name"),
    ],
)
def test_arguments_that_do_not_fit_volumes(
    cli: Cli, study: Path, tmp_path: Path, output: str, options: tuple[str, ...], message: str
) -> None:
    before = (study / "case_t1.nii.gz").read_bytes()
    result = cli("enhance", study / "case_t1.nii.gz", "-o", tmp_path / output, *options)
    assert result.status == 2
    assert message in " ".join(result.err.split())
    assert (study / "case_t1.nii.gz").read_bytes() == before
    assert not (tmp_path / "out").exists()
