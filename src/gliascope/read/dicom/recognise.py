"""Which sequence a series is, by its headers, and why."""

from __future__ import annotations

from collections.abc import Sequence as Many
from dataclasses import dataclass
from typing import Final, Literal

from gliascope.read.dicom.header import CLASSIC, ENHANCED, Instance, Plane
from gliascope.read.dicom.words import agent_said, contrast_said, names_agent
from gliascope.scan import Sequence

Timing = Literal["flair", "t1", "t2", "stir", "pd"]

_LOCALISER: Final = frozenset({"LOCALIZER", "LOCALISER", "SCOUT"})


def _values(text: str) -> frozenset[str]:
    return frozenset(one.strip() for one in text.split(","))


_DERIVED: Final[dict[str, frozenset[str]]] = {
    "a reformatted or projected image": _values(
        "MPR, CSA MPR, MPR_THICK, CPR, MIP, MINIP, PROJECTION IMAGE, PROJECTION, REFORMATTED"
    ),
    "a diffusion map": _values("ADC, EADC, EXP_ADC, FA, COLFA, TRACEW, TRACE, TENSOR, DIFFUSION"),
    "a parameter map": _values(
        "T1 MAP, T2 MAP, T2_STAR MAP, R2 MAP, TTP, MTT, RCBV, RCBF, PERFUSION, TTEST, SUBTRACTION, SUBTRACT"
    ),
    "no magnitude image": _values(
        "P, PHASE, PHASE MAP, PHASE_MAP, P_SE, P_IR, P_FFE, R, REAL, R_SE, R_IR, R_FFE, "
        "I, IMAGINARY, I_SE, I_IR, I_FFE, MIXED, VELOCITY, VELOCITY MAP"
    ),
    "a mosaic of slices": _values("MOSAIC"),
    "a copy of a screen": _values("SCREEN SAVE, SCREENSAVE, CSA REPORT, CSA RESULT"),
}
"""Values of ImageType of what is calculated from other images, and what to call it."""
_FLAIR_DELAY: Final = (1500.0, 3500.0)
_T1_DELAY: Final = (350.0, 1500.0)
_AGREES: Final[dict[str, tuple[Timing | None, ...]]] = {"flair": ("flair", "t2", None), "t1": ("t1", "pd", None)}
"""Timings that a description does not contradict: FLAIR without its TI looks like T2, a slow T1 like proton density."""
_NAMES: Final[dict[str, str]] = {"flair": "FLAIR", "t1": "T1", "t2": "T2", "stir": "STIR", "pd": "proton density"}


@dataclass(frozen=True)
class Recognition:
    """What a series is taken for.

    Attributes
    ----------
    sequence : str or None
        None where it is none that is used.
    reason : str
        Why, in the words of the headers.
    is_derived : bool
        Whether ImageType says that it was made from other images.
    has_agent : bool
        Whether the header says that a contrast agent was given.
    """

    sequence: Sequence | None
    reason: str
    is_derived: bool = False
    has_agent: bool = False


def why_no_input(instance: Instance) -> str:
    """Rule by which a kind of object can never be an input, whoever names it; empty for MR images."""
    from pydicom import config
    from pydicom.uid import UID

    if instance.sop_class != CLASSIC and instance.sop_class not in ENHANCED:
        return f"an input must be MR images, received {UID(instance.sop_class, config.IGNORE).name}"
    if instance.modality != "MR":
        return f"an input must have the modality MR, received {instance.modality or 'none'}"
    if instance.samples != 1 or instance.photometric not in ("MONOCHROME1", "MONOCHROME2"):
        return f"an image must be grey, received {instance.photometric or 'no photometric interpretation'}"
    if instance.creature == "QUADRUPED":
        return "places must be those of a biped, received a quadruped's"
    return instance.flaw


