"""Where known data sets come from: kept with the data sets, named here for the model card."""

from gliascope.dataset.sources import LGG, source_of

__all__ = ["LGG", "source_of"]
