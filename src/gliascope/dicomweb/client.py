"""Questions to a DICOMweb service, and what is done with the answers."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, TypeVar

from gliascope.archive import (
    Credentials,
    Lost,
    Patience,
    SeriesEntry,
    StudyEntry,
    checked_date,
    checked_uid,
    is_uid,
)
from gliascope.archive.base import study_entry
from gliascope.archive.files import identity_of, keep_instance, load_object
from gliascope.archive.retry import Request
from gliascope.dicomweb.session import checked_url, is_missing, make_session, understood
from gliascope.errors import ArchiveError, require_extra
from gliascope.read.dicom.files import damage, quiet

STUDY, SERIES, INSTANCE = "0020000D", "0020000E", "00080018"
DATE, MODALITY, MODALITIES = "00080020", "00080060", "00080061"
SERIES_COUNT, INSTANCE_COUNT = "00201206", "00201208"
AS_STORED: Final = (("application/dicom", "*"),)
"""Any transfer syntax: what was stored comes back as it is."""
CUT: Final = r"(?s).* in file "
"""How pydicom's warning of a file that ends too early goes; it would leave out the element that is cut."""
CONNECT: Final = 10.0
"""Seconds to wait for a connection."""

_T = TypeVar("_T")
_logger = logging.getLogger(__name__)


