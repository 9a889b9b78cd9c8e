"""Classic MR series written by pydicom: what tests read, and what results refer to."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import EnhancedMRImageStorage, ExplicitVRLittleEndian, MRImageStorage

from gliascope.findings import Finding, Measurement, SliceFinding, Uncertainty, Verdict, VolumeFinding
from gliascope.geometry import Affine
from gliascope.rules import OperatingPoint
from gliascope.scan import DicomImage, DicomSource, Sequence, Source

ROOT: Final = "2.25."
MEASURES: Final = ("PixelSpacing", "SliceThickness", "SpacingBetweenSlices")

FLAIR: Final[dict[str, Any]] = {
    "SeriesDescription": "AX T2 FLAIR",
    "ProtocolName": "AX T2 FLAIR",
    "SeriesNumber": 4,
    "ScanningSequence": ["SE", "IR"],
    "RepetitionTime": 9000.0,
    "EchoTime": 120.0,
    "InversionTime": 2500.0,
}
T1: Final[dict[str, Any]] = {
    "SeriesDescription": "AX T1",
    "ProtocolName": "AX T1",
    "SeriesNumber": 3,
    "ScanningSequence": "SE",
    "RepetitionTime": 550.0,
    "EchoTime": 12.0,
    "InversionTime": None,
}
T1_CONTRAST: Final[dict[str, Any]] = {
    **T1,
    "SeriesDescription": "AX T1 +C",
    "ProtocolName": "AX T1 +C",
    "SeriesNumber": 5,
    "ContrastBolusAgent": "Gadolinium",
}
"""Tags that make a series one of these sequences: `write_series(folder, pixels, affine, **T1)`."""


def uid(*parts: object) -> str:
    """UID that follows from its parts alone."""
    digest = hashlib.sha256("|".join(str(one) for one in parts).encode()).digest()
    return ROOT + str(int.from_bytes(digest[:16], "big"))


def write_series(folder: Path, pixels: NDArray[np.uint16], affine: Affine, **tags: Any) -> list[Path]:
    """Write a volume as one classic MR file a slice.

    Parameters
    ----------
    folder : Path
        Made where it is missing; the files are called ``0001.dcm`` onwards, in slice order.
    pixels : ndarray, uint16, shape (slice, row, column)
    affine : ndarray, float64, shape (4, 4)
        Index (column, row, slice) to millimetres, LPS+; may be oblique, anisotropic, reversed or sheared.
    **tags
        Attributes of every file by keyword, in place of those of a FLAIR series; None takes one away. UIDs follow from
        patient, study and series tags: series with the same PatientID and StudyID are of one study and one frame.

    Returns
    -------
    list of Path
        In slice order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for place in range(len(pixels)):
        path = folder / f"{place + 1:04d}.dcm"
        instance(pixels, affine, place, **tags).save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def instance(pixels: NDArray[np.uint16], affine: Affine, place: int, **tags: Any) -> FileDataset:
    """One slice of such a series, not yet written."""
    values = {**_study(), **FLAIR, **_acquisition(), **tags}
    key = (values["PatientID"], values["StudyID"])
    series = (*key, values["SeriesNumber"], values["SeriesDescription"])
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    axes = affine[:3, :3] / edges
    values = {
        "StudyInstanceUID": uid("study", *key),
        "FrameOfReferenceUID": uid("frame", *key),
        "SeriesInstanceUID": uid("series", *series),
        "SOPInstanceUID": uid("instance", *series, place),
        "InstanceNumber": place + 1,
        "ImagePositionPatient": _decimals(affine[:3] @ [0, 0, place, 1]),
        "ImageOrientationPatient": _decimals([*axes[:, 0], *axes[:, 1]]),
        "PixelSpacing": _decimals([edges[1], edges[0]]),
        "SliceThickness": _decimals([edges[2]])[0],
        "SpacingBetweenSlices": _decimals([edges[2]])[0],
        **values,
    }
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MRImageStorage
    meta.MediaStorageSOPInstanceUID = values["SOPInstanceUID"]
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made = FileDataset("", {}, file_meta=meta, preamble=bytes(128))
    _set(made, values)
    _set_pixels(made, pixels[place])
    return made


