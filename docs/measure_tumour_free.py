"""Measure how often heads without a tumour are called tumour, imitated, and write reference/tumour-free.md.

    python docs/measure_tumour_free.py LGG CROSSVAL

LGG is the folder ``kaggle_3m``, CROSSVAL a cross-validation whose folds have their bundles. Every patient of the data
set has a tumour. Where it lies in one half of the head, the other half and its mirror image make a head that has none:
it is analysed by the fold's networks, which have not seen the patient. Takes some minutes.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize

from gliascope.dataset.sides import side_patients
from gliascope.evaluate.lone import lone_slices
from gliascope.pipeline import Analyser
from gliascope.read import read_case
from gliascope.scan import Case
from gliascope.training.crossval_state import resume_job
from markdown_table import table
from measure_robustness import KINDS, Volume, with_pixels
from measure_volumes import truth_of

PAGE: Final = Path(__file__).resolve().parent / "reference" / "tumour-free.md"

TURNS: Final = (-8.0, -4.0, 0.0, 4.0, 8.0)
"""Degrees by which a head is turned where the search for its plane begins."""
MOVES: Final = (-8.0, -4.0, 0.0, 4.0, 8.0)
"""Columns from the head's middle where the search begins."""
DARK: Final = 20.0
"""Grey levels of 255 up to which a pixel may be air."""

WHAT: Final = (
    "nothing",
    "FLAIR and T1 before contrast",
    "FLAIR and T1 after contrast",
    "FLAIR alone",
    "skull removed",
    "bias field",
    "contrast",
    "noise",
)
"""Changes of `measure_robustness` that make what the networks get."""
TITLES: Final = {"nothing": "all sequences"}
"""How a change is called where its own name says too little."""

POINTS: Final = ("sensitive", "balanced", "specific")

TEXT: Final = """# Heads without a tumour, imitated

Made by `python docs/measure_tumour_free.py kaggle_3m CROSSVAL` with the networks of the cross-validation `{recipe}`.

Every patient of the LGG data set has a tumour, so that nobody there can be called tumour wrongly. In {count} of the
{patients} patients of these folds the tumour lies in one half of the head: the other half and its mirror image make a
head without one. The plane between the halves is the one about which the head's FLAIR is most like its mirror image in
its slices, the tumour left out. Each head was analysed by networks that had not seen the patient.

Such a head is more alike in both halves than a real one; it keeps its scanner, its noise, its skull and its vessels. It
stands in for a healthy head, and is none, nor is a patient's other half that of a healthy person. And {count} are few:
where none of them is called, up to {bound:.0%} of such heads may be (the exact one-sided bound at 95 %).

## Whole heads, by what the networks get

At the operating point `balanced` ({slices} slices in all):

{kinds}

The same patients as they are, all sequences: {called} of {count} called tumour, and {plain_called} of their
{plain_free} tumour-free slices. With the half that holds the tumour on both sides: {twice} of {count} called tumour.

## By operating point

All sequences; as lone images, each slice by itself:

{points}

*Slices called, where the tumour was*: of the slices on which the patient's truth has a tumour, {tumour_slices} in all.
"""


@dataclass
class Tally:
    """What was said of heads."""

    called: list[bool] = field(default_factory=list)
    pixels: list[int] = field(default_factory=list)
    slices: list[bool] = field(default_factory=list)
    there: list[bool] = field(default_factory=list)

    def add(self, analyser: Analyser, case: Case, tumour: NDArray[np.bool_]) -> None:
        """Analyse a head; `tumour` tells on which slices the patient has one."""
        found = analyser.analyse(case)
        self.called.append(found.verdict == "tumour")
        self.pixels.append(int(found.mask.sum()))
        self.slices += [one.verdict == "tumour" for one in found.slices]
        self.there += tumour.tolist()

    def row(self, name: str) -> tuple[str, ...]:
        """One line of a table."""
        there = np.array(self.there)
        largest = max(self.pixels) if any(self.called) else 0
        return (
            name,
            f"{sum(self.called)} of {len(self.called)}",
            str(largest),
            f"{np.mean(self.slices):.1%}",
            f"{np.mean(np.array(self.slices)[there]):.1%}",
        )


def turned(volume: NDArray[Any], degrees: float, column: float) -> Volume:
    """Turn slices about a column, and move that column to the middle; shape (slice, row, column)."""
    rows, columns = volume.shape[1:3]
    matrix = cv2.getRotationMatrix2D((column, rows / 2), degrees, 1)
    matrix[0, 2] += (columns - 1) / 2 - column
    moved = (cv2.warpAffine(one.astype(np.float32), matrix, (columns, rows), flags=cv2.INTER_LINEAR) for one in volume)
    return np.stack([np.asarray(one, np.float32) for one in moved])


