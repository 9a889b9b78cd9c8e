"""What a fitted assessor says about examples that were left out of the fit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gliascope.detect.assessable import CERTAIN
from gliascope.detect.assessor import CLASSES, Limits
from gliascope.training.assessor.fit import Examples, Verdicts


def measure(examples: Examples, verdicts: Verdicts, limits: Limits) -> dict[str, Any]:
    """Count what is refused, kind by kind, as lone slices and as volumes.

    Parameters
    ----------
    examples : Examples
    verdicts : Verdicts
        Of weights that were fitted without each example's group.
    limits : Limits

    Returns
    -------
    dict
        JSON values: for each kind its ``class``, number of ``slices``, the share ``refused`` of them; the number of
        ``volumes`` (a group's examples of the kind, taken together as `gliascope.detect.assessable.assess` does) and
        of those that are refused, ``volumes_refused``. ``own`` are the patients' slices as they are; phantoms' are
        not among them.
    """
    broken = (examples.border_shares > limits.border_share) | (verdicts.distance > limits.distance)
    refused = broken | (verdicts.odds < limits.odds)
    scores = np.where(broken, -CERTAIN, np.clip(verdicts.odds, -CERTAIN, CERTAIN))
    figures: dict[str, Any] = {}
    for kind in sorted(set(examples.kinds.tolist())):
        mine = examples.kinds == kind
        volumes = [_is_refused(scores[mine & (examples.groups == one)], limits) for one in set(examples.groups[mine])]
        figures[kind] = {
            "class": CLASSES[int(examples.labels[mine][0])],
            "slices": int(mine.sum()),
            "refused": round(float(refused[mine].mean()), 4),
            "volumes": len(volumes),
            "volumes_refused": int(sum(volumes)),
        }
    return figures


def _is_refused(scores: NDArray[np.floating[Any]], limits: Limits) -> bool:
    return bool(scores.mean() < limits.odds / np.sqrt(len(scores)))
