"""The headline figures: name, title, meaning and rounding of each, in one place for table, card and documentation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

Counted = Literal["volumes", "slices", "tumour slices", "tumour-free slices"]
"""What a figure is taken over, and counted in. ``volumes`` leaves out patients where both outlines are empty."""

LOW_DICE: Final = 0.70
"""A patient under this Dice counts as a failure, as in Buda et al. 2019."""


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
        "dice_mean", "Dice per patient, mean", "Dice over each patient's volume, averaged over patients", "volumes"
    ),
    Definition("dice_median", "Dice per patient, median", "the middle of the patients' Dice", "volumes"),
    Definition("dice_sd", "Dice per patient, SD", "sample standard deviation (n - 1) of the patients' Dice", "volumes"),
    Definition(
        "dice_low", f"Patients under Dice {LOW_DICE:.2f}", "number of patients whose Dice is lower", "volumes", 0
    ),
    Definition("dice_pooled", "Dice, pooled", "Dice over the pixels of all patients together", "volumes"),
    Definition("auc", "Slice AUC", "area under the ROC curve of the slices' probabilities", "slices"),
    Definition("sensitivity", "Slice sensitivity", "share of the tumour slices called tumour", "tumour slices"),
    Definition(
        "specificity", "Slice specificity", "share of the tumour-free slices not called tumour", "tumour-free slices"
    ),
    Definition("accuracy", "Slice accuracy", "share of all slices called as they are", "slices"),
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
"""In the order in which they are shown."""

BY_NAME: Final = {one.name: one for one in FIGURES}
"""Definition of each figure by its key in ``evaluation.json``."""
