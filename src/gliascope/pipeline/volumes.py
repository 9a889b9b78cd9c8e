"""Volumes: the outline brought back to the input's own grid, measured and written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from gliascope.findings import Finding, Measurement, VolumeFinding
from gliascope.geometry import obliquity, orientation, spacing, voxel_volume
from gliascope.measure.overlap import measure_volume_surfaces
from gliascope.measure.volume import MM3_PER_ML, measure_volume
from gliascope.present.volumes import write_volume
from gliascope.scan import Case, Scan

MASK: Final = "mask.nii.gz"
PROBABILITY: Final = "probability.nii.gz"
DIGITS: Final = 3
"""Decimals of millimetres and millilitres in the results."""


def volume_of(case: Case) -> Scan | None:
    """Give the scan of a case that was read from a volume; None for images."""
    if len(case.scans) == 1 and case.scans[0].volume is not None:
        return case.scans[0]
    return None


def with_volume(finding: Finding, case: Case) -> Finding:
    """Add to a finding what is said in the volume's own grid.

    Parameters
    ----------
    finding : Finding
    case : Case

    Returns
    -------
    Finding
        The same where the case is no volume, or has no slices.
    """
    from gliascope.read.volume.axial import to_stored

    scan = volume_of(case)
    if scan is None or scan.volume is None or not finding.slices:
        return finding
    slices = finding.mask
    stored = to_stored(slices, scan)
    probability = None
    if any(one.mask_probability is not None for one in finding.slices):
        empty = np.zeros(slices.shape[1:], dtype=np.float32)
        stack = [empty if one.mask_probability is None else one.mask_probability for one in finding.slices]
        probability = np.clip(to_stored(np.stack(stack), scan), 0, 1)
    measurement = None
    if scan.has_geometry and finding.verdict != "not assessable":
        shown = scan.sequences.index("flair") if "flair" in scan.sequences else 0
        image = scan.pixels[..., shown] if scan.volume.is_oriented else None
        measurement = measure_volume(stored, scan.volume.grid.affine, slices, scan.affine, image)
    return replace(finding, volume=VolumeFinding(stored, probability, measurement))


def write_volumes(finding: Finding, case: Case, folder: Path) -> None:
    """Write ``mask.nii.gz`` and, where they were kept, ``probability.nii.gz``.

    Parameters
    ----------
    finding : Finding
        With a volume.
    case : Case
    folder : Path
        The case's folder.
    """
    scan = volume_of(case)
    if finding.volume is None or scan is None or scan.volume is None:
        return
    write_volume(finding.volume.mask, scan.volume.header, folder / MASK)
    if finding.volume.mask_probability is not None:
        write_volume(finding.volume.mask_probability, scan.volume.header, folder / PROBABILITY)


def volume_record(finding: Finding, case: Case) -> dict[str, Any] | None:
    """JSON form of what is known about the volume's grid; None for images."""
    scan = volume_of(case)
    if scan is None or scan.volume is None or finding.volume is None:
        return None
    grid = scan.volume.grid
    known = scan.has_geometry
    return {
        "file": scan.volume.path.name,
        "mask": MASK,
        "mask_probability": None if finding.volume.mask_probability is None else PROBABILITY,
        "shape": list(grid.shape),
        "spacing_mm": [round(float(one), 6) for one in spacing(grid.affine)] if known else None,
        "orientation": orientation(grid.affine) if scan.volume.is_oriented else None,
        "obliquity_degrees": round(obliquity(grid.affine), DIGITS) if scan.volume.is_oriented else None,
        "resampled": scan.volume.is_resampled,
    }


def measurement_record(finding: Finding) -> dict[str, Any] | None:
    """JSON form of the measurements; None where nothing may be said in millimetres."""
    found = None if finding.volume is None else finding.volume.measurement
    return None if found is None else _measured(found)


def truth_record(finding: Finding, case: Case) -> dict[str, float | None]:
    """JSON form of what millimetres say of the truth: its volume, and how far both outlines lie apart.

    On the axial slices, as everything that is held against a truth. Null where the input has no spacing, a slice has no
    truth, or, for the distances, an outline is empty.
    """
    scan = volume_of(case)
    truths = [one.pixels for one in case.truths if one is not None]
    if scan is None or not scan.has_geometry or len(truths) != len(finding.slices):
        return dict.fromkeys(("volume_ml", "hd95_mm", "asd_mm"))
    truth = np.stack(truths)
    apart = measure_volume_surfaces(finding.mask, truth, scan.affine)
    volume = int(np.count_nonzero(truth)) * voxel_volume(scan.affine) / MM3_PER_ML
    found = {"volume_ml": volume, "hd95_mm": apart.hd95, "asd_mm": apart.asd}
    return {key: None if np.isnan(value) else round(value, DIGITS) for key, value in found.items()}


def _measured(found: Measurement) -> dict[str, Any]:
    extent = ("right_left", "anterior_posterior", "inferior_superior")
    centroid = ("left", "posterior", "superior")
    return {
        "volume_ml": round(found.volume_ml, DIGITS),
        "voxels": found.voxels,
        "components": found.components,
        "diameter_mm": _rounded(found.diameter_mm),
        "perpendicular_mm": _rounded(found.perpendicular_mm),
        "diameter_slice": found.diameter_slice,
        "extent_mm": _named(extent, found.extent_mm),
        "centroid_mm": _named(centroid, found.centroid_mm),
        "side": found.side,
        "left_share": _rounded(found.left_share),
        "area_mm2": [round(one, DIGITS) for one in found.areas_mm2],
        "diameter_line": _ends(found.diameter_line),
        "perpendicular_line": _ends(found.perpendicular_line),
    }


def _ends(line: tuple[tuple[float, float], tuple[float, float]] | None) -> list[dict[str, float]] | None:
    """Both ends of a diameter on its slice, as row and column."""
    if line is None:
        return None
    return [{"row": round(row, DIGITS), "column": round(column, DIGITS)} for column, row in line]


def _named(names: tuple[str, ...], values: tuple[float, ...] | None) -> dict[str, float] | None:
    return None if values is None else {key: round(one, DIGITS) for key, one in zip(names, values, strict=True)}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)
