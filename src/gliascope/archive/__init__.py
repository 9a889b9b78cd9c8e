"""What a PACS is to the rest, whichever protocol it speaks."""

from gliascope.archive.base import Archive, SeriesEntry, StudyEntry, checked_date, checked_uid, is_uid
from gliascope.archive.retry import Lost, Patience
from gliascope.archive.secrets import Credentials, read_credentials
from gliascope.archive.tls import client_context, objection, system_certificates

__all__ = [
    "Archive",
    "Credentials",
    "Lost",
    "Patience",
    "SeriesEntry",
    "StudyEntry",
    "checked_date",
    "checked_uid",
    "client_context",
    "is_uid",
    "objection",
    "read_credentials",
    "system_certificates",
]
