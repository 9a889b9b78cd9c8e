"""The rows of every table that people read: console, page and model card round and order alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from gliascope.evaluate.definitions import BY_NAME, EVERY, Definition
from gliascope.evaluate.record import LONE, EvaluationRecord
from gliascope.evaluate.record_parts import FigureRecord, GroupRecord, PatientRecord, ShareRecord

HEADLINE: Final = (
    "dice_mean",
    "dice_median",
    "iou_mean",
    "dice_pooled",
    "hd95_mean",
    "hd95_mm_mean",
    "auc",
    "sensitivity",
    "specificity",
)
"""Figures that stand first."""

OUTLINES: Final = (
    "dice_mean",
    "dice_median",
    "dice_sd",
    "dice_low",
    "iou_mean",
    "dice_pooled",
    "iou_pooled",
    "dice_slice",
    "hd95_mean",
    "asd_mean",
    "hd95_mm_mean",
    "hd95_mm_median",
    "asd_mm_mean",
    "volume_error_ml_mean",
    "volume_bias_ml_mean",
    "hd95_slices",
    "missed_slices",
    "empty_slices",
)
"""Figures of the outlines."""

SURPLUS: Final = (
    "false_positive_share_median",
    "false_positive_px",
    "false_positive_px_mean",
    "false_positive_slices",
)
"""Figures of what was outlined and is no tumour."""

PROBABILITIES: Final = ("brier", "brier_raw", "ece", "ece_raw", "ece_mass", "ece_mass_raw")
"""Figures of how far the slices' probabilities can be taken at their word."""

GROUP_FIGURES: Final = (
    "dice_mean",
    "dice_median",
    "dice_low",
    "iou_mean",
    "dice_pooled",
    "dice_slice",
    "hd95_mean",
    "asd_mean",
    "hd95_mm_mean",
    "asd_mm_mean",
    "volume_error_ml_mean",
    "auc",
    "pr_auc",
    "sensitivity",
    "specificity",
    "precision",
    "f1",
    "false_positive_share_median",
)
"""Figures of each group that are shown; ``evaluation.json`` holds all."""

GROUP_TITLES: Final[Mapping[str, str]] = {
    "institution": "By institution",
    "size": "By size of the tumour",
    "missing": "By missing sequence",
}
"""What the patients of a table were grouped by."""


def console_order() -> list[Definition]:
    """Every figure, the headline first."""
    return [*(BY_NAME[name] for name in HEADLINE), *(one for one in EVERY if one.name not in HEADLINE)]


def slice_figures() -> list[str]:
    """Names of the figures of how slices are called: all that are about nothing else."""
    return [one.name for one in EVERY if one.name not in (*OUTLINES, *SURPLUS, *PROBABILITIES)]


POINT_TITLES: Final = (
    "operating point",
    "slice is tumour from",
    "slice sensitivity",
    "slice specificity",
    "patients called tumour",
    "tumour-free rows not called",
)
"""Titles of the columns of `point_rows`."""

ALL_HAVE_TUMOURS: Final = (
    "Every patient scored here has a tumour, so that there is no specificity of patients. In its place stand rows of "
    "neighbouring tumour-free slices, below or above a tumour, each judged as if it were a volume: what people "
    "without a tumour get was not measured."
)
"""What must be said with the verdicts of volumes."""


def point_rows(record: EvaluationRecord) -> list[list[str]]:
    """One row for every operating point, the one in use first and marked."""
    used = record.models[0].operating_point.name
    return [
        [
            f"{one.name} (in use)" if one.name == used else one.name,
            _threshold(record, one.name),
            *(_with_interval(some) for some in (one.sensitivity, one.specificity)),
            *(_with_interval(some, counted=True) for some in (one.case_sensitivity, one.row_specificity)),
        ]
        for one in record.operating_results
    ]


def point_note(record: EvaluationRecord) -> str:
    """Say what the verdicts of volumes hang on, and what cannot be known here."""
    runs = sorted({one.operating_point.run for one in record.models})
    rule = f"A volume is called tumour where {' or '.join(map(str, runs))} neighbouring slices are each called tumour."
    if runs == [1]:
        rule = "A volume is called tumour where one of its slices is."
    everybody = all(one.tumour_slices for one in record.patients)
    return f"{rule} {ALL_HAVE_TUMOURS}" if everybody else rule


def _threshold(record: EvaluationRecord, name: str) -> str:
    """The threshold of a point, or the span of the folds' thresholds."""
    found = sorted(
        {
            point.detection
            for one in record.models
            for point in (one.operating_point, *one.operating_points)
            if point.name == name
        }
    )
    return " to ".join(f"{one:.3f}" for one in dict.fromkeys([found[0], found[-1]]))


def _with_interval(share: ShareRecord, *, counted: bool = False) -> str:
    show = BY_NAME["sensitivity"].show
    number = f", of {share.of}" if counted else ""
    if share.low is None:
        return show(share.value) + number
    return f"{show(share.value)} ({show(share.low)} to {show(share.high)}){number}"


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


