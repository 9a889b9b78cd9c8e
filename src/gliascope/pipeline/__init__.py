"""The only place that joins the steps: from images to findings, and from findings to files."""

from gliascope.pipeline.analyser import Analyser, analyse
from gliascope.pipeline.folder import Outcome, analyse_into
from gliascope.pipeline.results import write_case

__all__ = ["Analyser", "Outcome", "analyse", "analyse_into", "write_case"]
