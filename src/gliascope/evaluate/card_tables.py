"""Tables and lists of the model card."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gliascope.evaluate.definitions import FIGURES, Definition
from gliascope.evaluate.record import EvaluationRecord, FigureRecord, PatientRecord


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table; the first column is text, the rest is aligned to the right."""
    lines = [titles, ["---", *["---:"] * (len(titles) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def metric_list() -> str:
    """List what the figures mean."""
    return "\n".join(f"- **{one.title}:** {one.meaning}." for one in FIGURES)


def interval_text(definition: Definition, figure: FigureRecord) -> str:
    """Write an interval for people; a dash where there is none."""
    if figure.low is None or figure.high is None:
        return definition.show(None)
    return f"{definition.show(figure.low)} to {definition.show(figure.high)}"


def interval_note(record: EvaluationRecord) -> str:
    """Say how the intervals were made."""
    made = record.bootstrap
    return (
        f"Intervals are {made.level:.0%} percentile bootstrap intervals: {made.resamples} draws of {made.unit}s with "
        f"replacement (seed {made.seed})."
    )


def figure_rows(record: EvaluationRecord) -> list[list[str]]:
    """Title, value, interval, patients and slices of every headline figure that the record holds."""
    return [
        [
            one.title,
            one.show(record.figures[one.name].value),
            interval_text(one, record.figures[one.name]),
            str(record.figures[one.name].patients),
            str(record.figures[one.name].slices),
        ]
        for one in FIGURES
        if one.name in record.figures
    ]


def analyses(record: EvaluationRecord) -> str:
    """Write the tables of figures, what they were measured with, and the figures by institution."""
    graphs = ", ".join(f"{role} `{digest}`" for role, digest in record.bundle.graphs.items())
    point = record.operating_point
    titles = [
        f"figure ({record.sample} images)",
        "value",
        f"{record.bootstrap.level:.0%} interval",
        "patients",
        "slices",
    ]
    return "\n".join(
        [
            f"- **Scored:** what `gliascope analyse` writes, gate included, at the operating point `{point.name}`.",
            f"- **Thresholds:** slice {point.detection:.4g}, pixel {point.mask:.4g}, components: {point.components}.",
            f"- **Graphs (SHA-256):** {graphs}.",
            "",
            table(titles, figure_rows(record)),
            "",
            "By institution:",
            "",
            table(["institution", "patients", "Dice per patient, mean", "lowest", "highest"], _institutions(record)),
        ]
    )


def _institutions(record: EvaluationRecord) -> list[list[str]]:
    groups: dict[str, list[PatientRecord]] = {}
    for one in record.patients:
        groups.setdefault(one.institution, []).append(one)
    mean = FIGURES[0]
    rows = []
    for name, members in sorted(groups.items()):
        dice = [one.dice for one in members if one.dice is not None]
        values = (math.fsum(dice) / len(dice), min(dice), max(dice)) if dice else (None, None, None)
        rows.append([name, str(len(members)), *map(mean.show, values)])
    return rows
