"""Measure which thresholds and which rule for components suit a cross-validation's networks; writes a page.

    python docs/measure_outline_rules.py measure LGG CROSSVAL NAME
    python docs/measure_outline_rules.py page

LGG is the folder ``kaggle_3m``. Each fold's own patients are analysed once by the fold's networks, and outlined at
every threshold. Folds without a bundle are left out. Takes some minutes, is kept as NAME in
docs/evidence/outline-rules.json, and writes reference/outline-rules.md, which `page` makes from that file alone.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gliascope.dataset.layout import PatientFolder
from gliascope.dataset.sides import side_patients
from gliascope.detect.case import run_score
from gliascope.measure.overlap import dice, hd95
from gliascope.pipeline import Analyser
from gliascope.prepare import neighbour_step
from gliascope.read import read_case
from gliascope.rules import Components
from gliascope.segment.postprocess import fill_holes, keep_components
from gliascope.training.crossval_state import resume_job
from markdown_table import table
from measure_volumes import truth_of

DOCS: Final = Path(__file__).resolve().parent
EVIDENCE: Final = DOCS / "evidence" / "outline-rules.json"
PAGE: Final = DOCS / "reference" / "outline-rules.md"
SCHEMA: Final = "gliascope.outline-rules/1"
SLICES: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Probabilities that a slice is called tumour from."""
PIXELS: Final = (0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7)
"""Probabilities that a pixel is inside from."""
RULES: Final[tuple[Components, ...]] = get_args(Components)
LOWEST: Final = 0.05
"""What slices are outlined from; those between here and the threshold are cut afterwards."""
AT: Final = 0.4
"""Slice threshold of what is told of components."""
HALF: Final = 0.5
"""Pixel threshold at which patients are counted."""

TEXT: Final = """# Thresholds and components, measured

Made by `python docs/measure_outline_rules.py` from [its evidence](../evidence/outline-rules.json): patients of the LGG
data set, each outlined by networks of a cross-validation that had not seen the patient, at one common threshold.
Whoever chooses the best line chooses it on the patients whose figures it shows.

Of a volume's outline are kept *all* components; those *spanning* slices, which are the largest and every other that
reaches from a slice to its neighbour; or the *largest* alone
([decision](../decisions/0156-parts-on-one-slice.md)).

{sections}"""

SECTION: Final = """## {name}: {count} patients

Folds {folds}. Dice per patient (mean and median) at slice threshold {at:.2f}, and HD95 in pixels (mean over patients of
the mean over slices that both outlines are on), by pixel threshold and by what is kept:

{components}

Mean Dice by slice threshold, all components:

{slices}

{counted}{holes}
"""

HOLES: Final = """

With the small holes of what is `spanning` filled, the mean Dice is {dice_mean:.3f}, the median {dice_median:.3f} and
HD95 {hd95:.2f} at this threshold: better for {more} patients, worse for {fewer}. Of {filled:,} filled pixels
{share:.0%} are truly tumour. All holes of the true outlines together are {true:.2%} of their area."""


@dataclass(frozen=True, eq=False)
class Outlined:
    """One patient: probabilities of slices and pixels, and the truth."""

    slices: NDArray[np.float64]
    judged: NDArray[np.bool_]
    pixels: NDArray[np.float16]
    truth: NDArray[np.bool_]
    run: int
    step: int = 1

    def outline(self, called_from: float, inside_from: float, rule: Components) -> NDArray[np.bool_]:
        """Give the outline at thresholds, by the rules of `gliascope analyse`."""
        mask = (self.pixels >= np.float16(inside_from)) & (self.slices >= called_from)[:, None, None]
        if not run_score(self.slices, self.judged, self.run) >= called_from:
            mask[:] = False
        return keep_components(mask, rule, self.step)


def outlined(analyser: Analyser, folder: PatientFolder) -> Outlined:
    """Analyse a patient at the lowest threshold and keep what other thresholds need."""
    case = read_case(folder.files)
    found = analyser.analyse(case)
    (scan,) = case.scans
    empty = np.zeros(scan.pixels.shape[1:3], np.float16)
    pixels = [empty if one.mask_probability is None else one.mask_probability for one in found.slices]
    probability = np.array([one.probability for one in found.slices])
    judged = np.isfinite(probability)
    step = neighbour_step(scan, analyser.bundle.recipe.preparation.neighbour_distance)
    whole, run = np.stack(pixels).astype(np.float16), found.operating_point.run
    return Outlined(np.where(judged, probability, 0), judged, whole, truth_of(case), run, step)


