"""Results of different patients put together: the folds of a cross-validation, or several of them."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any, Final

from gliascope.dataset.members import Folds
from gliascope.errors import InputError
from gliascope.evaluate.assemble import Evaluation, Origin, make_record
from gliascope.evaluate.figures import RESAMPLES
from gliascope.evaluate.record import FLIPS, LONE, EvaluationRecord, Sample
from gliascope.evaluate.record_parts import ModelRecord
from gliascope.evaluate.score import PatientScore

FROM_WORST: Final[tuple[Sample, ...]] = ("in-sample", "phantom", "leaky", "unseen")
"""What the whole is called is the first of these that a part is called."""


def join_evaluations(
    parts: Sequence[Evaluation], folds: Folds, *, resamples: int = RESAMPLES, seed: int = 0
) -> Evaluation:
    """Put the evaluations of a cross-validation's folds together.

    Parameters
    ----------
    parts : sequence of Evaluation
        One a fold, in any order, each of one model on one side of the fold's split; some folds may be absent.
    folds : Folds
        What the models were trained by.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    Evaluation
        Of all patients. Its curves and areas rank the slices of all folds together; its split is the folds' file.

    Raises
    ------
    InputError
        If there is no part, one is of another split or of several models, they differ in data or side, or a patient
        is scored twice.
    """
    if not parts:
        raise InputError("a cross-validation must have a scored fold, received none")
    numbered = sorted(((_fold_of(one.record, folds), one) for one in parts), key=lambda one: one[0])
    return _joined(numbered, folds.sha256, resamples, seed)


def join_results(results: Sequence[Evaluation], *, resamples: int = RESAMPLES, seed: int = 0) -> Evaluation:
    """Put results of different patients together, such as folds that were made in several runs.

    Parameters
    ----------
    results : sequence of Evaluation
        Each of one or several models.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    Evaluation
        Of all patients. Models are numbered anew, in the results' order, and what results come from is told by the
        number of their first; the split's digest is the SHA-256 of the results' digests, one a line, sorted.

    Raises
    ------
    InputError
        If there is no result, they differ in data, side, strategy of the split or way of analysing (lone images,
        flips), or a patient is scored twice.
    """
    if not results:
        raise InputError("results that are put together must be given, received none")
    records = [one.record for one in results]
    _only("strategy of splitting", (one.split.strategy for one in records))
    for what in (LONE, FLIPS):
        _only(f"way of analysing ({what})", (str(one.provenance.get(what, False)) for one in records))
    first = accumulate((len(one.models) for one in records), initial=0)
    digests = "\n".join(sorted(one.split.sha256 for one in records))
    sha256 = hashlib.sha256(digests.encode("ascii")).hexdigest()
    return _joined(list(zip(first, results, strict=False)), sha256, resamples, seed)


def _joined(parts: Sequence[tuple[int, Evaluation]], sha256: str, resamples: int, seed: int) -> Evaluation:
    """Put evaluations together, whose models are numbered from the number beside each on."""
    records = [(first, one.record) for first, one in parts]
    data = _only("data", (one.data.name for _, one in records))
    side = _only("side", (one.split.side for _, one in records))
    models: list[ModelRecord] = []
    patients: list[PatientScore] = []
    for first, part in parts:
        number = {one.fold: first + place for place, one in enumerate(part.record.models)}
        models += [one.model_copy(update={"fold": number[one.fold]}) for one in part.record.models]
        patients += [replace(one, fold=number.get(one.fold, first)) for one in part.patients]
    _check_once(one.patient for one in patients)
    origin = Origin(
        sample=next(one for one in FROM_WORST if any(record.sample == one for _, record in records)),
        data=data,
        split=records[0][1].split.model_copy(update={"sha256": sha256, "side": side}),
        models=models,
        provenance=_provenance(records),
    )
    scored = tuple(sorted(patients, key=lambda one: one.patient))
    return Evaluation(make_record(scored, origin, resamples=resamples, seed=seed), scored)


def _fold_of(record: EvaluationRecord, folds: Folds) -> int:
    """Number the fold whose split an evaluation is of."""
    if len(record.models) != 1:
        raise InputError(f"a fold's evaluation must be of one model, received {len(record.models)}")
    digests = [split.sha256 for split in folds.splits]
    if record.split.sha256 not in digests:
        raise InputError(
            f"a fold's evaluation must be of one of the {len(digests)} folds' splits, received "
            f"{record.split.sha256[:12]}..."
        )
    fold = digests.index(record.split.sha256)
    if record.models[0].fold not in (None, fold):
        raise InputError(f"the evaluation of fold {record.models[0].fold} must be of its split, received fold {fold}'s")
    return fold


def _only(what: str, values: Iterable[str]) -> str:
    several = sorted(set(values))
    if len(several) > 1:
        raise InputError(f"results that are put together must be of one {what}, received {', '.join(several)}")
    return several[0]


def _check_once(names: Iterable[str]) -> None:
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise InputError(f"every patient must be scored once, received twice: {', '.join(twice)}")


def _provenance(records: Sequence[tuple[int, EvaluationRecord]]) -> dict[str, Any]:
    """What all parts come from; what differs stands under ``folds``."""
    given = {str(fold): record.provenance for fold, record in records}
    first, *others = given.values()
    shared = {key: value for key, value in first.items() if all(key in one and one[key] == value for one in others)}
    if all(one == shared for one in given.values()):
        return shared
    apart = {fold: {key: one[key] for key in one if key not in shared} for fold, one in given.items()}
    return shared | {"folds": apart}
