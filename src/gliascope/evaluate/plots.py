"""The plots of an evaluation, each a PNG file with its stamp drawn in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from gliascope.evaluate.definitions import BY_NAME, LOW_DICE
from gliascope.evaluate.groups import groups_of, size_of, sizes_in_ml
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.record_parts import FigureRecord
from gliascope.evaluate.run import Evaluation
from gliascope.evaluate.tables import GROUP_TITLES, has_space, interval_text, scored
from gliascope.present.patient_plots import Bar, Dot, dice_by_group, dice_by_patient, dice_by_size, distance_by_patient
from gliascope.present.plot_sheet import Heading
from gliascope.present.reliability_plot import Dots, Line, reliability_figure
from gliascope.present.slice_plots import Mark, confusion_figure, precision_recall_figure, roc_figure

FIGURES_FOLDER: Final = "figures"
"""Where the plots are, inside the folder of an evaluation."""


@dataclass(frozen=True)
class Plot:
    """One plot.

    Attributes
    ----------
    path : Path
    alt : str
        What it shows, for those who cannot see it.
    caption : str
    """

    path: Path
    alt: str
    caption: str

    @property
    def name(self) -> str:
        """The file's name without suffix: ``roc``."""
        return self.path.stem


def draw_plots(evaluation: Evaluation, folder: Path) -> list[Plot]:
    """Draw every plot that the evaluation has data for.

    Parameters
    ----------
    evaluation : Evaluation
    folder : Path
        Made where it is missing.

    Returns
    -------
    list of Plot
        A curve is left out where only one kind of slice was scored, a plot of Dice where no patient has one.
    """
    return [plot for draw in _DRAWN.values() if (plot := draw(evaluation, folder)) is not None]


def _heading(record: EvaluationRecord, title: str) -> Heading:
    return Heading(title, scored(record), record.stamp)


def _figure(record: EvaluationRecord, name: str, title: str) -> str:
    figure = record.figures[name]
    value = f"{title} {BY_NAME[name].show(figure.value)}"
    if figure.low is None:
        return value
    return f"{value} ({record.bootstrap.level:.0%} interval {interval_text(BY_NAME[name], figure)})"


def _point(record: EvaluationRecord) -> str:
    names = list(dict.fromkeys(one.operating_point.name for one in record.models))
    return f"operating point{'s' if len(record.models) > 1 else ''} {', '.join(names)}"


def _roc(evaluation: Evaluation, folder: Path) -> Plot | None:
    record = evaluation.record
    curve = record.curves.roc
    if not curve.fpr:
        return None
    seen, spared = record.figures["sensitivity"], record.figures["specificity"]
    values = BY_NAME["sensitivity"].show(seen.value), BY_NAME["specificity"].show(spared.value)
    said = f"sensitivity {values[0]}, specificity {values[1]}"
    area = _figure(record, "auc", "area")
    path = folder / "roc.png"
    roc_figure(
        np.array(curve.fpr),
        np.array(curve.tpr),
        path,
        label=area,
        mark=Mark(1 - _number(spared), _number(seen), f"{_point(record)}: {said}"),
        heading=_heading(record, "ROC curve of the slices"),
    )
    return Plot(path, f"ROC curve: {area}; {said}.", "How the slices are ranked, at every threshold.")


def _precision_recall(evaluation: Evaluation, folder: Path) -> Plot | None:
    record = evaluation.record
    curve = record.curves.pr
    if not curve.recall:
        return None
    found, right = record.figures["sensitivity"], record.figures["precision"]
    said = f"recall {BY_NAME['sensitivity'].show(found.value)}, precision {BY_NAME['precision'].show(right.value)}"
    area = _figure(record, "pr_auc", "average precision")
    path = folder / "precision_recall.png"
    precision_recall_figure(
        np.array(curve.recall),
        np.array(curve.precision),
        path,
        label=area,
        mark=None if right.value is None else Mark(_number(found), _number(right), f"{_point(record)}: {said}"),
        prevalence=record.data.tumour_slices / record.data.slices,
        heading=_heading(record, "Precision and recall of the slices"),
    )
    return Plot(path, f"Precision-recall curve: {area}; {said}.", "How many of the slices called tumour show one.")


def _reliability(evaluation: Evaluation, folder: Path) -> Plot | None:
    record = evaluation.record
    if record.reliability is None or not record.reliability.after:
        return None
    calibrated = any(one.calibration is not None for one in record.models)
    sides = {"before calibration": record.reliability.before} if calibrated else {}
    sides["calibrated" if calibrated else "not calibrated"] = record.reliability.after
    names = {"before calibration": "ece_raw"}
    lines = [
        Line(
            f"{name}: {_figure(record, names.get(name, 'ece'), 'calibration error')}",
            tuple(Dots(one.probability, one.tumour, one.slices) for one in bins),
        )
        for name, bins in sides.items()
    ]
    path = folder / "reliability.png"
    reliability_figure(lines, path, heading=_heading(record, "Reliability of the slices' probabilities"))
    alt = f"Reliability diagram: share of tumour slices against mean probability. {'; '.join(o.label for o in lines)}."
    caption = "Slices in steps of a tenth; a dot's area grows with how many there are. The dotted line is as promised."
    return Plot(path, alt, caption)


def _confusion(evaluation: Evaluation, folder: Path) -> Plot:
    record = evaluation.record
    counts = record.confusion
    path = folder / "confusion.png"
    confusion_figure(
        (counts.tp, counts.fp, counts.fn, counts.tn), path, heading=_heading(record, "Slices called tumour or not")
    )
    alt = (
        f"Confusion matrix: of {counts.tp + counts.fn} tumour slices {counts.tp} were called tumour and {counts.fn} "
        f"missed; of {counts.fp + counts.tn} tumour-free slices {counts.fp} were called tumour."
    )
    return Plot(path, alt, "Slices by what they show and what they were called.")


