"""Images on disk or in memory become cases: scans with their sources, truth and warnings."""

from gliascope.read.arrays import case_from_array
from gliascope.read.cases import read_case, read_cases
from gliascope.read.find import CaseFiles, case_of_volumes, find_cases
from gliascope.read.hashing import pixel_hash

__all__ = ["CaseFiles", "case_from_array", "case_of_volumes", "find_cases", "pixel_hash", "read_case", "read_cases"]
