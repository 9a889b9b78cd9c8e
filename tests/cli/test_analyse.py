from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
from PIL import Image

from gliascope.pipeline.lock import LOCK
from gliascope.read import find_cases

BundleFactory = Callable[..., Path]
Bright = Callable[..., Any]
Cli = Callable[..., Any]


@pytest.fixture
def model(tiny_bundle: BundleFactory) -> Path:
    return tiny_bundle()


@pytest.fixture
def patients(tmp_path: Path, bright: Bright) -> Path:
    root = tmp_path / "patients"
    bright(seed=1).save(root / "p1", masks=True)
    bright(seed=2, tumour=(0, 0)).save(root / "p2")
    return root


def rows(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def test_a_good_folder(cli: Cli, tmp_path: Path, patients: Path, model: Path) -> None:
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", model)
    assert result.status == 0
    assert result.out == ""
    assert "tumour" in result.err
    assert "2 of 6" in result.err
    assert f"Results: {tmp_path / 'out'}" in result.err
    assert f"Reports: {tmp_path / 'out' / 'index.html'}" in result.err
    assert len(rows(tmp_path / "out" / "cases.csv")) == 3
    assert len(rows(tmp_path / "out" / "slices.csv")) == 13
    assert len(list((tmp_path / "out").glob("*/masks/*_mask.png"))) == 12


def test_a_bad_file_among_good_ones(cli: Cli, tmp_path: Path, patients: Path, model: Path) -> None:
    bad = patients / "p1" / "p1_4.png"
    bad.write_bytes(bad.read_bytes()[:200])
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", model)
    assert result.status == 1
    assert f"error: {bad}" in result.err
    assert "(1 problems, see above)" in result.err
    assert len(rows(tmp_path / "out" / "slices.csv")) == 12
    record = json.loads((tmp_path / "out" / "p1" / "findings.json").read_text())
    assert [one["path"] for one in record["problems"]] == [str(bad)]
    assert (record["verdict"], record["slice_count"]) == ("tumour", 5)


def test_quiet_says_nothing_but_errors(cli: Cli, tmp_path: Path, patients: Path, model: Path) -> None:
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", model, "-q")
    assert (result.status, result.out, result.err) == (0, "", "")
    (patients / "p2" / "p2_1.png").write_bytes(b"")
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", model, "-q")
    assert result.status == 1
    assert len(result.err.splitlines()) == 1


def test_json_goes_to_standard_output_alone(cli: Cli, tmp_path: Path, patients: Path, model: Path) -> None:
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", model, "--json")
    said = json.loads(result.out)
    assert (said["schema"], said["problem_count"]) == ("gliascope.run/1", 0)
    assert [(one["case"], one["verdict"]) for one in said["cases"]] == [("p1", "tumour"), ("p2", "no tumour")]
    assert said["cases"][0]["truth"]["dice"] > 0.85
    assert said["cases"][0]["folder"] == str(tmp_path / "out" / "p1")
    assert result.err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing option"),
        (["-o", "OUT"], "at least one image or folder"),
        (["IN"], "Missing option '-o'"),
        (["/nowhere", "-o", "OUT"], "an input must exist"),
        (["IN/p1/p1_1_mask.png", "-o", "OUT"], "is truth and cannot be an input"),
        (["IN", "-o", "OUT", "--threshold", "1.5"], "--threshold"),
        (["IN", "-o", "OUT", "--threads", "0"], "--threads"),
        (["IN", "-o", "OUT", "--device", "abacus"], "--device must be auto or one of"),
        (["IN", "-o", "OUT", "--channels", "flair,t2"], "--channels must be some of"),
        (["IN", "-o", "OUT", "--channels", "flair,flair"], "each at most once"),
        (["IN", "-o", "OUT", "--model", "/nowhere"], "--model"),
        (["IN/p1", "-o", "IN/p1"], "must not go into a folder that is read"),
        (["IN", "-o", "OUT", "--jobs", "0"], "--jobs must be auto or a number from 1 on, received '0'"),
        (["IN", "-o", "OUT", "--no-such-option"], "No such option"),
    ],
)
def test_wrong_arguments(cli: Cli, tmp_path: Path, patients: Path, arguments: list[str], message: str) -> None:
    places = {"IN": str(patients), "OUT": str(tmp_path / "out")}
    words = [place if (place := places.get(one)) else one.replace("IN/", f"{patients}/") for one in arguments]
    result = cli("analyse", *words)
    assert result.status == 2
    assert message in " ".join(result.err.replace("\u2502", " ").split())
    assert not (tmp_path / "out").exists()


