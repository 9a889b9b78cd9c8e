"""One patient held against the truth: counts for each slice, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Series
from dataclasses import dataclass

import numpy as np

from gliascope.detect.assessable import blank_slices
from gliascope.detect.case import run_length
from gliascope.errors import InputError
from gliascope.findings import Finding, SoftAreas, Verdict
from gliascope.geometry import voxel_volume
from gliascope.measure.overlap import dice_of_counts, iou_of_counts, measure_surfaces, measure_volume_surfaces
from gliascope.measure.volume import MM3_PER_ML
from gliascope.prepare import real_sequences
from gliascope.scan import SEQUENCES, Case, Sequence


@dataclass(frozen=True)
class VolumeScore:
    """What millimetres say of the volume that a slice belongs to; the same on all slices of a folder.

    Attributes
    ----------
    voxel_mm3 : float
        Of the axial slices, on which outlines are compared.
    hd95_mm, asd_mm : float
        Distances of the two outlines' surfaces (`gliascope.measure.overlap.measure_volume_surfaces`); NaN unless the
        volume has both.
    """

    voxel_mm3: float
    hd95_mm: float = math.nan
    asd_mm: float = math.nan


@dataclass(frozen=True)
class SliceScore:
    """One slice: what was said, what is true, and the pixels of both outlines.

    Attributes
    ----------
    folder : str
        The patient's folder.
    file : str
        Name of the image.
    page : int
        Its page, from 0.
    probability : float
        Probability of tumour as `analyse` reports it, calibrated; NaN where the slice could not be assessed.
    verdict : str
    true_px, predicted_px, both_px : int
        Pixels inside the true outline, inside the outline found, and inside both.
    seen : bool
        Whether the model was trained or chosen on this slice.
    hd95, asd : float
        Distances of the two outlines' borders in pixels (`gliascope.measure.overlap`); NaN unless both are there.
    sha256 : str
        Digest of the image's pixels, which names it whatever its file is called.
    raw : float
        The network's own probability, before calibration; NaN where the slice could not be assessed.
    beside : float
        Mean logit of the neighbours' own probabilities; NaN where the slice stands alone, and in older evidence.
    soft : SoftAreas or None
        How sure the segmenter is; None where the slice, or its volume, was not called tumour, and in older evidence.
    volume : VolumeScore or None
        None where the input has no spacing, and in older evidence.
    run : int or None
        How many neighbouring slices of the scan are a run (`gliascope.detect.case.run_length`) at the operating point
        that was scored; None in older evidence.
    """

    folder: str
    file: str
    page: int
    probability: float
    verdict: Verdict
    true_px: int
    predicted_px: int
    both_px: int
    seen: bool
    hd95: float = math.nan
    asd: float = math.nan
    sha256: str = ""
    raw: float = math.nan
    soft: SoftAreas | None = None
    volume: VolumeScore | None = None
    beside: float = math.nan
    run: int | None = None

    @property
    def tumour(self) -> bool:
        """Whether the slice shows a tumour: its true outline is not empty."""
        return self.true_px > 0

    @property
    def called(self) -> bool:
        """Whether it was called tumour. A slice that could not be assessed was not."""
        return self.verdict == "tumour"

    @property
    def dice(self) -> float:
        """Dice's coefficient on this slice: 0 where only one outline is there, NaN where neither is."""
        return dice_of_counts(self.both_px, self.predicted_px, self.true_px)

    @property
    def outlined_twice(self) -> bool:
        """Whether both outlines are there, so that their distance is defined."""
        return self.true_px > 0 and self.predicted_px > 0

    @property
    def rank_score(self) -> float:
        """The probability, or 0 where the slice could not be assessed: it is then last in line for a tumour."""
        return 0.0 if math.isnan(self.probability) else self.probability


