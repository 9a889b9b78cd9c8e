"""What a PACS is to the rest, whichever protocol it speaks."""

from gliascope.archive.base import Archive, SeriesEntry, StudyEntry, checked_date, checked_uid, is_uid
from gliascope.archive.retry import Lost, with_retries
from gliascope.archive.secrets import Credentials, read_credentials

__all__ = [
    "Archive",
    "Credentials",
    "Lost",
    "SeriesEntry",
    "StudyEntry",
    "checked_date",
    "checked_uid",
    "is_uid",
    "read_credentials",
    "with_retries",
]
