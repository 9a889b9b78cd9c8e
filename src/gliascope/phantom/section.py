"""One slice through a head, and the fields that every part of it shares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gliascope.phantom.fields import Field, Points
from gliascope.phantom.patient import Patient


@dataclass(frozen=True, eq=False)
class Section:
    """A slice of a patient, before anything is painted.

    Attributes
    ----------
    patient : Patient
    points : Points
        Of the pixels in the patient's box.
    half : Points
        The same with both sides of the head laid over each other: x is its distance from the middle plane.
    uneven, width, texture : ndarray, float32, shape (row, column)
        The patient's fields, each with mean 0 and deviation 1.
    """

    patient: Patient
    points: Points
    half: Points
    uneven: Field
    width: Field
    texture: Field


def cut(patient: Patient, z: float) -> Section:
    """Cut a patient at height `z` (mm)."""
    points = patient.points(z)
    return Section(
        patient,
        points,
        points._replace(x=np.abs(points.x)),
        patient.uneven.at(points),
        patient.width.at(points),
        patient.texture.at(points),
    )
