"""A model bundle: a folder with the graphs, the recipe they were made by, their thresholds, hashes and card.

::

    bundle.json      what is in the folder and how it is used (`SCHEMA`), with the SHA-256 of every other file
    *.onnx           one graph for each role of the wiring (`ROLES`), and *.int8.onnx where it is quantised
    seen.txt         pixel hashes of every slice used to train the networks or to choose among them
    MODEL_CARD.md    for people: what the networks are for, and what they were measured to do
    LICENSE          of the weights
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gliascope.errors import BundleError
from gliascope.findings import Calibration, OperatingPoint, UncertaintyRule
from gliascope.precision import Quantised, QuantisedManifest
from gliascope.recipe import Recipe, recipe_from_dict

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

EMBEDDED: Final = Path(__file__).parent / "models" / "default"
"""The bundle that travels with the package."""

MANIFEST: Final = "bundle.json"
SEEN: Final = "seen.txt"
CARD: Final = "MODEL_CARD.md"
LICENCE: Final = "LICENSE"


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bundle on disk, checked and ready to be run.

    Attributes
    ----------
    path : Path
        Its folder.
    name : str
    created : str
        ISO 8601, UTC.
    wiring : str
        ``shared``: the segmenter continues from the classifier's features. ``separate``: two networks.
    recipe : Recipe
        How the networks were made, and how pixels are prepared for them.
    operating_points : dict of str to OperatingPoint
        ``balanced`` is always among them.
    graphs : dict of str to Path
        The ONNX file of each role.
    sha256 : str
        Digest of ``bundle.json``, which holds the digests of all other files: it names the whole bundle.
    summary : dict
        What the networks were trained on.
    evaluation : dict
        What was measured with the finished bundle; empty where nothing was.
    files : dict of str to str
        SHA-256 of every file but ``bundle.json``.
    calibration : Calibration or None
        Of the slices' probabilities; None where the networks' own are used. Thresholds are on the calibrated scale.
    uncertainty : UncertaintyRule or None
        How a volume's interval follows from its outline's spread; None where nothing is known of it.
    quantised : Quantised or None
        The graphs in 8-bit integers, where there are any.
    """

    path: Path
    name: str
    created: str
    wiring: Wiring
    recipe: Recipe
    operating_points: dict[str, OperatingPoint]
    graphs: dict[str, Path]
    sha256: str
    summary: dict[str, Any]
    evaluation: dict[str, Any]
    files: dict[str, str]
    calibration: Calibration | None = None
    uncertainty: UncertaintyRule | None = None
    quantised: Quantised | None = None

    def operating_point(self, name: str = DEFAULT_POINT) -> OperatingPoint:
        """Look up an operating point.

        Raises
        ------
        BundleError
            If the bundle has none of that name.
        """
        try:
            return self.operating_points[name]
        except KeyError:
            known = ", ".join(sorted(self.operating_points))
            raise BundleError(f"{self.path}: the operating point must be one of {known}, received {name!r}") from None

    def seen(self) -> frozenset[str]:
        """Read the pixel hashes of every slice used to train the networks or to choose among them."""
        return frozenset((self.path / SEEN).read_text(encoding="ascii").split())

    def card(self) -> str:
        """Read the model card, Markdown."""
        return (self.path / CARD).read_text(encoding="utf-8")


