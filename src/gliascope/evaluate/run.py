"""The evaluation of a bundle on one side of a split: exactly what `analyse` writes, held against the truth."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from gliascope.dataset.layout import PatientFolder
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import Split
from gliascope.errors import require_extra
from gliascope.evaluate.assemble import Evaluation, Origin, make_record
from gliascope.evaluate.figures import RESAMPLES
from gliascope.evaluate.identity import model_record
from gliascope.evaluate.join import join_evaluations
from gliascope.evaluate.lone import lone_slices
from gliascope.evaluate.record import LONE, Sample
from gliascope.evaluate.record_parts import SplitRecord
from gliascope.evaluate.score import PatientScore, join_patient, missing_sequences, run_lengths, score_case
from gliascope.evaluate.survey import Survey, check_unseen, seen_slices, survey
from gliascope.findings import Finding
from gliascope.pipeline import Analyser
from gliascope.read import read_case
from gliascope.scan import Case

__all__ = ["Advance", "Evaluation", "OnPatient", "evaluate_side", "join_evaluations"]

logger = logging.getLogger(__name__)

PHANTOM: Final = "PHANTOM_"
"""How the folders that `gliascope phantom` writes begin."""

Advance = Callable[[int, int, str], None]
"""Called after each folder: how many are done, how many there are, and what came out."""

OnPatient = Callable[[Case, Finding, PatientScore], None]
"""Called after each folder with its images, what was said about them, and the score of this folder alone."""


def evaluate_side(
    data: str | Path,
    split: Split,
    analyser: Analyser,
    *,
    side: str = "test",
    allow_seen: bool = False,
    lone: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
    fold: int | None = None,
    advance: Advance = lambda _done, _total, _note: None,
    on_patient: OnPatient | None = None,
) -> Evaluation:
    """Score a bundle on the patients of one side of a split.

    Every patient's folder goes through `Analyser.analyse`, as `gliascope analyse` sends it, gate and components
    included; its masks and verdicts are what is scored.

    Parameters
    ----------
    data : path
        A data set in the LGG layout, with a true mask for every slice.
    split : Split
        By patient; one by slice leaks, and the result is marked so.
    analyser : Analyser
    side : str
        ``test``, ``validation`` or ``train``.
    allow_seen : bool
        Score images that the model was trained or chosen on, and mark the result as in-sample.
    lone : bool
        Analyse every slice as a lone image; the result says so in its ``provenance``.
    resamples, seed : int
        Of the bootstrap.
    fold : int, optional
        Which fold of a cross-validation this is, from 0; by default the split's own number, if it has one.
    advance : callable
        See `Advance`.
    on_patient : callable, optional
        See `OnPatient`.

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        If the model has seen any of the images (unless allowed), an image cannot be used or has no true mask.
    SplitError
        If the split's patients are not in the data set.
    MissingExtra
        If the extra `evaluate` is not installed.
    """
    require_extra("an evaluation", "evaluate", "sklearn")
    fold = split.fold if fold is None else fold
    folders = side_patients(split, side, data)
    seen = analyser.bundle.seen()
    found = survey(folders, seen)
    if found.seen and not allow_seen:
        check_unseen(found, str(data))
    scored = _score(folders, analyser, seen, lone=lone, fold=fold, advance=advance, on_patient=on_patient)
    model = model_record(analyser.bundle, analyser.operating_point, fold)
    origin = Origin(
        sample=_sample(found, folders, split),
        data=Path(data).resolve().name,
        split=SplitRecord(sha256=split.sha256, strategy=split.strategy, side=side),
        models=[model],
        provenance={key: value for key, value in analyser.provenance.items() if key != "bundle"}
        | ({LONE: True} if lone else {}),
    )
    return Evaluation(make_record(scored, origin, resamples=resamples, seed=seed), scored)


def _score(
    folders: Sequence[PatientFolder],
    analyser: Analyser,
    seen: frozenset[str],
    *,
    lone: bool,
    fold: int | None,
    advance: Advance,
    on_patient: OnPatient | None,
) -> tuple[PatientScore, ...]:
    parts: dict[str, list[PatientScore]] = {}
    rule = analyser.operating_point.run, analyser.bundle.recipe.preparation.neighbour_distance
    for done, folder in enumerate(folders, start=1):
        case = read_case(folder.files)
        given = lone_slices(case) if lone else case
        finding = analyser.analyse(given)
        slices = score_case(folder.name, case, finding, seen_slices(case, seen), run_lengths(given, *rule))
        missing = missing_sequences(case)
        one = PatientScore(folder.patient, folder.institution, (folder.name,), slices, finding.warnings, missing, fold)
        parts.setdefault(folder.patient, []).append(one)
        if on_patient is not None:
            on_patient(case, finding, one)
        advance(done, len(folders), f"{folder.name} Dice {one.dice:.3f}")
        logger.info("%s: Dice %.3f", folder.name, one.dice)
    return tuple(join_patient(mine) for _, mine in sorted(parts.items()))


def _sample(found: Survey, folders: Sequence[PatientFolder], split: Split) -> Sample:
    if found.seen:
        return "in-sample"
    if any(one.name.startswith(PHANTOM) for one in folders):
        return "phantom"
    return "leaky" if split.leaks else "unseen"
