"""What a bundle decides by: how probabilities become calls, outlines and intervals; frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Components = Literal["all", "spanning", "largest"]
"""What may be kept of a volume's outline (`gliascope.segment.postprocess.keep_components`), the most first."""

Holes = Literal["kept", "filled"]
"""What is done with small holes of an outline (`gliascope.segment.postprocess.fill_holes`)."""


@dataclass(frozen=True)
class VolumeLine:
    """What a slice's neighbours say of it: ``expit(slope * own + beside * neighbours + intercept)``, on logits.

    Attributes
    ----------
    slope : float
        Of the slice's own logit; not under 0.
    beside : float
        Of the mean logit of both neighbours; over 0.
    intercept : float
    """

    slope: float
    beside: float
    intercept: float


@dataclass(frozen=True)
class Calibration:
    """How a network's probabilities are turned into calibrated ones (Platt 1999): straight lines on their logits.

    Attributes
    ----------
    slope : float
        Over 0, so that the order of slices that stand alone stays.
    intercept : float
    fitted_on : str
        Which predictions the numbers were fitted on.
    patients, slices, tumour_slices : int
        How many there were.
    volume : VolumeLine or None
        For slices of a volume, in place of slope and intercept, which lone images have; None: all slices have those.
    """

    slope: float
    intercept: float
    fitted_on: str
    patients: int
    slices: int
    tumour_slices: int
    volume: VolumeLine | None = None


@dataclass(frozen=True)
class UncertaintyRule:
    """How a volume's interval and its need of a second look follow from the outline's spread.

    Attributes
    ----------
    level : float
        Share of the patients whose true volume the interval is to hold.
    low, high : float
        The interval is the area times ``exp(low * spread)`` to ``exp(high * spread)``.
    review : float
        A volume with a larger spread needs a second look.
    fitted_on : str
        Which predictions these numbers were fitted on.
    patients : int
        How many patients.
    """

    level: float
    low: float
    high: float
    review: float
    fitted_on: str
    patients: int


@dataclass(frozen=True)
class OperatingPoint:
    """The thresholds that turned probabilities into a verdict and an outline.

    Attributes
    ----------
    name : str
        ``balanced``, ``sensitive`` or ``specific``; ``custom`` where the user gave a threshold.
    detection : float
        A slice is called tumour from this calibrated probability on.
    mask : float
        A pixel is inside from this probability on.
    components : str
        What is kept of a volume's outline: ``all``; ``spanning``, its largest 3-D component and others that reach
        from a slice to its neighbour, as far away as in the training data; or ``largest``, that one only.
    run : int
        A volume is called tumour where this many neighbouring slices are.
    holes : str
        Whether small holes of an outline are ``filled`` or ``kept``.
    """

    name: str
    detection: float
    mask: float
    components: Components
    run: int = 1
    holes: Holes = "kept"
