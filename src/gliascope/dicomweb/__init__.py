"""A PACS by DICOMweb: QIDO-RS, WADO-RS and STOW-RS. Needs the extra ``pacs``."""

from gliascope.dicomweb.client import WebArchive

__all__ = ["WebArchive"]
