"""What peers share with gliascope: its reading and its writing, one case after another."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.present.masks import mask_name, write_mask
from gliascope.read import find_cases, read_case

SIZE: Final = 256
BATCHES: Final = (1, 4, 8, 16)
"""Batch sizes that a peer is tried with."""
INSIDE: Final = 0.5

Stack = NDArray[np.float32]


def run_cases(patients: list[Path], out: Path, outline: Callable[[Stack, NDArray[np.bool_]], Stack]) -> int:
    """Read cases, have their slices outlined, write a mask for each slice and a table.

    Parameters
    ----------
    patients : list of Path
        Folders of patients.
    out : Path
    outline : callable
        From images, float32, shape (slice, 256, 256, 3), 0 to 1, and which slices truly show a tumour, to each pixel's
        probability, shape (slice, 256, 256).

    Returns
    -------
    int
        Number of slices.
    """
    out.mkdir(parents=True, exist_ok=True)
    count = 0
    with (out / "cases.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["case", "slices", "tumour_slices", "area_px"])
        for one in find_cases(patients):
            case = read_case(one)
            images = to_square(np.concatenate([scan.pixels for scan in case.scans]))
            truth = np.array([mask is not None and bool(mask.pixels.any()) for mask in case.truths])
            masks = outline(images, truth) >= INSIDE
            rows, columns = case.scans[0].pixels.shape[1:3]
            for source, mask in zip(case.sources, masks, strict=True):
                name = mask_name(source.path or "slice", source.page, source.pages)
                write_mask(back(mask, rows, columns), out / case.name / "masks" / name)
            found = masks.reshape(len(masks), -1).sum(axis=1)
            table.writerow([case.name, len(masks), int((found > 0).sum()), int(found.sum())])
            count += len(masks)
    return count


def to_square(pixels: NDArray[np.uint8]) -> Stack:
    """Bring slices to 256 x 256 and three channels, 0 to 1."""
    if pixels.shape[1:3] != (SIZE, SIZE):
        pixels = np.stack([cv2.resize(one, (SIZE, SIZE)).reshape(SIZE, SIZE, -1) for one in pixels])
    if pixels.shape[3] == 1:
        pixels = np.repeat(pixels, 3, axis=3)
    return pixels.astype(np.float32) / np.float32(255)


def back(mask: NDArray[np.bool_], rows: int, columns: int) -> NDArray[np.bool_]:
    """Bring a mask from 256 x 256 to its image."""
    if mask.shape == (rows, columns):
        return mask
    return cv2.resize(mask.astype(np.uint8), (columns, rows), interpolation=cv2.INTER_NEAREST) > 0


def best_batch(run: Callable[[Stack], object], slices: int = 16, sizes: Sequence[int] = BATCHES) -> int:
    """Find the batch size at which slices take the least time, after a first call.

    Parameters
    ----------
    run : callable
        Takes a batch.
    slices : int
        Slices of each trial.
    sizes : sequence of int

    Returns
    -------
    int
    """
    images = np.random.default_rng(0).random((slices, SIZE, SIZE, 3), dtype=np.float32)
    times = {}
    for size in sizes:
        run(images[:size])
        times[size] = _timed(run, images, size)
    return min(times, key=lambda size: times[size])


def batches(images: Stack, size: int) -> Iterator[Stack]:
    """Cut a stack into batches."""
    return (images[start : start + size] for start in range(0, len(images), size))


def _timed(run: Callable[[Stack], object], images: Stack, size: int) -> float:
    start = time.perf_counter()
    for batch in batches(images, size):
        run(batch)
    return time.perf_counter() - start
