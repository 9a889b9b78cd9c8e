"""Results on their way into a PACS that fails now and then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliascope.archive import SeriesEntry, StudyEntry
from gliascope.errors import ArchiveError, InputError
from gliascope.pipeline.archive import fetch_study, store_case


class Shelf:
    """A PACS in memory, which fails as it is told to.

    Parameters
    ----------
    wrong : mapping of str to Exception
        What storing a file of this name raises.
    """

    def __init__(self, wrong: dict[str, Exception] | None = None) -> None:
        self.held: set[str] = set()
        self.name = "shelf"
        self._wrong = wrong or {}

    def check(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def studies(self, *, study: str = "", date: str = "", limit: int = 100) -> list[StudyEntry]:
        del study, date, limit
        return []

    def series(self, study: str) -> list[SeriesEntry]:
        return [SeriesEntry(f"{study}.1", "SEG"), SeriesEntry(f"{study}.2", "MR"), SeriesEntry(f"{study}.3", "")]

    def retrieve(self, study: str, series: str, folder: Path) -> list[Path]:
        del study
        (folder / f"{series}.dcm").touch()
        return [folder / f"{series}.dcm"]

    def store(self, path: Path) -> bool:
        if path.name in self._wrong:
            raise self._wrong[path.name]
        is_new = path.name not in self.held
        self.held.add(path.name)
        return is_new


@pytest.fixture
def case(tmp_path: Path) -> Path:
    record = {"dicom": {"seg": "seg.dcm", "sr": "sr.dcm", "sc": ["sc_1.dcm", "sc_2.dcm"]}}
    (tmp_path / "findings.json").write_text(json.dumps(record))
    return tmp_path


def test_what_fails_keeps_nothing_else_back(case: Path) -> None:
    wrong = {
        "seg.dcm": ArchiveError("shelf: full"),
        "sr.dcm": OSError(5, "Input/output error"),
        "sc_1.dcm": InputError("sc_1.dcm: no DICOM"),
    }
    shelf = Shelf(wrong)
    done = list(store_case(shelf, case))
    assert [(one.path.name, one.state) for one in done] == [
        ("seg.dcm", "failed"),
        ("sr.dcm", "failed"),
        ("sc_1.dcm", "failed"),
        ("sc_2.dcm", "stored"),
    ]
    assert [one.message for one in done] == ["shelf: full", "[Errno 5] Input/output error", "sc_1.dcm: no DICOM", ""]
    assert [one.state for one in store_case(shelf, case)][-1] == "present"


def test_series_that_are_no_mr_are_left_where_they_are(tmp_path: Path) -> None:
    folder = fetch_study(Shelf(), "1.2", tmp_path)
    assert sorted(one.name for one in folder.iterdir()) == ["1.2.2.dcm", "1.2.3.dcm"]
