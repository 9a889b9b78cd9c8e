"""A PACS by DIMSE: C-ECHO, C-FIND, C-GET and C-STORE. Needs the extra ``pacs``."""

from gliascope.dimse.client import DimseArchive

__all__ = ["DimseArchive"]
