"""Results read again from their evidence."""

from __future__ import annotations

from pathlib import Path

from gliascope.errors import InputError
from gliascope.evaluate.assemble import Evaluation
from gliascope.evaluate.evidence import evaluation_of, load_evidence
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
    file = Path(path)
    if file.is_dir():
        file /= EVIDENCE
        if not file.is_file():
            raise InputError(f"{path}: a result must hold the file {EVIDENCE}, received a folder without it")
    return evaluation_of(load_evidence(file), resamples, seed)
