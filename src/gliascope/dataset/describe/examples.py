"""Slices that stand for the data set, chosen by rule, and the pictures made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from gliascope import scan
from gliascope.dataset.describe.survey import relative
from gliascope.dataset.describe.tables import LABELS
from gliascope.dataset.layout import PatientFolder
from gliascope.prepare import LONG_NAMES, to_uint8
from gliascope.prepare.clahe import enhance_for_network
from gliascope.present.dataset_plots import short_names
from gliascope.present.display import display_window, shown_sequence
from gliascope.present.scan_grid import Tile, scan_grid
from gliascope.read import read_case
from gliascope.recipe import Clahe
from gliascope.scan import SEQUENCES

if TYPE_CHECKING:
    from pandas import DataFrame

    from gliascope.dataset.describe.describe import Description

ACROSS: Final = 6
"""Scans beside one another."""
DOWN: Final = 4
"""Rows of scans; the last one shows tumour-free slices."""
IN_DETAIL: Final = 6
"""Patients whose three sequences are shown."""
ENHANCED: Final = 4
"""Patients shown before and after CLAHE."""

_Item = TypeVar("_Item")


@dataclass(frozen=True, eq=False)
class Example:
    """One slice.

    Attributes
    ----------
    name : str
        Folder and slice.
    images : mapping of str to ndarray, uint8, shape (row, column)
        The sequences that are there.
    mask : ndarray, bool, shape (row, column), or None
        The true mask.
    """

    name: str
    images: Mapping[str, NDArray[np.uint8]]
    mask: NDArray[np.bool_] | None

    @property
    def caption(self) -> str:
        """Name, and the tumour's area."""
        if self.mask is None:
            return self.name
        area = int(np.count_nonzero(self.mask))
        return f"{self.name}: {area:,} px" if area else f"{self.name}: no tumour"


def with_tumour(slices: DataFrame, count: int) -> DataFrame:
    """Choose each folder's slice with the largest tumour, of folders that spread evenly over the tumours' sizes.

    Where some folders lack a sequence and none of them is chosen, the last but one chosen gives way to one of them.
    """
    drawn = slices[slices["tumour"] == LABELS[1]]
    largest = drawn.loc[drawn.groupby("folder", observed=True)["tumour_px"].idxmax()].sort_values("tumour_px")
    places = spread(range(len(largest)), count)
    complete = largest[[f"{one}_real" for one in SEQUENCES]].all(axis=1).to_numpy(bool)
    if len(places) > 2 and complete[places].all() and not complete.all():
        places[-2] = int(np.flatnonzero(~complete)[-1])
    return largest.iloc[sorted(set(places))]


def without_tumour(slices: DataFrame, count: int) -> DataFrame:
    """Choose each folder's tumour-free slice (or slice without a mask) that is nearest to the middle."""
    empty = slices[slices["tumour"] != LABELS[1]]
    empty = empty.loc[(empty["position"] - 0.5).abs().sort_values(kind="stable").index]
    nearest = empty.groupby("folder", observed=True, sort=True).head(1).sort_values("folder")
    return nearest.iloc[spread(range(len(nearest)), count)]


def spread(items: Sequence[_Item], count: int) -> list[_Item]:
    """Take so many items, evenly from the first to the last; all where there are fewer."""
    if len(items) <= count:
        return list(items)
    return [items[round(place)] for place in np.linspace(0, len(items) - 1, count)] if count > 1 else [items[0]]


def load(chosen: DataFrame, description: Description) -> list[Example]:
    """Read the chosen slices once more; one that cannot be read any more is left out."""
    names = short_names([one.name for one in description.folders])
    by_name = {one.name: (one, short) for one, short in zip(description.folders, names, strict=True)}
    examples = (_example(row, description.root, *by_name[str(row["folder"])]) for row in chosen.to_dict("records"))
    return [one for one in examples if one is not None]


def _example(row: dict[str, Any], root: Path, folder: PatientFolder, short: str) -> Example | None:
    import pandas as pd

    images = tuple(one for one in folder.files.images if relative(one, root) == row["image"])
    case = read_case(replace(folder.files, images=images))
    if row["page"] >= len(case):
        return None
    scan, index = next(
        (scan, index) for scan in case.scans for index, source in enumerate(scan.sources) if source.page == row["page"]
    )
    pixels = to_uint8(scan.pixels)[index]
    planes: dict[str, NDArray[np.uint8]] = {
        one: pixels[..., scan.sequences.index(one)] for one in scan.sequences if row[f"{one}_real"]
    }
    truth = case.truths[row["page"]]
    number = Path(row["image"]).stem if pd.isna(row["slice"]) else f"slice {row['slice']}"
    return Example(f"{short}, {number}", planes, None if truth is None else truth.pixels)


def draw_scans(description: Description, path: Path, *, title: str, note: str) -> None:
    """Draw one slice of many patients, with outlines; the last row without tumour."""
    marked = load(with_tumour(description.slices, ACROSS * (DOWN - 1)), description)
    empty = load(without_tumour(description.slices, ACROSS), description)
    rows = [
        [Tile(_shown(one), one.caption, one.mask) for one in kind[at : at + ACROSS]]
        for kind in (marked, empty)
        for at in range(0, len(kind), ACROSS)
    ]
    scan_grid(rows, path, title=title, note=note)


def _shown(one: Example) -> NDArray[np.uint8] | None:
    return one.images[shown_sequence(list(one.images))] if one.images else None


def draw_sequences(description: Description, path: Path, *, title: str, note: str) -> None:
    """Draw all sequences of a few slices, the mask, and the mask's outline on the image."""
    rows = []
    for one in load(_some(description.slices, IN_DETAIL), description):
        images = [Tile(one.images.get(name), one.caption if name == SEQUENCES[0] else "") for name in SEQUENCES]
        last = Tile(_shown(one), "", one.mask)
        rows.append([*images, Tile(_shown(one) if one.mask is not None else None, "", one.mask, show="mask"), last])
    names = [LONG_NAMES[one] for one in SEQUENCES]
    scan_grid(rows, path, title=title, note=note, columns=[*names, "true mask", "outline"])


def draw_enhanced(description: Description, path: Path, *, title: str, note: str) -> None:
    """Draw all sequences of a few slices before and after CLAHE, each pair with the same black and white."""
    clahe = description.preparation.clahe
    rows = []
    for one in load(_some(description.slices, ENHANCED), description):
        row = []
        for name in SEQUENCES:
            row.extend(_pair(one.images.get(name), name, clahe, one.name if name == SEQUENCES[0] else ""))
        rows.append(row)
    names = [f"{LONG_NAMES[one]}, {when}" for one in SEQUENCES for when in ("before", "after")]
    scan_grid(rows, path, title=title, note=note, columns=names)


def _pair(image: NDArray[np.uint8] | None, name: scan.Sequence, clahe: Clahe, caption: str) -> list[Tile]:
    if image is None:
        return [Tile(None, caption), Tile(None, "")]
    after = enhance_for_network(image[None, ..., None], (name,), clahe)[0, ..., 0]
    window = display_window([image.astype(np.float32), after])
    return [Tile(image, caption, window=window), Tile(after, "", window=window)]


def _some(slices: DataFrame, count: int) -> DataFrame:
    marked = with_tumour(slices, count)
    return marked if len(marked) else without_tumour(slices, count)
