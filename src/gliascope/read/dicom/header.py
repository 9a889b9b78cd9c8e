"""What the header of an instance says, as far as reading needs it; no patient's name, number or date is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from gliascope.errors import UnreadableFile
from gliascope.read.dicom.files import Archives, Place, quiet, read_dataset
from gliascope.read.dicom.hide import Hide, hide_for
from gliascope.read.dicom.values import items, number, numbers, scaling, text, texts, uid, whole

ENHANCED: Final = frozenset({"1.2.840.10008.5.1.4.1.1.4.1", "1.2.840.10008.5.1.4.1.1.4.4"})
"""Enhanced MR, and classic MR converted to it."""
CLASSIC: Final = "1.2.840.10008.5.1.4.1.1.4"
DIRECTORY: Final = "1.2.840.10008.1.3.10"
"""A DICOMDIR: it names files, and holds nothing."""

_WANTED: Final = """
SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID PatientID PatientName PatientBirthDate
OtherPatientNames PatientBirthName OtherPatientIDs OtherPatientIDsSequence
Modality StudyDate SeriesDescription ProtocolName SequenceName SeriesNumber AcquisitionNumber
ScanningSequence AcquisitionContrast ImageType ComplexImageComponent
RepetitionTime EchoTime InversionTime DiffusionBValue TemporalPositionIdentifier TriggerTime
ContrastBolusAgent ContrastBolusVolume ContrastBolusAgentSequence
ImagePositionPatient ImageOrientationPatient PixelSpacing SliceThickness SpacingBetweenSlices ImagesInAcquisition
AnatomicalOrientationType Rows Columns SamplesPerPixel PhotometricInterpretation BitsAllocated NumberOfFrames
RescaleSlope RescaleIntercept SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence
"""
"""Keywords of the elements that are read."""
_UIDS: Final = {
    "instance_uid": "SOPInstanceUID",
    "study_uid": "StudyInstanceUID",
    "series_uid": "SeriesInstanceUID",
    "frame_of_reference_uid": "FrameOfReferenceUID",
}
_TERMS: Final = {
    "modality": "Modality",
    "scanning": "ScanningSequence",
    "contrast": "AcquisitionContrast",
    "photometric": "PhotometricInterpretation",
    "creature": "AnatomicalOrientationType",
}
_WHOLE: Final = {
    "series_number": "SeriesNumber",
    "rows": "Rows",
    "columns": "Columns",
    "samples": "SamplesPerPixel",
    "bits": "BitsAllocated",
    "expected": "ImagesInAcquisition",
}
"""Attributes of `Instance` that are one element each: an identifier, a term of the standard's, a whole number."""
_KNOWN: Final = frozenset(["MR", "MONOCHROME1", "MONOCHROME2", "QUADRUPED", "FLUID_ATTENUATED", "SE", "IR", "GR", "EP"])
"""Terms that decide about a series, and stand as they are even where a patient is called so, as in ``Doe^John^^MR``."""


@dataclass(frozen=True)
class Plane:
    """One image plane: a classic instance, or a frame of an enhanced one.

    Attributes
    ----------
    frame : int
        From 0.
    position, orientation, spacing : tuple of float or None
        ImagePositionPatient, ImageOrientationPatient and PixelSpacing (rows, columns).
    slope, intercept : float
        Value = slope * stored + intercept.
    repetition, echo, inversion, diffusion : float or None
        TR, TE, TI in milliseconds; b value.
    kind : tuple of str
        ImageType, or the type of the frame.
    moment : tuple of (str, float)
        What tells several volumes of one series apart: acquisition, temporal position, trigger time.
    """

    frame: int
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    spacing: tuple[float, ...] | None
    slope: float
    intercept: float
    repetition: float | None
    echo: float | None
    inversion: float | None
    diffusion: float | None
    kind: tuple[str, ...]
    moment: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Instance:
    """One file.

    Attributes
    ----------
    place : Place
    sop_class, instance_uid, study_uid, series_uid, frame_of_reference_uid : str
    patient : str
        A digest by which two patients are told apart.
    modality, scanning, contrast : str
        As in the header: Modality, ScanningSequence, and AcquisitionContrast of enhanced MR.
    description, agent : str
        Of the series, and of contrast; what tells the patient is hidden, so that they are for showing alone.
    agent_volume : float or None
    date : str
        Of the study.
    series_number, rows, columns, samples, bits, expected : int or None
        `expected` is ImagesInAcquisition.
    thickness, between : float or None
        SliceThickness and SpacingBetweenSlices.
    photometric, creature, transfer_syntax : str
        `creature` is AnatomicalOrientationType.
    planes : tuple of Plane
    told : tuple of str
        Description, protocol and name of the sequence with nothing hidden: to recognise by, never to show.
    agent_told : str
        The agent, likewise.
    flaw : str
        Why the planes cannot be trusted; empty where they can.
    """

    place: Place
    sop_class: str
    instance_uid: str
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    patient: str
    modality: str
    scanning: str
    contrast: str
    description: str
    agent: str
    agent_volume: float | None
    date: str
    series_number: int | None
    rows: int | None
    columns: int | None
    samples: int | None
    bits: int | None
    expected: int | None
    thickness: float | None
    between: float | None
    photometric: str
    creature: str
    transfer_syntax: str
    planes: tuple[Plane, ...]
    told: tuple[str, ...] = field(repr=False)
    agent_told: str = field(repr=False)
    flaw: str = ""

    @property
    def is_enhanced(self) -> bool:
        """Whether it may hold several frames."""
        return self.sop_class in ENHANCED


