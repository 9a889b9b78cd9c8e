"""What a run has from a PACS, where something is in the way."""

from __future__ import annotations

from pathlib import Path
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
