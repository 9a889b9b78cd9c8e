"""A bundle written beside its place and moved there."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gliascope.bundle.load import Bundle, load_bundle, sha256_of
from gliascope.bundle.manifest import CARD, LICENCE, MANIFEST, SCHEMA, SEEN, Wiring
from gliascope.errors import BundleError
from gliascope.precision import Quantised
from gliascope.recipe import Recipe
from gliascope.rules import Calibration, OperatingPoint, UncertaintyRule


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
        **({} if calibration is None else {"calibration": _calibration_values(calibration)}),
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
    files = {one.name: sha256_of(one) for one in sorted(folder.iterdir())}
    manifest = json.dumps({**values, "files": files}, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / MANIFEST).write_text(manifest + "\n", encoding="utf-8", newline="\n")


def _point_values(point: OperatingPoint) -> dict[str, Any]:
    values = {"detection": point.detection, "mask": point.mask, "components": point.components}
    later = {"run": (point.run, 1), "holes": (point.holes, "kept")}
    return values | {name: value for name, (value, usual) in later.items() if value != usual}


def _calibration_values(calibration: Calibration) -> dict[str, Any]:
    values = asdict(calibration)
    method = "platt" if calibration.volume is None else "platt-neighbours"  # which older versions do not know
    return {"method": method} | {key: value for key, value in values.items() if value is not None}


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
