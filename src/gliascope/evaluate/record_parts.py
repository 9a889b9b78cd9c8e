"""The parts of ``evaluation.json`` as checked values."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gliascope.rules import Components, Holes


class Part(BaseModel):
    """Frozen; what a later version may have added is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


class DataRecord(Part):
    """What was scored."""

    name: str
    """Name of the data set's folder."""
    patients: int
    """Number of patients."""
    slices: int
    """Number of slices."""
    tumour_slices: int
    """Slices whose true outline is not empty."""
    not_assessable: int
    """Slices that could not be assessed: counted as not called tumour, with probability 0."""
    undefined_volumes: int
    """Patients without a Dice because both outlines are empty: left out of the means."""
    seen_slices: int
    """Slices that the model was trained or chosen on."""
    seen_patients: list[str]
    """The patients they belong to."""
    pixels_sha256: str
    """Digest of the pixel hashes of all slices, sorted: names the images whatever their files are called."""


class SplitRecord(Part):
    """Where the patients' list came from."""

    sha256: str
    """The split's own digest."""
    strategy: str
    """How the sides were made."""
    side: str
    """The side that was scored."""


class PointRecord(Part):
    """The thresholds in use."""

    name: str
    """Name of the operating point."""
    detection: float
    """A slice is called tumour from this probability on."""
    mask: float
    """A pixel is inside from this probability on."""
    components: Components
    """What is kept of a volume's outline."""
    run: int = 1
    """A volume is called tumour where this many neighbouring slices are."""
    holes: Holes = "kept"
    """What is done with small holes of an outline."""


class BundleRecord(Part):
    """What was scored, by what it consists of: `stamp_bundle` compares these, not the digest of ``bundle.json``."""

    name: str
    """The bundle's name."""
    created: str
    """When it was made, ISO 8601, UTC."""
    sha256: str
    """Digest of its ``bundle.json`` at that time."""
    graphs: dict[str, str]
    """SHA-256 of the graph of each role."""
    recipe_sha256: str
    """Digest of the recipe, which holds the preparation of the pixels."""
    seen_sha256: str
    """Digest of the list of seen slices."""


class VolumeLineRecord(Part):
    """How probabilities of a volume's slices were calibrated: with the logits of their neighbours."""

    slope: float
    """Of the slice's own logit."""
    beside: float
    """Of the mean logit of both neighbours."""
    intercept: float
    """Of the line on the logits."""


class CalibrationRecord(Part):
    """How probabilities were calibrated."""

    slope: float
    """Of the line on the logit; of lone images alone where `volume` is there."""
    intercept: float
    """Likewise."""
    fitted_on: str
    """Which predictions they were fitted on."""
    patients: int
    """How many patients."""
    slices: int
    """How many slices."""
    tumour_slices: int
    """How many of them with tumour."""
    volume: VolumeLineRecord | None = None
    """Of slices of a volume; null where they have the same line as lone images."""


class ModelRecord(Part):
    """One of the models that were scored: the only one, or a fold's."""

    fold: int | None
    """The fold that it was trained for, from 0; null outside cross-validation."""
    bundle: BundleRecord
    operating_point: PointRecord
    operating_points: list[PointRecord] = Field(default_factory=list)
    """All of the bundle's; empty in older evaluations."""
    calibration: CalibrationRecord | None = None
    """Of the slices' probabilities; null where they are the network's own."""


class BootstrapRecord(Part):
    """How the intervals were made."""

    unit: Literal["patient"]
    """What was drawn, with replacement."""
    resamples: int
    """Number of draws."""
    seed: int
    """Seed of the draws."""
    level: float
    """Coverage of the intervals."""


class FigureRecord(Part):
    """One headline figure."""

    value: float | None
    """The figure; null where it is not defined."""
    low: float | None
    """Lower end of the interval."""
    high: float | None
    """Upper end of the interval."""
    patients: int
    """Patients that it is about."""
    slices: int
    """Slices that it is about."""


class ConfusionRecord(Part):
    """Slices by what they show and what they were called."""

    tp: int
    """Tumour slices called tumour."""
    fp: int
    """Tumour-free slices called tumour."""
    fn: int
    """Tumour slices not called tumour."""
    tn: int
    """Tumour-free slices not called tumour."""


class RocRecord(Part):
    """Points of the ROC curve of the slices' probabilities; empty where only one kind of slice is there."""

    fpr: list[float]
    """Share of the tumour-free slices with a probability at or above the threshold."""
    tpr: list[float]
    """Share of the tumour slices with a probability at or above the threshold."""
    threshold: list[float | None]
    """Null where no slice reaches it."""