def test_jobs_reach_the_run(
    cli: Cli, tmp_path: Path, patients: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gliascope import pipeline
    from gliascope.pipeline import jobs

    asked: list[int] = []

    def remember(*_arguments: Any, jobs: int, **_options: Any) -> Iterator[Any]:
        asked.append(jobs)
        return iter(())

    monkeypatch.setattr(pipeline, "analyse_into", remember)
    monkeypatch.setattr(jobs, "choose_jobs", lambda files, lanes, *, figures: 10 * len(files) + lanes + figures)
    command = ["analyse", patients, "-o", tmp_path / "out", "--model", model, "--threads", "3"]
    for more in (["--jobs", "2"], [], ["--no-figures"]):
        assert cli(*command, *more).status == 0
    count = len(find_cases(patients))
    assert asked == [2, 10 * count + 4, 10 * count + 3]


def test_a_folder_that_is_no_model_is_an_error(cli: Cli, tmp_path: Path, patients: Path) -> None:
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", patients)
    assert result.status == 1
    assert "a bundle must be a folder with a bundle.json" in result.err


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user who may not write everywhere")
def test_a_place_that_cannot_be_written(cli: Cli, tmp_path: Path, patients: Path, model: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    result = cli("analyse", patients, "-o", tmp_path / "locked" / "out", "--model", model)
    assert result.status == 1
    assert "Permission denied" in result.err


def test_an_output_below_a_file(cli: Cli, tmp_path: Path, patients: Path, model: Path) -> None:
    (tmp_path / "file").write_text("")
    result = cli("analyse", patients, "-o", tmp_path / "file" / "out", "--model", model)
    assert result.status == 1
    assert "gliascope: error:" in result.err
    assert "Traceback" not in result.err


def test_an_empty_folder(cli: Cli, tmp_path: Path, model: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = cli("analyse", tmp_path / "empty", "-o", tmp_path / "out", "--model", model)
    assert result.status == 1
    assert "a folder must hold images" in result.err
    assert rows(tmp_path / "out" / "cases.csv")[1].startswith("empty,not assessable,,0,0,0,")


def test_every_kind_of_image(cli: Cli, tmp_path: Path, bright: Bright, model: Path) -> None:
    scan = bright(slices=1, tumour=(0, 1))
    grey = scan.pixels[0]
    colour = np.stack([grey // 2, grey, 255 - grey], axis=-1)
    folder = tmp_path / "images"
    folder.mkdir()
    Image.fromarray(grey).save(folder / "grey.png")
    Image.fromarray(grey).save(folder / "photo.jpg", quality=95)
    Image.fromarray(np.stack([grey] * 3, axis=-1)).save(folder / "equal.png")
    Image.fromarray(colour).save(folder / "colour.png")
    Image.fromarray(np.dstack([colour, grey])).save(folder / "alpha.png")
    tifffile.imwrite(folder / "deep.tif", grey.astype(np.uint16) * 200)
    tifffile.imwrite(folder / "deepcolour.tif", colour.astype(np.uint16) * 200, photometric="rgb")
    tifffile.imwrite(folder / "stack.tif", bright().pixels)
    images = sorted(folder.iterdir())
    result = cli("analyse", *images, "-o", tmp_path / "out", "--model", model, "--json")
    assert result.status == 0, result.err
    cases = {one["case"]: one for one in json.loads(result.out)["cases"]}
    assert {name: one["verdict"] for name, one in cases.items()} == dict.fromkeys(cases, "tumour")
    assert [one.stem for one in images] == list(cases)
    assert cases["stack"]["slice_count"] == 6
    assert "grey image: taken as FLAIR" in cases["deep"]["warnings"]
    assert any("equal" in one for one in cases["equal"]["warnings"])
    assert any("alpha" in one for one in cases["alpha"]["warnings"])
    assert cases["colour"]["warnings"] == []
    for name in cases.keys() - {"stack"}:
        with Image.open(tmp_path / "out" / name / "masks" / f"{name}_mask.png") as mask:
            assert mask.size == (96, 96)


def test_channels(cli: Cli, tmp_path: Path, patients: Path, model: Path) -> None:
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", model, "--channels", "post", "--json")
    assert result.status == 0
    record = json.loads((tmp_path / "out" / "p1" / "findings.json").read_text())
    assert record["slices"][0]["sequences"] == ["post"]
    assert any("no FLAIR" in one for one in record["warnings"])


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    path = tmp_path / "patients" / "v1" / "v1_flair.nii.gz"
    path.parent.mkdir(parents=True)
    values = np.random.default_rng(0).integers(0, 255, (24, 20, 3)).astype(np.uint8)
    nibabel.save(nibabel.Nifti1Image(values, np.diag([-1.0, -1, 5, 1])), path)
    return path


def test_channels_of_volumes_are_refused(cli: Cli, tmp_path: Path, volume: Path, model: Path) -> None:
    for inputs in (["--flair", volume], [volume.parent]):
        result = cli("analyse", *inputs, "-o", tmp_path / "out", "--model", model, "--channels", "post")
        assert result.status == 2
        assert "must be the channels of images, received NIfTI volumes" in " ".join(result.err.split())
        assert not (tmp_path / "out").exists()


def test_channels_among_volumes_are_used_for_images_and_told(
    cli: Cli, tmp_path: Path, patients: Path, volume: Path, model: Path
) -> None:
    assert volume.is_relative_to(patients)
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", model, "--channels", "post", "--no-figures")
    assert result.status == 0
    assert "v1: the channels that were named are not used: a volume's sequence is told by" in result.err
    sequences = [
        json.loads((tmp_path / "out" / name / "findings.json").read_text())["slices"][0]["sequences"]
        for name in ("p1", "v1")
    ]
    assert sequences == [["post"], ["flair"]]


def test_images_beside_an_unused_volume_are_analysed(cli: Cli, tmp_path: Path, patients: Path, model: Path) -> None:
    (patients / "p1" / "extra_t2.nii.gz").write_bytes(b"")
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", model, "--no-figures", "--json")
    assert result.status == 0
    first, _ = json.loads(result.out)["cases"]
    assert (first["case"], first["slice_count"]) == ("p1", 6)
    assert "not used: extra_t2.nii.gz" in first["warnings"]


def test_options_reach_the_results(cli: Cli, tmp_path: Path, patients: Path, model: Path) -> None:
    options = ["--no-figures", "--save-probabilities", "--threshold", "0", "--device", "cpu", "--threads", "1"]
    assert cli("analyse", patients, "-o", tmp_path / "out", "--model", model, *options).status == 0
    assert not list((tmp_path / "out").glob("*/figures"))
    assert len(list((tmp_path / "out").glob("*/probabilities/*.png"))) == 12
    record = json.loads((tmp_path / "out" / "p2" / "findings.json").read_text())
    assert record["operating_point"]["name"] == "custom"
    assert record["tumour_slices"] == 6


def test_flips_are_recorded_and_results_without_them_are_not_taken_over(
    cli: Cli, tmp_path: Path, patients: Path, model: Path
) -> None:
    plain = ("analyse", patients, "-o", tmp_path / "out", "--model", model, "--no-figures", "--json", "--continue")
    taken = []
    for arguments in (plain, (*plain, "--flips"), (*plain, "--flips"), plain):
        result = cli(*arguments)
        assert result.status == 0, result.err
        taken.append({one["continued"] for one in json.loads(result.out)["cases"]})
        record = json.loads((tmp_path / "out" / "p1" / "findings.json").read_text(encoding="utf-8"))
        assert record["provenance"].get("flips", False) is ("--flips" in arguments)
    assert taken == [{False}, {False}, {True}, {False}]


def test_names_that_collide_and_names_of_every_script(cli: Cli, tmp_path: Path, bright: Bright, model: Path) -> None:
    names = ["Größe µ", "日本 語", "a b", "[red]bold", "=1+1"]
    paths = [bright(slices=1, tumour=(0, 1)).save(tmp_path / "one" / name) for name in names]
    again = bright(slices=2, tumour=(0, 1)).save(tmp_path / "two" / names[0])
    result = cli("analyse", *paths, again, "-o", tmp_path / "out", "--model", model, "--json")
    assert result.status == 0
    cases = json.loads(result.out)["cases"]
    assert [one["case"] for one in cases] == [*names, f"{names[0]}-2"]
    assert [one["slice_count"] for one in cases] == [1, 1, 1, 1, 1, 2]
    assert all((tmp_path / "out" / one["case"] / "findings.json").is_file() for one in cases)
    assert cli("analyse", *paths, "-o", tmp_path / "out", "--model", model).status == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_utf8_and_very_long_ones(cli: Cli, tmp_path: Path, bright: Bright, model: Path) -> None:
    folder = tmp_path / os.fsdecode(b"gr\xf6sse")
    bright(slices=2, tumour=(0, 1)).save(folder, masks=True)
    (folder / os.fsdecode(b"\xf6.png")).write_bytes(b"")
    (folder / f"{'x' * 250}.png").write_bytes((folder / os.fsdecode(b"gr\xf6sse_1.png")).read_bytes())
    result = cli("analyse", folder, "-o", tmp_path / "out", "--model", model, "--json")
    assert result.status == 1
    assert [(one["case"], len(one["problems"])) for one in json.loads(result.out)["cases"]] == [("gr_sse", 1)]
    assert rows(tmp_path / "out" / "slices.csv")[1].startswith("gr_sse,gr_sse_1.png,")
    assert (tmp_path / "out" / "gr_sse" / "masks" / "gr_sse_1_mask.png").is_file()
    assert (tmp_path / "out" / "gr_sse" / "masks" / f"{'x' * 200}_mask.png").is_file()


def test_verbose_says_how_long_it_took(cli: Cli, tmp_path: Path, patients: Path, model: Path) -> None:
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", model, "-v")
    assert "p1: 6 slices analysed in" in result.err


def test_continue_after_the_process_was_killed(cli: Cli, tmp_path: Path, bright: Bright, model: Path) -> None:
    root, out = tmp_path / "patients", tmp_path / "out"
    for number in range(1, 6):
        bright(seed=number, slices=6, tumour=(1, 5)).save(root / f"p{number}")
    command = ["analyse", str(root), "--model", str(model), "-o"]
    process = subprocess.Popen([sys.executable, "-m", "gliascope", *command, out], stderr=subprocess.DEVNULL)
    while not (out / "p2").exists() and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    finished = [one for one in out.iterdir() if one.is_dir() and not one.name.startswith(".")]
    assert 2 <= len(finished) < 5
    for folder in finished:
        record = json.loads((folder / "findings.json").read_text())
        assert all((folder / one["mask"]).is_file() for one in record["slices"])
        assert (folder / record["contact_sheet"]).is_file()

    continued = json.loads(cli(*command, out, "--continue", "--json").out)["cases"]
    assert {one["case"] for one in continued if one["continued"]} == {one.name for one in finished}
    assert cli(*command, tmp_path / "whole", "--no-figures").status == 0
    for table in ("cases.csv", "slices.csv"):
        assert (out / table).read_bytes() == (tmp_path / "whole" / table).read_bytes()
    assert [one.name for one in out.iterdir() if one.name.startswith(".")] == [LOCK]


def test_ctrl_c_ends_with_130_and_no_half_case(
    cli: Cli, tmp_path: Path, patients: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gliascope.pipeline import figures

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(figures, "draw_figures", interrupt)
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", model)
    assert result.status == 130
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [LOCK, "cases.csv", "slices.csv"]


def test_a_nifti_case_by_its_files(cli: Cli, tiny_bundle: BundleFactory, bright: Bright, tmp_path: Path) -> None:
    scan = bright(slices=5, tumour=(1, 4))
    stored = scan.pixels.transpose(2, 1, 0).astype(np.int16)
    for name in ("a.nii.gz", "b.nii"):
        nibabel.save(nibabel.Nifti1Image(stored, np.diag([-2.0, -2.0, 5.0, 1.0])), tmp_path / name)
    out = tmp_path / "out"
    command = ["analyse", "--flair", tmp_path / "a.nii.gz", "--t1c", tmp_path / "b.nii", "-o", out]
    result = cli(*command, "--model", tiny_bundle(), "--register")
    assert result.status == 0, result.err
    assert " ml " in result.err
    record = json.loads((out / "a" / "findings.json").read_text())
    assert record["slices"][0]["sequences"] == ["flair"]  # the other is a copy of FLAIR
    assert record["measurement"]["volume_ml"] > 0
    assert (out / "a" / "mask.nii.gz").is_file()
    assert sorted(one.name for one in (out / "a").iterdir()) == [
        "figures",
        "findings.json",
        "mask.nii.gz",
        "report.html",
        "thumbnail.jpg",
    ]
    both = cli("analyse", tmp_path / "a.nii.gz", "--flair", tmp_path / "b.nii", "-o", tmp_path / "c")
    assert both.status == 2
    assert "in place of INPUT" in both.err.replace("\n", " ")


def test_nifti_cases_go_on_after_a_bad_one(
    cli: Cli, tiny_bundle: BundleFactory, bright: Bright, tmp_path: Path
) -> None:
    stored = bright(slices=5, tumour=(1, 4)).pixels.transpose(2, 1, 0).astype(np.float32)
    stored[0, 0, 0] = np.nan
    for name in ("x", "y", "z"):
        (tmp_path / "set" / name).mkdir(parents=True)
        nibabel.save(nibabel.Nifti1Image(stored, np.eye(4)), tmp_path / "set" / name / f"{name}_flair.nii")
    bad = tmp_path / "set" / "y" / "y_flair.nii"
    bad.write_bytes(bad.read_bytes()[:1000])
    result = cli("analyse", tmp_path / "set", "-o", tmp_path / "out", "--model", tiny_bundle(), "--no-figures")
    assert result.status == 1
    assert "y_flair.nii: a NIfTI must hold all of its voxels" in result.err.replace("\n", "")
    with (tmp_path / "out" / "cases.csv").open(encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    assert [one["verdict"] for one in table] == ["tumour", "not assessable", "tumour"]
    assert [bool(one["volume_ml"]) for one in table] == [True, False, True]
    assert "NaN" in table[0]["warnings"]


@pytest.mark.parametrize(
    ("options", "files"),
    [
        ((), {"report.html", "thumbnail.jpg", "figures"}),
        (("--no-report",), {"figures"}),
        (("--no-figures",), set()),
        (("--no-figures", "--report"), {"report.html", "thumbnail.jpg"}),
        (("--no-figures", "--pdf"), {"report.pdf"}),
        (("--pdf",), {"report.html", "report.pdf", "thumbnail.jpg", "figures"}),
    ],
)
def test_reports_are_chosen(
    cli: Cli, tmp_path: Path, bright: Bright, model: Path, options: tuple[str, ...], files: set[str]
) -> None:
    if "--pdf" in options:
        pytest.importorskip("typst", reason="Typst writes PDF; the extra `pdf` has it")
    bright(slices=2).save(tmp_path / "in" / "p")
    out = tmp_path / "out"
    result = cli("analyse", tmp_path / "in", "-o", out, "--model", model, *options)
    assert result.status == 0, result.err
    assert {one.name for one in (out / "p").iterdir()} == {"findings.json", "masks", *files}
    assert (out / "index.html").is_file() == ("report.html" in files)


def test_pdf_without_its_extra_is_refused_before_anything_is_read(
    cli: Cli, tmp_path: Path, patients: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr("gliascope.errors.import_module", refuse)
    result = cli("analyse", patients, "-o", tmp_path / "out", "--model", model, "--pdf")
    assert result.status != 0
    assert 'pip install "gliascope[pdf]"' in result.err
    assert not (tmp_path / "out").exists()
