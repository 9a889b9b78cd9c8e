"""Results read again from their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gliascope.errors import InputError
from gliascope.evaluate.assemble import Evaluation
from gliascope.evaluate.evidence import Evidence, evaluation_of, load_evidence
from gliascope.evaluate.join import join_results
from gliascope.evaluate.output import EVIDENCE


def load_result(path: str | Path, *, resamples: int | None = None, seed: int | None = None) -> Evaluation:
    """Make an evaluation again from the evidence that it left.

    Parameters
    ----------
    path : path
        A folder that `gliascope evaluate` or `gliascope crossval` wrote, or its ``evidence.parquet``.
    resamples, seed : int, optional
        Of the bootstrap; by default those that the evaluation was made with.

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        If there is no evidence, or it cannot be used.
    """
    return evaluation_of(_evidence_in(path), resamples, seed)


def load_results(paths: Sequence[str | Path], *, seed: int | None = None) -> Evaluation:
    """Make evaluations again from their evidence, several of different patients as one.

    Parameters
    ----------
    paths : sequence of path
        As for `load_result`.
    seed : int, optional
        Of the bootstrap; by default that of the first, as is the number of its resamples.

    Returns
    -------
    Evaluation
        See `gliascope.evaluate.join.join_results`.

    Raises
    ------
    InputError
        If one cannot be used, or they cannot be put together.
    """
    if len(paths) == 1:
        return load_result(paths[0], seed=seed)
    read = [_evidence_in(one) for one in paths]
    first = read[0]
    results = [evaluation_of(one, resamples=0) for one in read]
    return join_results(results, resamples=first.resamples, seed=first.seed if seed is None else seed)


def _evidence_in(path: str | Path) -> Evidence:
    file = Path(path)
    if file.is_dir():
        file /= EVIDENCE
        if not file.is_file():
            raise InputError(f"{path}: a result must hold the file {EVIDENCE}, received a folder without it")
    return load_evidence(file)
