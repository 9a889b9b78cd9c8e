"""Instances become series, and series become studies; each knows whether it is a volume, and what it shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gliascope.errors import InputError
from gliascope.geometry import directions, nearest_axes, obliquity, spacing
from gliascope.read.dicom.codecs import check_codec
from gliascope.read.dicom.files import Place, read_content
from gliascope.read.dicom.header import Instance
from gliascope.read.dicom.recognise import Recognition, recognise, why_no_input
from gliascope.read.dicom.stack import Stack, stack_planes

PLANES: Final = ("sagittal", "coronal", "axial")
"""By the world axis that the normal is nearest to."""
ISOTROPIC: Final = 1.6
"""Ratio of a voxel's edges up to which a volume may be cut in any direction."""
TWO_PATIENTS: Final = "a study must be of one patient, received instances of several under one Study Instance UID"


@dataclass(frozen=True, eq=False)
class Series:
    """One series of a study.

    Attributes
    ----------
    uid : str
    study_uid : str
    instances : tuple of Instance
        Each once, in the order they were found.
    stack : Stack or None
        None where a rule is broken.
    forbidden : str
        Why it can never be an input; empty for MR images.
    flaw : str
        The rule of geometry that it breaks; empty where it breaks none.
    recognition : Recognition
    """

    uid: str
    study_uid: str
    instances: tuple[Instance, ...]
    stack: Stack | None
    forbidden: str
    flaw: str
    recognition: Recognition

    @property
    def first(self) -> Instance:
        """The instance that speaks for the series."""
        return self.instances[0]

    @property
    def plane(self) -> str:
        """Name of the slices' plane, oblique ones by the nearest; empty without a volume."""
        if self.stack is None:
            return ""
        affine = self.stack.grid.affine
        name = PLANES[nearest_axes(affine)[2]]
        return f"oblique {name}" if obliquity(affine) > 1 else name

    @property
    def is_isotropic(self) -> bool:
        """Whether it may be cut in any direction."""
        if self.stack is None:
            return False
        edges = spacing(self.stack.grid.affine)
        return bool(edges.max() <= ISOTROPIC * edges.min())

    @property
    def label(self) -> str:
        """What messages call it."""
        number = "" if self.first.series_number is None else f" {self.first.series_number}"
        return f"series{number}{f' ({self.first.description})' if self.first.description else ''}"

    def is_parallel(self, other: Series) -> bool:
        """Whether the slices of two volumes lie in one plane, to 30 degrees."""
        if self.stack is None or other.stack is None:
            return False
        normals = [directions(one.stack.grid.affine)[:, 2] for one in (self, other) if one.stack is not None]
        return bool(abs(normals[0] @ normals[1]) > 0.866)


@dataclass(frozen=True, eq=False)
class Study:
    """One study.

    Attributes
    ----------
    uid : str
    date : str
        Year, month, day; may be empty.
    series : tuple of Series
        By number, then in the order they were found.
    flaw : str
        Why nothing of it can be used; empty where there is no such reason.
    """

    uid: str
    date: str
    series: tuple[Series, ...]
    flaw: str = ""


def studies_of(instances: Iterable[Instance]) -> list[Study]:
    """Put instances together.

    Parameters
    ----------
    instances : iterable of Instance

    Returns
    -------
    list of Study
        In the order they were found.
    """
    studies: dict[str, dict[str, list[Instance]]] = {}
    for one in instances:
        studies.setdefault(one.study_uid, {}).setdefault(one.series_uid, []).append(one)
    return [_study(uid, found) for uid, found in studies.items()]


def _study(uid: str, found: dict[str, list[Instance]]) -> Study:
    instances = [one for series in found.values() for one in series]
    patients = {one.patient for one in instances}
    date = next((one.date for one in instances if one.date), "")
    series = sorted((make_series(members) for members in found.values()), key=_by_number)
    return Study(uid, date, tuple(series), TWO_PATIENTS if len(patients) > 1 else "")


def _by_number(series: Series) -> int:
    return series.first.series_number or 0


def make_series(members: list[Instance]) -> Series:
    """Make a series of its instances.

    Parameters
    ----------
    members : list of Instance
        At least one; a copy of an instance is passed over.

    Returns
    -------
    Series
    """
    first = members[0]
    forbidden = next((why for one in members if (why := why_no_input(one))), "")
    flaw, stack = "", None
    try:
        if any(one.planes for one in members):
            members = _once(members)
            for syntax in {one.transfer_syntax for one in members}:
                check_codec(syntax)
            stack = stack_planes([(one, plane) for one in members for plane in one.planes])
            _check_alike(members)
    except InputError as error:
        flaw, stack = str(error), None
    planes = [plane for one in members for plane in one.planes]
    recognition = Recognition(None, forbidden) if forbidden else recognise(first, planes)
    return Series(first.series_uid, first.study_uid, tuple(members), stack, forbidden, flaw, recognition)


def _check_alike(members: list[Instance]) -> None:
    frames = {one.frame_of_reference_uid for one in members}
    if len(frames) > 1:
        raise InputError(f"the slices of a series must have one frame of reference, received {len(frames)}")
    scales = {one.photometric for one in members}
    if len(scales) > 1:
        raise InputError(f"the slices of a series must have one photometric interpretation, received {len(scales)}")


def _once(members: list[Instance]) -> list[Instance]:
    """Drop copies of an instance, byte for byte."""
    found: dict[str, Instance] = {}
    for one in members:
        first = found.setdefault(one.instance_uid, one)
        if first is not one and not _is_copy(first.place, one.place):
            raise InputError(
                "an instance must have a SOP Instance UID of its own, received two that differ and have the same"
            )
    return list(found.values())


def _is_copy(one: Place, other: Place) -> bool:
    return read_content(one) == read_content(other)
