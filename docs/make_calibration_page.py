"""The page reference/calibration.md: calibration methods and case rules compared on the evidence in docs/evidence/."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score, roc_curve

from gliascope.detect.calibration import EDGE, calibrate, neighbour_logits
from gliascope.evaluate.definitions import BINS
from gliascope.evaluate.evidence import Evidence, load_evidence, record_of
from gliascope.evaluate.operating import tumour_free_rows
from gliascope.evaluate.platt import fit_calibration
from gliascope.evaluate.reliability import edges_of
from gliascope.evaluate.score import PatientScore, SliceScore
from gliascope.evaluate.tables import scored
from gliascope.evaluate.thresholds import RUN, balanced_threshold
from markdown_table import table

FOLDER: Final = Path(__file__).resolve().parent / "evidence"

KEPT: Final = {
    "lgg-1-test": "`lgg-1`, embedded before `lgg-2`",
    "classic-128-by-patient": "`classic-128`, trained on a small budget",
}
"""Evidence that is looked at, of patients whom the networks had not seen, and what they are called."""

BESIDE: Final = ("lgg-1-test", "lgg-2-folds", "folds-66", "classic-128-by-patient")
"""Evidence of whole patients that neighbours are asked on."""

WAYS: Final = ("by itself", "with its neighbours")
"""How a slice is judged in the tables on neighbours."""

REPEATS: Final = 40
FITTED: Final = 10
"""Patients that a method is fitted on, as many as a hold-out has; the others are predicted."""

RUNS: Final = (1, 2, 3, 4)
LIMITS: Final = (0.3, 0.5, 0.7, 0.9)

Values = NDArray[np.float64]
Fit = Callable[[NDArray[np.bool_], Values], Callable[[Values], Values]]

TEXT: Final = """# Calibration and case rules, compared

Three choices were made by looking at predictions for patients whom the networks had not seen: how slice probabilities
are [calibrated](../decisions/0082-platt-on-the-logit.md), what
[neighbours](../decisions/0106-neighbours-speak-along.md) have to say, and what makes a [volume a
tumour](../decisions/0084-case-verdict.md). This page is made from the evidence in `docs/evidence` by `python
docs/make_pages.py`. The choices were made on the test patients of these models: figures of the rule that was
chosen flatter a little, and count for nothing but the choice.

## Calibration

Of each model's {patients} patients, {fitted} drawn at random fit a method and the others are predicted, {repeats}
times; the means are shown. Calibration error is the adaptive one, over {bins} bins of equally many slices. *Sure*
counts slices that get a probability of exactly 0 or 1.

{methods}

Platt's two numbers are better than leaving it be on both models, and keep the order of the slices. Temperature
scaling, with one number, is a little better on the weaker model and a little worse on the other. Beta calibration,
with three, has the higher Brier score and log loss on both. Isotonic regression is sure wherever a small sample was:
its log loss shows the price, and its ties cost area under the ROC curve.

## Neighbours

In a volume, a slice's neighbours [speak along](../decisions/0106-neighbours-speak-along.md): a third number, of the
mean logit of both. The same draws of patients, fitted and predicted; sensitivity is read off the ROC curve of the
predicted patients.

{neighbours}

The price is that errors come in runs. At the threshold of `balanced` that each calibration gets on all patients,
slices, patients by a run of three, and rows of tumour-free slices below and above the tumours:

{rows}

## Volumes

A case score is the best run of neighbouring slices, by its lowest or by its mean probability, as the networks gave
it; a volume is called tumour where the score reaches a limit. Every patient here has a tumour: all that can be asked
of the rule is how many it finds, and how many of the rows of tumour-free slices below and above the tumours it
spares, each judged as if it were a volume of its own. *{example}* reads: {explained}.

{rules}