def _study() -> dict[str, Any]:
    return {
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientName": "Phantom^Drawn",
        "PatientID": "PHANTOM-1",
        "PatientBirthDate": "19700131",
        "PatientSex": "O",
        "PatientAge": "050Y",
        "PatientWeight": 70.0,
        "StudyID": "1",
        "StudyDate": "20200102",
        "StudyTime": "030405",
        "StudyDescription": "MR brain",
        "AccessionNumber": "A1",
        "ReferringPhysicianName": "",
        "SOPClassUID": MRImageStorage,
        "Modality": "MR",
        "SeriesDate": "20200102",
        "SeriesTime": "031000",
        "AcquisitionDate": "20200102",
        "AcquisitionTime": "031000",
        "ContentDate": "20200102",
        "ContentTime": "031001",
        "InstanceCreationDate": "20200102",
        "InstanceCreationTime": "031001",
        "Manufacturer": "Drawn by a program",
        "ManufacturerModelName": "Phantom",
        "DeviceSerialNumber": "0",
        "SoftwareVersions": "1",
        "InstitutionName": "None",
    }


def _acquisition() -> dict[str, Any]:
    return {
        "ImageType": ["ORIGINAL", "PRIMARY", "OTHER"],
        "BodyPartExamined": "BRAIN",
        "PatientPosition": "HFS",
        "PositionReferenceIndicator": "",
        "AcquisitionNumber": 1,
        "SequenceVariant": "SK",
        "ScanOptions": "",
        "MRAcquisitionType": "2D",
        "EchoTrainLength": 8,
        "MagneticFieldStrength": 1.5,
        "FlipAngle": 90.0,
        "WindowCenter": 500.0,
        "WindowWidth": 1000.0,
    }


def _set(made: Dataset, values: dict[str, Any]) -> None:
    for keyword, value in values.items():
        if value is not None:
            setattr(made, keyword, value)


def _set_pixels(made: Dataset, pixels: NDArray[np.uint16]) -> None:
    made.SamplesPerPixel = 1
    made.PhotometricInterpretation = "MONOCHROME2"
    made.Rows, made.Columns = pixels.shape
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, 16, 15
    made.PixelRepresentation = 0
    made.PixelData = np.ascontiguousarray(pixels, dtype="<u2").tobytes()


def _decimals(values: Any) -> list[str]:
    """Decimal strings of at most 16 characters, as exact as they can be."""
    from pydicom.valuerep import format_number_as_ds

    return [format_number_as_ds(float(one)) for one in values]


def source_of(paths: list[Path], sequence: Sequence = "flair") -> tuple[DicomSource, dict[str, Dataset]]:
    """Name a written series as the reader names it, and open its headers."""
    return _named(paths, [pydicom.dcmread(one, stop_before_pixels=True) for one in paths], sequence)


def drawn_source(shape: tuple[int, int, int], affine: Affine, **tags: Any) -> tuple[DicomSource, dict[str, Dataset]]:
    """A black series that was never written, of so many columns, rows and slices."""
    black = np.zeros(shape[::-1], np.uint16)
    return _named([Path()] * shape[2], [instance(black, affine, place, **tags) for place in range(shape[2])], "flair")


def _named(paths: list[Path], read: list[FileDataset], sequence: Sequence) -> tuple[DicomSource, dict[str, Dataset]]:
    images = tuple(DicomImage(path, "", 0, str(one.SOPInstanceUID)) for path, one in zip(paths, read, strict=True))
    first = read[0]
    frame = str(first.get("FrameOfReferenceUID", ""))
    source = DicomSource(sequence, str(first.StudyInstanceUID), str(first.SeriesInstanceUID), frame, images)
    return source, {str(one.SOPInstanceUID): one for one in read}


