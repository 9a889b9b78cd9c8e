"""``bundle.json``: what it may say, read and checked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gliascope.errors import BundleError
from gliascope.precision import QuantisedManifest
from gliascope.rules import Calibration, Components, Holes, VolumeLine

Wiring = Literal["shared", "separate"]

SCHEMA: Final = "gliascope.bundle/1"
"""Name and version of ``bundle.json``; the number rises when a key changes its meaning or goes."""

ROLES: Final[dict[Wiring, tuple[str, ...]]] = {
    "shared": ("trunk", "decoder"),
    "separate": ("classifier", "segmenter"),
}
"""The graphs of each wiring; `gliascope.engine.base` says what they take and give."""

DEFAULT_POINT: Final = "balanced"
"""The operating point that every bundle has and that is used unless another is asked for."""

MANIFEST: Final = "bundle.json"
SEEN: Final = "seen.txt"
CARD: Final = "MODEL_CARD.md"
LICENCE: Final = "LICENSE"


class _Point(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    detection: float = Field(ge=0, le=1)
    mask: float = Field(ge=0, le=1)
    components: Components
    run: int = Field(1, ge=1)
    holes: Holes = "kept"


class _VolumeLine(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)
    slope: float = Field(ge=0)
    beside: float = Field(gt=0)
    intercept: float


class _Calibration(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    method: Literal["platt", "platt-neighbours"]
    slope: float = Field(gt=0, allow_inf_nan=False)
    intercept: float = Field(allow_inf_nan=False)
    fitted_on: str
    patients: int = Field(ge=0)
    slices: int = Field(ge=0)
    tumour_slices: int = Field(ge=0)
    volume: _VolumeLine | None = None

    def value(self) -> Calibration:
        line = None if self.volume is None else VolumeLine(**self.volume.model_dump())
        return Calibration(**self.model_dump(exclude={"method", "volume"}), volume=line)


class _Uncertainty(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)
    level: float = Field(gt=0, lt=1)
    low: float
    high: float
    review: float
    fitted_on: str
    patients: int = Field(ge=0)


class Manifest(BaseModel):
    """``bundle.json`` as it stands, without what a later version may have added."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    name: str
    created: str
    wiring: Wiring
    recipe: dict[str, Any]
    operating_points: dict[str, _Point]
    graphs: dict[str, str]
    files: dict[str, str]
    summary: dict[str, Any] = Field(default_factory=dict)
    evaluation: dict[str, Any] = Field(default_factory=dict)
    calibration: _Calibration | None = None
    uncertainty: _Uncertainty | None = None
    int8: QuantisedManifest | None = None


def parse_manifest(raw: bytes, path: Path) -> Manifest:
    """``bundle.json`` as values.

    Parameters
    ----------
    raw : bytes
    path : Path
        Named in errors.

    Returns
    -------
    Manifest

    Raises
    ------
    BundleError
        Where it is no JSON, of another schema, or breaks a rule, which the message names.
    """
    try:
        values = json.loads(raw)
    except ValueError as error:
        raise BundleError(f"{path}: must be JSON, received {error}") from error
    schema = values.get("schema") if isinstance(values, dict) else None
    if schema != SCHEMA:
        later = re.fullmatch(r"gliascope\.bundle/\d+", str(schema))
        hint = "; a later gliascope wrote it: upgrade to read it" if later else ""
        raise BundleError(f"{path}: schema must be {SCHEMA!r}, received {schema!r}{hint}")
    try:
        return Manifest.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise BundleError(f"{path}: {faults}") from error


def check_consistent(manifest: Manifest, path: Path) -> None:
    """Compare the parts of a manifest with each other.

    Raises
    ------
    BundleError
        Where the graphs are not those of the wiring, the default operating point is missing, or a file has no hash or
        lies outside the bundle's folder.
    """
    roles = set(ROLES[manifest.wiring])
    if set(manifest.graphs) != roles:
        raise BundleError(
            f"{path}: wiring {manifest.wiring!r} must have the graphs {sorted(roles)}, "
            f"received {sorted(manifest.graphs)}"
        )
    small = {} if manifest.int8 is None else manifest.int8.graphs
    if not set(small) <= roles:
        raise BundleError(f"{path}: int8 graphs must be some of {sorted(roles)}, received {sorted(small)}")
    if DEFAULT_POINT not in manifest.operating_points:
        raise BundleError(
            f"{path}: the operating points must include {DEFAULT_POINT!r}, received {sorted(manifest.operating_points)}"
        )
    unlisted = {*manifest.graphs.values(), *small.values(), SEEN, CARD, LICENCE} - set(manifest.files)
    if unlisted:
        raise BundleError(f"{path}: files must list a SHA-256 for {', '.join(sorted(unlisted))}")
    outside = [one for one in manifest.files if one in {"", ".", ".."} or re.search(r"[/\\:]", one)]
    if outside:
        raise BundleError(f"{path}: files must be plain names in the bundle's own folder, received {outside}")