@dataclass(frozen=True)
class PatientScore:
    """All slices of one patient.

    Attributes
    ----------
    patient : str
    institution : str
    folders : tuple of str
        The patient's folders; usually one.
    slices : tuple of SliceScore
    warnings : tuple of str
        What `analyse` warned of.
    missing : tuple of str
        Sequences that are not there, or are copies of FLAIR; in the order of `gliascope.scan.SEQUENCES`.
    fold : int or None
        Which fold's model scored the patient, from 0; None outside cross-validation.
    """

    patient: str
    institution: str
    folders: tuple[str, ...]
    slices: tuple[SliceScore, ...]
    warnings: tuple[str, ...] = ()
    missing: tuple[Sequence, ...] = ()
    fold: int | None = None

    @property
    def true_px(self) -> int:
        """Pixels inside the true outlines."""
        return sum(one.true_px for one in self.slices)

    @property
    def predicted_px(self) -> int:
        """Pixels inside the outlines found."""
        return sum(one.predicted_px for one in self.slices)

    @property
    def both_px(self) -> int:
        """Pixels inside both."""
        return sum(one.both_px for one in self.slices)

    @property
    def dice(self) -> float:
        """Dice's coefficient over the patient's volume; NaN where both outlines are empty."""
        return dice_of_counts(self.both_px, self.predicted_px, self.true_px)

    @property
    def iou(self) -> float:
        """Intersection over union over the patient's volume; NaN where both outlines are empty."""
        return iou_of_counts(self.both_px, self.predicted_px, self.true_px)

    @property
    def hd95(self) -> float:
        """Mean of the slices' HD95 in pixels, over slices with both outlines; NaN where there is none."""
        return _mean(one.hd95 for one in self.slices if one.outlined_twice)

    @property
    def asd(self) -> float:
        """Mean of the slices' average surface distance, as for `hd95`."""
        return _mean(one.asd for one in self.slices if one.outlined_twice)

    @property
    def has_geometry(self) -> bool:
        """Whether every slice has a spacing: nothing is said in millimetres of some of them."""
        return all(one.volume is not None for one in self.slices)

    @property
    def true_ml(self) -> float:
        """Volume of the true outlines in millilitres; NaN without geometry."""
        return self._volume_ml("true_px")

    @property
    def predicted_ml(self) -> float:
        """Volume of the outlines found in millilitres; NaN without geometry."""
        return self._volume_ml("predicted_px")

    @property
    def hd95_mm(self) -> float:
        """HD95 in three dimensions, in millimetres; NaN without geometry or where an outline is empty.

        The mean over the patient's volumes where several folders have one.
        """
        return self._distance("hd95_mm")

    @property
    def asd_mm(self) -> float:
        """Average symmetric surface distance in three dimensions, as for `hd95_mm`."""
        return self._distance("asd_mm")

    def _volume_ml(self, name: str) -> float:
        if not self.has_geometry:
            return math.nan
        return math.fsum(getattr(s, name) * s.volume.voxel_mm3 for s in self.slices if s.volume) / MM3_PER_ML

    def _distance(self, name: str) -> float:
        if not self.has_geometry:
            return math.nan
        volumes = {one.folder: one.volume for one in self.slices}
        found = (float(getattr(one, name)) for one in volumes.values())
        return _mean(one for one in found if not math.isnan(one))

    @property
    def false_positive_px(self) -> int:
        """Pixels inside the outlines found on tumour-free slices."""
        return sum(one.predicted_px for one in self.slices if not one.tumour)


