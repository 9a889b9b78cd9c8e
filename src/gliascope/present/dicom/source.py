"""The series that results refer to: its planes, its patient and study, and when it was taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gliascope.errors import InputError
from gliascope.geometry import Grid, directions, spacing, to_world
from gliascope.present.dicom.identity import BLANK, NO_DATE, anonymous, carried_from, moment_of
from gliascope.present.dicom.uids import replaced_uid, uid_of
from gliascope.scan import DicomImage, DicomSource

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Headers = Mapping[str, "Dataset"]
"""Data sets of instances, by SOP Instance UID."""
APART: Final = 0.2
"""Most millimetres between a slice's first voxel in the grid and in its source; series are even to about 0.1."""
TURNED: Final = 5e-3
"""Most by which a slice's directions may differ between the grid and its source; headers round them."""
LARGEST_NUMBER: Final = 10**6
"""Series numbers of results are made from the source's up to this one."""


@dataclass(frozen=True)
class Reference:
    """What names an image, as results state it.

    Attributes
    ----------
    class_uid, instance_uid, series_uid : str
    frame : int or None
        From 1; None where the instance has one frame.
    """

    class_uid: str
    instance_uid: str
    series_uid: str
    frame: int | None = None


@dataclass(frozen=True, eq=False)
class Origin:
    """What every result of one case takes from its source.

    Attributes
    ----------
    planes : tuple of Dataset
        One a slice, as if it were an MR image of its own, with its place, size and identifiers and nothing of the
        patient. A frame of an instance of several has an instance identifier of its own here, its key in `references`.
    references : mapping of str to Reference
        What each plane is part of, by its instance identifier.
    evidence : tuple of Reference
        Every instance that was used, those of other sequences too.
    study_uid : str
    carried : Dataset
        Patient and study.
    date, time : str
        When the source was taken.
    series_number : int
        The source's, or 0.
    is_anonymous : bool
    """

    planes: tuple[Dataset, ...]
    references: Mapping[str, Reference]
    evidence: tuple[Reference, ...]
    study_uid: str
    carried: Dataset
    date: str
    time: str
    series_number: int
    is_anonymous: bool

    @property
    def series_uid(self) -> str:
        """Series Instance UID, as results state it."""
        return self.evidence[0].series_uid


def origin_of(source: DicomSource, datasets: Headers, grid: Grid, *, anonymise: bool = False) -> Origin:
    """Gather what results take from their source.

    Parameters
    ----------
    source : DicomSource
    datasets : mapping of str to Dataset
        Headers of the instances by SOP Instance UID, those of ``source.others`` too.
    grid : Grid
        The volume's own, its third axis in the order of ``source.images``.
    anonymise : bool
        Take nothing of the patient and the study, and replace every identifier.

    Returns
    -------
    Origin

    Raises
    ------
    InputError
        If an instance is not where the grid says.
    """
    first = datasets[source.images[0].instance_uid]
    planes: list[Dataset] = []
    references: dict[str, Reference] = {}
    for place, image in enumerate(source.images):
        reference = _reference(source, image, datasets[image.instance_uid], anonymise)
        plane = blank_instance(reference, _told(source.study_uid, anonymise))
        _place(plane, datasets[image.instance_uid], image.frame, grid, place)
        if reference.frame is not None:
            plane.SOPInstanceUID = uid_of("frame", reference.instance_uid, reference.frame)
        if source.frame_of_reference_uid:
            plane.FrameOfReferenceUID = _told(source.frame_of_reference_uid, anonymise)
        if planes:  # rounded otherwise, perhaps, but one direction
            plane.ImageOrientationPatient = planes[0].ImageOrientationPatient
        planes.append(plane)
        references[str(plane.SOPInstanceUID)] = reference
    date, time = NO_DATE if anonymise else moment_of(first)
    return Origin(
        planes=tuple(planes),
        references=references,
        evidence=_evidence(source, datasets, anonymise),
        study_uid=_told(source.study_uid, anonymise),
        carried=anonymous(source.study_uid) if anonymise else carried_from(first),
        date=date,
        time=time,
        series_number=_series_number(first),
        is_anonymous=anonymise,
    )


def blank_instance(reference: Reference, study_uid: str) -> Dataset:
    """Describe an instance by its identifiers, and its patient and study as unknown."""
    from pydicom.dataset import Dataset

    made = Dataset()
    for keyword in BLANK:
        setattr(made, keyword, "")
    made.SOPClassUID, made.SOPInstanceUID = reference.class_uid, reference.instance_uid
    made.StudyInstanceUID, made.SeriesInstanceUID = study_uid, reference.series_uid
    return made


