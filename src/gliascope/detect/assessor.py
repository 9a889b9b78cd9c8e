"""What was fitted to tell axial FLAIR sections of heads from everything else, and its file."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.detect import descriptor
from gliascope.errors import BundleError

SCHEMA: Final = "gliascope.assessor/1"
"""Name and version of ``assessor.json``; the number rises when a key changes its meaning or goes."""
EMBEDDED: Final = Path(__file__).parents[1] / "models" / "assessor"
"""The one that travels with the package."""
RECORD: Final = "assessor.json"
ARRAYS: Final = "assessor.npz"
CLASSES: Final = ("axial", "plane", "contrast", "object")
"""What a slice may be: an axial section with FLAIR's contrast, another plane, another contrast, no head."""
FARTHEST: Final = 5.0
"""Standardised numbers are cut at this many deviations."""

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Weights:
    """The fitted arrays.

    Attributes
    ----------
    mean, scale : ndarray, float32, shape (number,)
        The descriptor is standardised by these.
    hidden : ndarray, float32, shape (network, number, unit)
        First layer of each of several small networks, whose answers are averaged.
    hidden_bias : ndarray, float32, shape (network, unit)
    output : ndarray, float32, shape (network, unit, class)
    output_bias : ndarray, float32, shape (network, class)
    centre : ndarray, float32, shape (number,)
        Mean of the axial sections, standardised.
    axes : ndarray, float32, shape (number, axis)
        Their principal axes.
    spread : ndarray, float32, shape (1,)
        Root-mean-square length of what the axes leave over of them.
    """

    mean: Values
    scale: Values
    hidden: Values
    hidden_bias: Values
    output: Values
    output_bias: Values
    centre: Values
    axes: Values
    spread: Values


@dataclass(frozen=True)
class Limits:
    """Beyond these a slice is refused; each was set by a rule on the patients' own slices.

    Attributes
    ----------
    odds : float
        Lowest log-odds of a lone slice.
    distance : float
        Greatest distance from the axial sections.
    border_share : float
        Largest share of the image's border that a head may touch.
    """

    odds: float
    distance: float
    border_share: float


@dataclass(frozen=True, eq=False)
class Likeness:
    """What a slice was found to be like.

    Attributes
    ----------
    odds : float
        Log-odds that it is an axial section with FLAIR's contrast, among what was fitted.
    other : str
        The most likely of the other classes.
    distance : float
        How much of it the principal axes of axial sections do not explain; about 1 for one of them.
    """

    odds: float
    other: str
    distance: float


@dataclass(frozen=True, eq=False)
class Assessor:
    """A fitted assessor.

    Attributes
    ----------
    weights : Weights
    limits : Limits
    sha256 : str
        Of the record, which holds that of the arrays: it names the whole.
    record : dict
        ``assessor.json``: what it was fitted on, and what was measured.
    """

    weights: Weights
    limits: Limits
    sha256: str
    record: Mapping[str, Any]

    def compare(self, numbers: Values) -> Likeness:
        """Tell what a slice is like.

        Parameters
        ----------
        numbers : ndarray, float32, shape (number,)
            Its descriptor.

        Returns
        -------
        Likeness
        """
        logits, distance = evaluate(self.weights, numbers[None])
        others = logits[0, 1:]
        return Likeness(float(log_odds(logits)[0]), CLASSES[1 + int(np.argmax(others))], float(distance[0]))


def evaluate(weights: Weights, numbers: Values) -> tuple[Values, Values]:
    """Run the fitted arrays on several slices.

    Parameters
    ----------
    weights : Weights
    numbers : ndarray, float32, shape (slice, number)

    Returns
    -------
    logits : ndarray, float32, shape (slice, class)
        In the order of `CLASSES`, averaged over the networks.
    distance : ndarray, float32, shape (slice,)
        From the principal axes, over that of the axial sections.
    """
    standard = np.clip((numbers - weights.mean) / weights.scale, -FARTHEST, FARTHEST)
    logits = np.zeros((len(numbers), len(CLASSES)), dtype=np.float32)
    networks = zip(weights.hidden, weights.hidden_bias, weights.output, weights.output_bias, strict=True)
    for hidden, hidden_bias, output, output_bias in networks:
        logits += np.maximum(standard @ hidden + hidden_bias, 0) @ output + output_bias
    offset = standard - weights.centre
    along = offset @ weights.axes
    left_over = np.sqrt(np.maximum((offset * offset).sum(axis=1) - (along * along).sum(axis=1), 0))
    return logits / np.float32(len(weights.hidden)), (left_over / weights.spread).astype(np.float32)


def log_odds(logits: Values) -> Values:
    """Log-odds of the first class against all others.

    Parameters
    ----------
    logits : ndarray, float32, shape (slice, class)

    Returns
    -------
    ndarray, float32, shape (slice,)
    """
    others = logits[:, 1:]
    highest = others.max(axis=1)
    total = highest + np.log(np.exp(others - highest[:, None]).sum(axis=1))
    return np.asarray(logits[:, 0] - total, dtype=np.float32)


def load_assessor(folder: str | Path | None = None) -> Assessor:
    """Read a fitted assessor.

    Parameters
    ----------
    folder : str, Path or None
        None for the one that travels with the package.

    Returns
    -------
    Assessor

    Raises
    ------
    BundleError
        If it is incomplete, altered, or was fitted for another version.
    """
    place = EMBEDDED if folder is None else Path(folder)
    try:
        raw, arrays = (place / RECORD).read_bytes(), (place / ARRAYS).read_bytes()
        record = json.loads(raw)
    except (OSError, ValueError) as error:
        raise BundleError(f"{place}: an assessor must be a folder with {RECORD} and {ARRAYS}: {error}") from error
    expected = {"schema": SCHEMA, "descriptor": descriptor.NAME, "arrays_sha256": hashlib.sha256(arrays).hexdigest()}
    for key, value in expected.items():
        received = record.get(key) if isinstance(record, dict) else None
        if received != value:
            raise BundleError(f"{place / RECORD}: {key} must be {value!r}, received {received!r}")
    try:
        with np.load(io.BytesIO(arrays), allow_pickle=False) as stored:
            weights = Weights(**{name: stored[name].astype(np.float32) for name in Weights.__dataclass_fields__})
        limits = Limits(**record["limits"])
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{place}: an assessor's arrays and limits must be complete: {error}") from error
    return Assessor(weights, limits, hashlib.sha256(raw).hexdigest(), record)


def save_assessor(folder: str | Path, weights: Weights, limits: Limits, record: Mapping[str, Any]) -> Assessor:
    """Write a fitted assessor; the arrays are stored in half precision.

    Parameters
    ----------
    folder : str or Path
        Made where it is missing.
    weights : Weights
    limits : Limits
    record : mapping
        What it was fitted on, and what was measured; JSON values.

    Returns
    -------
    Assessor
        As it was read back.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    stored = {name: getattr(weights, name).astype(np.float16) for name in Weights.__dataclass_fields__}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **stored)
    values = {
        "schema": SCHEMA,
        "descriptor": descriptor.NAME,
        "limits": {name: getattr(limits, name) for name in Limits.__dataclass_fields__},
        "arrays_sha256": hashlib.sha256(buffer.getvalue()).hexdigest(),
        **record,
    }
    (place / ARRAYS).write_bytes(buffer.getvalue())
    text = json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False)
    (place / RECORD).write_text(text + "\n", encoding="utf-8", newline="\n")
    return load_assessor(place)
