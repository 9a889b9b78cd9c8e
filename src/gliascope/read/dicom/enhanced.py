"""Frames of enhanced multi-frame MR, described by functional groups that are shared or each frame's own."""

from __future__ import annotations

from typing import Any, Final

from gliascope.read.dicom.header import Plane
from gliascope.read.dicom.values import items, number, numbers, scaling, text, texts, whole

MAX_FRAMES: Final = 2**14
"""Most frames of one instance."""


def planes_of_enhanced(data: Any) -> tuple[tuple[Plane, ...], str]:
    """Describe every frame of an instance.

    Parameters
    ----------
    data : Dataset of pydicom's

    Returns
    -------
    planes : tuple of Plane
    flaw : str
        The rule that the functional groups break; empty where they break none.
    """
    count = whole(data, "NumberOfFrames")
    frames = items(data, "PerFrameFunctionalGroupsSequence")
    shared = items(data, "SharedFunctionalGroupsSequence")
    if count is None or not 1 <= count <= MAX_FRAMES or count != len(frames):
        return (), (
            f"enhanced MR must have a functional group for each of 1 to {MAX_FRAMES} frames, "
            f"received {len(frames)} groups for {'an unknown number of' if count is None else count} frames"
        )
    common = shared[0] if shared else None
    return tuple(_plane(data, one, common, place) for place, one in enumerate(frames)), ""


def _plane(data: Any, own: Any, shared: Any, place: int) -> Plane:
    def group(name: str) -> Any:
        found = items(own, name) or (items(shared, name) if shared is not None else [])
        return found[0] if found else {}

    values = group("PixelValueTransformationSequence")
    content = group("FrameContentSequence")
    kind = texts(group("MRImageFrameTypeSequence"), "FrameType") or texts(data, "ImageType")
    timing = group("MRTimingAndRelatedParametersSequence")
    times = numbers(group("MRModifierSequence"), "InversionTimes")
    moments = ("TemporalPositionIndex", "FrameAcquisitionNumber")
    told = [(one, value) for one in moments if (value := number(content, one)) is not None]
    return Plane(
        frame=place,
        position=numbers(group("PlanePositionSequence"), "ImagePositionPatient", 3),
        orientation=numbers(group("PlaneOrientationSequence"), "ImageOrientationPatient", 6),
        spacing=numbers(group("PixelMeasuresSequence"), "PixelSpacing", 2),
        slope=scaling(values, "RescaleSlope", 1.0),
        intercept=scaling(values, "RescaleIntercept", 0.0),
        repetition=number(timing, "RepetitionTime"),
        echo=number(group("MREchoSequence"), "EffectiveEchoTime"),
        inversion=None if times is None else times[0],
        diffusion=number(group("MRDiffusionSequence"), "DiffusionBValue"),
        kind=tuple(one.upper() for one in kind if one) + _component(data, own, shared),
        moment=tuple(told),
    )


def _component(data: Any, own: Any, shared: Any) -> tuple[str, ...]:
    """PHASE, REAL and the like, where the frame is no magnitude."""
    for place in (own, shared, data):
        found = items(place, "MRImageFrameTypeSequence") if place is not None else []
        component = text(found[0] if found else place or {}, "ComplexImageComponent").upper()
        if component:
            return (component,) if component != "MAGNITUDE" else ()
    return ()