class _Point(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    detection: float = Field(ge=0, le=1)
    mask: float = Field(ge=0, le=1)
    components: Literal["all", "largest"]
    run: int = Field(1, ge=1)


class _Calibration(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)
    method: Literal["platt"]
    slope: float = Field(gt=0, allow_inf_nan=False)
    intercept: float = Field(allow_inf_nan=False)
    fitted_on: str
    patients: int = Field(ge=0)
    slices: int = Field(ge=0)
    tumour_slices: int = Field(ge=0)

    def value(self) -> Calibration:
        return Calibration(**self.model_dump(exclude={"method"}))


class _Uncertainty(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)
    level: float = Field(gt=0, lt=1)
    low: float
    high: float
    review: float
    fitted_on: str
    patients: int = Field(ge=0)


class _Manifest(BaseModel):
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


def load_bundle(path: str | Path | None = None, verify: bool = True) -> Bundle:
    """Open a bundle.

    Parameters
    ----------
    path : str, Path or None
        The bundle's folder; None for the one that travels with the package.
    verify : bool
        Compare every file with its SHA-256 (about 0.1 s for 50 MB). Without it only the files' presence
        is checked.

    Returns
    -------
    Bundle

    Raises
    ------
    BundleError
        If there is no bundle, it was written by a later version, a file is missing or was altered, or its
        values contradict one another.
    """
    folder = EMBEDDED if path is None else Path(path)
    raw = _read_manifest(folder, embedded=path is None)
    manifest = _parse_manifest(raw, folder / MANIFEST)
    _check_consistent(manifest, folder / MANIFEST)
    _check_files(manifest, folder, verify)
    return Bundle(
        path=folder,
        name=manifest.name,
        created=manifest.created,
        wiring=manifest.wiring,
        recipe=recipe_from_dict(manifest.recipe, str(folder / MANIFEST)),
        operating_points={
            name: OperatingPoint(name, point.detection, point.mask, point.components, point.run)
            for name, point in manifest.operating_points.items()
        },
        graphs={role: folder / manifest.graphs[role] for role in ROLES[manifest.wiring]},
        sha256=hashlib.sha256(raw).hexdigest(),
        summary=manifest.summary,
        evaluation=manifest.evaluation,
        files=manifest.files,
        calibration=None if manifest.calibration is None else manifest.calibration.value(),
        uncertainty=None if manifest.uncertainty is None else UncertaintyRule(**manifest.uncertainty.model_dump()),
        quantised=None if manifest.int8 is None else Quantised.from_manifest(manifest.int8, folder),
    )


def write_bundle(
    path: str | Path,
    *,
    name: str,
    wiring: Wiring,
    recipe: Recipe,
    operating_points: Mapping[str, OperatingPoint],
    graphs: Mapping[str, bytes | Path],
    seen: Iterable[str],
    summary: Mapping[str, Any],
    card: str,
    licence: str,
    evaluation: Mapping[str, Any] | None = None,
    created: str | None = None,
    calibration: Calibration | None = None,
    uncertainty: UncertaintyRule | None = None,
    quantised: Quantised | None = None,
) -> Bundle:
    """Write a bundle beside its place and move it there, so that no half bundle is ever seen.

    Parameters
    ----------
    path : str or Path
        The bundle's folder. An older bundle or an empty folder there is replaced; anything else is refused.
    name : str
    wiring : str
    recipe : Recipe
    operating_points : mapping of str to OperatingPoint
        ``balanced`` must be among them.
    graphs : mapping of str to bytes or Path
        The ONNX model of each role of the wiring, or the file that holds it.
    seen : iterable of str
        Pixel hashes (`gliascope.read.pixel_hash`) of every slice used to train or to choose.
    summary : mapping
        What the networks were trained on; JSON values.
    card : str
        The model card, as Markdown.
    licence : str
        The weights' licence text.
    evaluation : mapping, optional
        What was measured with the finished bundle; JSON values.
    created : str, optional
        ISO 8601, UTC; by default now. For a bundle that is written again with the same networks.
    calibration : Calibration, optional
        Of the slices' probabilities; the thresholds are on its scale.
    uncertainty : UncertaintyRule, optional
        How a volume's interval follows from its outline's spread.
    quantised : Quantised, optional
        Graphs in 8-bit integers, named ``<role>.int8.onnx`` in any folder.

    Returns
    -------
    Bundle
        The bundle as it was read back, with every hash compared.

    Raises
    ------
    BundleError
        If the values contradict one another, the place is taken or cannot be written.
    TypeError, ValueError
        If the summary or the evaluation hold something that JSON cannot.
    """
    target = Path(path)
    _check_place(target)
    values = {
        "schema": SCHEMA,
        "name": name,
        "created": created or datetime.now(UTC).isoformat(timespec="seconds"),
        "wiring": wiring,
        "recipe": recipe.model_dump(mode="json"),
        "operating_points": {key: _point_values(one) for key, one in operating_points.items()},
        **({} if calibration is None else {"calibration": {"method": "platt", **asdict(calibration)}}),
        **({} if uncertainty is None else {"uncertainty": asdict(uncertainty)}),
        "graphs": {role: f"{role}.onnx" for role in graphs},
        **({} if quantised is None else {"int8": quantised.manifest()}),
        "summary": dict(summary),
        "evaluation": dict(evaluation or {}),
    }
    files: dict[str, bytes | Path] = {f"{role}.onnx": graph for role, graph in graphs.items()}
    files |= {} if quantised is None else {graph.name: graph for graph in quantised.graphs.values()}
    texts = {SEEN: "".join(f"{one}\n" for one in sorted(set(seen))), CARD: card, LICENCE: licence}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as temporary:
            folder = Path(temporary) / "new"
            folder.mkdir()
            _fill(folder, values, files, texts)
            load_bundle(folder)
            _move_into_place(folder, target, Path(temporary) / "old")
    except OSError as error:
        raise BundleError(f"{target}: the bundle could not be written: {error}") from error
    return load_bundle(target)


def _fill(folder: Path, values: dict[str, Any], graphs: Mapping[str, bytes | Path], texts: dict[str, str]) -> None:
    for file, graph in graphs.items():
        (folder / file).write_bytes(graph if isinstance(graph, bytes) else graph.read_bytes())
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8", newline="\n")
    files = {one.name: _sha256(one) for one in sorted(folder.iterdir())}
    manifest = json.dumps({**values, "files": files}, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / MANIFEST).write_text(manifest + "\n", encoding="utf-8", newline="\n")


def _point_values(point: OperatingPoint) -> dict[str, Any]:
    values = {"detection": point.detection, "mask": point.mask, "components": point.components}
    return values if point.run == 1 else values | {"run": point.run}


def _check_place(target: Path) -> None:
    if target.is_dir() and ((target / MANIFEST).is_file() or not any(target.iterdir())):
        return
    if target.exists():
        raise BundleError(f"{target}: a bundle may replace a bundle or an empty folder, received something else")


def _move_into_place(folder: Path, target: Path, aside: Path) -> None:
    if target.exists():
        target.rename(aside)
    try:
        folder.rename(target)
    except OSError:
        if aside.exists():
            aside.rename(target)
        raise
    shutil.rmtree(aside, ignore_errors=True)


def _read_manifest(folder: Path, embedded: bool) -> bytes:
    try:
        return (folder / MANIFEST).read_bytes()
    except OSError as error:
        if embedded:
            raise BundleError(
                "this installation holds no model bundle: name one with --model BUNDLE (model=... in Python), "
                "or reinstall gliascope"
            ) from error
        raise BundleError(f"{folder}: a bundle must be a folder with a {MANIFEST}, received {error}") from error


def _parse_manifest(raw: bytes, path: Path) -> _Manifest:
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
        return _Manifest.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise BundleError(f"{path}: {faults}") from error


def _check_consistent(manifest: _Manifest, path: Path) -> None:
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


def _check_files(manifest: _Manifest, folder: Path, verify: bool) -> None:
    for file, expected in manifest.files.items():
        path = folder / file
        if not path.is_file():
            raise BundleError(f"{path}: the file is missing from the bundle")
        if not verify:
            continue
        try:
            received = _sha256(path)
        except OSError as error:
            raise BundleError(f"{path}: cannot be read: {error}") from error
        if received != expected:
            raise BundleError(
                f"{path}: the file was altered: its SHA-256 must be {expected[:12]}..., received {received[:12]}..."
            )


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
