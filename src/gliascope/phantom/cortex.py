"""The brain's surface: the cavity it lies in, its furrows and clefts, as signed distances in one slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gliascope.phantom.fields import Field, Points, ellipsoid, tube
from gliascope.phantom.section import Section


@dataclass(frozen=True, eq=False)
class Surfaces:
    """Signed distances, mm, positive inside; each of shape (row, column).

    Attributes
    ----------
    cavity : ndarray, float32
        To the inside of the skull.
    middle : ndarray, float32
        Distance from the plane between the hemispheres.
    commissure : ndarray, float32
        To the block in which the hemispheres are one: corpus callosum and what lies below.
    temporal, posterior, stem : ndarray, float32
        To the temporal lobes, to the cerebellum's room, to the brain stem.
    cortex : ndarray, float32
        To the brain's surface, furrows and clefts included.
    """

    cavity: Field
    middle: Field
    commissure: Field
    temporal: Field
    posterior: Field
    stem: Field
    cortex: Field


def surfaces(section: Section) -> Surfaces:
    """Find the surfaces of one slice."""
    points, half = section.points, section.half
    temporal = ellipsoid(half, (37, 8, -20), (27, 37, 24))
    posterior = ellipsoid(points, (0, -46, -36), (52, 35, 31))
    stem = tube(points, ((0, -13, -4, 14), (0, -8, -24, 14), (0, -16, -48, 8)))
    cavity = np.maximum(np.maximum(section.patient.shell(points), temporal), posterior)
    middle = np.abs(points.x - section.uneven * np.float32(0.8))
    commissure = ellipsoid(points, (0, -2, 4), (60, 36, 25))
    gap = np.float32(1.5 + max(section.patient.sulcus, 0)) + section.width * np.float32(0.5)
    cleft = np.maximum(middle - np.float32(0.7) - np.float32(0.3) * section.width, commissure)
    cortex = np.minimum(np.minimum(cavity - gap, cleft), _furrows(section, cavity, np.maximum(middle, commissure)))
    cortex = np.minimum(cortex, _sylvian(section, temporal))
    slope = np.hypot(*np.gradient(posterior, section.patient.pixel_mm))
    tent = np.maximum(np.abs(posterior) / np.maximum(slope, np.float32(0.2)) - np.float32(0.7), points.z + 5)
    cortex = np.where(posterior > 0, posterior - np.float32(0.5), np.minimum(cortex, tent))
    return Surfaces(cavity, middle, commissure, temporal, posterior, stem, cortex)


def _furrows(section: Section, cavity: Field, cleft: Field) -> Field:
    """Signed distance to the furrows: sheets where a field of one wavelength is 0, down to a varying depth.

    The field is sampled at points drawn towards the skull, so that the sheets run inwards; its zeros wind
    like a labyrinth, as gyri do.
    """
    patient, points = section.patient, section.points
    outwards = np.maximum(patient.radius(points, below=60.0), np.float32(0.3)) ** np.float32(-0.5)
    bent = Points(*(value * outwards + 4 * bend.at(points) for value, bend in zip(points, patient.bend, strict=True)))
    field = patient.gyri.at(bent)
    by_row, by_column = np.gradient(field, patient.pixel_mm)
    away = np.abs(field) / np.sqrt(by_row * by_row + by_column * by_column + np.float32(0.08**2))
    reach = np.clip(18 + 8 * patient.reach.at(points), 5, 34)
    opening = patient.sulcus + section.width / 2 + np.float32(0.6) * np.exp(-np.maximum(cavity, 0) / 5)
    return np.asarray(np.maximum(away - opening, np.minimum(cavity - reach, cleft - 10)), dtype=np.float32)


def _sylvian(section: Section, temporal: Field) -> Field:
    """Signed distance to the cleft above the temporal lobe, with the insula at its bottom."""
    half, width = section.half, section.width * np.float32(0.4)
    front = half.y - 4
    bottom = np.abs(half.x - 39 + front * front * np.float32(0.012)) - np.float32(0.6) - width
    bottom = np.maximum(bottom, np.maximum(np.abs(front) - 21, np.abs(half.z - 6) - 13))
    course = half.y - 9 + half.z * np.float32(1.1) + np.float32(0.25) * (half.x - 50) - 3 * section.uneven
    way_out = np.maximum(np.abs(course) - np.float32(0.6) - width, 39 - half.x)
    way_out = np.maximum(way_out, np.abs(half.z - 5) - 18)
    pole = np.maximum(np.abs(temporal) - 1, np.maximum(half.z + 6, -6 - half.y))
    return np.asarray(np.minimum(np.minimum(bottom, way_out), pole), dtype=np.float32)
