"""The DIMSE client against a server that is not ours, over lines that break."""

from __future__ import annotations

import socket
from pathlib import Path

import pydicom
import pytest

from gliascope.errors import ArchiveError, InputError
from tests.cutting import line_to
from tests.orthanc import STUDY, Orthanc

pytest.importorskip("pynetdicom", reason="the extra `pacs` has it")

from gliascope.dimse import DimseArchive
from gliascope.dimse.address import parse_address

pytestmark = pytest.mark.usefixtures("short_waits")


def test_find_get_and_store(orthanc: Orthanc, bright_series: list[Path], tmp_path: Path) -> None:
    archive = DimseArchive(orthanc.pacs)
    archive.check()
    assert [archive.store(one) for one in bright_series] == [True] * len(bright_series)
    assert not archive.store(bright_series[0])
    assert orthanc.count() == len(bright_series)
    (study,) = archive.studies()
    assert (study.uid, study.date, study.modalities) == (STUDY, "2020-01-02", ("MR",))
    assert (study.series, study.instances) == (1, len(bright_series))
    assert archive.studies(date="20200103-") == []
    assert archive.studies(study="1.2.3") == []
    assert len(archive.studies(limit=1)) == 1
    (series,) = archive.series(STUDY)
    found = archive.retrieve(STUDY, series.uid, tmp_path)
    pixels = {str(one.SOPInstanceUID): one.PixelData for one in map(pydicom.dcmread, bright_series)}
    assert {str(one.SOPInstanceUID): one.PixelData for one in map(pydicom.dcmread, found)} == pixels
    with pytest.raises(ArchiveError, match="C-GET must succeed, received status 0x"):
        archive.retrieve(STUDY, "1.2.3", tmp_path)


def test_a_cut_is_tried_again(orthanc: Orthanc, bright_series: list[Path], tmp_path: Path) -> None:
    with line_to(orthanc.dicom) as line:
        archive = DimseArchive(f"ORTHANC@127.0.0.1:{line.port}", timeout=5)
        line.requests += [2**31, 9_000]
        assert archive.store(bright_series[0])
        assert line.cuts == 1
        assert orthanc.count() == 1
        orthanc.fill(bright_series[0].parent)
        (series,) = archive.series(STUDY)
        line.answers += [2**31, 30_000]
        assert len(archive.retrieve(STUDY, series.uid, tmp_path)) == len(bright_series)
        assert line.cuts == 2


def test_a_service_that_is_not_offered(orthanc: Orthanc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gliascope.dimse.client.GET", "1.2.840.10008.5.1.4.1.2.3.3")
    monkeypatch.setattr("gliascope.dimse.client.FIND", "1.2.840.10008.5.1.4.37.1")
    with pytest.raises(ArchiveError, match=r"C-FIND must succeed|a service and its transfer syntax must be offered"):
        DimseArchive(orthanc.pacs).studies()


def test_nobody_and_a_wrong_title(orthanc: Orthanc) -> None:
    with pytest.raises(ArchiveError, match="both titles must be known there"):
        DimseArchive(f"OTHER@127.0.0.1:{orthanc.dicom}").check()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        archive = DimseArchive(f"ANY@127.0.0.1:{mute.getsockname()[1]}", timeout=0.2)
        with pytest.raises(ArchiveError, match="no answer in 3 tries"):
            archive.check()


@pytest.mark.parametrize(
    "text", ["ORTHANC", "A@h", "A@h:0", "A@h:70000", "@h:1", "SEVENTEEN-LETTERS@h:1", "A B\\C@h:1"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InputError):
        parse_address(text)
