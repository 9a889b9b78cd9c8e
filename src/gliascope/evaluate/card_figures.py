"""The measured part of a model card: every figure in digits, and as it is shown."""

from __future__ import annotations

from typing import Any, Final

from gliascope.evaluate.definitions import BY_NAME, EVERY, FIGURES
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.record_parts import FigureRecord, GroupRecord
from gliascope.evaluate.tables import (
    GROUP_TITLES,
    POINT_TITLES,
    figure_rows,
    figure_titles,
    interval_text,
    point_note,
    point_rows,
)

GROUP_FIGURES: Final = ("dice_mean", "hd95_mean", "sensitivity", "specificity")
"""Figures of each group that a card shows."""

LONE_FIGURES: Final = (
    "dice_mean",
    "dice_median",
    "dice_pooled",
    "hd95_mean",
    "auc",
    "sensitivity",
    "specificity",
    "false_positive_share_median",
)
"""Figures that a card shows of lone images beside those of whole patients."""

LONE_CAPTION: Final = (
    "Two qualities of input. Whole patients: slices that are normalised together, with a verdict and an outline that "
    "hold for the volume. Lone images: the same slices, each analysed as if there were no other."
)


def metrics(record: EvaluationRecord | None) -> list[dict[str, str]]:
    """Name, title and meaning of every figure, or of those that a record holds."""
    return [
        {"name": one.name, "title": one.title, "meaning": one.meaning}
        for one in (FIGURES if record is None else EVERY)
        if record is None or one.name in record.figures
    ]


def analyses(record: EvaluationRecord, lone: EvaluationRecord | None = None) -> dict[str, Any]:
    """Say what was measured, how, and with what result, over all patients, by group, and on lone images."""
    titles = figure_titles(record)
    kinds = [one for one in GROUP_TITLES if any(group.by == one for group in record.groups)]
    return {
        "performance_metrics": [
            *(_metric(record, name, one, None) for name, one in record.figures.items()),
            *(
                _metric(record, name, group.figures[name], group)
                for group in record.groups
                for name in GROUP_FIGURES
                if name in group.figures
            ),
        ],
        "lines": _made_with(record),
        "tables": [
            {
                "caption": "All patients:",
                "titles": [f"{titles[0]} ({record.sample} images)", *titles[1:]],
                "rows": figure_rows(record.figures, [one.name for one in EVERY]),
            },
            *([] if lone is None else [_lone_table(record, lone)]),
            *_point_tables(record),
            *(_group_table(record, by) for by in kinds),
        ],
    }


def _lone_table(record: EvaluationRecord, lone: EvaluationRecord) -> dict[str, Any]:
    rows = []
    for name in LONE_FIGURES:
        pairs = [(one.figures[name], BY_NAME[name]) for one in (record, lone) if name in one.figures]
        if len(pairs) == 2:
            cells = [text for one, how in pairs for text in (how.show(one.value), interval_text(how, one))]
            rows.append([BY_NAME[name].title, *cells])
    level = f"{record.bootstrap.level:.0%} interval"
    return {
        "caption": LONE_CAPTION,
        "titles": ["figure", "whole patients", level, "lone images", level],
        "rows": rows,
    }


def _made_with(record: EvaluationRecord) -> list[str]:
    lines = ["**Scored:** what `gliascope analyse` writes, gate included."]
    for one in record.models:
        fold = "" if one.fold is None else f"fold {one.fold}, "
        point = one.operating_point
        thresholds = f"slice {point.detection:.4g}, pixel {point.mask:.4g}, components: {point.components}"
        thresholds += ", holes filled" if point.holes == "filled" else ""
        graphs = ", ".join(f"{role} `{digest}`" for role, digest in one.bundle.graphs.items())
        lines.append(f"**Thresholds:** {fold}operating point `{point.name}`: {thresholds}.")
        lines.append(f"**Graphs (SHA-256):** {fold}{graphs}.")
    sure = record.uncertainty
    if sure is not None:
        lines.append(
            f"**Intervals of the volume:** {sure.covered:.1%} of {sure.volumes} true volumes lie inside their "
            f"{sure.level:.0%} interval; {sure.reviewed} are flagged for review, among them {sure.caught} of the "
            f"{sure.worst} with the lowest Dice. Each was judged by a rule fitted on others."
        )
    return lines


def _metric(record: EvaluationRecord, name: str, figure: FigureRecord, group: GroupRecord | None) -> dict[str, Any]:
    values: dict[str, Any] = {"type": name, "title": BY_NAME[name].title, "shown": BY_NAME[name].show(figure.value)}
    if figure.value is not None:
        values["value"] = figure.value
    if figure.low is not None and figure.high is not None:
        values["confidence_interval"] = {
            "lower_bound": figure.low,
            "upper_bound": figure.high,
            "level": record.bootstrap.level,
        }
    if group is not None:
        values["slice"] = f"{GROUP_TITLES[group.by].lower()}: {group.name}"
    return values | {"patients": figure.patients, "slices": figure.slices}


def _point_tables(record: EvaluationRecord) -> list[dict[str, Any]]:
    if not record.operating_results:
        return []
    caption = f"Operating points. {point_note(record)}"
    return [{"caption": caption, "titles": list(POINT_TITLES), "rows": point_rows(record)}]


def _group_table(record: EvaluationRecord, by: str) -> dict[str, Any]:
    mean = BY_NAME["dice_mean"]
    titles = [GROUP_TITLES[by].removeprefix("By "), "patients", mean.title, f"{record.bootstrap.level:.0%} interval"]
    rest = [name for name in GROUP_FIGURES if name != "dice_mean"]
    rows = [
        [
            one.name,
            f"{one.figures['auc'].patients}",
            mean.show(one.figures["dice_mean"].value),
            interval_text(mean, one.figures["dice_mean"]),
            *(BY_NAME[name].show(one.figures[name].value) for name in rest),
        ]
        for one in record.groups
        if one.by == by
    ]
    return {
        "caption": f"{GROUP_TITLES[by]}:",
        "titles": [*titles, *(BY_NAME[name].title for name in rest)],
        "rows": rows,
    }
