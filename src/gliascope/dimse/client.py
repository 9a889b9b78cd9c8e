"""Questions to a PACS by DIMSE, and what is done with the answers."""

from __future__ import annotations

import logging
from itertools import islice
from pathlib import Path
from ssl import SSLContext
from typing import Any, Final

from gliascope.archive import Patience, SeriesEntry, StudyEntry, checked_date, checked_uid, is_uid
from gliascope.archive.base import study_entry
from gliascope.archive.files import identity_of, keep_instance, load_object
from gliascope.dimse.address import checked_title, parse_address
from gliascope.dimse.association import answers, associated, code_of
from gliascope.errors import ArchiveError, require_extra

OWN_TITLE: Final = "GLIASCOPE"
FIND: Final = "1.2.840.10008.5.1.4.1.2.2.1"
GET: Final = "1.2.840.10008.5.1.4.1.2.2.3"
ECHO: Final = "1.2.840.10008.1.1"
IMAGES: Final = ("1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4")
"""MR, Enhanced MR and Legacy Converted Enhanced MR Image Storage."""
SYNTAXES: Final = (
    "1.2.840.10008.1.2.1",
    "1.2.840.10008.1.2",
    "1.2.840.10008.1.2.1.99",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.51",
    "1.2.840.10008.1.2.4.57",
    "1.2.840.10008.1.2.4.70",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.81",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.91",
    "1.2.840.10008.1.2.5",
)
"""Transfer syntaxes that are read."""

_logger = logging.getLogger(__name__)


class DimseArchive:
    """A PACS by DIMSE; satisfies `gliascope.archive.Archive`.

    Parameters
    ----------
    address : str
        ``AET@HOST:PORT``.
    own : str
        Our own AE title, which the PACS may have to know.
    timeout : float
        Seconds of silence after which a connection counts as cut.
    tls : ssl.SSLContext, optional
        Of `gliascope.archive.client_context`; without it nothing is encrypted.

    Raises
    ------
    MissingExtra
        If pynetdicom is not installed.
    InputError
        If the address or the title cannot be used.
    """

    def __init__(
        self, address: str, *, own: str = OWN_TITLE, timeout: float = 60.0, tls: SSLContext | None = None
    ) -> None:
        require_extra("DIMSE", "pacs", "pynetdicom")
        self._address = parse_address(address)
        self._own = checked_title(own)
        self._timeout = timeout
        self._tls = tls
        self._patience = Patience(self.name)

    @property
    def name(self) -> str:
        """The address."""
        return str(self._address)

    def close(self) -> None:
        """Do nothing: every question has an association of its own."""

    def check(self) -> None:
        """Make sure that it answers (C-ECHO)."""

        def once() -> int:
            with self._line(ECHO) as line:
                return code_of(line.send_c_echo())

        code = self._patience(once)
        if code:
            raise ArchiveError(f"{self.name}: C-ECHO must succeed, received status 0x{code:04X}")

    def studies(self, *, study: str = "", date: str = "", limit: int = 100) -> list[StudyEntry]:
        """Find studies with MR series (C-FIND)."""
        asked = {
            "StudyInstanceUID": study and checked_uid(study),
            "StudyDate": checked_date(date),
            "ModalitiesInStudy": "MR",
            "NumberOfStudyRelatedSeries": None,
            "NumberOfStudyRelatedInstances": None,
        }
        found = [
            study_entry(
                _text(one, "StudyInstanceUID"),
                _text(one, "StudyDate"),
                tuple(_text(one, "ModalitiesInStudy").split("\\")),
                _text(one, "NumberOfStudyRelatedSeries"),
                _text(one, "NumberOfStudyRelatedInstances"),
            )
            for one in self._find("STUDY", asked, limit)
        ]
        return [one for one in found if one is not None]

    def series(self, study: str) -> list[SeriesEntry]:
        """Find the series of a study (C-FIND)."""
        asked = {"StudyInstanceUID": checked_uid(study), "SeriesInstanceUID": "", "Modality": ""}
        found = [(_text(one, "SeriesInstanceUID"), _text(one, "Modality")) for one in self._find("SERIES", asked)]
        known = [SeriesEntry(uid, modality) for uid, modality in found if is_uid(uid)]
        if len(known) < len(found):
            count = len(found) - len(known)
            _logger.warning("%s: study %s: %d series without a UID left out", self.name, study, count)
        return known

    def retrieve(self, study: str, series: str, folder: Path) -> list[Path]:
        """Write the instances of a series (C-GET); after a cut, the whole series again."""
        asked = {"StudyInstanceUID": checked_uid(study), "SeriesInstanceUID": checked_uid(series)}
        wanted = {_text(one, "SOPInstanceUID") for one in self._find("IMAGE", {**asked, "SOPInstanceUID": ""})}
        done: dict[str, Path] = {}

        def keep(event: Any) -> int:
            received = event.dataset
            received.file_meta = event.file_meta
            try:
                done.update([keep_instance(received, folder, self.name)])
            except (ArchiveError, OSError):
                return 0xC211  # refused; what is missing at the end is told
            return 0

        def once() -> None:
            with self._line(GET, *IMAGES, on_store=keep) as line:
                replies = line.send_c_get(_query("SERIES", asked), GET)
                for _ in answers(replies, self._address, "C-GET"):
                    pass

        self._patience(once, "retrieval")
        if wanted - set(done) or not done:
            rule = f"series {series} must come whole by C-GET, received {len(done)} of {len(wanted)} instances"
            raise ArchiveError(f"{self.name}: {rule}")
        return list(done.values())

    def store(self, path: Path) -> bool:
        """Give it a DICOM file (C-STORE), unless it holds the object."""
        made = load_object(path)
        study, series, instance = identity_of(made)
        asked = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": instance}
        if any(_text(one, "SOPInstanceUID") == instance for one in self._find("IMAGE", asked)):
            return False

        def once() -> int:
            with self._line(str(made.SOPClassUID), syntaxes=(str(made.file_meta.TransferSyntaxUID),)) as line:
                return code_of(line.send_c_store(made))

        code = self._patience(once, "storage")
        if code and code & 0xF000 != 0xB000:  # a warning: stored all the same
            raise ArchiveError(f"{self.name}: an object must be accepted, received status 0x{code:04X}")
        return True

    def _find(self, level: str, asked: dict[str, Any], limit: int | None = None) -> list[Any]:
        def once() -> list[Any]:
            with self._line(FIND) as line:
                found = answers(line.send_c_find(_query(level, asked), FIND), self._address, "C-FIND")
                kept = list(islice((one for one in found if one is not None), limit))
                if limit is not None and len(kept) == limit:
                    line.abort()  # the rest would still come
                return kept

        return self._patience(once)

    def _line(self, *classes: str, syntaxes: tuple[str, ...] = SYNTAXES, on_store: Any = None) -> Any:
        from pynetdicom import build_context

        plain = SYNTAXES[:2] if syntaxes is SYNTAXES else syntaxes
        contexts = [build_context(one, list(syntaxes if one in IMAGES else plain)) for one in classes]
        return associated(self._address, self._own, contexts, self._timeout, on_store=on_store, tls=self._tls)


def _query(level: str, asked: dict[str, Any]) -> Any:
    from pydicom.dataset import Dataset

    query = Dataset()
    query.QueryRetrieveLevel = level
    for keyword, value in asked.items():
        setattr(query, keyword, value)
    return query


def _text(item: Any, keyword: str) -> str:
    value = item.get(keyword)
    if value is None:
        return ""
    parts = value if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue" else [value]
    return "\\".join(str(one).strip(" \0") for one in parts)
