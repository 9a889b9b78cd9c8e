"""The report of an evaluation as one HTML page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from gliascope.evaluate.compare import ComparisonRecord
from gliascope.evaluate.compare_page import comparison_section
from gliascope.evaluate.definitions import BY_NAME, EVERY, LOW_DICE
from gliascope.evaluate.plots import Plot
from gliascope.evaluate.record import FLIPS, EvaluationRecord
from gliascope.evaluate.record_parts import PatientRecord, UncertaintyRecord
from gliascope.evaluate.sources import source_of
from gliascope.evaluate.tables import (
    GROUP_TITLES,
    HEADLINE,
    OUTLINES,
    POINT_TITLES,
    PROBABILITIES,
    SURPLUS,
    figure_rows,
    figure_titles,
    group_rows,
    group_titles,
    interval_note,
    model_name,
    patient_rows,
    patient_titles,
    point_note,
    point_rows,
    scored,
    slice_figures,
)
from gliascope.evaluate.worst import WorstPicture
from gliascope.present.page import Block, Gallery, Picture, Section, Table, Text, write_page

PLOT_WIDTH: Final = 560
"""Width of a square plot on the page, in CSS pixels."""
WIDE: Final = 860
"""Width of a wide one."""


def write_report(
    record: EvaluationRecord,
    path: Path,
    *,
    plots: Sequence[Plot] = (),
    worst: Sequence[WorstPicture] | None = None,
    against: ComparisonRecord | None = None,
    against_plot: Plot | None = None,
) -> Path:
    """Write the page: figures, curves, groups, patients, and the worst of them pictured.

    Parameters
    ----------
    record : EvaluationRecord
    path : Path
        Written beside and moved into place.
    plots : sequence of Plot
    worst : sequence of WorstPicture or None
        None where the images were not at hand; the page says so.
    against : ComparisonRecord or None
        The same patients' other result.
    against_plot : Plot or None

    Returns
    -------
    Path
    """
    drawn = {one.name: one for one in plots}
    sections = [
        Section("In short", _short(record)),
        Section("What was scored", _scored(record)),
        Section("Outlines", _outlines(record, drawn)),
        Section("Slices", _slices(record, drawn)),
        Section("Probabilities", _probabilities(record, drawn)),
        *([Section("Operating points", _points(record))] if record.operating_results else []),
        *([Section("How sure outlines are", _sure(record.uncertainty))] if record.uncertainty else []),
        Section("Groups", _groups(record, drawn)),
        *([comparison_section(against, against_plot, page_stamp=record.stamp)] if against else []),
        Section("Worst patients", _worst(record, worst)),
        Section("All patients", [Table(patient_titles(record), patient_rows(record), _PATIENTS, numeric=range(2, 11))]),
        Section("What the figures mean", _meanings(record)),
    ]
    title = f"Evaluation of {model_name(record)}"
    versions = ", ".join(f"{name} {value}" for name, value in record.provenance.items() if isinstance(value, str))
    flips = ", with flips at test time" if record.provenance.get(FLIPS) else ""
    return write_page(
        path, title, sections, subtitle=scored(record), stamp=record.stamp, footer=[f"Made with {versions}{flips}."]
    )


_PATIENTS: Final = (
    "Every patient, the lowest Dice first. Sizes are summed over all slices; false alarms are tumour-free slices "
    "called tumour."
)


def _picture(plot: Plot | None, width: int) -> list[Block]:
    return [] if plot is None else [Picture(plot.path, plot.alt, plot.caption, width=width)]


def _table(record: EvaluationRecord, names: Iterable[str], caption: str) -> Table:
    return Table(figure_titles(record), figure_rows(record.figures, names), caption, numeric=range(1, 5))


def _short(record: EvaluationRecord) -> list[Block]:
    show = {name: BY_NAME[name].show(one.value) for name, one in record.figures.items()}
    low = record.figures["dice_low"]
    said = (
        f"Mean Dice per patient {show['dice_mean']}, median {show['dice_median']}, over {low.patients} patients; "
        f"{show['dice_low']} of them under {LOW_DICE:.2f}. Slices: AUC {show['auc']}, sensitivity "
        f"{show['sensitivity']}, specificity {show['specificity']}.\n\n{interval_note(record)}"
    )
    return [Text(said), _table(record, HEADLINE, "The figures that say most.")]


def _scored(record: EvaluationRecord) -> list[Block]:
    data = record.data
    rows = [
        ["Data", data.name],
        ["Side", f"{record.split.side}, of a split by {record.split.strategy}"],
        ["Split, SHA-256", record.split.sha256],
        ["Patients", f"{data.patients}"],
        ["Slices", f"{data.slices}, of which {data.tumour_slices} show a tumour"],
        ["Slices that could not be assessed", f"{data.not_assessable}, counted as not called tumour"],
        ["Patients without any outline", f"{data.undefined_volumes}, left out of the means of Dice"],
        ["Slices that the model was trained or chosen on", f"{data.seen_slices}"],
        ["Images, SHA-256 over pixel hashes", data.pixels_sha256],
    ]
    models = [
        [
            "-" if one.fold is None else f"{one.fold}",
            one.bundle.name,
            one.bundle.created,
            one.operating_point.name,
            f"{one.operating_point.detection:.4g}",
            f"{one.operating_point.mask:.4g}",
            one.operating_point.components,
            one.operating_point.holes,
        ]
        for one in record.models
    ]
    columns = [
        "fold",
        "bundle",
        "made",
        "operating point",
        "slice is tumour from",
        "pixel is inside from",
        "components",
        "holes",
    ]
    source = source_of(data.name)
    return [
        Text(
            "Scored is exactly what gliascope analyse writes, the classifier's gate included."
            + (f"\n\n{source}" if source else "")
        ),
        Table(["what", "value"], rows, "Data and split."),
        Table(columns, models, "Models and thresholds.", numeric=(4, 5)),
    ]


def _outlines(record: EvaluationRecord, drawn: Mapping[str, Plot]) -> list[Block]:
    return [
        _table(record, OUTLINES, "Predicted outlines against the true ones, which people drew."),
        _table(record, SURPLUS, "What was outlined and is no tumour."),
        *_picture(drawn.get("dice_by_patient"), WIDE),
        *_picture(drawn.get("dice_by_size"), WIDE),
        *_picture(drawn.get("hd95_by_patient"), WIDE),
    ]


def _slices(record: EvaluationRecord, drawn: Mapping[str, Plot]) -> list[Block]:
    counts = record.confusion
    rows = [
        ["tumour", f"{counts.tp}", f"{counts.fn}", f"{counts.tp + counts.fn}"],
        ["no tumour", f"{counts.fp}", f"{counts.tn}", f"{counts.fp + counts.tn}"],
    ]
    columns = ["truth", "called tumour", "not called tumour", "slices"]
    curves = [Picture(one.path, one.alt, one.caption) for name in _CURVES if (one := drawn.get(name))]
    missing = "" if "roc" in drawn else "Only one kind of slice was scored: there is no curve."
    return [
        _table(record, slice_figures(), "Slices called tumour or not."),
        Table(columns, rows, "Slices by what they show and what they were called.", numeric=(1, 2, 3)),
        *([Text(missing)] if missing and drawn else []),
        Gallery(curves),
    ]


def _probabilities(record: EvaluationRecord, drawn: Mapping[str, Plot]) -> list[Block]:
    made = [one.calibration for one in record.models if one.calibration is not None]
    kinds = " and ".join(dict.fromkeys(one.fitted_on for one in made))
    beside = " In a volume, the neighbours of a slice speak along." if any(one.volume for one in made) else ""
    said = (
        f"Probabilities are calibrated: a straight line on the logit, fitted on {kinds} predictions.{beside}"
        if made
        else "The probabilities are the network's own: the model holds no calibration, so that both rows of each "
        "figure agree."
    )
    plots = [
        Gallery([Picture(one.path, one.alt, one.caption)]) for name in ("reliability",) if (one := drawn.get(name))
    ]
    return [Text(said), _table(record, PROBABILITIES, "How far probabilities can be taken at their word."), *plots]


def _sure(found: UncertaintyRecord) -> list[Block]:
    said = (
        "Each volume gets an interval and a flag from a rule fitted on others: the other folds' patients, or all but "
        "itself. Both follow from how far the outlines at a low and at a high pixel threshold lie apart."
    )
    rows = [
        ["Volumes with both outlines", f"{found.volumes}"],
        [f"True volumes inside their {found.level:.0%} interval", f"{found.covered:.1%}"],
        ["Upper over lower end of the interval, median", f"{found.width:.2f}"],
        ["Volumes flagged for review", f"{found.reviewed} ({found.reviewed / found.volumes:.0%})"],
        ["Of the tenth with the lowest Dice, flagged", f"{found.caught} of {found.worst}"],
    ]
    return [
        Text(said),
        Table(["what", "value"], rows, "Intervals of the volume, and the flag for review.", numeric=[1]),
    ]


def _points(record: EvaluationRecord) -> list[Block]:
    caption = "Every operating point of the model; all other figures are of the one in use."
    return [Text(point_note(record)), Table(POINT_TITLES, point_rows(record), caption, numeric=range(1, 6))]


_CURVES: Final = ("roc", "precision_recall", "confusion")


def _groups(record: EvaluationRecord, drawn: Mapping[str, Plot]) -> list[Block]:
    tables = [
        Table(group_titles(record.groups, by), group_rows(record.groups, by), f"{title}.")
        for by, title in GROUP_TITLES.items()
        if any(one.by == by for one in record.groups)
    ]
    said = (
        "A figure with its interval in brackets. Groups are small and were not chosen to be compared: differences "
        "between them may be chance. The file evaluation.json holds every figure of every group."
    )
    return [Text(said), *_picture(drawn.get("dice_by_group"), WIDE), *tables]


def _worst(record: EvaluationRecord, pictures: Sequence[WorstPicture] | None) -> list[Block]:
    if pictures is None:
        listed = ", ".join(record.worst) or "none"
        return [
            Text(
                "No pictures: these tables were made from evidence, which holds counts and no images. Score the images "
                f"again to see them.\n\nThe patients with the lowest Dice are, from the lowest: {listed}."
            )
        ]
    if not pictures:
        return [Text("No patient has a Dice.")]
    people = {one.patient: one for one in record.patients}
    said = (
        "The patients with the lowest Dice, from the lowest. Up to six slices each: the three with the largest true "
        "outline, and the three others on which the two outlines differ most. FLAIR, cut to the head, as it lies in "
        "the file; grey levels are chosen so that the lesion keeps its texture."
    )
    shown = [Picture(one.path, _alt(people[one.patient]), _caption(people[one.patient])) for one in pictures]
    return [Text(said), *shown]


def _alt(one: PatientRecord) -> str:
    return (
        f"{one.patient}: FLAIR slices with the true outline, {one.true_px:,} pixels in all, and the predicted one, "
        f"{one.predicted_px:,} pixels; {one.both_px:,} are in both."
    )


def _caption(one: PatientRecord) -> str:
    missing = f"; missing: {', '.join(one.missing)}" if one.missing else ""
    far = "" if one.hd95 is None else f", HD95 {BY_NAME['hd95_mean'].show(one.hd95)} px"
    if one.hd95_mm is not None:
        far = f", HD95 {BY_NAME['hd95_mm_mean'].show(one.hd95_mm)} mm in three dimensions"
    dice = BY_NAME["dice_mean"].show(one.dice)
    return f"{one.patient}, institution {one.institution}: Dice {dice}{far}{missing}."


def _meanings(record: EvaluationRecord) -> list[Block]:
    rows = [[one.title, one.meaning, one.counted] for one in EVERY if one.name in record.figures]
    return [Table(["figure", "meaning", "taken over"], rows, "Each figure in words.")]
