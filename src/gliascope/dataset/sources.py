"""Where known data sets come from and what their owners ask for."""

from __future__ import annotations

from typing import Final

LGG: Final = (
    "The LGG MRI segmentation data set: MR images of the TCGA-LGG collection of The Cancer Imaging Archive "
    "(CC BY 3.0, doi:10.7937/K9/TCIA.2016.L4LTD3TK), with masks of the FLAIR abnormality by Buda, Saha and Mazurowski "
    "(doi:10.1016/j.compbiomed.2019.05.002), released for research, with attribution, not for commercial use."
)

_LGG_NAMES: Final = ("kaggle_3m", "tcga-lgg", "lgg mri segmentation")


def source_of(name: str) -> str | None:
    """Say where a data set comes from and how it is licensed; None for one that is not known by `name`."""
    return LGG if any(known in name.casefold() for known in _LGG_NAMES) else None