def _told(uid: str, anonymise: bool) -> str:
    return replaced_uid(uid) if anonymise else uid


def _reference(source: DicomSource, image: DicomImage, dataset: Dataset, anonymise: bool) -> Reference:
    is_one_of_many = "NumberOfFrames" in dataset and int(dataset.NumberOfFrames or 1) > 1
    return Reference(
        str(dataset.SOPClassUID),
        _told(image.instance_uid, anonymise),
        _told(source.series_uid, anonymise),
        image.frame + 1 if is_one_of_many else None,
    )


def _evidence(source: DicomSource, datasets: Headers, anonymise: bool) -> tuple[Reference, ...]:
    """Name every instance once, whatever its frames."""
    found = {}
    for series in (source, *source.others):
        for image in series.images:
            one = _reference(series, image, datasets[image.instance_uid], anonymise)
            found[one.instance_uid] = Reference(one.class_uid, one.instance_uid, one.series_uid)
    return tuple(found.values())


def _place(plane: Dataset, dataset: Dataset, frame: int, grid: Grid, place: int) -> None:
    """Say where one slice is as the standard does for an instance of one frame, in the source's own numbers."""
    from pydicom.uid import MRImageStorage
    from pydicom.valuerep import format_number_as_ds

    groups = _groups(dataset, frame)
    position, orientation, measures = (
        _from_groups(groups, dataset, sequence, keyword)
        for sequence, keyword in (
            ("PlanePositionSequence", "ImagePositionPatient"),
            ("PlaneOrientationSequence", "ImageOrientationPatient"),
            ("PixelMeasuresSequence", "PixelSpacing"),
        )
    )
    _check(position, orientation, measures, grid, place)
    edges = spacing(grid.affine)
    thickness = _from_groups(groups, dataset, "PixelMeasuresSequence", "SliceThickness")
    plane.SOPClassUID = MRImageStorage
    plane.Modality = "MR"
    plane.Rows, plane.Columns = grid.shape[1], grid.shape[0]
    plane.ImagePositionPatient = position
    plane.ImageOrientationPatient = orientation
    plane.PixelSpacing = measures
    plane.SliceThickness = thickness if thickness and float(thickness) > 0 else format_number_as_ds(float(edges[2]))
    if grid.shape[2] > 1:
        plane.SpacingBetweenSlices = format_number_as_ds(float(edges[2]))


def _groups(dataset: Dataset, frame: int) -> list[Dataset]:
    """Functional groups of a frame, its own before those that it shares; none for an instance of one frame."""
    own = dataset.get("PerFrameFunctionalGroupsSequence") or []
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    return [*own[frame : frame + 1], *shared[:1]]


def _from_groups(groups: list[Dataset], dataset: Dataset, sequence: str, keyword: str) -> Any:
    for group in groups:
        items = group.get(sequence)
        if items and keyword in items[0]:
            return items[0][keyword].value
    return dataset.get(keyword)


def _check(position: Any, orientation: Any, measures: Any, grid: Grid, place: int) -> None:
    """Hold a plane as its source states it against the grid that outlines are brought back to."""
    if position is None or orientation is None or measures is None:
        raise InputError(f"slice {place + 1} of a DICOM series must state its place, orientation and spacing")
    apart = float(np.linalg.norm(np.asarray(position, dtype=float) - to_world(grid.affine, [0, 0, place])))
    if apart > APART:
        raise InputError(
            f"slice {place + 1} of a DICOM series must lie where its grid says within {APART} mm, "
            f"received {apart:.3f} mm"
        )
    stated = np.asarray(orientation, dtype=float).reshape(2, 3).T
    turned = float(np.abs(stated - directions(grid.affine)[:, :2]).max())
    edges = np.asarray(measures, dtype=float)[::-1] / spacing(grid.affine)[:2]
    if turned > TURNED or np.abs(edges - 1).max() > TURNED:
        raise InputError(
            f"slice {place + 1} of a DICOM series must have its grid's directions and spacing within {TURNED:g}, "
            f"received directions {turned:.4f} apart and spacing {np.abs(edges - 1).max():.4f}"
        )


def _series_number(dataset: Dataset) -> int:
    try:
        number = int(dataset.get("SeriesNumber") or 0)
    except (TypeError, ValueError):
        return 0
    return number if 0 < number < LARGEST_NUMBER else 0
