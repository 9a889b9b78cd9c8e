"""The folder of an evaluation: tables, evidence, plots, pictures, page and card, all from one result."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gliascope.bundle import Bundle
from gliascope.evaluate.card import card_json, card_markdown, evaluation_card
from gliascope.evaluate.compare import ComparisonRecord
from gliascope.evaluate.compare_page import draw_comparison
from gliascope.evaluate.output import EVIDENCE, write_evaluation, write_text
from gliascope.evaluate.page import write_report
from gliascope.evaluate.plots import FIGURES_FOLDER, PLOTS, draw_plots
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.run import Evaluation
from gliascope.evaluate.worst import WorstPatients, WorstPicture

PAGE: Final = "report.html"
CARD: Final = "MODEL_CARD.md"
CARD_VALUES: Final = "model_card.json"
AGAINST: Final = "against.json"
WORST_FOLDER: Final = "worst"
"""Where the pictures of the worst patients are."""

_NUMBERED: Final = re.compile(r"\d\d-(?P<patient>.+)\.png")


def write_results(
    evaluation: Evaluation,
    out: str | Path,
    *,
    worst: WorstPatients | None = None,
    bundles: Sequence[Bundle] = (),
    against: ComparisonRecord | None = None,
    lone: EvaluationRecord | None = None,
) -> list[Path]:
    """Write everything that an evaluation gives.

    Parameters
    ----------
    evaluation : Evaluation
        Of one model, or of the folds of a cross-validation.
    out : path
        Folder; made where it is missing.
    worst : WorstPatients or None
        What was kept while the images were scored. Without it there are no new pictures: those in the folder stay if
        they belong to this very evidence, else they are removed.
    bundles : sequence of Bundle
        The bundle of each of the record's models, in their order, for the card.
    against : ComparisonRecord or None
        See `gliascope.evaluate.compare.compare`.
    lone : EvaluationRecord or None
        The same slices as lone images, for the card.

    Returns
    -------
    list of Path
        What was written, the page first.

    Raises
    ------
    OSError
        If something cannot be written.
    """
    folder, record = Path(out), evaluation.record
    before = _bytes(folder / EVIDENCE)
    if worst is not None:
        _remove_others(folder, [])  # a call that is killed leaves no evidence beside pictures of another result
    files = write_evaluation(evaluation, folder)
    if worst is not None:
        pictures: list[WorstPicture] | None = worst.draw(folder / WORST_FOLDER, stamp=record.stamp)
    else:
        pictures = pictures_of(record, folder) if before == _bytes(folder / EVIDENCE) else None
    plots = draw_plots(evaluation, folder / FIGURES_FOLDER)
    paired = None if against is None else draw_comparison(against, folder / FIGURES_FOLDER)
    drawn = [one.path for one in plots] + [one.path for one in pictures or []] + ([paired.path] if paired else [])
    _remove_others(folder, drawn)
    values = evaluation_card(record, bundles, lone)
    files += [
        write_text(folder / CARD, card_markdown(values)),
        write_text(folder / CARD_VALUES, card_json(values)),
    ]
    if against is None:
        (folder / AGAINST).unlink(missing_ok=True)
    else:
        files.append(write_text(folder / AGAINST, against.text()))
    page = write_report(record, folder / PAGE, plots=plots, worst=pictures, against=against, against_plot=paired)
    return [page, *files, *drawn]


def pictures_of(record: EvaluationRecord, folder: Path) -> list[WorstPicture] | None:
    """Pictures that an earlier call has drawn of the same evidence; None unless every one is there.

    Parameters
    ----------
    record : EvaluationRecord
    folder : Path
        What `write_results` wrote into; its evidence is the record's.

    Returns
    -------
    list of WorstPicture or None
    """
    found = {
        match["patient"]: path
        for path in (folder / WORST_FOLDER).glob("*.png")
        if (match := _NUMBERED.fullmatch(path.name))
    }
    kept = [WorstPicture(name, found[name]) for name in record.worst if name in found]
    return kept if kept and len(kept) == len(record.worst) else None


def _remove_others(folder: Path, drawn: Sequence[Path]) -> None:
    """Take away pictures of an earlier result, by the names that this module gives, so that the folder is of one."""
    known = {f"{name}.png" for name in (*PLOTS, "against")}
    stale = [path for path in (folder / WORST_FOLDER).glob("*.png") if _NUMBERED.fullmatch(path.name)]
    stale += [path for path in (folder / FIGURES_FOLDER).glob("*.png") if path.name in known]
    for path in stale:
        if path not in drawn:
            path.unlink()


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
