"""Which networks and thresholds an evaluation was made with."""

from __future__ import annotations

import hashlib
import json

from gliascope.bundle import SEEN, Bundle
from gliascope.evaluate.record import BundleRecord, PointRecord
from gliascope.findings import OperatingPoint


def bundle_record(bundle: Bundle) -> BundleRecord:
    """Say which networks these are: digests of graphs, recipe and seen slices."""
    recipe = json.dumps(bundle.recipe.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
    return BundleRecord(
        name=bundle.name,
        created=bundle.created,
        sha256=bundle.sha256,
        graphs={role: bundle.files[path.name] for role, path in bundle.graphs.items()},
        recipe_sha256=hashlib.sha256(recipe.encode()).hexdigest(),
        seen_sha256=bundle.files[SEEN],
    )


def point_record(point: OperatingPoint) -> PointRecord:
    """Say which thresholds were in use."""
    return PointRecord(
        name=point.name, detection=point.detection, mask=point.mask, components=point.components, run=point.run
    )