def figure_titles(record: EvaluationRecord) -> list[str]:
    """Titles of the columns of `figure_rows`."""
    return ["figure", "value", f"{record.bootstrap.level:.0%} interval", "patients", "slices"]


def figure_rows(figures: Mapping[str, FigureRecord], names: Iterable[str]) -> list[list[str]]:
    """Title, value, interval, patients and slices of the figures named, as far as they are there."""
    return [
        [
            BY_NAME[name].title,
            BY_NAME[name].show(figures[name].value),
            interval_text(BY_NAME[name], figures[name]),
            f"{figures[name].patients}",
            f"{figures[name].slices}",
        ]
        for name in names
        if name in figures
    ]


def group_titles(groups: Sequence[GroupRecord], by: str) -> list[str]:
    """Titles of the columns of `group_rows`: the groups of one kind."""
    return ["figure", *(one.name for one in groups if one.by == by)]


def group_rows(groups: Sequence[GroupRecord], by: str) -> list[list[str]]:
    """Patients, slices and some figures with intervals, one row each; a column for every group of one kind."""
    mine = [one.figures for one in groups if one.by == by]
    return [
        ["Patients", *(f"{figures['auc'].patients}" for figures in mine)],
        ["Slices", *(f"{figures['auc'].slices}" for figures in mine)],
        *(
            [BY_NAME[name].title, *(_cell(figures[name], name) for figures in mine)]
            for name in GROUP_FIGURES
            if all(name in figures for figures in mine)
        ),
    ]


def _cell(figure: FigureRecord, name: str) -> str:
    value = BY_NAME[name].show(figure.value)
    interval = interval_text(BY_NAME[name], figure).replace(" ", "\N{NO-BREAK SPACE}")
    return value if figure.low is None else f"{value} ({interval})"


def patient_titles(record: EvaluationRecord) -> list[str]:
    """Titles of the columns of `patient_rows`; the fold's only where there are folds."""
    units = ("mm", "ml") if has_space(record) else ("px", "px")
    titles = ["patient", "institution", "Dice", "IoU", f"HD95, {units[0]}", f"ASD, {units[0]}"]
    titles += [f"true {units[1]}", f"predicted {units[1]}"]
    titles += ["tumour slices", "of them called", "false alarms", "missing sequences"]
    return [*titles, "fold"] if _has_folds(record) else titles


def patient_rows(record: EvaluationRecord) -> list[list[str]]:
    """Write one row a patient, the lowest Dice first; those without one at the end.

    In millimetres and millilitres where every patient has geometry, in pixels elsewhere.
    """
    dice, iou = (BY_NAME[name] for name in ("dice_mean", "iou_mean"))
    sizes = _in_space if has_space(record) else _in_pixels
    ordered = sorted(record.patients, key=lambda one: (one.dice is None, one.dice or 0.0, one.patient))
    return [
        [
            one.patient,
            one.institution,
            dice.show(one.dice),
            iou.show(one.iou),
            *sizes(one),
            f"{one.tumour_slices}",
            f"{one.found_slices}",
            f"{one.called_slices - one.found_slices}",
            ", ".join(one.missing) or "none",
            *([f"{one.fold}"] if _has_folds(record) else []),
        ]
        for one in ordered
    ]


def has_space(record: EvaluationRecord) -> bool:
    """Whether the record has figures in millimetres and millilitres."""
    return "hd95_mm_mean" in record.figures


def _in_pixels(one: PatientRecord) -> list[str]:
    far, near = BY_NAME["hd95_mean"].show(one.hd95), BY_NAME["asd_mean"].show(one.asd)
    return [far, near, f"{one.true_px:,}", f"{one.predicted_px:,}"]


def _in_space(one: PatientRecord) -> list[str]:
    far, near = BY_NAME["hd95_mm_mean"].show(one.hd95_mm), BY_NAME["asd_mm_mean"].show(one.asd_mm)
    volume = BY_NAME["volume_error_ml_mean"]
    return [far, near, volume.show(one.true_ml), volume.show(one.predicted_ml)]


def _has_folds(record: EvaluationRecord) -> bool:
    return any(one.fold is not None for one in record.patients)


def scored(record: EvaluationRecord) -> str:
    """Say in one line what was scored, and by what."""
    data = record.data
    return (
        f"{model_name(record)} on {data.name}, {record.split.side} side: {data.patients} patients, "
        f"{data.slices} slices, {data.tumour_slices} with tumour"
        + (", every slice as a lone image" if record.provenance.get(LONE) else "")
    )


def model_name(record: EvaluationRecord) -> str:
    """The bundle's name, or how many models scored the folds of a cross-validation."""
    names = list(dict.fromkeys(one.bundle.name for one in record.models))
    if len(record.models) == 1:
        return names[0]
    return f"{len(record.models)} models of a cross-validation ({', '.join(names)})"
