"""Which networks and thresholds an evaluation was made with."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Final

from gliascope.bundle import SEEN, Bundle
from gliascope.evaluate.record_parts import BundleRecord, CalibrationRecord, ModelRecord, PointRecord
from gliascope.recipe import Recipe
from gliascope.rules import OperatingPoint

LATER: Final[tuple[tuple[str, ...], ...]] = (
    ("assess",),
    ("preparation", "neighbours"),
    ("preparation", "neighbour_distance"),
    ("preparation", "clahe", "sequences"),
    ("augmentation", "drop_neighbours"),
    ("augmentation", "swap_neighbours"),
)
"""Keys that recipes got after the first evidence was kept: at their defaults they change nothing, nor the digest."""


def bundle_record(bundle: Bundle) -> BundleRecord:
    """Say which networks these are: digests of graphs, recipe and seen slices."""
    return BundleRecord(
        name=bundle.name,
        created=bundle.created,
        sha256=bundle.sha256,
        graphs={role: bundle.files[path.name] for role, path in bundle.graphs.items()},
        recipe_sha256=recipe_digest(bundle.recipe),
        seen_sha256=bundle.files[SEEN],
    )


def recipe_digest(recipe: Recipe) -> str:
    """Digest of a recipe; a key of `LATER` counts only where it is not at its default.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits.
    """
    values, usual = recipe.model_dump(mode="json"), Recipe().model_dump(mode="json")
    for *sections, key in LATER:
        mine, default = values, usual
        for one in sections:
            mine, default = mine[one], default[one]
        if mine[key] == default[key]:
            del mine[key]
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def model_record(bundle: Bundle, point: OperatingPoint, fold: int | None = None) -> ModelRecord:
    """Say what was scored: networks, calibration, the thresholds in use and those that the bundle has beside them."""
    made = bundle.calibration
    return ModelRecord(
        fold=fold,
        bundle=bundle_record(bundle),
        operating_point=point_record(point),
        operating_points=[point_record(one) for one in bundle.operating_points.values()],
        calibration=None if made is None else CalibrationRecord(**asdict(made)),
    )


def point_record(point: OperatingPoint) -> PointRecord:
    """Say which thresholds were in use."""
    return PointRecord(**asdict(point))
