"""What a run has from a PACS, where something is in the way."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gliascope.archive import Archive, SeriesEntry
from gliascope.cli.exchange import fetch_studies


class Shelf:
    """A PACS whose first study is too large for the disk."""

    name = "shelf"

    def series(self, study: str) -> list[SeriesEntry]:
        return [SeriesEntry(f"{study}.1", "MR")]

    def retrieve(self, study: str, series: str, folder: Path) -> list[Path]:
        if study == "1.1":
            raise OSError(28, "No space left on device")
        (folder / f"{series}.dcm").touch()
        return [folder / f"{series}.dcm"]


def test_a_study_that_cannot_be_kept_is_named_and_the_next_one_fetched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive: Any = Shelf()
    found, missed = fetch_studies(cast("Archive", archive), ["1.1", "1.2", "1.2"], tmp_path, quiet=False)
    assert found == [tmp_path / "1.2"]
    assert missed == {"1.1": "[Errno 28] No space left on device"}
    said = capsys.readouterr().err
    assert "study 1.1: was not fetched: [Errno 28] No space left on device" in said
    assert "study 1.2: 1 instances from shelf" in said


def test_a_series_without_a_uid_does_not_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("pynetdicom", reason="the extra `pacs` has it")
    from gliascope.dimse import DimseArchive

    archive = DimseArchive("PACS@127.0.0.1:104")

    def find(_level: str, asked: dict[str, Any]) -> list[Any]:
        uids = ("", "1.2.x") if asked["StudyInstanceUID"] == "1.1" else ("1.2.3 ", "")
        return [SimpleNamespace(SeriesInstanceUID=one, Modality="MR") for one in uids]

    def retrieve(_study: str, series: str, folder: Path) -> list[Path]:
        (folder / f"{series}.dcm").touch()
        return [folder / f"{series}.dcm"]

    monkeypatch.setattr(archive, "_find", lambda *given: [one.__dict__ for one in find(*given)])
    monkeypatch.setattr(archive, "retrieve", retrieve)
    found, missed = fetch_studies(archive, ["1.1", "1.2"], tmp_path, quiet=True)
    assert [one.name for one in found] == ["1.2"]
    assert [one.name for one in found[0].iterdir()] == ["1.2.3.dcm"]
    assert list(missed) == ["1.1"]
    assert "must be there and hold MR series, received no series" in missed["1.1"]
    assert "study 1.2: 1 series without a UID left out" in caplog.text