def hd95_by_slice(mask: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Mean over the slices that both outlines are on; NaN where there is none."""
    both = [place for place in range(len(mask)) if mask[place].any() and truth[place].any()]
    return float(np.mean([hd95(mask[one], truth[one]) for one in both])) if both else float("nan")


def measure(lgg: Path, crossval: Path) -> dict[str, Any]:
    """Outline every fold's own patients at every threshold."""
    job = resume_job(crossval)
    folds = [fold for fold in range(len(job.folds.splits)) if job.files(fold).bundle.is_dir()]
    every: list[Outlined] = []
    for fold in folds:
        options: dict[str, Any] = {"threshold": LOWEST, "save_probabilities": True}
        analyser = Analyser(job.files(fold).bundle, device="cpu", precision="float32", **options)
        for folder in side_patients(job.folds.splits[fold], "test", lgg):
            every.append(outlined(analyser, folder))
            print(folder.name, flush=True)
    return {"folds": folds, **figures(every)}


def figures(every: Sequence[Outlined]) -> dict[str, Any]:
    """Score outlines by every rule; values of the thresholds stand in the order of `SLICES` and `PIXELS`."""
    dices: dict[tuple[float, float, str], list[float]] = {}
    distances: dict[tuple[float, str], list[float]] = {}
    for one in every:
        for called, inside in itertools.product(SLICES, PIXELS):
            for rule in RULES if called == AT else RULES[:1]:
                mask = one.outline(called, inside, rule)
                dices.setdefault((called, inside, rule), []).append(dice(mask, one.truth))
                if called == AT:
                    distances.setdefault((inside, rule), []).append(hd95_by_slice(mask, one.truth))
    plain = dices[AT, HALF, RULES[0]]
    return {
        "patients": len(plain),
        "components": {
            rule: {
                "dice_mean": [float(np.mean(dices[AT, inside, rule])) for inside in PIXELS],
                "dice_median": [float(np.median(dices[AT, inside, rule])) for inside in PIXELS],
                "hd95": [float(np.nanmean(distances[inside, rule])) for inside in PIXELS],
            }
            for rule in RULES
        },
        "slices": [[float(np.mean(dices[called, inside, RULES[0]])) for inside in PIXELS] for called in SLICES],
        "better": {rule: _better(dices[AT, HALF, rule], plain) for rule in RULES[1:]},
        "holes": holes(every),
    }


def holes(every: Iterable[Outlined]) -> dict[str, Any]:
    """Tell what filling the holes of what is kept by `spanning` does, and how often true outlines have any."""
    before, after, distances = [], [], []
    filled, right, open_, area = 0, 0, 0, 0
    for one in every:
        mask = one.outline(AT, HALF, "spanning")
        whole = fill_holes(mask)
        before.append(dice(mask, one.truth))
        after.append(dice(whole, one.truth))
        distances.append(hd95_by_slice(whole, one.truth))
        filled += int((whole & ~mask).sum())
        right += int((whole & ~mask & one.truth).sum())
        open_ += sum(int((ndimage.binary_fill_holes(part) & ~part).sum()) for part in one.truth)
        area += int(one.truth.sum())
    return {
        "dice_mean": float(np.mean(after)),
        "dice_median": float(np.median(after)),
        "hd95": float(np.nanmean(distances)),
        "better": _better(after, before),
        "filled": filled,
        "rightly": right,
        "true_holes": open_,
        "true_area": area,
    }


def _better(these: Sequence[float], others: Sequence[float]) -> list[int]:
    differences = np.array(these) - np.array(others)
    return [int((differences > 0).sum()), int((differences < 0).sum())]


def page(measured: dict[str, dict[str, Any]]) -> str:
    """Give the page, newest measurement first."""
    return TEXT.format(sections="\n".join(section(name, one) for name, one in reversed(measured.items())))


def section(name: str, one: Mapping[str, Any]) -> str:
    """Tell of one cross-validation; it may have been measured when there were fewer rules."""
    rules: Mapping[str, Mapping[str, list[float]]] = one["components"]
    titles = ["pixel threshold", *(f"{rule}: {what}" for rule in rules for what in ("Dice", "median", "HD95"))]
    rows = [
        [f"{inside:.2f}", *(cell for by in rules.values() for cell in _three(by, place))]
        for place, inside in enumerate(PIXELS)
    ]
    heads = ["slice threshold", *(f"pixels from {inside:.2f}" for inside in PIXELS)]
    gates = [
        [f"{called:.2f}", *(f"{value:.3f}" for value in values)]
        for called, values in zip(SLICES, one["slices"], strict=True)
    ]
    counted = "; ".join(
        f"`{rule}` is better for {more} patients and worse for {fewer}" for rule, (more, fewer) in one["better"].items()
    )
    filled = one.get("holes")
    return SECTION.format(
        name=name,
        count=one["patients"],
        folds=", ".join(map(str, one["folds"])),
        at=AT,
        components=table(titles, rows, words=0),
        slices=table(heads, gates, words=0),
        counted=f"At pixel threshold {HALF:.2f}, beside all components, {counted}.",
        holes="" if filled is None else _holes(filled),
    )


def _holes(filled: Mapping[str, Any]) -> str:
    more, fewer = filled["better"]
    share = filled["rightly"] / max(1, filled["filled"])
    return HOLES.format(**filled, more=more, fewer=fewer, share=share, true=filled["true_holes"] / filled["true_area"])


def _three(by: Mapping[str, list[float]], place: int) -> list[str]:
    return [f"{by['dice_mean'][place]:.3f}", f"{by['dice_median'][place]:.3f}", f"{by['hd95'][place]:.2f}"]


def main() -> None:
    """Measure, or write the page alone."""
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    asked = commands.add_parser("measure")
    for name in ("lgg", "crossval"):
        asked.add_argument(name, type=Path)
    asked.add_argument("name")
    commands.add_parser("page")
    arguments = parser.parse_args()
    kept: dict[str, Any] = {
        "schema": SCHEMA,
        "slice_thresholds": SLICES,
        "pixel_thresholds": PIXELS,
        "measured": {},
    }
    if EVIDENCE.exists():
        kept = json.loads(EVIDENCE.read_text(encoding="utf-8"))
    if arguments.command == "measure":
        kept["measured"].pop(arguments.name, None)
        kept["measured"][arguments.name] = measure(arguments.lgg, arguments.crossval)
        EVIDENCE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(kept["measured"]), encoding="utf-8")


if __name__ == "__main__":
    main()