def recognise(instance: Instance, planes: Many[Plane]) -> Recognition:
    """Tell which sequence a series is.

    Parameters
    ----------
    instance : Instance
        Any of the series.
    planes : sequence of Plane
        All of the series.

    Returns
    -------
    Recognition
    """
    aside = _set_aside(planes)
    derived = any("DERIVED" in plane.kind[:1] for plane in planes)
    if aside:
        return Recognition(None, aside, derived)
    said, source = _said(instance)
    timing = timing_of(instance, planes[0])
    numbers = _numbers(planes[0])
    if said is None and timing is None:
        return Recognition(None, f"neither description nor timing ({numbers}) says what it is", derived)
    if said is not None and said[0] == "other":
        return Recognition(None, f"{said[1]}, as {source} says", derived)
    if said is not None and timing not in _AGREES[said[0]]:
        return Recognition(
            None,
            f"{source} says {said[1]}, but {numbers} are those of {_NAMES[str(timing)]}: say what it is by --series",
            derived,
        )
    kind = said[0] if said is not None else timing
    if kind not in ("flair", "t1"):
        return Recognition(None, f"{_NAMES[str(kind)]}, by {numbers}", derived)
    agrees = f"{numbers} agree" if timing == kind else f"{numbers} do not contradict"
    reason = f"{source} says {said[1]}; {agrees}" if said is not None else f"{numbers} are those of {_NAMES[str(kind)]}"
    return _with_agent(instance, kind, reason, derived)


def _with_agent(instance: Instance, kind: str, reason: str, derived: bool) -> Recognition:
    given = names_agent(instance.agent_told) or (instance.agent_volume or 0) > 0
    named = f"ContrastBolusAgent is {instance.agent!r}" if instance.agent else "ContrastBolusVolume is above 0"
    said = agent_said(instance.told[0] or instance.told[1])
    if kind == "flair":
        return Recognition("flair", reason, derived, given or said == "with")
    if given and said == "without":
        return Recognition(
            None, f"{reason}; the description says before contrast, but {named}: say what it is by --series", derived
        )
    if given:
        return Recognition("post", f"{reason}; {named}", derived, has_agent=True)
    if said == "with":
        return Recognition("post", f"{reason}; the description says after contrast", derived, has_agent=True)
    if said == "unclear":
        return Recognition(
            None, f"{reason}; the description says with and without contrast: say what it is by --series", derived
        )
    why = "the description says before contrast" if said == "without" else "no contrast agent is named"
    return Recognition("pre", f"{reason}; {why}", derived)


def timing_of(instance: Instance, plane: Plane) -> Timing | None:
    """Tell the contrast of a plane by TR, TE and TI; None where they do not say."""
    if instance.contrast.upper() == "FLUID_ATTENUATED":
        return "flair"
    repetition, echo, delay = plane.repetition, plane.echo, plane.inversion or 0
    if repetition is None or echo is None:
        return None
    scanning = set(instance.scanning.upper().split())
    if delay > 0:
        return _timing_inverted(repetition, echo, delay)
    if scanning & {"IR", "EP"}:
        return None
    if "GR" in scanning and "SE" not in scanning:
        return "t1" if echo <= 8 and 100 <= repetition <= 800 else None
    return _timing_spin(repetition, echo)


def _timing_spin(repetition: float, echo: float) -> Timing | None:
    if echo >= 60:
        return "t2" if repetition >= 1500 else None
    if echo <= 35 and repetition <= 1200:
        return "t1"
    return "pd" if echo <= 45 and repetition > 1200 else None


def _timing_inverted(repetition: float, echo: float, delay: float) -> Timing | None:
    if _FLAIR_DELAY[0] <= delay <= _FLAIR_DELAY[1] and echo >= 60 and repetition >= 4000:
        return "flair"
    if delay < _T1_DELAY[0] and repetition >= 1500:
        return "stir"
    return "t1" if _T1_DELAY[0] <= delay <= _T1_DELAY[1] and echo <= 40 else None


def _set_aside(planes: Many[Plane]) -> str:
    """What ImageType or a b value says that keeps a series from being used; empty where nothing does."""
    kinds = {value for plane in planes for value in plane.kind}
    if kinds & _LOCALISER:
        return "a localiser, as ImageType says"
    for name, values in _DERIVED.items():
        if found := kinds & values:
            return f"{name}, as ImageType says ({', '.join(sorted(found))})"
    if any(plane.kind[:2] == ("DERIVED", "SECONDARY") for plane in planes):
        return "made from other images, as ImageType says (DERIVED, SECONDARY)"
    return "diffusion: a b value is given" if any(plane.diffusion for plane in planes) else ""


def _said(instance: Instance) -> tuple[tuple[str, str] | None, str]:
    names = ("the series description", "the protocol's name", "the sequence's name")
    for told, name in zip(instance.told, names, strict=True):
        if (found := contrast_said(told)) is not None:
            return found, name
    return None, ""


def _numbers(plane: Plane) -> str:
    values = (("TR", plane.repetition), ("TE", plane.echo), ("TI", plane.inversion))
    found = ", ".join(f"{name} {value:g}" for name, value in values if value)
    return f"{found} ms" if found else "no TR, TE or TI"
