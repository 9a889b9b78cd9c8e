"""The only place that joins the steps: from images to findings, and from findings to files."""

from gliascope.pipeline.analyser import Analyser, analyse
from gliascope.pipeline.folder import analyse_into
from gliascope.pipeline.results import write_case
from gliascope.pipeline.work import Outcome

__all__ = ["Analyser", "Outcome", "analyse", "analyse_into", "write_case"]
