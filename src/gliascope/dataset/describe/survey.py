"""One patient read at a time: a row for each slice, histograms of the head, the tumour's place in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.layout import PatientFolder
from gliascope.prepare import InverseMap, prepare_mask, real_sequences, to_uint8
from gliascope.prepare.clahe import enhance_for_network
from gliascope.prepare.head import head_box, head_mask
from gliascope.read import read_case
from gliascope.recipe import Preparation
from gliascope.scan import SEQUENCES, Case, Mask, Problem, Scan, Sequence, Source

STAGES: Final = ("before CLAHE", "after CLAHE")
REGIONS: Final = ("tumour", "rest of the head")
PLACE: Final = 128
"""Rows and columns of the square in which the tumours' places are counted."""
COUNTS: Final = (len(STAGES), len(REGIONS), len(SEQUENCES), 256)
NUMBER: Final = re.compile(r"(\d+)$")


@dataclass(frozen=True, eq=False)
class PatientSurvey:
    """What one folder holds.

    Attributes
    ----------
    rows : list of dict
        One a slice that can be read; see `gliascope.dataset.describe.tables.slice_table` for the keys.
    counts : ndarray, int64, shape (stage, region, sequence, level) = (2, 2, 3, 256)
        Pixels of the head by grey level, in the order of `STAGES`, `REGIONS` and `SEQUENCES`; a sequence that is
        missing or a copy counts nothing. The tumour is what the true outlines hold.
    places : ndarray, bool, shape (2, PLACE, PLACE)
        Where the true outline, and the head, of any slice lie in the square that the networks see.
    problems : tuple of Problem
        Files that cannot be used.
    warnings : tuple of str
    """

    rows: list[dict[str, Any]]
    counts: NDArray[np.int64]
    places: NDArray[np.bool_]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def survey_patient(folder: PatientFolder, root: Path, preparation: Preparation) -> PatientSurvey:
    """Read one patient's folder.

    Parameters
    ----------
    folder : PatientFolder
    root : Path
        Paths in the rows are relative to it.
    preparation : Preparation
        Its CLAHE is what stands between "before" and "after", its crop is the square of `PatientSurvey.places`.

    Returns
    -------
    PatientSurvey
    """
    case = read_case(folder.files)
    counts = np.zeros(COUNTS, dtype=np.int64)
    places = np.zeros((2, PLACE, PLACE), dtype=np.bool_)
    rows: list[dict[str, Any]] = []
    for scan, truths in _with_truths(case):
        real, _ = real_sequences(scan)
        pixels = to_uint8(scan.pixels)
        head = head_mask(pixels[..., scan.sequences.index("flair") if "flair" in scan.sequences else 0])
        tumour = _outlines(truths, head.shape)
        for index, source in enumerate(scan.sources):
            row = _row(folder, root, source, truths[index], head[index])
            rows.append(row | {f"{one}_real": one in real for one in SEQUENCES})
        counts += _counts(
            pixels, (tumour, head & ~tumour), {one: scan.sequences.index(one) for one in real}, preparation
        )
        places |= _places(head, tumour, preparation, scan.is_volume)
    for index, row in enumerate(rows):
        row["position"] = round(index / (len(rows) - 1), 4) if len(rows) > 1 else 0.5
    return PatientSurvey(rows, counts, places, case.problems, case.warnings)


def _with_truths(case: Case) -> list[tuple[Scan, tuple[Mask | None, ...]]]:
    pairs, start = [], 0
    for scan in case.scans:
        pairs.append((scan, case.truths[start : start + len(scan)]))
        start += len(scan)
    return pairs


def _outlines(truths: tuple[Mask | None, ...], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    inside = np.zeros(shape, dtype=np.bool_)
    for index, truth in enumerate(truths):
        if truth is not None:
            inside[index] = truth.pixels
    return inside


def _row(
    folder: PatientFolder, root: Path, source: Source, truth: Mask | None, head: NDArray[np.bool_]
) -> dict[str, Any]:
    path = source.path or folder.path
    number = NUMBER.search(path.stem)
    area = None if truth is None else int(np.count_nonzero(truth.pixels))
    return {
        "patient": folder.patient,
        "institution": folder.institution,
        "folder": folder.name,
        "slice": source.page + 1 if source.pages > 1 else int(number[1]) if number else None,
        "image": relative(path, root),
        "page": source.page,
        "mask": None if truth is None or truth.path is None else relative(truth.path, root),
        "rows": head.shape[0],
        "columns": head.shape[1],
        "tumour": None if area is None else "tumour" if area else "no tumour",
        "tumour_px": area,
        "head_px": int(np.count_nonzero(head)),
    }


def relative(path: Path, root: Path) -> str:
    """Name a file as the tables do: relative to the data set, with slashes; as it is where it lies elsewhere."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _counts(
    pixels: NDArray[np.uint8],
    regions: tuple[NDArray[np.bool_], ...],
    channels: dict[Sequence, int],
    preparation: Preparation,
) -> NDArray[np.int64]:
    """Count a scan's grey levels, slice by slice: the enhanced volume is never held as a whole."""
    counts = np.zeros(COUNTS, dtype=np.int64)
    if not channels:
        return counts
    for index, image in enumerate(pixels):
        plain = image[..., list(channels.values())]
        # Rounded down: a blend ends in .5 for every other value, and rounding to even would comb the histogram.
        enhanced = enhance_for_network(plain[None], tuple(channels), preparation.clahe)[0].astype(np.uint8)
        for stage, values in enumerate((plain, enhanced)):
            for region, where in enumerate(regions):
                chosen = values[where[index]]
                for place, name in enumerate(channels):
                    counts[stage, region, SEQUENCES.index(name)] += np.bincount(chosen[:, place], minlength=256)
    return counts


def _places(
    head: NDArray[np.bool_], tumour: NDArray[np.bool_], preparation: Preparation, is_volume: bool
) -> NDArray[np.bool_]:
    top, left, box = head_box(head, preparation.crop_margin, is_volume)
    rows, columns = head.shape[1:]
    shadows = np.stack([tumour.any(axis=0), head.any(axis=0)])
    inverse = InverseMap((rows, columns), top, left, box, (PLACE, PLACE))
    seen: NDArray[np.bool_] = prepare_mask(shadows, inverse) > 0
    return seen
