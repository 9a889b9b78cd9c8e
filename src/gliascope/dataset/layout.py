"""The layout of the LGG MRI segmentation data set: a folder a patient, an image and a mask a slice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gliascope.dataset.names import institution_of, patient_of
from gliascope.errors import InputError
from gliascope.read import find_cases, read_case
from gliascope.read.find import CaseFiles
from gliascope.read.folders import INSIDE, folder_name, is_session
from gliascope.read.names import safe_name
from gliascope.read.nifti.names import understand

__all__ = [
    "PatientFolder",
    "PatientStatistics",
    "SliceStatistics",
    "count_slices",
    "crowded_folders",
    "measure_patient",
    "name_of",
    "patient_of",
    "patients",
    "refuse_studies",
    "refuse_volumes",
]


@dataclass(frozen=True)
class PatientFolder:
    """One folder of slices, or one case of NIfTI volumes.

    Attributes
    ----------
    path : Path
    name : str
        As `name_of` gives it, ``TCGA_CS_4941_19960909``.
    patient : str
        As `gliascope.dataset.names.patient_of` gives it, ``TCGA_CS_4941``.
    institution : str
        As `gliascope.dataset.names.institution_of` gives it, ``CS``.
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
    crowded = crowded_folders(cases)
    folders = [_patient_folder(case, name_of(case, is_alone=case.path not in crowded)) for case in cases]
    counts = Counter(one.name for one in folders)
    if repeated := [name for name, count in sorted(counts.items()) if count > 1]:
        raise InputError(
            f"{root}: each patient's folder must have its own name, received more than one of {', '.join(repeated)}"
        )
    return sorted(folders, key=lambda one: one.name)


def crowded_folders(cases: Iterable[CaseFiles]) -> set[Path]:
    """Name the folders that hold several cases, which `name_of` must tell apart."""
    return {path for path, count in Counter(case.path for case in cases).items() if count > 1}


def refuse_studies(cases: Iterable[CaseFiles], purpose: str) -> None:
    """Refuse DICOM studies where images and NIfTI cases will do.

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
        if case.study is not None:
            raise InputError(f"{case.path}: {purpose} takes data sets of images or NIfTI cases, received DICOM studies")


def refuse_volumes(cases: Iterable[CaseFiles], purpose: str, instead: str) -> None:
    """Refuse volumes where only image files will do.

    Parameters
    ----------
    cases : iterable of CaseFiles
    purpose : str
        What was asked for, as the message names it.
    instead : str
        What can be done with them, the end of the message.

    Raises
    ------
    InputError
    """
    for case in cases:
        if case.sequences or case.study is not None:
            kind = "DICOM studies" if case.study is not None else "NIfTI volumes"
            raise InputError(f"{case.path}: {purpose} takes data sets of images, received {kind}; {instead}")


def name_of(case: CaseFiles, *, is_alone: bool = True) -> str:
    """Name a case of a data set, in the same way wherever the data set lies.

    Parameters
    ----------
    case : CaseFiles
    is_alone : bool
        Whether its folder holds no other case.

    Returns
    -------
    str
        After its folder, see `gliascope.read.folders.folder_name`. A case of volumes that lies among others has the
        name that its files share, behind the folder's where that is a session's.
    """
    if is_alone or not case.sequences:
        return folder_name(case.path)
    own = safe_name(understand(case.images[0]).prefix)
    return f"{folder_name(case.path)}{INSIDE}{own}" if is_session(own) else own


def _patient_folder(case: CaseFiles, name: str) -> PatientFolder:
    return PatientFolder(
        path=case.path,
        name=name,
        patient=patient_of(name),
        institution=institution_of(name),
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