class PrRecord(Part):
    """Points of the precision-recall curve of the slices' probabilities; empty as the ROC curve is."""

    recall: list[float]
    """Share of the tumour slices with a probability at or above the threshold."""
    precision: list[float]
    """Share of tumour slices among those with a probability at or above the threshold; 1 where there are none."""
    threshold: list[float | None]
    """Null where no slice reaches it."""


class BinRecord(Part):
    """Slices of about the same probability."""

    slices: int
    """How many there are."""
    probability: float
    """Their mean probability."""
    tumour: float
    """Share of tumour slices among them."""


class ReliabilityRecord(Part):
    """The reliability diagram: ten equally wide bins without the empty ones, from the least to the most probable."""

    before: list[BinRecord]
    """By the networks' own probabilities."""
    after: list[BinRecord]
    """By the calibrated probabilities."""


class ShareRecord(Part):
    """A share with its interval."""

    value: float | None
    """The share; null where there is nothing it could be of."""
    low: float | None
    """Lower end of the interval."""
    high: float | None
    """Upper end of the interval."""
    of: int
    """What it is a share of: how many."""


class UncertaintyRecord(Part):
    """How intervals of the volume and the flag for review do on patients that they were not fitted on."""

    volumes: int
    """Volumes with both outlines and a spread."""
    level: float
    """Share of them whose true volume the intervals are to hold."""
    covered: float
    """Share of them whose true volume they do hold."""
    width: float
    """Upper over lower end of the interval, the middle of the volumes."""
    reviewed: int
    """Volumes flagged for review."""
    worst: int
    """The tenth of the volumes with the lowest Dice, rounded up."""
    caught: int
    """How many of these are flagged."""


class PointResultRecord(Part):
    """What is called at one operating point."""

    name: str
    """Name of the operating point."""
    sensitivity: ShareRecord
    """Tumour slices called tumour."""
    specificity: ShareRecord
    """Tumour-free slices not called tumour."""
    case_sensitivity: ShareRecord
    """Patients with a tumour whose volume is called tumour."""
    row_specificity: ShareRecord
    """Rows of neighbouring tumour-free slices that are not called tumour, judged as if each were a volume."""


class CurvesRecord(Part):
    """The curves, thinned for drawing; the figures are computed from all points."""

    roc: RocRecord
    pr: PrRecord


class GroupRecord(Part):
    """Some of the patients, with figures of their own."""

    by: Literal["institution", "size", "missing"]
    """What the patients have in common: the institution, the tumour's size (terciles of the true volume), or the
    sequences that are missing."""
    name: str
    """The group's name; a group by size names its limits, in millilitres where every slice has a spacing, else in
    pixels."""
    figures: dict[str, FigureRecord]


class PatientRecord(Part):
    """One patient."""

    patient: str
    """The patient's name."""
    institution: str
    """Second part of the folder's name."""
    folders: list[str]
    """The patient's folders."""
    slices: int
    """Number of slices."""
    tumour_slices: int
    """Slices whose true outline is not empty."""
    called_slices: int
    """Slices called tumour."""
    found_slices: int
    """Tumour slices called tumour."""
    true_px: int
    """Pixels inside the true outlines."""
    predicted_px: int
    """Pixels inside the outlines found."""
    both_px: int
    """Pixels inside both."""
    false_positive_px: int
    """Pixels outlined on tumour-free slices."""
    dice: float | None
    """Dice over the volume; null where both outlines are empty."""
    iou: float | None
    """Intersection over union over the volume; null where both outlines are empty."""
    hd95: float | None
    """Mean HD95 in pixels over the slices with both outlines; null where there is none."""
    asd: float | None
    """Mean average surface distance in pixels over the slices with both outlines; null where there is none."""
    true_ml: float | None = None
    """Volume of the true outlines in millilitres; null where a slice has no spacing, and in older evaluations."""
    predicted_ml: float | None = None
    """Volume of the outlines found, likewise."""
    hd95_mm: float | None = None
    """HD95 of the volume in three dimensions, in millimetres; null likewise, and where an outline is empty."""
    asd_mm: float | None = None
    """Average symmetric surface distance of the volume in three dimensions, likewise."""
    missing: list[str]
    """Sequences that are not there, or are copies of FLAIR."""
    fold: int | None
    """The fold whose model scored the patient; null outside cross-validation."""
    seen_slices: int
    """Slices that the model was trained or chosen on."""
    warnings: list[str]
    """What `analyse` warned of."""
