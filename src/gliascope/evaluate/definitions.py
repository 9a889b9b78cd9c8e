"""The headline figures: name, title, meaning and rounding of each, in one place for table, card and documentation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

Counted = Literal[
    "volumes",
    "tumour volumes",
    "slices",
    "tumour slices",
    "tumour-free slices",
    "slices called tumour",
    "slices with both outlines",
    "slices with a probability",
    "volumes with both outlines",
]
"""What a figure is taken over, and counted in. ``volumes`` leaves out patients where both outlines are empty, ``tumour
volumes`` patients without a true outline."""

LOW_DICE: Final = 0.70
"""A patient under this Dice counts as a failure, as in Buda et al. 2019."""

HIGH_SPECIFICITY: Final = Fraction(96, 100)
"""The specificity at which a sensitivity is read off the ROC curve; exact, so that counts decide and not rounding."""


BINS: Final = 15
"""Bins of the calibration errors."""


@dataclass(frozen=True)
class Definition:
    """What a figure is called, what it means and how it is shown.

    Attributes
    ----------
    name : str
        Key in ``evaluation.json``.
    title : str
    meaning : str
    counted : str
        What it is taken over.
    decimals : int
        Digits after the point wherever people read it; ``evaluation.json`` holds all digits.
    """

    name: str
    title: str
    meaning: str
    counted: Counted
    decimals: int = 3

    def show(self, value: float | None) -> str:
        """Round for people; a dash where there is no value."""
        return "-" if value is None or math.isnan(value) else f"{value:.{self.decimals}f}"


FIGURES: Final = (
    Definition(
        "dice_mean",
        "Dice per patient, mean",
        "Dice over each patient's volume, averaged over patients",
        "volumes",
    ),
    Definition(
        "dice_median",
        "Dice per patient, median",
        "the middle of the patients' Dice",
        "volumes",
    ),
    Definition(
        "dice_sd",
        "Dice per patient, SD",
        "sample standard deviation (n - 1) of the patients' Dice",
        "volumes",
    ),
    Definition(
        "dice_low",
        f"Patients under Dice {LOW_DICE:.2f}",
        "number of patients whose Dice is lower",
        "volumes",
        0,
    ),
    Definition(
        "dice_pooled",
        "Dice, pooled",
        "Dice over the pixels of all patients together",
        "volumes",
    ),
    Definition(
        "dice_slice",
        "Dice per tumour slice, mean",
        "Dice on each tumour slice, averaged over these slices; a slice without an outline found counts 0",
        "tumour slices",
    ),
    Definition(
        "iou_mean",
        "IoU per patient, mean",
        "intersection over union over each patient's volume, averaged over patients",
        "volumes",
    ),
    Definition(
        "iou_pooled",
        "IoU, pooled",
        "intersection over union over the pixels of all patients together",
        "volumes",
    ),
    Definition(
        "hd95_mean",
        "HD95 per patient, mean (pixels)",
        "95th percentile of the Hausdorff distance on each slice with both outlines, averaged over a "
        "patient's slices, then over patients",
        "slices with both outlines",
        2,
    ),
    Definition(
        "asd_mean",
        "Surface distance per patient, mean (pixels)",
        "average symmetric surface distance, averaged in the same way",
        "slices with both outlines",
        2,
    ),
    Definition(
        "hd95_slices",
        "Slices with both outlines",
        "slices on which distances are defined",
        "slices with both outlines",
        0,
    ),
    Definition(
        "missed_slices",
        "Tumour slices not outlined",
        "tumour slices without any pixel outlined: no distance is defined, and Dice is 0",
        "tumour slices",
        0,
    ),
    Definition(
        "empty_slices",
        "Slices with neither outline",
        "tumour-free slices without any pixel outlined: no Dice, IoU or distance is defined, and no mean has them",
        "tumour-free slices",
        0,
    ),
    Definition(
        "auc",
        "Slice AUC",
        "area under the ROC curve of the slices' probabilities",
        "slices",
    ),
    Definition(
        "pr_auc",
        "Slice average precision",
        "average precision of the slices' probabilities: the area under the precision-recall curve, in steps",
        "slices",
    ),
    Definition(
        "sensitivity",
        "Slice sensitivity",
        "share of the tumour slices called tumour",
        "tumour slices",
    ),
    Definition(
        "specificity",
        "Slice specificity",
        "share of the tumour-free slices not called tumour",
        "tumour-free slices",
    ),
    Definition(
        "sensitivity_at_96",
        f"Slice sensitivity at specificity {float(HIGH_SPECIFICITY):.2f}",
        "sensitivity at the lowest threshold whose specificity is that high, read off the ROC curve of these "
        "very slices",
        "slices",
    ),
    Definition(
        "precision",
        "Slice precision",
        "share of tumour slices among the slices called tumour",
        "slices called tumour",
    ),
    Definition(
        "f1",
        "Slice F1",
        "harmonic mean of slice sensitivity and slice precision",
        "slices",
    ),
    Definition(
        "accuracy",
        "Slice accuracy",
        "share of all slices called as they are",
        "slices",
    ),
    Definition(
        "brier",
        "Brier score",
        "mean squared distance of the slices' probabilities from the truth, 1 or 0 (Brier 1950)",
        "slices with a probability",
        4,
    ),
    Definition(
        "brier_raw",
        "Brier score before calibration",
        "the same of the networks' own probabilities",
        "slices with a probability",
        4,
    ),
    Definition(
        "ece",
        "Expected calibration error",
        f"mean distance of a bin's mean probability from its share of tumour slices, over {BINS} equally wide bins "
        "weighted by their slices (Guo et al. 2017); resampling adds to it, so that its interval leans upwards",
        "slices with a probability",
        4,
    ),
    Definition(
        "ece_raw",
        "Expected calibration error before calibration",
        "the same of the networks' own probabilities",
        "slices with a probability",
        4,
    ),
    Definition(
        "ece_mass",
        "Adaptive calibration error",
        f"as the expected calibration error, over {BINS} bins of equally many slices (Nixon et al. 2019); the bins' "
        "limits are the same in every draw",
        "slices with a probability",
        4,
    ),
    Definition(
        "ece_mass_raw",
        "Adaptive calibration error before calibration",
        "the same of the networks' own probabilities",
        "slices with a probability",
        4,
    ),
    Definition(
        "false_positive_share_median",
        "False-positive over true pixels, median",
        "pixels outlined outside the true outline, over the patient's true pixels; the middle of the patients",
        "tumour volumes",
    ),
    Definition(
        "false_positive_px",
        "False-positive pixels",
        "pixels outlined on tumour-free slices, in all",
        "tumour-free slices",
        0,
    ),
    Definition(
        "false_positive_px_mean",
        "False-positive pixels per slice",
        "pixels outlined on tumour-free slices, averaged over these slices",
        "tumour-free slices",
        1,
    ),
    Definition(
        "false_positive_slices",
        "Tumour-free slices outlined",
        "tumour-free slices with any pixel outlined",
        "tumour-free slices",
        0,
    ),
)
"""What every evaluation has, in the order in which it is shown."""

IN_SPACE: Final = (
    Definition(
        "hd95_mm_mean",
        "HD95 of the volume, mean (mm)",
        "95th percentile of the Hausdorff distance between the surfaces of both outlines in three dimensions, averaged "
        "over patients",
        "volumes with both outlines",
        2,
    ),
    Definition(
        "hd95_mm_median",
        "HD95 of the volume, median (mm)",
        "the middle of the patients' HD95 in three dimensions",
        "volumes with both outlines",
        2,
    ),
    Definition(
        "asd_mm_mean",
        "Surface distance of the volume, mean (mm)",
        "average symmetric surface distance in three dimensions, averaged over patients",
        "volumes with both outlines",
        2,
    ),
    Definition(
        "volume_error_ml_mean",
        "Error of the volume, mean (ml)",
        "difference of the volume outlined from the true one, whichever is larger, averaged over patients",
        "volumes",
        2,
    ),
    Definition(
        "volume_bias_ml_mean",
        "Bias of the volume, mean (ml)",
        "volume outlined minus the true one, averaged over patients: below 0 where too little is outlined",
        "volumes",
        2,
    ),
)
"""What an evaluation has as well where every slice scored has a spacing."""

_PLACE: Final = [one.name for one in FIGURES].index("hd95_slices")

EVERY: Final = (*FIGURES[:_PLACE], *IN_SPACE, *FIGURES[_PLACE:])
"""All of them, in the order in which they are shown: distances in millimetres follow those in pixels."""

BY_NAME: Final = {one.name: one for one in EVERY}
"""Definition of each figure by its key in ``evaluation.json``."""
