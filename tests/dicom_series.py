"""Classic MR series written by pydicom: what tests read, and what results refer to."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

ROOT: Final = "2.25."

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


def write_series(folder: Path, pixels: NDArray[np.uint16], affine: NDArray[np.float64], **tags: Any) -> list[Path]:
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


def instance(pixels: NDArray[np.uint16], affine: NDArray[np.float64], place: int, **tags: Any) -> FileDataset:
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