At a limit of 0.5 a single slice (run 1) calls a quarter to a third of the rows. A run of three by its lowest
probability spares most of them while every patient is found at the limits that slices are called at, and needs no
limit of its own: it says that three neighbouring slices are each called tumour. Four spare a few more, and lose
patients of the weaker model at high limits.
"""


def calibration_page() -> str:
    """Text of reference/calibration.md."""
    kept = {name: load_evidence(FOLDER / f"{name}.parquet") for name in KEPT}
    everyone = " and ".join(dict.fromkeys(str(len(one.patients)) for one in kept.values()))
    found, spared, rows, patients = _share(next(iter(kept.values())), "lowest", 3, 0.5)
    return TEXT.format(
        patients=everyone,
        fitted=FITTED,
        repeats=REPEATS,
        bins=BINS,
        methods="\n\n".join(f"{_said(one, name)}\n\n{_methods(one)}" for name, one in kept.items()),
        rules="\n\n".join(f"{_said(one, name)}\n\n{_rules(one)}" for name, one in kept.items()),
        neighbours=_neighbours(),
        rows=_spared(),
        example=f"{found}/{spared}",
        explained=f"{found} of {patients} patients called tumour, {spared} of {rows} rows not called",
    )


def _said(evidence: Evidence, name: str) -> str:
    return f"**{KEPT[name][0].upper() + KEPT[name][1:]}** ({scored(record_of(evidence, resamples=0))}):"


def _logit(probability: Values) -> Values:
    clipped = np.clip(probability, EDGE, 1 - EDGE)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def _platt(labels: NDArray[np.bool_], probability: Values) -> Callable[[Values], Values]:
    made = fit_calibration(labels, probability, patients=FITTED, fitted_on="half")
    return lambda values: calibrate(values.astype(np.float32), made).astype(np.float64)


def _temperature(labels: NDArray[np.bool_], probability: Values) -> Callable[[Values], Values]:
    logits = _logit(probability)

    def loss(slope: Values) -> float:
        return float(np.mean(np.logaddexp(0, slope[0] * logits) - labels * slope[0] * logits))

    slope = float(minimize(loss, [1.0]).x[0])
    return lambda values: np.asarray(expit(slope * _logit(values)))


def _isotonic(labels: NDArray[np.bool_], probability: Values) -> Callable[[Values], Values]:
    fitted: Any = IsotonicRegression(out_of_bounds="clip").fit(probability, labels)
    return lambda values: np.asarray(fitted.predict(values))


def _beta(labels: NDArray[np.bool_], probability: Values) -> Callable[[Values], Values]:
    def line(terms: Values, values: Values) -> Values:
        clipped = np.clip(values, EDGE, 1 - EDGE)
        return np.asarray(terms[0] ** 2 * np.log(clipped) - terms[1] ** 2 * np.log1p(-clipped) + terms[2])

    def loss(terms: Values) -> float:
        return float(np.mean(np.logaddexp(0, line(terms, probability)) - labels * line(terms, probability)))

    terms = minimize(loss, [1.0, 1.0, 0.0]).x
    return lambda values: np.asarray(expit(line(terms, values)))


METHODS: Final[dict[str, Fit]] = {
    "as they are": lambda _labels, _probability: lambda values: values,
    "Platt, on the logit": _platt,
    "temperature": _temperature,
    "isotonic": _isotonic,
    "beta": _beta,
}


def _methods(evidence: Evidence) -> str:
    slices = [one for patient in evidence.patients for one in patient.slices]
    owner = np.repeat(np.arange(len(evidence.patients)), [len(one.slices) for one in evidence.patients])
    labels = np.array([one.tumour for one in slices])
    raw = np.nan_to_num(np.array([one.raw for one in slices], dtype=np.float64))
    lines = []
    for name, fit in METHODS.items():
        figures = np.mean([_once(fit, labels, raw, owner, seed) for seed in range(REPEATS)], axis=0)
        lines.append([name, *(f"{one:.4f}" for one in figures[:4]), f"{figures[4]:.1f}"])
    return table(["method", "Brier score", "log loss", "calibration error", "AUC", "sure"], lines)


def _once(fit: Fit, labels: NDArray[np.bool_], raw: Values, owner: NDArray[np.intp], seed: int) -> Values:
    drawn = np.random.default_rng(seed).permutation(owner.max() + 1)[:FITTED]
    mine = np.isin(owner, drawn)
    truth, told = labels[~mine], fit(labels[mine], raw[mine])(raw[~mine])
    clipped = np.clip(told, EDGE, 1 - EDGE)
    place = np.searchsorted(edges_of(told, "mass", BINS), told, side="right")
    gap = np.abs(np.bincount(place, told) - np.bincount(place, truth.astype(np.float64))).sum() / len(told)
    loss = -np.mean(np.where(truth, np.log(clipped), np.log1p(-clipped)))
    sure = np.count_nonzero((told == 0) | (told == 1))
    return np.array([np.mean((told - truth) ** 2), loss, gap, roc_auc_score(truth, told), sure])


@dataclass(frozen=True, eq=False)
class Volumes:
    """Evidence of whole patients, volume by volume: slices, labels, the networks' own, and what neighbours say."""

    slices: list[list[SliceScore]]
    labels: list[NDArray[np.bool_]]
    raw: list[NDArray[np.float32]]
    heard: list[Values]

    def joined(self, some: Iterable[int]) -> tuple[NDArray[np.bool_], NDArray[np.float32], Values]:
        """Labels, the networks' own and what neighbours say of the slices of some volumes."""
        chosen = list(some)
        labels = np.concatenate([self.labels[one] for one in chosen])
        raw = np.concatenate([self.raw[one] for one in chosen])
        return labels, raw, np.concatenate([self.heard[one] for one in chosen])