def read_header(place: Place, archives: Archives | None = None) -> Instance | None:
    """Read the header of one file.

    Parameters
    ----------
    place : Place
    archives : Archives, optional
        Keeps an archive open for the next member.

    Returns
    -------
    Instance or None
        None for a DICOMDIR.

    Raises
    ------
    UnreadableFile
        If it is damaged, or does not say what it is.
    """
    from pydicom.datadict import tag_for_keyword

    tags = [tag for one in _WANTED.split() if (tag := tag_for_keyword(one)) is not None]
    data = read_dataset(place, tags=tags, archives=archives)
    if uid(data.file_meta, "MediaStorageSOPClassUID") == DIRECTORY or uid(data, "SOPClassUID") == DIRECTORY:
        return None
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if not uid(data, keyword):
            raise UnreadableFile(f"{place}: a DICOM instance must have a valid {keyword}, received none")
    with quiet():
        return _instance(place, data)


def _instance(place: Place, data: Any) -> Instance:
    from gliascope.read.dicom.enhanced import planes_of_enhanced

    hide = hide_for(data)
    agent = _words((text(data, "ContrastBolusAgent"), _coded_agent(data)))
    sop_class = uid(data, "SOPClassUID")
    planes, flaw = planes_of_enhanced(data) if sop_class in ENHANCED else _planes_of_classic(data, sop_class)
    values: dict[str, Any] = {name: uid(data, keyword) for name, keyword in _UIDS.items()}
    values |= {name: _term(data, keyword, hide) for name, keyword in _TERMS.items()}
    values |= {name: whole(data, keyword) for name, keyword in _WHOLE.items()}
    return Instance(
        place=place,
        sop_class=sop_class,
        **values,
        patient=_digest(data),
        description=hide(text(data, "SeriesDescription")),
        agent=hide(agent),
        agent_volume=number(data, "ContrastBolusVolume"),
        date=_date(text(data, "StudyDate")),
        thickness=number(data, "SliceThickness"),
        between=number(data, "SpacingBetweenSlices"),
        transfer_syntax=uid(data.file_meta, "TransferSyntaxUID"),
        planes=planes,
        told=(text(data, "SeriesDescription"), text(data, "ProtocolName"), text(data, "SequenceName")),
        agent_told=agent,
        flaw=flaw,
    )


def _term(data: Any, keyword: str, hide: Hide) -> str:
    return _words(one if one.upper() in _KNOWN else hide(one) for one in texts(data, keyword))


def _words(parts: Iterable[str]) -> str:
    return " ".join(filter(None, parts))


def _planes_of_classic(data: Any, sop_class: str) -> tuple[tuple[Plane, ...], str]:
    """Describe an instance of one image, whatever the modality; none where it says nothing about its place."""
    plane = _plane(data)
    if sop_class != CLASSIC:
        return ((plane,) if plane.position and plane.orientation else ()), ""
    frames = whole(data, "NumberOfFrames") or 1
    return (plane,), f"classic MR must have one frame an instance, received {frames}" if frames != 1 else ""


def _plane(data: Any) -> Plane:
    moments = ("AcquisitionNumber", "TemporalPositionIdentifier", "TriggerTime")
    return Plane(
        frame=0,
        position=numbers(data, "ImagePositionPatient", 3),
        orientation=numbers(data, "ImageOrientationPatient", 6),
        spacing=numbers(data, "PixelSpacing", 2),
        slope=scaling(data, "RescaleSlope", 1.0),
        intercept=scaling(data, "RescaleIntercept", 0.0),
        repetition=number(data, "RepetitionTime"),
        echo=number(data, "EchoTime"),
        inversion=number(data, "InversionTime"),
        diffusion=number(data, "DiffusionBValue"),
        kind=tuple(one.upper() for one in texts(data, "ImageType")),
        moment=tuple((one, value) for one in moments if (value := number(data, one)) is not None),
    )


def _coded_agent(data: Any) -> str:
    return _words(text(one, "CodeMeaning") for one in items(data, "ContrastBolusAgentSequence"))


def _digest(data: Any) -> str:
    """Digest of the patient's number, else of name and date of birth."""
    number_of = text(data, "PatientID")
    told = (number_of, "") if number_of else (text(data, "PatientName"), text(data, "PatientBirthDate"))
    return hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()


def _date(found: str) -> str:
    return f"{found[:4]}-{found[4:6]}-{found[6:8]}" if len(found) == 8 and found.isdecimal() else ""
