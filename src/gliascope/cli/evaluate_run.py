"""What `gliascope evaluate` does once its arguments are known to fit together."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gliascope.bundle import DEFAULT_POINT, Bundle, load_bundle
from gliascope.cli.console import error, note, progress
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import load_split
from gliascope.errors import BundleError, GliascopeError, InputError
from gliascope.evaluate.card import card_markdown, evaluation_card
from gliascope.evaluate.compare import ComparisonRecord, check_same_patients, compare
from gliascope.evaluate.compare_page import difference_rows, difference_titles, name_of, verdict
from gliascope.evaluate.identity import model_record
from gliascope.evaluate.output import write_text
from gliascope.evaluate.plots import FIGURES_FOLDER
from gliascope.evaluate.record import LONE, EvaluationRecord
from gliascope.evaluate.remake import load_result, load_results
from gliascope.evaluate.report import WORST_FOLDER, write_results
from gliascope.evaluate.run import Evaluation, evaluate_side
from gliascope.evaluate.stamp import (
    check_lone,
    check_lone_model,
    check_of_lone_images,
    check_same,
    check_writable,
    stamp_bundle,
)
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
    """Score or remake, compare, write, print; what is refused after scoring is told when all else is done."""
    other = None if request.against is None else load_result(request.against, resamples=0)
    lone = None if not request.lone else load_results(request.lone, seed=request.seed).record
    if lone is not None:
        check_of_lone_images(lone)
    _make_room(request)
    worst = None
    if request.evidence:
        evaluation = load_results(request.evidence, seed=request.seed)
        bundles = _bundles_of(evaluation.record, request.model)
    else:
        worst = WorstPatients()
        evaluation, bundles = _score(request, worst, other, lone)
    refused: list[Exception] = []
    against: ComparisonRecord | None = None
    beside: EvaluationRecord | None = None
    with _noting(refused):
        against = None if other is None else compare(evaluation, other, seed=evaluation.record.bootstrap.seed)
    with _noting(refused):
        if lone is not None:
            check_lone(evaluation.record, lone)
            beside = lone
    with _noting(refused):
        if request.fit_interval and not refused:
            bundles = [replace(bundles[0], uncertainty=fit_interval(evaluation.record, evaluation.patients))]
    files = _write(request, evaluation, bundles, worst, against, beside)
    with _noting(refused):
        if request.stamp and not refused:
            files.append(_stamp(bundles[0], evaluation.record, beside))
    _show(request, evaluation.record, against, files)
    for one in refused[1:]:
        error(str(one))
    if refused:
        raise refused[0]


@contextmanager
def _noting(refused: list[Exception]) -> Iterator[None]:
    """Note what is refused, so that nothing that was measured is lost."""
    try:
        yield
    except (GliascopeError, OSError) as problem:
        refused.append(problem)


def _make_room(request: Request) -> None:
    """Make the folders of what will be written, and refuse what cannot be written, before minutes of scoring."""
    if request.output is not None:
        request.output.mkdir(parents=True, exist_ok=True)
    if request.card is not None:
        if request.card.is_dir():
            raise InputError(f"{request.card}: the model card must be written to a file, received a folder")
        request.card.parent.mkdir(parents=True, exist_ok=True)


def _stamp(bundle: Bundle, record: EvaluationRecord, lone: EvaluationRecord | None) -> Path:
    return stamp_bundle(bundle.path, record, lone=lone, uncertainty=bundle.uncertainty).path


def _show(request: Request, record: EvaluationRecord, against: ComparisonRecord | None, files: Sequence[Path]) -> None:
    if request.as_json:
        print(record.text(), end="")
    elif not request.quiet:
        print_record(record)
        if against is not None:
            print_comparison(against)
        _say_written(files)


def _score(
    request: Request, worst: WorstPatients, other: Evaluation | None, lone: EvaluationRecord | None
) -> tuple[Evaluation, list[Bundle]]:
    from gliascope.pipeline import Analyser

    assert request.data is not None  # the command has checked both
    assert request.split is not None
    split = load_split(request.split, request.fold)
    names = {one.patient for one in side_patients(split, request.side, request.data)}
    for result in (one for one in (other, lone) if one is not None):  # before minutes of scoring, not after
        check_same_patients(names, {one.patient for one in result.patients})
    analyser = Analyser(
        request.model,
        device=request.device,
        threads=request.threads,
        precision=request.precision,
        flips=request.flips,
        operating_point=request.operating_point or DEFAULT_POINT,
    )
    if request.stamp:
        check_writable(analyser.bundle)
    if lone is not None:
        model = model_record(analyser.bundle, analyser.operating_point, split.fold)
        check_lone_model([model], analyser.provenance | {LONE: request.lone_slices}, lone)
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
