"""The layout of the LGG MRI segmentation data set: a folder a patient, an image and a mask a slice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gliascope.errors import InputError
from gliascope.read import find_cases, read_case
from gliascope.read.find import CaseFiles


@dataclass(frozen=True)
class PatientFolder:
    """One folder of slices.

    Attributes
    ----------
    path : Path
    name : str
        The folder's name, ``TCGA_CS_4941_19960909``.
    patient : str
        Its first three parts, ``TCGA_CS_4941``; the whole name where it has fewer.
    institution : str
        The second part, ``CS``; ``unknown`` where the name has fewer than three parts.
    files : CaseFiles
        The slices and their masks.
    """

    path: Path
    name: str
    patient: str
    institution: str
    files: CaseFiles


@dataclass(frozen=True)
class SliceStatistics:
    """What one slice of a patient's folder holds.

    Attributes
    ----------
    image : Path
        A file of many pages has one entry a page.
    mask : Path or None
        None where the slice has no true outline.
    tumour_px : int
        Pixels inside the true outline.
    """

    image: Path
    mask: Path | None
    tumour_px: int


@dataclass(frozen=True)
class PatientStatistics:
    """What a patient's folder holds.

    Attributes
    ----------
    folder : PatientFolder
    slices : int
        Slices that can be read.
    tumour_slices : int
        Slices whose true outline is not empty.
    tumour_px : int
        Pixels inside the true outlines, summed over all slices.
    each : tuple of SliceStatistics
        One a slice, in natural order.
    """

    folder: PatientFolder
    slices: int
    tumour_slices: int
    tumour_px: int
    each: tuple[SliceStatistics, ...] = ()


def patient_of(folder: str) -> str:
    """Name the patient of a folder: the first three parts of its name (``TCGA_CS_4941``), or all of it."""
    return "_".join(folder.split("_")[:3])


def patients(root: str | Path) -> list[PatientFolder]:
    """List the patients' folders of a data set, sorted by name.

    Parameters
    ----------
    root : path
        The folder of patients' folders (``kaggle_3m``), or one above it.

    Returns
    -------
    list of PatientFolder

    Raises
    ------
    InputError
        If there is no such folder, it holds no images, or two folders have one name.
    """
    if not Path(root).is_dir():
        raise InputError(f"{root}: a data set must be a folder, received {'a file' if Path(root).exists() else 'none'}")
    cases = [case for case in find_cases(root) if case.images]
    if not cases:
        raise InputError(f"{root}: a data set must hold patients' folders with images, received none")
    folders = [_patient_folder(case) for case in cases]
    counts = Counter(one.name for one in folders)
    if repeated := [name for name, count in sorted(counts.items()) if count > 1]:
        raise InputError(
            f"{root}: each patient's folder must have its own name, received more than one of {', '.join(repeated)}"
        )
    return sorted(folders, key=lambda one: one.name)


def refuse_volumes(cases: Iterable[CaseFiles], purpose: str) -> None:
    """Refuse volumes where only image files will do.

    Parameters
    ----------
    cases : iterable of CaseFiles
    purpose : str
        What was asked for, as the message names it.

    Raises
    ------
    InputError
    """
    for case in cases:
        if case.sequences or case.study is not None:
            kind = "DICOM studies" if case.study is not None else "NIfTI volumes"
            raise InputError(f"{case.path}: {purpose} takes data sets of images, received {kind}")


def _patient_folder(case: CaseFiles) -> PatientFolder:
    name = case.name if case.sequences else case.path.resolve().name
    parts = name.split("_")
    return PatientFolder(
        path=case.path,
        name=name,
        patient=patient_of(name),
        institution=parts[1] if len(parts) >= 3 else "unknown",
        files=case,
    )


def measure_patient(folder: PatientFolder) -> PatientStatistics:
    """Read one patient's folder and count its slices and tumour pixels.

    Raises
    ------
    InputError
        If an image or a mask cannot be used.
    """
    case = read_case(folder.files)
    if case.problems:
        first = case.problems[0]
        raise InputError(f"{first.path}: {first.message}")
    each = tuple(
        SliceStatistics(source.path, None, 0)
        if truth is None
        else SliceStatistics(source.path, truth.path, int(np.count_nonzero(truth.pixels)))
        for source, truth in zip(case.sources, case.truths, strict=True)
        if source.path is not None
    )
    return count_slices(folder, each)


def count_slices(folder: PatientFolder, each: tuple[SliceStatistics, ...]) -> PatientStatistics:
    """Sum up some slices of a patient's folder."""
    areas = [one.tumour_px for one in each]
    return PatientStatistics(folder, len(each), sum(area > 0 for area in areas), sum(areas), each)
