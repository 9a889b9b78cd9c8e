"""A bundle on disk, read and compared with its hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gliascope.bundle.manifest import (
    CARD,
    DEFAULT_POINT,
    MANIFEST,
    ROLES,
    SEEN,
    Manifest,
    Wiring,
    check_consistent,
    parse_manifest,
)
from gliascope.errors import BundleError
from gliascope.precision import Quantised
from gliascope.recipe import Recipe, recipe_from_dict
from gliascope.rules import Calibration, OperatingPoint, UncertaintyRule

EMBEDDED: Final = Path(__file__).parents[1] / "models" / "default"
"""The bundle that travels with the package."""


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
    manifest = parse_manifest(raw, folder / MANIFEST)
    check_consistent(manifest, folder / MANIFEST)
    _check_files(manifest, folder, verify)
    return Bundle(
        path=folder,
        name=manifest.name,
        created=manifest.created,
        wiring=manifest.wiring,
        recipe=recipe_from_dict(manifest.recipe, str(folder / MANIFEST)),
        operating_points={
            name: OperatingPoint(name, **point.model_dump()) for name, point in manifest.operating_points.items()
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


def _check_files(manifest: Manifest, folder: Path, verify: bool) -> None:
    for file, expected in manifest.files.items():
        path = folder / file
        if not path.is_file():
            raise BundleError(f"{path}: the file is missing from the bundle")
        if not verify:
            continue
        try:
            received = sha256_of(path)
        except OSError as error:
            raise BundleError(f"{path}: cannot be read: {error}") from error
        if received != expected:
            raise BundleError(
                f"{path}: the file was altered: its SHA-256 must be {expected[:12]}..., received {received[:12]}..."
            )


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