def plane_of(flair: NDArray[Any], tumour: NDArray[np.bool_]) -> tuple[float, float]:
    """Degrees and column at which a head's slices are most like their mirror images, a tumour left out."""
    smooth = ndimage.gaussian_filter(flair.astype(np.float32), (0, 2, 2))[::2]
    smooth, kept = np.minimum(smooth, np.percentile(smooth[smooth > DARK], 97)), ~tumour[::2]

    def unlike(at: NDArray[np.float64]) -> float:
        one = turned(smooth, *at)
        other = one[:, :, ::-1]
        whole = turned(kept, *at) > 0.9
        both = whole & whole[:, :, ::-1] & ((one > DARK) | (other > DARK))
        return -float(np.corrcoef(one[both], other[both])[0, 1])

    middle = float(np.argwhere(smooth > DARK)[:, 2].mean())
    starts = [np.array([turn, middle + move]) for turn in TURNS for move in MOVES]
    begin = min(starts, key=unlike)
    simplex = begin + np.array([[0, 0], [2, 0], [0, 2]])
    found = optimize.minimize(unlike, begin, method="Nelder-Mead", options={"maxfev": 60, "initial_simplex": simplex})
    return float(found.x[0]), float(found.x[1])


def mirrored(case: Case) -> tuple[Case, Case] | None:
    """Make a head of the half without the tumour, and one of the half with it; None where both halves have some of it.

    Returns
    -------
    healthy, twice : Case
        Neither has a truth.
    """
    scan, truth = case.scans[0], truth_of(case)
    at = plane_of(scan.pixels[..., scan.sequences.index("flair")], truth)
    half = truth.shape[2] // 2
    tumour = turned(truth, *at) > 0.3
    left, right = tumour[:, :, :half].any(), tumour[:, :, half:].any()
    if left == right:
        return None
    pixels = np.stack([turned(one, *at) for one in np.moveaxis(scan.pixels, -1, 0)], axis=-1)
    of_left, of_right = doubled(pixels[:, :, :half]), doubled(pixels[:, :, ::-1][:, :, :half])
    healthy, twice = (of_right, of_left) if left else (of_left, of_right)
    none = np.zeros(healthy.shape[:3], np.bool_)
    return with_pixels(case, healthy, none), with_pixels(case, twice, none)


def doubled(half: Volume) -> Volume:
    """Put the mirror image of a left half beside it; shape (slice, row, column, sequence)."""
    return np.concatenate([half, half[:, :, ::-1]], axis=2)


def main(lgg: Path, crossval: Path) -> None:
    """Write the page."""
    job = resume_job(crossval)
    kinds = {name: Tally() for name in WHAT}
    points = {name: Tally() for name in POINTS}
    lone = {name: Tally() for name in POINTS}
    plain, twice = Tally(), Tally()
    patients = 0
    for fold, split in enumerate(job.folds.splits):
        bundle = job.files(fold).bundle
        analysers = {name: Analyser(bundle, device="cpu", precision="float32", operating_point=name) for name in POINTS}
        for folder in side_patients(split, "test", lgg):
            case = read_case(folder.files)
            patients += 1
            heads = mirrored(case)
            if heads is None:
                continue
            tumour = np.asarray(truth_of(case).any(axis=(1, 2)))
            plain.add(analysers["balanced"], case, tumour)
            twice.add(analysers["balanced"], heads[1], tumour)
            for place, name in enumerate(WHAT):
                changed = KINDS[name](heads[0], np.random.default_rng((place, patients)))
                kinds[name].add(analysers["balanced"], changed, tumour)
            for name in POINTS:
                points[name].add(analysers[name], heads[0], tumour)
                lone[name].add(analysers[name], lone_slices(heads[0]), tumour)
            print(folder.name, *(one.called[-1] for one in kinds.values()), flush=True)
    columns = ("heads called tumour", "most pixels outlined", "slices called", "slices called, where the tumour was")
    free = ~np.array(plain.there)
    text = TEXT.format(
        recipe=job.recipe.name,
        count=len(plain.called),
        patients=patients,
        bound=1 - 0.05 ** (1 / len(plain.called)),
        slices=len(plain.slices),
        kinds=table(
            ("what the networks get", *columns), [one.row(TITLES.get(name, name)) for name, one in kinds.items()]
        ),
        called=sum(plain.called),
        plain_called=int(np.array(plain.slices)[free].sum()),
        plain_free=int(free.sum()),
        twice=sum(twice.called),
        points=table(
            ("operating point", *columns, "lone images called", "lone images called, where the tumour was"),
            [one.row(f"`{name}`") + lone[name].row(name)[3:] for name, one in points.items()],
        ),
        tumour_slices=int(np.sum(plain.there)),
    )
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
