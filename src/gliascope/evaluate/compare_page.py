"""A comparison of two results for people: rows of a table, a section of the page, a plot."""

from __future__ import annotations

from pathlib import Path

from gliascope.evaluate.compare import ComparisonRecord, DifferenceRecord, ResultRecord
from gliascope.evaluate.definitions import BY_NAME, LOW_DICE, Definition
from gliascope.evaluate.plots import Plot
from gliascope.evaluate.tables import console_order
from gliascope.present.page import Block, Picture, Section, Table, Text
from gliascope.present.paired_plot import Pair, paired_figure
from gliascope.present.plot_sheet import Heading


def difference_titles(record: ComparisonRecord) -> list[str]:
    """Titles of the columns of `difference_rows`."""
    return ["figure", "this", "other", "difference", f"{record.bootstrap.level:.0%} interval", "0 is inside"]


def difference_rows(record: ComparisonRecord) -> list[list[str]]:
    """Both values of every figure, their difference, and its interval; the headline first."""
    return [_row(one, record.figures[one.name]) for one in console_order() if one.name in record.figures]


def _row(definition: Definition, one: DifferenceRecord) -> list[str]:
    row = [definition.title, definition.show(one.this), definition.show(one.other), _signed(definition, one.difference)]
    if one.low is None or one.high is None:
        return [*row, "-", "-"]
    interval = f"{_signed(definition, one.low)} to {_signed(definition, one.high)}"
    return [*row, interval, "yes" if one.low <= 0 <= one.high else "no"]


def _signed(definition: Definition, value: float | None) -> str:
    if value is None:
        return "-"
    text = f"{value:+.{definition.decimals}f}"
    return text if any(digit in text for digit in "123456789") else text[1:]


def verdict(record: ComparisonRecord) -> str:
    """Wins, losses, ties and the test, in two sentences."""
    test = record.wilcoxon
    counted = (
        f"Dice is higher in this result for {record.wins} patients, in the other for {record.losses}, the same for "
        f"{record.ties}."
    )
    if test.p is None:
        return f"{counted} No patient differs: there is nothing to test."
    shown = f"p = {test.p:.3f}" if test.p >= 0.001 else "p < 0.001"
    return f"{counted} Wilcoxon's signed-rank test over the {test.different} patients that differ, two-sided: {shown}."


def name_of(result: ResultRecord) -> str:
    """A result in a few words."""
    return f"{result.model} on {result.data}, {result.side} side"


def draw_comparison(record: ComparisonRecord, folder: Path) -> Plot | None:
    """Draw every patient's Dice in both results; None where no patient has one in both."""
    pairs = [
        Pair(one.institution, one.this, one.other)
        for one in record.patients
        if one.this is not None and one.other is not None
    ]
    if not pairs:
        return None
    path = folder / "against.png"
    heading = Heading("Dice of each patient in both results", f"{len(pairs)} patients", record.stamp)
    labels = ("this result, " + record.this.model, "the other, " + record.other.model)
    paired_figure(pairs, path, labels=labels, limit=LOW_DICE, heading=heading)
    return Plot(path, f"Dice of {len(pairs)} patients in both results. {verdict(record)}", verdict(record))


def comparison_section(record: ComparisonRecord, plot: Plot | None, *, page_stamp: str | None = None) -> Section:
    """Make the page's section about the other result.

    Parameters
    ----------
    record : ComparisonRecord
    plot : Plot or None
    page_stamp : str or None
        What stands in every caption of the page anyway; where only the other result is stamped, or otherwise, the
        captions of this section say so themselves.

    Returns
    -------
    Section
    """
    made = record.bootstrap
    mark = "" if record.stamp in {None, page_stamp} else f"{record.stamp} "
    pixels = "" if record.same_pixels else " The images differ in their pixels, though not in name and true outline."
    said = (
        f"This result: {name_of(record.this)}. The other: {name_of(record.other)}.{pixels}\n\n{verdict(record)}\n\n"
        f"Intervals are {made.level:.0%} percentile bootstrap intervals of the difference: {made.resamples} draws of "
        f"{made.unit}s with replacement, the same in both results (seed {made.seed}). Where 0 is inside, chance is "
        "explanation enough; with so many figures, one or two exclude 0 by chance alone."
    )
    blocks: list[Block] = [Text(said)]
    if plot is not None:
        blocks.append(Picture(plot.path, plot.alt, f"{mark}{plot.caption}", width=560))
    caption = f"{mark}This result minus the other; {BY_NAME['dice_mean'].title} first."
    blocks.append(Table(difference_titles(record), difference_rows(record), caption, numeric=range(1, 6)))
    return Section("Against the other result", blocks)
