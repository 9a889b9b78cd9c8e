"""Calibration and operating points chosen on evidence, for a bundle whose own networks have seen every patient.

A bundle that was trained on everybody has nobody left to choose on. The folds of a cross-validation with the same
recipe predicted each of its patients without having seen them: their evidence stands in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.bundle import LICENCE, Bundle, load_bundle, write_bundle
from gliascope.detect.calibration import calibrate, neighbour_logits
from gliascope.errors import InputError
from gliascope.evaluate.card import model_card
from gliascope.evaluate.evidence import Evidence, load_evidence, record_of
from gliascope.evaluate.output import EVIDENCE
from gliascope.evaluate.platt import fit_calibration
from gliascope.evaluate.record import LONE, EvaluationRecord
from gliascope.evaluate.record_parts import ModelRecord
from gliascope.evaluate.stamp import check_lone, summary_of
from gliascope.evaluate.thresholds import balanced_threshold, choose_points, common_point
from gliascope.evaluate.uncertainty import fit_uncertainty, volumes_of
from gliascope.rules import Calibration, OperatingPoint, UncertaintyRule

OUT_OF_FOLD: Final = "out-of-fold"
"""What a calibration says it was fitted on where the evidence is a cross-validation's."""


LONE_FOLDER: Final = "lone"
"""Where a cross-validation keeps the results of lone images, in its folder."""


@dataclass(frozen=True)
class Chosen:
    """What evidence gives a bundle.

    Attributes
    ----------
    calibration : Calibration or None
    points : dict of str to OperatingPoint
    uncertainty : UncertaintyRule or None
    source : dict
        Where they come from, for the bundle's ``summary``; JSON values.
    evaluation : dict
        Out-of-fold figures for the bundle's ``evaluation``; empty where the evidence is of one model.
    record, lone : EvaluationRecord or None
        Likewise, for the card: of whole patients, and of every slice as a lone image.
    """

    calibration: Calibration | None
    points: dict[str, OperatingPoint]
    uncertainty: UncertaintyRule | None
    source: dict[str, Any]
    evaluation: dict[str, Any]
    record: EvaluationRecord | None
    lone: EvaluationRecord | None = None


def evidence_in(path: Path, lone: Path | None = None) -> tuple[Evidence, Evidence | None]:
    """Read evidence, and that of lone images where there is some.

    Parameters
    ----------
    path : Path
        A file, or the folder of a result.
    lone : Path, optional
        Likewise; by default what a cross-validation keeps of lone images in its folder.

    Returns
    -------
    evidence : Evidence
    lone : Evidence or None

    Raises
    ------
    InputError
        If a file is missing or no evidence.
    """
    beside = path / LONE_FOLDER / EVIDENCE
    alone = lone if lone is not None else beside if beside.is_file() else None
    return _evidence_at(path), None if alone is None else _evidence_at(alone)


def _evidence_at(path: Path) -> Evidence:
    return load_evidence(path / EVIDENCE if path.is_dir() else path)


def choose_from_evidence(evidence: Evidence, lone: Evidence | None = None) -> Chosen:
    """Fit the calibration and choose the operating points on predictions for patients that the models had not seen.

    The slices' thresholds follow the same rules as in training, on all slices together. Evidence holds no pixels: the
    pixel threshold is the middle one of the models that were scored, the rules for components and holes their commoner
    ones.

    Parameters
    ----------
    evidence : Evidence
        Of a cross-validation, or of one model.
    lone : Evidence, optional
        Of the same cross-validation, every slice as a lone image: the calibration of slices that stand alone is fitted
        on it, and it is shown.

    Returns
    -------
    Chosen

    Raises
    ------
    InputError
        If the models had seen patients of the evidence, it lacks slices with or without tumour, or the lone images are
        others.
    """
    origin = evidence.origin
    if origin.sample in ("in-sample", "leaky"):
        raise InputError(
            f"probabilities are calibrated on patients whom the models had not seen, received {origin.sample} evidence"
        )
    folds = len(origin.models) > 1
    fitted_on = OUT_OF_FOLD if folds else origin.split.side
    calibration = _fit(evidence, lone, fitted_on)
    labels, probabilities = _calibrated(evidence, calibration)
    common = common_point([_point(one) for one in origin.models])
    balanced = replace(common, detection=balanced_threshold(labels, probabilities))
    record = record_of(evidence)
    alone = None if lone is None else record_of(lone)
    if alone is not None:
        check_lone(record, alone)
    return Chosen(
        calibration,
        choose_points(labels, probabilities, balanced),
        fit_uncertainty(volumes_of(evidence.patients), fitted_on=fitted_on),
        _source(record),
        _figures(record, alone) if folds else {},
        record if folds else None,
        alone if folds else None,
    )


