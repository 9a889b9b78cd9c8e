"""A data set as tables, plots and one page: what `gliascope data describe` does. Needs the extra `data`."""

from gliascope.dataset.describe.describe import Description, describe
from gliascope.dataset.describe.output import write_description

__all__ = ["Description", "describe", "write_description"]