class WebArchive:
    """A PACS by DICOMweb; satisfies `gliascope.archive.Archive`.

    Parameters
    ----------
    url : str
        Of the service, such as ``https://host:8042/dicom-web``.
    credentials : Credentials, optional
    ca_file : Path, optional
        Certificates that are trusted in place of the system's. Certificates are always verified.
    certificate : Path, optional
        Our own certificate and its key.
    timeout : float
        Seconds of silence after which a connection counts as cut.

    Raises
    ------
    MissingExtra
        If dicomweb-client is not installed.
    InputError
        If the address or the file cannot be used.
    """

    def __init__(
        self,
        url: str,
        *,
        credentials: Credentials | None = None,
        ca_file: Path | None = None,
        certificate: Path | None = None,
        timeout: float = 60.0,
    ) -> None:
        require_extra("DICOMweb", "pacs", "dicomweb_client")
        from dicomweb_client.web import DICOMwebClient

        self._url = checked_url(url)
        self._patience = Patience(self._url)
        self._session = make_session(self._url, credentials or Credentials(), ca_file, certificate)
        wait = (min(CONNECT, timeout), timeout)
        self._client = DICOMwebClient(self._url, session=self._session, permissive_uid=True, timeout=wait)
        self._client.set_http_retry_params(retry=False)  # it would send a second, empty body after a cut

    @property
    def name(self) -> str:
        """The address."""
        return self._url

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def check(self) -> None:
        """Make sure that it answers a query."""
        self.studies(limit=1)

    def studies(self, *, study: str = "", date: str = "", limit: int = 100) -> list[StudyEntry]:
        """Find studies with MR series (QIDO-RS)."""
        asked = {"StudyInstanceUID": study and checked_uid(study), "StudyDate": checked_date(date)}
        filters = {"ModalitiesInStudy": "MR", **{key: value for key, value in asked.items() if value}}
        fields = ["ModalitiesInStudy", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"]
        answer = self._ask(self._client.search_for_studies, limit=limit, fields=fields, search_filters=filters)
        found = [
            study_entry(
                _first(one, STUDY),
                _first(one, DATE),
                tuple(_values(one, MODALITIES)),
                _first(one, SERIES_COUNT),
                _first(one, INSTANCE_COUNT),
            )
            for one in answer
        ]
        return [one for one in found if one is not None][:limit]

    def series(self, study: str) -> list[SeriesEntry]:
        """Find the series of a study (QIDO-RS)."""
        found = self._all(self._client.search_for_series, SERIES, study_instance_uid=checked_uid(study))
        return [SeriesEntry(uid, _first(one, MODALITY)) for uid, one in found.items()]

    def retrieve(self, study: str, series: str, folder: Path) -> list[Path]:
        """Write the instances of a series (WADO-RS): in one stream, and one by one what is missing after a cut."""
        names: dict[str, Any] = {
            "study_instance_uid": checked_uid(study),
            "series_instance_uid": checked_uid(series),
        }
        wanted = list(self._all(self._client.search_for_instances, INSTANCE, **names))
        done: dict[str, Path] = {}
        try:
            with understood(self.name), self._well_formed():
                stream = self._client.iter_series(**names, media_types=AS_STORED)
                for one, _ in pairwise(stream):  # the last may be cut, and not every service tells the stream's length
                    done.update([keep_instance(one, folder, self.name)])
        except Lost as lost:
            _logger.warning("%s: %s; the rest is fetched one by one", self.name, lost)
        for uid in wanted:
            if uid not in done:
                asked = {**names, "sop_instance_uid": uid}
                one = self._try(partial(self._client.retrieve_instance, **asked, media_types=AS_STORED), "retrieval")
                done.update([keep_instance(one, folder, self.name)])
        missing = set(wanted) - set(done)
        if missing or not done:
            rule = f"series {series} must come whole, received {len(done)} of {len(wanted)} instances"
            raise ArchiveError(f"{self.name}: {rule}")
        return list(done.values())

    def has(self, study: str, series: str, instance: str) -> bool:
        """Whether it holds an instance (QIDO-RS)."""
        names = {"study_instance_uid": checked_uid(study), "series_instance_uid": checked_uid(series)}
        asked = {"SOPInstanceUID": checked_uid(instance)}
        found = self._ask(self._client.search_for_instances, **names, search_filters=asked)
        return any(_first(one, INSTANCE) == asked["SOPInstanceUID"] for one in found)

    def store(self, path: Path) -> bool:
        """Give it a DICOM file (STOW-RS), unless it holds the object."""
        made = load_object(path)
        if self.has(*identity_of(made)):
            return False
        answer = self._try(lambda: self._client.store_instances([made]), "storage")
        for failed in answer.get("FailedSOPSequence") or []:
            reason = failed.get("FailureReason")
            code = f"0x{int(reason):04X}" if isinstance(reason, int) else "none"
            raise ArchiveError(f"{self.name}: an object must be accepted, received failure reason {code}")
        return True

    def _ask(self, search: Callable[..., Any], **asked: Any) -> list[dict[str, Any]]:
        """Ask, and take what is not there for an empty answer."""
        try:
            answer = self._try(lambda: search(**asked))
        except ArchiveError as error:
            if is_missing(error) and "study_instance_uid" in asked:
                return []
            raise
        return [one for one in answer if isinstance(one, dict)] if isinstance(answer, list) else []

    def _all(self, search: Callable[..., Any], key: str, **asked: Any) -> dict[str, dict[str, Any]]:
        """Ask for more until nothing new comes: services cut long answers at a length of their own."""
        found: dict[str, dict[str, Any]] = {}
        while True:
            page = {_first(one, key): one for one in self._ask(search, **asked, offset=len(found))}
            fresh = {uid: one for uid, one in page.items() if is_uid(uid) and uid not in found}
            if not fresh:
                return found
            found |= fresh

    def _try(self, action: Callable[[], _T], kind: Request = "question") -> _T:
        def once() -> _T:
            with understood(self.name), self._well_formed():
                return action()

        return self._patience(once, kind)

    @contextmanager
    def _well_formed(self) -> Iterator[None]:
        """Say that an answer is cut or malformed, in words that hold nothing of it."""
        try:
            with quiet():
                warnings.filterwarnings("error", CUT, UserWarning)
                yield
        except UserWarning as error:
            raise Lost("an instance came cut") from error
        except OSError:  # requests' own errors are of this kind
            raise
        except damage() as error:
            rule = "an answer must be as DICOMweb has it, received something else"
            raise ArchiveError(f"{self.name}: {rule} ({type(error).__name__})") from error


def _values(item: dict[str, Any], tag: str) -> list[str]:
    held = item.get(tag)
    values = held.get("Value") if isinstance(held, dict) else None
    return [str(one).strip(" \0") for one in values if one is not None] if isinstance(values, list) else []


def _first(item: dict[str, Any], tag: str) -> str:
    return next(iter(_values(item, tag)), "")
