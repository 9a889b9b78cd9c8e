"""What `gliascope evaluate` does once its arguments are known to fit together."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gliascope.bundle import DEFAULT_POINT, Bundle, load_bundle
from gliascope.cli.console import note, progress
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import load_split
from gliascope.errors import BundleError, InputError
from gliascope.evaluate.card import card_markdown, evaluation_card
from gliascope.evaluate.compare import ComparisonRecord, check_same_patients, compare
from gliascope.evaluate.compare_page import difference_rows, difference_titles, name_of, verdict
from gliascope.evaluate.output import write_text
from gliascope.evaluate.plots import FIGURES_FOLDER
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.remake import load_result, load_results
from gliascope.evaluate.report import WORST_FOLDER, write_results
from gliascope.evaluate.run import Evaluation, evaluate_side
from gliascope.evaluate.stamp import check_lone, check_of_lone_images, check_same, stamp_bundle
from gliascope.evaluate.tables import console_order, figure_rows, figure_titles, scored
from gliascope.evaluate.uncertainty import fit_interval
from gliascope.evaluate.worst import WorstPatients

PIPE_WIDTH: Final = 110
"""Columns where standard output is no terminal."""


@dataclass(frozen=True)
class Request:
    """The arguments of `gliascope.cli.evaluate.evaluate`."""

    data: Path | None
    split: Path | None
    fold: int | None
    side: str
    model: Path | None
    device: str
    threads: int | None
    precision: str
    flips: bool
    lone_slices: bool
    output: Path | None
    evidence: Sequence[Path]
    against: Path | None
    lone: Sequence[Path]
    card: Path | None
    stamp: bool
    fit_interval: bool
    allow_seen: bool
    seed: int | None
    operating_point: str | None
    quiet: bool
    as_json: bool


def run_evaluation(request: Request) -> None:
    """Score or remake, compare, write, print."""
    other = None if request.against is None else load_result(request.against, resamples=0)
    lone = None if not request.lone else load_results(request.lone, seed=request.seed).record
    if lone is not None:
        check_of_lone_images(lone)
    if request.output is not None:
        request.output.mkdir(parents=True, exist_ok=True)
    worst = None
    if request.evidence:
        evaluation = load_results(request.evidence, seed=request.seed)
        bundles = _bundles_of(evaluation.record, request.model)
    else:
        worst = WorstPatients()
        evaluation, bundles = _score(request, worst, other)
    against = None if other is None else compare(evaluation, other, seed=evaluation.record.bootstrap.seed)
    if lone is not None:
        check_lone(evaluation.record, lone)
    if request.fit_interval:
        try:
            rule = fit_interval(evaluation.record, evaluation.patients)
        except InputError:
            _write(replace(request, stamp=False), evaluation, bundles, worst, against, lone)  # nothing measured is lost
            raise
        bundles = [replace(bundles[0], uncertainty=rule)]
    files = _write(request, evaluation, bundles, worst, against, lone)
    if request.as_json:
        print(evaluation.record.text(), end="")
    elif not request.quiet:
        print_record(evaluation.record)
        if against is not None:
            print_comparison(against)
        _say_written(files)


def _score(request: Request, worst: WorstPatients, other: Evaluation | None) -> tuple[Evaluation, list[Bundle]]:
    from gliascope.pipeline import Analyser

    assert request.data is not None  # the command has checked both
    assert request.split is not None
    split = load_split(request.split, request.fold)
    if other is not None:  # before minutes of scoring, not after
        names = {one.patient for one in side_patients(split, request.side, request.data)}
        check_same_patients(names, {one.patient for one in other.patients})
    analyser = Analyser(
        request.model,
        device=request.device,
        threads=request.threads,
        precision=request.precision,
        flips=request.flips,
        operating_point=request.operating_point or DEFAULT_POINT,
    )
    with progress(quiet=request.quiet or request.as_json) as bar:
        task = bar.add_task("evaluating", total=None, note="")
        evaluation = evaluate_side(
            request.data,
            split,
            analyser,
            side=request.side,
            allow_seen=request.allow_seen,
            lone=request.lone_slices,
            seed=request.seed or 0,
            fold=request.fold,
            advance=lambda done, total, text: bar.update(task, completed=done, total=total, note=text),
            on_patient=None if request.output is None else worst,
        )
    return evaluation, [analyser.bundle]


def _bundles_of(record: EvaluationRecord, model: Path | None) -> list[Bundle]:
    """Load the bundle that remade evidence speaks of: the one named, or the embedded one where it is that one."""
    if model is not None:
        bundle = load_bundle(model)
        check_same(bundle, record)
        return [bundle]
    if len(record.models) != 1:
        return []
    try:
        bundle = load_bundle()
        check_same(bundle, record)
    except BundleError:
        return []
    return [bundle]


def _write(
    request: Request,
    evaluation: Evaluation,
    bundles: Sequence[Bundle],
    worst: WorstPatients | None,
    against: ComparisonRecord | None,
    lone: EvaluationRecord | None,
) -> list[Path]:
    files = []
    if request.output is not None:
        files += write_results(evaluation, request.output, worst=worst, bundles=bundles, against=against, lone=lone)
    if request.stamp:
        rule = bundles[0].uncertainty
        files.append(stamp_bundle(bundles[0].path, evaluation.record, lone=lone, uncertainty=rule).path)
    if request.card is not None:
        files.append(write_text(request.card, card_markdown(evaluation_card(evaluation.record, bundles, lone))))
    return files


def _say_written(files: Sequence[Path]) -> None:
    pictures = Counter(one.parent for one in files if one.parent.name in {FIGURES_FOLDER, WORST_FOLDER})
    for file in files:
        if file.parent not in pictures:
            note(f"Written: {file}")
    for folder, count in pictures.items():
        note(f"Written: {folder} ({count} picture{'s' if count > 1 else ''})")


def print_record(record: EvaluationRecord) -> None:
    """Print the figures as a table on standard output, the headline first."""
    names = [one.name for one in console_order()]
    _print(scored(record), record.stamp, figure_titles(record), figure_rows(record.figures, names))


def print_comparison(record: ComparisonRecord) -> None:
    """Print the difference of two results as a table on standard output."""
    title = f"\nthis: {name_of(record.this)}\nother: {name_of(record.other)}"
    _print(title, record.stamp, difference_titles(record), difference_rows(record), verdict(record))


def _print(
    title: str, stamp: str | None, titles: Sequence[str], rows: Sequence[Sequence[str]], caption: str | None = None
) -> None:
    table = Table(box=None, pad_edge=False, title_justify="left", caption_justify="left", caption=caption)
    table.title = escape(title) + (f"\n{stamp.upper()}" if stamp else "")
    table.add_column(titles[0])
    for one in titles[1:]:
        table.add_column(one, justify="right")
    for row in rows:
        table.add_row(*map(escape, row))
    width = None if sys.stdout.isatty() else PIPE_WIDTH
    Console(file=sys.stdout, highlight=False, width=width).print(table)