def _fit(evidence: Evidence, lone: Evidence | None, fitted_on: str) -> Calibration | None:
    """Fit the calibration of slices of a volume and of slices that stand alone, each on its own kind where it is there.

    Raises
    ------
    InputError
        If slices with or without tumour are missing.
    """
    labels, raw, beside = _slices(evidence)
    known = ~np.isnan(raw)
    if labels[known].all() or not labels[known].any():
        raise InputError(
            f"calibration needs slices with and without tumour, received {int(labels[known].sum())} of "
            f"{np.count_nonzero(known)} with tumour"
        )
    patients = len(evidence.patients)
    fitted = fit_calibration(labels, raw, patients=patients, fitted_on=fitted_on, beside=beside)
    if fitted is None or fitted.volume is None or lone is None:
        return fitted
    labels, raw, _ = _slices(lone)
    alone = fit_calibration(labels, raw, patients=patients, fitted_on=fitted_on)
    return fitted if alone is None else replace(fitted, slope=alone.slope, intercept=alone.intercept)


def _calibrated(evidence: Evidence, calibration: Calibration | None) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Labels and calibrated probabilities of all slices that have one."""
    labels, raw, beside = _slices(evidence)
    told = calibrate(raw, calibration, beside)
    return labels[~np.isnan(told)], told[~np.isnan(told)]


def _slices(evidence: Evidence) -> tuple[NDArray[np.bool_], NDArray[np.float32], NDArray[np.float64]]:
    """Labels, the networks' own probabilities, and the mean logits of the neighbours.

    Older evidence does not know the latter. Of whole patients without a spacing they are made up for: the slices of a
    folder are a volume there.
    """
    labels, raw, beside = [], [], []
    for patient in evidence.patients:
        for _, some in groupby(patient.slices, key=lambda one: one.folder):
            mine = list(some)
            own = np.array([one.raw for one in mine], dtype=np.float32)
            told = np.array([one.beside for one in mine])
            older = np.isnan(told).all() and all(one.volume is None for one in mine)
            labels.append(np.array([one.tumour for one in mine], dtype=np.bool_))
            raw.append(own)
            beside.append(neighbour_logits(own) if older and not _is_lone(evidence) else told)
    return np.concatenate(labels), np.concatenate(raw), np.concatenate(beside)


def _is_lone(evidence: Evidence) -> bool:
    return bool(evidence.origin.provenance.get(LONE))


def calibrate_bundle(
    path: str | Path,
    evidence: Evidence,
    out: str | Path | None = None,
    *,
    lone: Evidence | None = None,
    name: str | None = None,
) -> Bundle:
    """Write a bundle again with the calibration and the operating points that evidence gives it.

    Its networks and date stay, and its name unless another is given. Figures that were measured with other thresholds
    are taken out; those of a cross-validation are put in, and said to be of its models.

    Parameters
    ----------
    path : path
        The bundle's folder.
    evidence : Evidence
        Of models made by the bundle's recipe; the caller answers for that.
    out : path, optional
        The new bundle's folder; by default it replaces the old one.
    lone : Evidence, optional
        See `choose_from_evidence`.
    name : str, optional
        Of the new bundle, in place of the old one's.

    Returns
    -------
    Bundle

    Raises
    ------
    InputError
        See `choose_from_evidence`.
    BundleError
        If the bundle cannot be read or written.
    """
    bundle, chosen = load_bundle(path), choose_from_evidence(evidence, lone)
    summary = bundle.summary | {"calibrated_on": chosen.source}
    seen = bundle.seen()
    described: dict[str, Any] = {
        "name": name or bundle.name,
        "wiring": bundle.wiring,
        "recipe": bundle.recipe,
        "operating_points": chosen.points,
        "calibration": chosen.calibration,
        "uncertainty": chosen.uncertainty,
        "summary": summary,
        "created": bundle.created,
    }
    return write_bundle(
        path if out is None else out,
        **described,
        graphs=bundle.graphs,
        seen=seen,
        quantised=bundle.quantised,
        card=model_card(**described, seen=len(seen), record=chosen.record, lone=chosen.lone),
        licence=(bundle.path / LICENCE).read_text(encoding="utf-8"),
        evaluation=chosen.evaluation,
    )


def _point(model: ModelRecord) -> OperatingPoint:
    return OperatingPoint(**model.operating_point.model_dump() | {"name": "balanced"})


def _source(record: EvaluationRecord) -> dict[str, Any]:
    return {
        "models": len(record.models),
        "data": record.data.name,
        "side": record.split.side,
        "patients": record.data.patients,
        "slices": record.data.slices,
        "split_sha256": record.split.sha256,
        "pixels_sha256": record.data.pixels_sha256,
    }


def _figures(record: EvaluationRecord, lone: EvaluationRecord | None) -> dict[str, Any]:
    """Shorten a cross-validation to what a bundle keeps of it: nothing that belongs to a single fold's model."""
    kept = {key: value for key, value in summary_of(record, lone).items() if key not in ("operating_point", "graphs")}
    return kept | {"kind": OUT_OF_FOLD, "models": len(record.models)}
