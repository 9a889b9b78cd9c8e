"""DICOM studies become cases: series found, sorted by geometry, recognised by their headers."""

from gliascope.read.dicom.files import open_instance

__all__ = ["open_instance"]
