"""`gliascope studies`, `analyse` and `store` with a PACS that is not ours."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gliascope.archive import retry
from tests.dicom_series import T1, uid, write_series
from tests.orthanc import Orthanc, free_port

pytest.importorskip("dicomweb_client", reason="the extra `pacs` has it")

Cli = Callable[..., Any]
NAME = {"PatientName": "Doe^Jane", "PatientBirthDate": "19601224", "PatientID": "MRN-4711"}
STUDY = uid("study", "MRN-4711", "1")
AFFINE = np.diag([2.0, 2.0, 5.0, 1.0])


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, bright: Callable[..., Any]) -> Path:
    """FLAIR with a bright block, and T1, of a patient with a name."""
    scan = bright().pixels.astype(np.uint16)
    root = tmp_path_factory.mktemp("files")
    write_series(root / "flair", scan, AFFINE, **NAME)
    write_series(root / "t1", scan, AFFINE, **T1, **NAME)
    return root


@pytest.fixture
def pacs(orthanc: Orthanc, files: Path) -> Orthanc:
    orthanc.fill(files)
    return orthanc


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def analyse(cli: Cli, pacs: Orthanc, model: Path, out: Path, *more: object) -> Any:
    words = ("analyse", "--dicomweb", pacs.dicomweb, "--study", STUDY, "--store", "-o", out, "--model", model)
    result = cli(*words, "--no-figures", *more)
    for secret in ("Doe", "Jane", "1960", "4711"):
        assert secret not in result.out + result.err
    return result


def test_a_study_goes_from_the_archive_and_its_results_into_it(
    cli: Cli, pacs: Orthanc, tiny_bundle: Callable[..., Path], tmp_path: Path, scratch: Path
) -> None:
    listed = json.loads(cli("studies", "--dicomweb", pacs.dicomweb, "--json").out)
    (study,) = listed["studies"]
    assert study == {
        "study": STUDY,
        "date": "2020-01-02",
        "modalities": ["MR"],
        "series_count": 2,
        "instance_count": 12,
    }
    model, out = tiny_bundle(), tmp_path / "out"
    result = analyse(cli, pacs, model, out, "-vv")
    assert result.status == 0, result.err
    assert "2 objects stored, 0 were there already" in result.err
    assert not list(scratch.iterdir())
    record = json.loads((out / STUDY / "findings.json").read_text())
    assert record["verdict"] == "tumour"
    assert record["dicom"]["seg"] == "dicom/seg.dcm"
    again = cli("studies", "--dicomweb", pacs.dicomweb)
    assert f"study {STUDY}, 2020-01-02, MR SEG SR, 4 series, 14 instances" in again.out
    stored = {one["MainDicomTags"]["Modality"]: one["Instances"] for one in pacs.ask("series?expand")}
    for kind in ("SEG", "SR"):
        (instance,) = stored[kind]
        assert pacs.ask(f"instances/{instance}/simplified-tags")["StudyInstanceUID"] == STUDY

    second = analyse(cli, pacs, model, tmp_path / "second", "--json")
    assert second.status == 0, second.err
    (case,) = json.loads(second.out)["cases"]
    assert [one["state"] for one in case["stored"]] == ["present", "present"]
    assert pacs.count() == 14
    for name in ("seg.dcm", "sr.dcm"):
        first, repeat = (tmp_path / one / STUDY / "dicom" / name for one in ("out", "second"))
        assert first.read_bytes() == repeat.read_bytes()


def test_a_study_of_the_archive_is_listed_in_full(cli: Cli, pacs: Orthanc, scratch: Path) -> None:
    result = cli("studies", "--dicomweb", pacs.dicomweb, "--study", STUDY)
    assert result.status == 0, result.err
    assert "FLAIR: series 4 (AX T2 FLAIR), axial, 6 slices of 96 x 96, 2 x 2 x 5 mm" in result.out
    assert not list(scratch.iterdir())


def test_days_and_limits(cli: Cli, pacs: Orthanc) -> None:
    words = ("studies", "--dicomweb", pacs.dicomweb)
    assert STUDY in cli(*words, "--date", "20200101-20200103").out
    late = cli(*words, "--date", "20200103-")
    assert (late.status, late.err) == (1, "No study with MR series was found.\n")
    assert "There may be more" in cli(*words, "--limit", 1).err
    assert cli(*words, "--date", "yesterday").status == 2


def test_a_study_that_is_not_there_does_not_keep_the_other_back(
    cli: Cli, pacs: Orthanc, tiny_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    result = analyse(cli, pacs, tiny_bundle(), tmp_path / "out", "--study", "1.2.3")
    assert result.status == 1
    assert "study 1.2.3 must be there and hold MR series, received no series" in result.err
    assert (tmp_path / "out" / STUDY / "findings.json").is_file()
    words = ("--dicomweb", pacs.dicomweb, "--study", "1.2.3", "--json")
    none = cli("analyse", *words, "-o", tmp_path / "none")
    assert none.status == 1
    assert [one["study"] for one in json.loads(none.out)["missed"]] == ["1.2.3"]
    assert not (tmp_path / "none").exists()
    listed = cli("studies", *words, "--study", STUDY)
    assert listed.status == 1
    assert [one["path"] for one in json.loads(listed.out)["problems"]] == ["1.2.3"]
    assert [one["study"] for one in json.loads(listed.out)["studies"]] == [STUDY]


def test_results_stay_where_they_cannot_be_stored_and_are_stored_later(
    cli: Cli, pacs: Orthanc, files: Path, tiny_bundle: Callable[..., Path], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(retry, "WAITS", [0.01])
    out, nobody = tmp_path / "out", f"http://127.0.0.1:{free_port()}/dicom-web"
    words = ("analyse", files, "--dicomweb", nobody, "--store", "-o", out, "--model", tiny_bundle(), "--no-figures")
    result = cli(*words)
    assert result.status == 1
    assert "dicom/seg.dcm: was not stored: " in result.err
    command = f"2 objects were not stored; to store them: gliascope store {out} --dicomweb {nobody}"
    assert command in result.err
    assert (out / STUDY / "dicom" / "seg.dcm").is_file()
    for state in ("stored", "present"):
        later = cli("store", out, "--dicomweb", pacs.dicomweb, "--json")
        assert later.status == 0, later.err
        assert [one["state"] for one in json.loads(later.out)["objects"]] == [state, state]
    assert cli("store", out / STUDY, "--dicomweb", pacs.dicomweb).status == 0
    assert cli("store", files, "--dicomweb", pacs.dicomweb).status == 2
    pacs.empty()
    resumed = cli("analyse", files, "--dicomweb", pacs.dicomweb, "--continue", *words[4:])
    assert "2 objects stored, 0 were there already" in resumed.err


@pytest.mark.parametrize("protocol", ["dicomweb", "pacs"])
def test_a_pacs_that_is_away_is_waited_for_once(
    cli: Cli, files: Path, tiny_bundle: Callable[..., Path], tmp_path: Path, monkeypatch: Any, protocol: str
) -> None:
    monkeypatch.setattr(retry, "WAITS", [0.01, 0.01])
    write_series(tmp_path / "other", np.full((6, 96, 96), 7, np.uint16), AFFINE, **{**NAME, "StudyID": "2"})
    out, port = tmp_path / "out", free_port()
    nobody = {"dicomweb": f"http://127.0.0.1:{port}/dicom-web", "pacs": f"ORTHANC@127.0.0.1:{port}"}[protocol]
    where = (f"--{protocol}", nobody)
    words = ("--store", "-o", out, "--model", tiny_bundle(), "--no-figures", "--json")
    run = cli("analyse", files, tmp_path / "other", *where, *words)
    assert run.status == 1
    assert run.err.count("trying again") == 2
    said = [one for case in json.loads(run.out)["cases"] for one in case["stored"]]
    assert [one["state"] for one in said] == ["failed"] * 3
    assert ["no answer in 3 tries" in one["message"] for one in said] == [True, False, False]
    assert ["still no answer" in one["message"] for one in said] == [False, True, True]
    assert all(f"{one['path']}: was not stored: " in run.err for one in said)
    assert f"3 objects were not stored; to store them: gliascope store {out} --{protocol} {nobody}" in run.err
    again = cli("store", out, *where, "--json")
    assert again.status == 1
    assert [(one["path"], one["state"]) for one in json.loads(again.out)["objects"]] == sorted(
        (one["path"], "failed") for one in said
    )


def test_results_that_are_damaged_do_not_keep_others_from_being_stored(
    cli: Cli, pacs: Orthanc, tiny_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    assert analyse(cli, pacs, tiny_bundle(), tmp_path / "out").status == 0
    pacs.empty()
    for name, content in (("1.2", "{"), ("1.3", '{"dicom": {"sc": [7]}}')):
        (tmp_path / "out" / name).mkdir()
        (tmp_path / "out" / name / "findings.json").write_text(content)
    result = cli("store", tmp_path / "out", "--dicomweb", pacs.dicomweb)
    assert result.status == 1
    for name in ("1.2", "1.3"):
        assert f"{name}/findings.json: was not stored: " in result.err
    assert pacs.count() == 2


def test_the_same_by_dimse(
    cli: Cli, pacs: Orthanc, tiny_bundle: Callable[..., Path], tmp_path: Path, scratch: Path
) -> None:
    pytest.importorskip("pynetdicom", reason="the extra `pacs` has it")
    where = ("--pacs", pacs.pacs, "--aet", "TESTS")
    words = ("analyse", *where, "--study", STUDY, "--store", "-o", tmp_path / "out", "--model", tiny_bundle())
    assert f"study {STUDY}, 2020-01-02, MR, 2 series, 12 instances" in cli("studies", *where).out
    result = cli(*words, "--no-figures")
    assert result.status == 0, result.err
    assert "2 objects stored, 0 were there already" in result.err
    assert pacs.count() == 14
    assert not list(scratch.iterdir())
    for secret in ("Doe", "Jane", "1960", "4711"):
        assert secret not in result.out + result.err
    assert "0 objects stored, 2 were there already" in cli("store", tmp_path / "out", *where).err
    assert "MR SEG SR, 4 series" in cli("studies", *where).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--store",), "received no PACS (--dicomweb, --pacs)"),
        (("--store", "--pacs", "PACS"), "a PACS must be named as AET@HOST:PORT"),
        (("--store", "--pacs", "A@b:1", "--dicomweb", "http://b"), "received both"),
        (("--dicomweb", "http://127.0.0.1:1/dicom-web"), "a PACS goes with --study, what is fetched, or --store"),
        (("--dicomweb", "ftp://127.0.0.1/", "--study", "1.2"), "must be an address such as https://"),
        (("--dicomweb", "https://jane:secret@host/", "--study", "1.2"), "secrets come from the environment"),
        (("--dicomweb", "http://127.0.0.1:1/", "--study", "1.2/../3"), "a UID must be numbers with dots between"),
    ],
)
def test_wrong_choices_are_told_at_once(cli: Cli, tmp_path: Path, words: tuple[str, ...], message: str) -> None:
    result = cli("analyse", *words, "-o", tmp_path / "out")
    assert result.status == 2
    assert message in " ".join(result.err.replace("\u2502", " ").split())
    assert "secret@" not in result.err