def score_case(
    folder: str, case: Case, finding: Finding, seen: frozenset[str], runs: Series[int] | None = None
) -> tuple[SliceScore, ...]:
    """Hold a finding against the truth of its case.

    Parameters
    ----------
    folder : str
        The patient's folder.
    case : Case
        With a true mask for every slice.
    finding : Finding
        What `gliascope.pipeline.Analyser` said about this case.
    seen : frozenset of str
        Pixel hashes of slices that the model was trained or chosen on.
    runs : sequence of int, optional
        How long a run is for each slice; see `run_lengths`.

    Returns
    -------
    tuple of SliceScore
        One a slice, in order.

    Raises
    ------
    InputError
        If a slice has no true mask, or was not analysed: a figure over some of the slices would say nothing.
    """
    if finding.problems:
        first = finding.problems[0]
        raise InputError(f"{first.path}: every slice must be analysed to be scored, received: {first.message}")
    if [one.source for one in finding.slices] != list(case.sources):
        raise InputError(f"{folder}: the finding must be about the case's slices, received others")
    scores = []
    known = [None] * len(finding.slices) if runs is None else runs
    parts = zip(finding.slices, case.truths, _volume_scores(case, finding), known, strict=True)
    for one, truth, volume, run in parts:
        if truth is None:
            raise InputError(f"{one.source.path}: a slice must have a true mask to be scored, received none")
        surfaces = measure_surfaces(one.mask, truth.pixels)
        scores.append(
            SliceScore(
                folder=folder,
                file="" if one.source.path is None else one.source.path.name,
                page=one.source.page,
                probability=one.probability,
                verdict=one.verdict,
                true_px=int(np.count_nonzero(truth.pixels)),
                predicted_px=one.area_px,
                both_px=int(np.count_nonzero(one.mask & truth.pixels)),
                seen=one.source.sha256 in seen,
                hd95=surfaces.hd95,
                asd=surfaces.asd,
                sha256=one.source.sha256,
                raw=one.probability if one.raw_probability is None else one.raw_probability,
                soft=one.soft,
                volume=volume,
                beside=math.nan if one.beside is None else one.beside,
                run=run,
            )
        )
    return tuple(scores)


def run_lengths(case: Case, run: int, distance: float) -> list[int]:
    """Tell for each slice how many neighbouring slices of its scan are a run.

    Parameters
    ----------
    case : Case
        As it was analysed.
    run, distance
        See `gliascope.detect.case.run_length`.

    Returns
    -------
    list of int
        One a slice, in order.
    """
    return [length for scan in case.scans for length in [run_length(scan, run, distance)] * len(scan)]


def _volume_scores(case: Case, finding: Finding) -> Iterator[VolumeScore | None]:
    """Compare the outlines of each scan that has a spacing; one answer a slice."""
    start = 0
    for scan in case.scans:
        mine = slice(start, start + len(scan))
        start = mine.stop
        truths = [one.pixels for one in case.truths[mine] if one is not None]
        if not scan.has_geometry or len(truths) < len(scan):
            yield from [None] * len(scan)
            continue
        found = np.stack([one.mask for one in finding.slices[mine]])
        apart = measure_volume_surfaces(found, np.stack(truths), scan.affine)
        yield from [VolumeScore(voxel_volume(scan.affine), apart.hd95, apart.asd)] * len(scan)


def missing_sequences(case: Case) -> tuple[Sequence, ...]:
    """Name the sequences that a case does not have: absent, or a copy of FLAIR.

    Parameters
    ----------
    case : Case
        Scans of one value throughout say nothing and are passed over.

    Returns
    -------
    tuple of str
        Missing from any of its scans.
    """
    there = [set(real_sequences(scan)[0]) for scan in case.scans if not blank_slices(scan.pixels).all()]
    return tuple(one for one in SEQUENCES if any(one not in mine for mine in there))


def join_patient(parts: Series[PatientScore]) -> PatientScore:
    """Put several folders of one patient together; the parts' order is kept."""
    return PatientScore(
        patient=parts[0].patient,
        institution=parts[0].institution,
        folders=tuple(name for one in parts for name in one.folders),
        slices=tuple(scored for one in parts for scored in one.slices),
        warnings=tuple(dict.fromkeys(text for one in parts for text in one.warnings)),
        missing=tuple(name for name in SEQUENCES if any(name in one.missing for one in parts)),
        fold=parts[0].fold,
    )


def _mean(values: Iterable[float]) -> float:
    known = tuple(values)
    return math.fsum(known) / len(known) if known else math.nan
