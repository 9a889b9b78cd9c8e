"""Measure what imitations of other scans cost a cross-validation's networks, and write reference/robustness.md.

    python docs/measure_robustness.py LGG CROSSVAL

LGG is the folder ``kaggle_3m``, CROSSVAL the cross-validation that the embedded model was calibrated on: the patients
of each fold are changed and analysed by the fold's own networks, which have not seen them. Everything is changed in the
images as they were read, before anything of gliascope's, and by other code than in training. Takes some minutes; each
kind of change draws the same numbers again.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from sklearn.metrics import roc_auc_score

from gliascope.dataset.sides import side_patients
from gliascope.evaluate.lone import lone_slices
from gliascope.findings import Finding
from gliascope.measure.overlap import dice
from gliascope.pipeline import Analyser
from gliascope.read import read_case
from gliascope.scan import Case, Mask
from gliascope.training.crossval_state import resume_job
from measure_volumes import truth_of, with_sequences

PAGE: Final = Path(__file__).resolve().parent / "reference" / "robustness.md"

Volume = NDArray[np.float32]
"""Of one sequence, shape (slice, row, column), 0 to 255."""

Random = np.random.Generator

TEXT: Final = """# What other scans cost, imitated

Made by `python docs/measure_robustness.py kaggle_3m CROSSVAL` with the networks of the cross-validation `{recipe}`:
{count} patients of the LGG data set, each changed in {kinds} ways and analysed at the operating point `balanced` by
networks that had not seen the patient. Imitations are simple, and no scanner: they tell where a model is weak, and not
how good it is elsewhere. The training imitates some of these changes too, by other code.

A patient who is called tumour-free has no outline, and a Dice of 0.

| changed | mean Dice | change of the mean | median Dice | not called | slice AUC |
| --- | ---: | ---: | ---: | ---: | ---: |
{rows}

- *Skull removed*: what is not brain is black, by a rough outline of the brain (threshold, opening, largest piece), with
  the tumour always kept.