def finding_of(mask: NDArray[np.bool_], verdict: Verdict = "tumour", **changes: Any) -> Finding:
    """A finding with an outline in the grid of a series, as the pipeline makes them."""
    outline = mask if verdict == "tumour" else np.zeros_like(mask)
    probability = np.where(outline, np.float32(0.8), np.float32(0))
    edges = np.argwhere(outline)
    extent = tuple(float(one) for one in np.ptp(edges, axis=0) + 1) if len(edges) else None
    measurement = Measurement(
        volume_ml=0.0123 * len(edges),
        voxels=len(edges),
        components=int(bool(len(edges))),
        diameter_mm=12.5 if len(edges) else None,
        perpendicular_mm=7.25 if len(edges) else None,
        diameter_slice=1 if len(edges) else None,
        extent_mm=None if extent is None else (extent[0], extent[1], extent[2]),
        centroid_mm=None,
        side="left" if len(edges) else None,
        left_share=1.0 if len(edges) else None,
        areas_mm2=(),
    )
    slices = tuple(
        SliceFinding(
            Source(None, place, mask.shape[2], "0" * 64), 0.25 + 0.5 * bool(inside.any()), verdict, inside.T.copy()
        )
        for place, inside in enumerate(np.moveaxis(outline, 2, 0))
    )
    values: dict[str, Any] = {
        "case": "drawn",
        "verdict": verdict,
        "score": 0.75,
        "operating_point": OperatingPoint("balanced", 0.5, 0.4, "largest", 2, "filled"),
        "slices": slices,
        "warnings": (),
        "problems": (),
        "provenance": {
            "gliascope": "1.2.3",
            "engine": {"name": "fake", "version": "0", "device": "cpu", "precision": "float32"},
            "bundle": {"name": "tiny", "created": "2020-01-01", "sha256": "ab" * 32},
        },
        "case_score": 0.7,
        "volume": VolumeFinding(outline, probability.astype(np.float32), measurement),
        "uncertainty": Uncertainty(0.2, 0.8, 1.5, 0.9, needs_review=False) if verdict == "tumour" else None,
        **changes,
    }
    return Finding(**values)


def drawn_enhanced(shape: tuple[int, int, int], affine: Affine) -> tuple[DicomSource, dict[str, Dataset]]:
    """A black series of one Enhanced MR instance, its frames from the last slice to the first; never written."""
    made = enhanced(np.zeros(shape[::-1], np.uint16), affine)
    images = tuple(DicomImage(Path(), "", frame, str(made.SOPInstanceUID)) for frame in reversed(range(shape[2])))
    uids = (str(made.StudyInstanceUID), str(made.SeriesInstanceUID), str(made.FrameOfReferenceUID))
    return DicomSource("flair", *uids, images), {str(made.SOPInstanceUID): made}


def enhanced(pixels: NDArray[np.uint16], affine: Affine, **tags: Any) -> FileDataset:
    """A series as one Enhanced MR instance with what readers need, its frames from the last slice to the first."""
    slices = [instance(pixels, affine, place, **tags) for place in range(len(pixels))]
    made = slices[0]
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    made.NumberOfFrames = len(pixels)
    shared = Dataset()
    shared.PixelMeasuresSequence = [_item(slices[0], "PixelSpacing", "SliceThickness")]
    made.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for one in reversed(slices):
        group = Dataset()
        group.PlanePositionSequence = [_item(one, "ImagePositionPatient")]
        group.PlaneOrientationSequence = [_item(one, "ImageOrientationPatient")]
        groups.append(group)
    made.PerFrameFunctionalGroupsSequence = groups
    for keyword in (*MEASURES, "ImagePositionPatient", "ImageOrientationPatient"):
        delattr(made, keyword)
    made.PixelData = np.ascontiguousarray(pixels[::-1], dtype="<u2").tobytes()
    return made


def _item(source: Dataset, *keywords: str) -> Dataset:
    item = Dataset()
    for keyword in keywords:
        setattr(item, keyword, source[keyword].value)
    return item
