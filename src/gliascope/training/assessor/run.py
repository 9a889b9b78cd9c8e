"""Fit an assessor to a data set and write it with its provenance and figures."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

import gliascope
from gliascope.dataset.layout import PatientFolder
from gliascope.detect.assessor import Assessor, save_assessor
from gliascope.errors import InputError
from gliascope.training.assessor.figures import measure
from gliascope.training.assessor.fit import FALSE_ALARMS, FALSE_ALARMS_DISTANCE, fit_weights, judge_left_out, set_limits
from gliascope.training.assessor.gather import PHANTOMS, Advance, Gathered, gather

logger = logging.getLogger(__name__)

FOLDS: Final = 4
FEWEST: Final = FOLDS
"""Fewest patients: every fold must leave one out."""


def fit_assessor(
    folders: Iterable[PatientFolder],
    out: str | Path,
    *,
    data: str,
    seed: int = 0,
    created: str | None = None,
    advance: Advance = lambda _done, _total, _note: None,
) -> Assessor:
    """Fit an assessor and write it.

    The limits are set on patients left out of the fit, over `FOLDS` folds by patient; the arrays that are written
    are then fitted to all of them.

    Parameters
    ----------
    folders : iterable of PatientFolder
        8-bit volumes of whole heads.
    out : str or Path
        Gets ``assessor.json`` and ``assessor.npz``.
    data : str
        What the data set is called in the record.
    seed : int
    created : str, optional
        ISO 8601, UTC; by default now.
    advance : callable
        See `Advance`.

    Returns
    -------
    Assessor
        As it was read back.

    Raises
    ------
    InputError
        If there are too few patients, or none shows a head on 8-bit FLAIR.
    """
    folders = list(folders)
    if len({one.patient for one in folders}) < FEWEST:
        raise InputError(f"an assessor needs at least {FEWEST} patients, received {len(folders)}")
    gathered = gather(folders, seed, advance)
    logger.info("examples: %d; fitting %d folds", len(gathered.examples.labels), FOLDS)
    verdicts = judge_left_out(gathered.examples, FOLDS, seed)
    limits = set_limits(gathered.examples, verdicts)
    record = {
        "created": created or datetime.now(UTC).isoformat(timespec="seconds"),
        "gliascope": gliascope.__version__,
        "fitted_on": _origin(gathered, data, seed),
        "measured": {
            "how": f"judged by weights fitted without the patient, {FOLDS} folds; the limits were set on the same",
            "kinds": measure(gathered.examples, verdicts, limits),
        },
    }
    logger.info("limits %s; fitting to all", limits)
    return save_assessor(out, fit_weights(gathered.examples, seed), limits, record)


def _origin(gathered: Gathered, data: str, seed: int) -> dict[str, Any]:
    listed = "".join(f"{one}\n" for one in gathered.slices)
    return {
        "data": data,
        "patients": len(gathered.patients),
        "slices": len(gathered.slices),
        "slices_sha256": hashlib.sha256(listed.encode()).hexdigest(),
        "phantoms": list(PHANTOMS),
        "examples": len(gathered.examples.labels),
        "seed": seed,
        "numpy": np.__version__,
        "false_alarms": {"odds": FALSE_ALARMS, "distance": FALSE_ALARMS_DISTANCE},
    }
