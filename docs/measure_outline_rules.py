"""Measure which thresholds and which rule for components suit a cross-validation's networks; writes a page.

    python docs/measure_outline_rules.py LGG CROSSVAL

LGG is the folder ``kaggle_3m``. Each fold's own patients are analysed once by the fold's networks, and outlined at
every threshold. Folds without a bundle are left out. Takes some minutes and writes reference/outline-rules.md.
"""

from __future__ import annotations

import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.layout import PatientFolder
from gliascope.dataset.sides import side_patients
from gliascope.detect.case import run_score
from gliascope.measure.overlap import dice, hd95
from gliascope.pipeline import Analyser
from gliascope.read import read_case
from gliascope.segment.postprocess import keep_components
from gliascope.training.crossval_state import resume_job
from measure_volumes import truth_of

PAGE: Final = Path(__file__).resolve().parent / "reference" / "outline-rules.md"
SLICES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Probabilities that a slice is called tumour from."""
PIXELS: Final = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7)
"""Probabilities that a pixel is inside from."""
RULES: Final[tuple[Literal["all", "largest"], ...]] = ("all", "largest")
LOWEST: Final = 0.05
"""What slices are outlined from; those between here and the threshold are cut afterwards."""

TEXT: Final = """# Thresholds and components, measured

Made by `python docs/measure_outline_rules.py kaggle_3m CROSSVAL` with the networks of the cross-validation `{recipe}`
(folds {folds}): {count} patients of the LGG data set, each outlined by networks that had not seen the patient, at one
common threshold. Whoever chooses the best line chooses it on the patients whose figures it shows.

Dice per patient, mean of {count}, at slice threshold {slice:.2f}, and HD95 in pixels (mean over patients of the mean
over slices that both outlines are on), by pixel threshold and by what is kept of a volume's outline:

| pixel threshold | all: Dice | median | HD95 | largest: Dice | median | HD95 |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: |
{pixels}

Mean Dice by slice threshold, all components:

| slice threshold | {heads} |
| ---: | {rulers} |
{slices}

For each patient apart, the mean Dice of the better of both rules is {either:.3f} at these thresholds ({half:.2f}); all
components are better for {more} patients, the largest alone for {fewer}, and {same} are the same.
"""


@dataclass(frozen=True, eq=False)
class Outlined:
    """One patient: probabilities of slices and pixels, and the truth."""

    slices: NDArray[np.float64]
    judged: NDArray[np.bool_]
    pixels: NDArray[np.float16]
    truth: NDArray[np.bool_]
    run: int

    def outline(self, called_from: float, inside_from: float, rule: Literal["all", "largest"]) -> NDArray[np.bool_]:
        """Give the outline at thresholds, by the rules of `gliascope analyse`."""
        mask = (self.pixels >= np.float16(inside_from)) & (self.slices >= called_from)[:, None, None]
        if not run_score(self.slices, self.judged, self.run) >= called_from:
            mask[:] = False
        return keep_components(mask, rule)


def outlined(analyser: Analyser, folder: PatientFolder) -> Outlined:
    """Analyse a patient at the lowest threshold and keep what other thresholds need."""
    case = read_case(folder.files)
    found = analyser.analyse(case)
    shape = case.scans[0].pixels.shape[1:3]
    empty = np.zeros(shape, np.float16)
    pixels = [empty if one.mask_probability is None else one.mask_probability for one in found.slices]
    probability = np.array([one.probability for one in found.slices])
    judged = np.isfinite(probability)
    whole = np.stack(pixels).astype(np.float16)
    return Outlined(np.where(judged, probability, 0), judged, whole, truth_of(case), found.operating_point.run)


def hd95_by_slice(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Mean over the slices that both outlines are on; NaN where there is none."""
    both = [place for place in range(len(mask)) if mask[place].any() and truth[place].any()]
    return float(np.mean([hd95(mask[one], truth[one]) for one in both])) if both else float("nan")


def main(lgg: Path, crossval: Path) -> None:
    """Write the page."""
    job = resume_job(crossval)
    folds = [fold for fold in range(len(job.folds.splits)) if job.files(fold).bundle.is_dir()]
    at, half = 0.4, 0.5
    overlaps: dict[tuple[float, float, str], list[float]] = {}
    distances: dict[tuple[float, str], list[float]] = {}
    for fold in folds:
        options: dict[str, Any] = {"threshold": LOWEST, "save_probabilities": True}
        analyser = Analyser(job.files(fold).bundle, device="cpu", precision="float32", **options)
        for folder in side_patients(job.folds.splits[fold], "test", lgg):
            one = outlined(analyser, folder)
            for key in itertools.product(SLICES, PIXELS, RULES):
                mask = one.outline(*key)
                overlaps.setdefault(key, []).append(dice(mask, one.truth))
                if key[0] == at:
                    distances.setdefault(key[1:], []).append(hd95_by_slice(mask, one.truth))
            print(
                folder.name, f"{overlaps[at, half, 'all'][-1]:.3f} {overlaps[at, half, 'largest'][-1]:.3f}", flush=True
            )
    text = page(overlaps, distances, at, half)
    head = {"recipe": job.recipe.name, "folds": ", ".join(map(str, folds)), "count": len(next(iter(overlaps.values())))}
    PAGE.write_text(text.format(**head), encoding="utf-8")
    print(text.format(**head))


def page(
    overlaps: dict[tuple[float, float, str], list[float]],
    distances: dict[tuple[float, str], list[float]],
    at: float,
    half: float,
) -> str:
    """Give the page, but for what it says of the cross-validation."""
    lines = []
    for inside in PIXELS:
        cells = [f"{inside:.2f}"]
        for rule in RULES:
            values = overlaps[at, inside, rule]
            cells += [
                f"{np.mean(values):.3f}",
                f"{np.median(values):.3f}",
                f"{np.nanmean(distances[inside, rule]):.2f}",
            ]
        lines.append(f"| {' | '.join(cells)} |")
    slices = []
    for called in SLICES:
        means = (np.mean(overlaps[called, inside, "all"]) for inside in PIXELS)
        slices.append(f"| {called:.2f} | {' | '.join(f'{one:.3f}' for one in means)} |")
    whole, largest = (np.array(overlaps[at, half, rule]) for rule in RULES)
    return TEXT.format(
        recipe="{recipe}",
        folds="{folds}",
        count="{count}",
        slice=at,
        half=half,
        pixels="\n".join(lines),
        heads=" | ".join(f"pixels from {one:.2f}" for one in PIXELS),
        rulers=" | ".join("---:" for _ in PIXELS),
        slices="\n".join(slices),
        either=np.maximum(whole, largest).mean(),
        more=int((whole > largest).sum()),
        fewer=int((whole < largest).sum()),
        same=int((whole == largest).sum()),
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