def _load_volumes(name: str) -> Volumes:
    evidence = load_evidence(FOLDER / f"{name}.parquet")
    slices = [volume for patient in evidence.patients for volume in _volumes(patient)]
    raw = [np.array([one.raw for one in volume], dtype=np.float32) for volume in slices]
    labels = [np.array([one.tumour for one in volume]) for volume in slices]
    return Volumes(slices, labels, raw, [neighbour_logits(one) for one in raw])


def _neighbours() -> str:
    """Each model's patients, predicted with and without neighbours by what other patients of it fitted."""
    titles = ["model", "", "Brier score", "log loss", "AUC", "sensitivity at specificity 0.96"]
    lines = []
    for name in BESIDE:
        volumes = _load_volumes(name)
        scores = np.mean([_beside(volumes, seed) for seed in range(REPEATS)], axis=0)
        for how, row in zip(WAYS, scores, strict=True):
            lines.append([f"`{name}`", how, *(f"{one:.4f}" for one in row)])
    return table(titles, lines, words=2)


def _spared() -> str:
    """Slices and rows at the threshold that each calibration would get."""
    titles = ["model", "", "threshold", "slice sensitivity", "slice specificity", "patients called", "rows spared"]
    lines = []
    for name in BESIDE:
        volumes = _load_volumes(name)
        labels, raw, heard = volumes.joined(range(len(volumes.raw)))
        made = fit_calibration(labels, raw, patients=len(volumes.raw), fitted_on="all", beside=heard)
        ends = np.cumsum([len(one) for one in volumes.raw])[:-1]
        for how, beside in zip(WAYS, (None, heard), strict=True):
            told = calibrate(raw, made, beside)
            limit = balanced_threshold(labels, told)
            called, parts = told >= limit, zip(volumes.slices, np.split(told, ends), strict=True)
            scored = [[replace(one, raw=float(p)) for one, p in zip(*part, strict=True)] for part in parts]
            rows = [row for volume in scored for row in tumour_free_rows(volume) if len(row) >= RUN]
            found = sum(_score(volume, "lowest", RUN) >= limit for volume in scored)
            spared = sum(_score(row, "lowest", RUN) < limit for row in rows)
            figures = [f"{one:.3f}" for one in (limit, called[labels].mean(), 1 - called[~labels].mean())]
            lines.append([f"`{name}`", how, *figures, f"{found} of {len(scored)}", f"{spared} of {len(rows)}"])
    return table(titles, lines, words=2)


def _beside(volumes: Volumes, seed: int) -> Values:
    order = np.random.default_rng(seed).permutation(len(volumes.raw))
    mine, others = order[:FITTED], order[FITTED:]
    labels, raw, heard = volumes.joined(mine)
    made = fit_calibration(labels, raw, patients=FITTED, fitted_on="half", beside=heard)
    truth, own, beside = volumes.joined(others)
    rows = []
    for neighbours in (None, beside):
        told = calibrate(own, made, neighbours).astype(np.float64)
        clipped = np.clip(told, EDGE, 1 - EDGE)
        loss = -np.mean(np.where(truth, np.log(clipped), np.log1p(-clipped)))
        wrong, right, _ = roc_curve(truth, told)
        rows.append([np.mean((told - truth) ** 2), loss, roc_auc_score(truth, told), right[wrong <= 0.04].max()])
    return np.array(rows)


def _rules(evidence: Evidence) -> str:
    lines = []
    for run in RUNS:
        for by in ("lowest", "mean") if run > 1 else ("lowest",):
            cells = (_share(evidence, by, run, limit) for limit in LIMITS)
            lines.append([str(run), by if run > 1 else "the slice", *(f"{one[0]}/{one[1]}" for one in cells)])
    _, _, rows, patients = _share(evidence, "lowest", 1, 0.5)
    titles = ["run", "by", *(f"limit {limit:.1f}" for limit in LIMITS)]
    return f"{table(titles, lines, words=2)}\n\nOf {patients} patients and {rows} rows of three slices or more."


def _share(evidence: Evidence, by: str, run: int, limit: float) -> tuple[int, int, int, int]:
    """Patients called, rows not called; rows and patients in all."""
    patients = evidence.patients
    rows = [row for one in patients for volume in _volumes(one) for row in tumour_free_rows(volume) if len(row) >= 3]
    called = sum(any(_score(volume, by, run) >= limit for volume in _volumes(one)) for one in patients)
    return called, sum(_score(row, by, run) < limit for row in rows), len(rows), len(patients)


def _volumes(patient: PatientScore) -> list[list[SliceScore]]:
    return [list(some) for _, some in groupby(patient.slices, key=lambda one: one.folder)]


def _score(volume: Sequence[SliceScore], by: str, run: int) -> float:
    values = np.nan_to_num(np.array([one.raw for one in volume], dtype=np.float64))
    windows = np.lib.stride_tricks.sliding_window_view(values, min(run, len(values)))
    return float((windows.min(axis=1) if by == "lowest" else windows.mean(axis=1)).max())