- *Bias field*: a smooth field between 0.6 and 1.4, another for each sequence.
- *Contrast*: each sequence's grey levels to a power between 0.6 and 1.7.
- *Noise*: Rician, its deviation 8 of 255 grey levels.
- *Half the resolution*: every other row and column, interpolated back.
- *JPEG*: stored at quality 30 of 100.
- *Turned*: by 15 degrees, and the truth with it.
- *Shifted against FLAIR*: the other sequences by 2 pixels to one side.
- *Smaller field*: cut to the middle 7/8 of rows and columns, the truth too; it may cut the head.
- *Lone images*: each slice by itself, without its volume's normalisation and largest piece.
"""


@dataclass
class Tally:
    """What one kind of change gave, patient by patient."""

    overlaps: list[float] = field(default_factory=list)
    called: list[bool] = field(default_factory=list)
    labels: list[bool] = field(default_factory=list)
    probabilities: list[float] = field(default_factory=list)

    def add(self, found: Finding, case: Case) -> None:
        """Hold a finding against the truth of what was analysed."""
        truth = truth_of(case)
        self.overlaps.append(dice(found.mask, truth))
        self.called.append(found.verdict == "tumour")
        for one, true in zip(found.slices, truth, strict=True):
            if np.isfinite(one.probability):
                self.labels.append(bool(true.any()))
                self.probabilities.append(one.probability)

    def row(self, name: str, whole: Tally) -> str:
        """One line of the table."""
        values = np.array(self.overlaps)
        change = values.mean() - np.mean(whole.overlaps)
        missed = self.called.count(False)
        area = roc_auc_score(self.labels, self.probabilities)
        return f"| {name} | {values.mean():.3f} | {change:+.3f} | {np.median(values):.3f} | {missed} | {area:.3f} |"


def with_pixels(case: Case, pixels: NDArray[Any], truth: NDArray[np.bool_] | None = None) -> Case:
    """Put other pixels into a case, as 8-bit values, and another truth where it moved."""
    scan = replace(case.scans[0], pixels=np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    truths = case.truths if truth is None else tuple(Mask(np.ascontiguousarray(one)) for one in truth)
    return replace(case, scans=(scan,), truths=truths)


def by_sequence(change: Callable[[Volume, Random], Volume]) -> Callable[[Case, Random], Case]:
    """Change each sequence by itself."""

    def all_of(case: Case, rng: Random) -> Case:
        pixels = case.scans[0].pixels.astype(np.float32)
        return with_pixels(case, np.stack([change(one, rng) for one in np.moveaxis(pixels, -1, 0)], axis=-1))

    return all_of


def bias_field(volume: Volume, rng: Random) -> Volume:
    """A smooth multiplicative field."""
    knots = rng.uniform(-0.4, 0.4, size=(3, 3, 3))
    zoom = [after / before for after, before in zip(volume.shape, knots.shape, strict=True)]
    return np.asarray(volume * (1 + ndimage.zoom(knots, zoom, order=1, grid_mode=True, mode="nearest")), np.float32)


def contrast(volume: Volume, rng: Random) -> Volume:
    """Grey levels to a power."""
    exponent = np.exp(rng.uniform(np.log(0.6), np.log(1.7)))
    return np.asarray(255 * (volume / 255) ** exponent, np.float32)


def rician(volume: Volume, rng: Random) -> Volume:
    """Noise of magnitude images."""
    real, imaginary = rng.normal(0, 8, size=(2, *volume.shape))
    return np.asarray(np.hypot(volume + real, imaginary), np.float32)


def half_resolution(volume: Volume, _rng: Random) -> Volume:
    """Half of the rows and columns, interpolated back."""
    size = volume.shape[2], volume.shape[1]
    coarse = (cv2.resize(one, (size[0] // 2, size[1] // 2), interpolation=cv2.INTER_AREA) for one in volume)
    return np.stack([np.asarray(cv2.resize(one, size, interpolation=cv2.INTER_LINEAR), np.float32) for one in coarse])


def jpeg(volume: Volume, _rng: Random) -> Volume:
    """Lossy compression of each slice."""
    stored = (cv2.imencode(".jpg", one.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 30])[1] for one in volume)
    return np.stack([np.asarray(cv2.imdecode(one, cv2.IMREAD_GRAYSCALE), np.float32) for one in stored])


def turned(case: Case, _rng: Random) -> Case:
    """Turn images and truth in the plane."""
    pixels = ndimage.rotate(case.scans[0].pixels.astype(np.float32), 15, axes=(1, 2), reshape=False, order=1)
    truth = ndimage.rotate(truth_of(case).astype(np.float32), 15, axes=(1, 2), reshape=False, order=1) >= 0.5
    return with_pixels(case, pixels, truth)


def shifted(case: Case, _rng: Random) -> Case:
    """Move the other sequences against FLAIR."""
    scan = case.scans[0]
    pixels = scan.pixels.copy()
    for place, sequence in enumerate(scan.sequences):
        if sequence != "flair":
            pixels[..., place] = np.roll(pixels[..., place], 2, axis=2)
    return with_pixels(case, pixels)


def smaller_field(case: Case, _rng: Random) -> Case:
    """Cut the border of images and truth away."""
    rows, columns = (side // 16 for side in case.scans[0].pixels.shape[1:3])
    inside = np.s_[:, rows:-rows, columns:-columns]
    return with_pixels(case, case.scans[0].pixels[inside], truth_of(case)[inside])


def without_skull(case: Case, _rng: Random) -> Case:
    """Make black what is no brain."""
    scan = case.scans[0]
    truth = truth_of(case)
    brain = brain_of(scan.pixels[..., scan.sequences.index("flair")].astype(np.float32)) | truth
    return with_pixels(case, scan.pixels * brain[..., np.newaxis])


def brain_of(flair: Volume) -> NDArray[np.bool_]:
    """A rough outline of the brain in FLAIR, which begins under the dark line of the skull."""
    smooth = ndimage.gaussian_filter(flair, (0, 1, 1))
    head = smooth > 0.1 * np.percentile(smooth, 98)
    head = np.stack([ndimage.binary_fill_holes(one) for one in head])
    deep = np.stack([ndimage.distance_transform_edt(np.pad(one, 1))[1:-1, 1:-1] for one in head])
    usual = np.median(smooth[deep > 25])
    tissue = (smooth > 0.6 * usual) & (deep > 6) & ((smooth < 1.7 * usual) | (deep > 18))
    core = np.stack([ndimage.distance_transform_edt(one) > 5 for one in tissue])
    labels, count = ndimage.label(core)
    sizes = ndimage.sum_labels(core, labels, range(1, count + 1))
    core = labels == 1 + int(np.argmax(sizes))
    grown = np.stack([ndimage.distance_transform_edt(~one) < 7 if one.any() else one for one in core]) & (deep > 5)
    return np.stack([ndimage.binary_fill_holes(one) for one in grown])


KINDS: Final[dict[str, Callable[[Case, Random], Case]]] = {
    "nothing": lambda case, _rng: case,
    "FLAIR and T1 before contrast": lambda case, _rng: with_sequences(case, ("pre", "flair")),
    "FLAIR and T1 after contrast": lambda case, _rng: with_sequences(case, ("flair", "post")),
    "FLAIR alone": lambda case, _rng: with_sequences(case, ("flair",)),
    "lone images": lambda case, _rng: lone_slices(case),
    "FLAIR alone, lone images": lambda case, _rng: lone_slices(with_sequences(case, ("flair",))),
    "skull removed": without_skull,
    "skull removed, lone images": lambda case, rng: lone_slices(without_skull(case, rng)),
    "bias field": by_sequence(bias_field),
    "contrast": by_sequence(contrast),
    "noise": by_sequence(rician),
    "half the resolution": by_sequence(half_resolution),
    "JPEG": by_sequence(jpeg),
    "turned": turned,
    "shifted against FLAIR": shifted,
    "smaller field": smaller_field,
}
"""How each patient is changed; the first is what the others are compared with."""


def main(lgg: Path, crossval: Path) -> None:
    """Write the page."""
    job = resume_job(crossval)
    tallies = {name: Tally() for name in KINDS}
    for fold, split in enumerate(job.folds.splits):
        analyser = Analyser(job.files(fold).bundle, device="cpu", precision="float32")
        for folder in side_patients(split, "test", lgg):
            case = read_case(folder.files)
            for place, (name, change) in enumerate(KINDS.items()):
                changed = change(case, np.random.default_rng((place, len(tallies[name].overlaps))))
                tallies[name].add(analyser.analyse(changed), changed)
            print(folder.name, *(f"{one.overlaps[-1]:.3f}" for one in tallies.values()), flush=True)
    whole = next(iter(tallies.values()))
    rows = "\n".join(one.row(name, whole) for name, one in tallies.items())
    text = TEXT.format(recipe=job.recipe.name, count=len(whole.overlaps), kinds=len(KINDS) - 1, rows=rows)
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
