"""What a run writes beside tables, findings and pictures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, Literal, get_args

from gliascope.errors import InputError, MissingExtra
from gliascope.present.dicom.seg import SegType

Output = Literal["nifti", "seg", "sr", "sc"]

OUTPUTS: Final[tuple[Output, ...]] = get_args(Output)
DICOM: Final = frozenset({"seg", "sr", "sc"})
"""Outputs that refer to a DICOM study."""


@dataclass(frozen=True)
class Outputs:
    """Choice of outputs.

    Attributes
    ----------
    write : frozenset of str
        ``nifti``: the masks, which are written in any case; ``seg``, ``sr``, ``sc``: a DICOM segmentation, a structured
        report, secondary captures.
    seg_type : str
        ``binary`` or ``fractional``.
    anonymise : bool
        Write nothing that tells the patient.
    """

    write: frozenset[Output] = frozenset({"nifti"})
    seg_type: SegType = "binary"
    anonymise: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """What of it decides about the files; empty for the default, as JSON values."""
        if self == Outputs():
            return {}
        return {"outputs": {"write": sorted(self.write), "seg_type": self.seg_type, "anonymise": self.anonymise}}


def parse_outputs(names: Iterable[str]) -> frozenset[Output]:
    """Check the names of outputs.

    Parameters
    ----------
    names : iterable of str

    Returns
    -------
    frozenset of str

    Raises
    ------
    InputError
        If there is none, or one is not of `OUTPUTS`.
    """
    given = [one.strip() for one in names]
    chosen = frozenset(one for one in OUTPUTS if one in given)
    if not given or set(given) - set(OUTPUTS):
        raise InputError(f"outputs must be some of {', '.join(OUTPUTS)}, received {', '.join(given) or 'none'}")
    return chosen


def check_writable(write: frozenset[Output]) -> None:
    """Make sure that what writes DICOM objects is installed, before anything is analysed.

    Raises
    ------
    MissingExtra
        If it is not, as under a Python that it has no wheels for.
    """
    if write & DICOM and find_spec("highdicom") is None:
        raise MissingExtra(f"{', '.join(sorted(write & DICOM))} need highdicom: pip install highdicom")
