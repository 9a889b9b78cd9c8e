"""Confusion matrix, ROC and precision-recall curves of the slices, by scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.evaluate.record_parts import ConfusionRecord, CurvesRecord, PrRecord, RocRecord
from gliascope.evaluate.score import PatientScore

POINTS: Final = 200
"""Most points of a curve that are kept for drawing."""


def confusion_of(patients: Sequence[PatientScore]) -> ConfusionRecord:
    """Count the slices of some patients by what they show and what they were called."""
    slices = [one for patient in patients for one in patient.slices]
    return ConfusionRecord(
        tp=sum(one.tumour and one.called for one in slices),
        fp=sum(not one.tumour and one.called for one in slices),
        fn=sum(one.tumour and not one.called for one in slices),
        tn=sum(not one.tumour and not one.called for one in slices),
    )


def curves_of(patients: Sequence[PatientScore]) -> CurvesRecord:
    """Draw the curves of the slices' probabilities, from the highest threshold to the lowest.

    Where neighbouring points lie on one line of the ROC curve only its ends are there; of more than `POINTS` points
    every so many are kept, both ends among them. A slice that could not be assessed has the probability 0.

    Parameters
    ----------
    patients : sequence of PatientScore

    Returns
    -------
    CurvesRecord
        Without points where only one kind of slice is there.
    """
    labels, scores = labels_and_scores(patients)
    if labels.all() or not labels.any():
        return CurvesRecord(
            roc=RocRecord(fpr=[], tpr=[], threshold=[]), pr=PrRecord(recall=[], precision=[], threshold=[])
        )
    from sklearn.metrics import precision_recall_curve, roc_curve

    fpr, tpr, at = roc_curve(labels, scores)
    kept = _thinned(len(fpr))
    roc = RocRecord(fpr=fpr[kept].tolist(), tpr=tpr[kept].tolist(), threshold=_thresholds(at[kept]))
    precision, recall, cut = precision_recall_curve(labels, scores, drop_intermediate=True)
    precision, recall, cut = precision[::-1], recall[::-1], np.append(cut, np.inf)[::-1]
    kept = _thinned(len(recall))
    pr = PrRecord(recall=recall[kept].tolist(), precision=precision[kept].tolist(), threshold=_thresholds(cut[kept]))
    return CurvesRecord(roc=roc, pr=pr)


def areas(patients: Sequence[PatientScore]) -> dict[str, float]:
    """Areas under the two curves, from all their points.

    Parameters
    ----------
    patients : sequence of PatientScore

    Returns
    -------
    dict of str to float
        ``auc``: under the ROC curve. ``pr_auc``: average precision. NaN where only one kind of slice is there.
    """
    labels, scores = labels_and_scores(patients)
    if labels.all() or not labels.any():
        return {"auc": float("nan"), "pr_auc": float("nan")}
    from sklearn.metrics import average_precision_score, roc_auc_score

    return {"auc": float(roc_auc_score(labels, scores)), "pr_auc": float(average_precision_score(labels, scores))}


def labels_and_scores(patients: Sequence[PatientScore]) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Collect which slices show a tumour, and their probabilities.

    Returns
    -------
    labels : ndarray, bool, shape (slice,)
    scores : ndarray, float64, shape (slice,)
        0 where the slice could not be assessed.
    """
    slices = [one for patient in patients for one in patient.slices]
    labels = np.array([one.tumour for one in slices], dtype=np.bool_)
    return labels, np.array([one.rank_score for one in slices], dtype=np.float64)


def _thinned(count: int) -> NDArray[np.intp]:
    return np.unique(np.linspace(0, count - 1, min(count, POINTS)).round().astype(np.intp))


def _thresholds(values: NDArray[Any]) -> list[float | None]:
    return [float(one) if np.isfinite(one) else None for one in values]