def _dice_by_patient(evaluation: Evaluation, folder: Path) -> Plot | None:
    record = evaluation.record
    median = record.figures["dice_median"].value
    if median is None:
        return None
    path = folder / "dice_by_patient.png"
    dice_by_patient(
        [Dot(one.patient, one.institution, one.dice) for one in evaluation.patients],
        path,
        limit=LOW_DICE,
        median=median,
        heading=_heading(record, "Dice of each patient"),
    )
    low = record.figures["dice_low"]
    alt = (
        f"Dice of {low.patients} patients, sorted: {_figure(record, 'dice_median', 'median')}; "
        f"{BY_NAME['dice_low'].show(low.value)} are under {LOW_DICE:.2f}."
    )
    return Plot(path, alt, "Dice over each patient's volume, best on top; colours and shapes are institutions.")


def _hd95_by_patient(evaluation: Evaluation, folder: Path) -> Plot | None:
    record = evaluation.record
    if has_space(record):
        return _hd95_in_space(evaluation, folder)
    figure = record.figures["hd95_mean"]
    if figure.value is None:
        return None
    path = folder / "hd95_by_patient.png"
    distance_by_patient(
        [
            Dot(one.patient, one.institution, one.hd95, parts=tuple(s.hd95 for s in one.slices if s.outlined_twice))
            for one in evaluation.patients
        ],
        path,
        label="HD95 in pixels: mean over the patient's slices with both outlines",
        heading=_heading(record, "95th percentile of the Hausdorff distance"),
    )
    alt = f"HD95 of {figure.patients} patients, sorted: {_figure(record, 'hd95_mean', 'mean')}, in pixels."
    caption = "Only slices with both outlines have a distance; a missed slice has none."
    return Plot(path, alt, caption)


def _hd95_in_space(evaluation: Evaluation, folder: Path) -> Plot | None:
    """Draw HD95 of each volume in millimetres, where every slice has a spacing."""
    record = evaluation.record
    figure = record.figures["hd95_mm_mean"]
    if figure.value is None:
        return None
    path = folder / "hd95_by_patient.png"
    distance_by_patient(
        [Dot(one.patient, one.institution, one.hd95_mm) for one in evaluation.patients],
        path,
        label="HD95 of the volume in three dimensions, in mm",
        heading=_heading(record, "95th percentile of the Hausdorff distance"),
    )
    alt = f"HD95 of {figure.patients} patients, sorted: {_figure(record, 'hd95_mm_mean', 'mean')}, in mm."
    return Plot(path, alt, "Only volumes with both outlines have a distance; a missed tumour has none.")


def _dice_by_size(evaluation: Evaluation, folder: Path) -> Plot | None:
    record = evaluation.record
    in_ml = sizes_in_ml(evaluation.patients)
    dots = [Dot(one.patient, one.institution, one.dice, size_of(one, in_ml=in_ml)) for one in evaluation.patients]
    if not any(one.size for one in dots):
        return None
    sizes = [one for one in groups_of(evaluation.patients) if one.by == "size"]
    largest = [max(size_of(person, in_ml=in_ml) for person in one.patients) for one in sizes]
    unit: Final = "ml" if in_ml else "pixels"
    path = folder / "dice_by_size.png"
    dice_by_size(
        dots,
        path,
        limit=LOW_DICE,
        edges=[edge * 1.01 if in_ml else edge + 0.5 for edge in largest[:-1] if edge],
        unit=unit,
        heading=_heading(record, "Dice against the size of the tumour"),
    )
    digits = ",.1f" if in_ml else ",.0f"
    span = f"from {min(one.size for one in dots):{digits}} to {largest[-1]:{digits}}"
    alt = f"Dice of each patient against the true volume in {unit}, {span}."
    return Plot(path, alt, f"The true volume in {unit}, on a logarithmic axis.")


def _dice_by_group(evaluation: Evaluation, folder: Path) -> Plot | None:
    record = evaluation.record
    if record.figures["dice_mean"].value is None:
        return None
    path = folder / "dice_by_group.png"
    dice_by_group(
        [_bar(GROUP_TITLES[one.by], one.name, one.figures["dice_mean"]) for one in record.groups],
        path,
        overall=_bar("", "all patients", record.figures["dice_mean"]),
        level=record.bootstrap.level,
        heading=_heading(record, "Dice by group"),
    )
    alt = "Mean Dice with intervals by institution, size of the tumour and missing sequence, as in the tables."
    return Plot(
        path, alt, "Mean Dice per patient in each group, with its interval where there are two patients or more."
    )


def _bar(by: str, name: str, figure: FigureRecord) -> Bar:
    definition = BY_NAME["dice_mean"]
    people = f"{figure.patients} patient{'s' if figure.patients != 1 else ''}"
    interval = "" if figure.low is None else f" ({interval_text(definition, figure)})"
    value, low, high = (math.nan if one is None else one for one in (figure.value, figure.low, figure.high))
    return Bar(by, name, value, low, high, note=f"{people}: {definition.show(figure.value)}{interval}")


def _number(figure: FigureRecord) -> float:
    return math.nan if figure.value is None else figure.value


_DRAWN: Final[Mapping[str, Callable[[Evaluation, Path], Plot | None]]] = {
    "roc": _roc,
    "precision_recall": _precision_recall,
    "confusion": _confusion,
    "reliability": _reliability,
    "dice_by_patient": _dice_by_patient,
    "dice_by_size": _dice_by_size,
    "dice_by_group": _dice_by_group,
    "hd95_by_patient": _hd95_by_patient,
}

PLOTS: Final = tuple(_DRAWN)
"""Names of all plots, in the order of the page."""
