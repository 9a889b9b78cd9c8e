"""What `gliascope enhance` does to the images of one case."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gliascope.cli.enhance_plan import Job
from gliascope.cli.enhance_volume import enhance_volume
from gliascope.errors import GliascopeError, InputError
from gliascope.prepare.clahe import enhance
from gliascope.prepare.clahe_trace import trace_tiles
from gliascope.prepare.head import head_mask
from gliascope.prepare.intensity import to_uint8
from gliascope.prepare.quality import quality
from gliascope.present.display import plane, shown_sequence
from gliascope.present.figure import SEQUENCE_TITLES
from gliascope.present.images import write_image
from gliascope.present.masks import output_stem
from gliascope.read.channels import all_channels_equal, sequences_of
from gliascope.read.raster import decode
from gliascope.recipe import Clahe
from gliascope.scan import Sequence

Pages = list[NDArray[Any]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What the user asked for.

    Attributes
    ----------
    clahe : Clahe
    channels : tuple of str or None
        The sequence of each channel; None follows the rule of `gliascope.read.read_cases`.
    figure : bool
        Whether each slice is drawn before and after.
    """

    clahe: Clahe
    channels: tuple[Sequence, ...] | None
    figure: bool


def enhance_case(
    jobs: list[Job], settings: Settings, fault: Callable[[Job, GliascopeError], None]
) -> Iterator[tuple[Job, list[dict[str, Any]]]]:
    """Enhance and write the images of one case.

    Parameters
    ----------
    jobs : list of Job
    settings : Settings
    fault : callable
        Told of each image that cannot be used, or whose result is not what was to be written; the rest goes on.

    Yields
    ------
    Job
        The image that was done, or could not be.
    list of dict
        One a page, or one a volume: files, sequence, and contrast and noise before and after; none after a fault.
    """
    ready: list[tuple[Job, Pages]] = []
    for job in jobs:
        if job.sequence is not None:
            yield job, _volume(job, job.sequence, settings, fault)
            continue
        try:
            ready.append((job, _read(job)))
        except InputError as error:
            fault(job, error)
            yield job, []
    scaled = _to_8_bits([pages for _, pages in ready])
    for (job, _), pages in zip(ready, scaled, strict=True):
        rows: list[dict[str, Any]] = []
        try:
            rows = _enhance_file(job, pages, settings)
        except GliascopeError as error:
            fault(job, error)
        yield job, rows


def _volume(
    job: Job, sequence: Sequence, settings: Settings, fault: Callable[[Job, GliascopeError], None]
) -> list[dict[str, Any]]:
    """Enhance one volume, and measure the slice with the largest head."""
    try:
        done = enhance_volume(job.image, job.output, settings.clahe)
    except GliascopeError as error:
        fault(job, error)
        return []
    for one in done.notes:
        logger.warning("%s: %s", job.image, one)
    place = (done.slice, done.slices)
    return [_report(job, place, (done.before[..., np.newaxis], done.after[..., np.newaxis]), (sequence,), settings)]


def _read(job: Job) -> Pages:
    decoded = decode(job.image)
    for one in decoded.notes:
        logger.warning("%s: %s", job.image, one)
    return list(decoded.pages)


def _to_8_bits(files: list[Pages]) -> list[Pages]:
    """Scale deeper slices to 8 bits, together where `gliascope.read.read_case` would make one scan of them."""
    several = len(files) > 1 and any(len(pages) > 1 for pages in files)
    if several:
        return [_to_8_bits([pages])[0] for pages in files]
    pages = [page for file in files for page in file]
    alike = len({(page.shape, page.dtype) for page in pages}) == 1
    stacks = [np.stack(pages)] if alike else [page[np.newaxis] for page in pages]
    done = itertools.chain.from_iterable(
        to_uint8(stack if stack.dtype == np.uint8 else stack.astype(np.float32)) for stack in stacks
    )
    return [list(itertools.islice(done, len(file))) for file in files]


def _enhance_file(job: Job, pages: Pages, settings: Settings) -> list[dict[str, Any]]:
    names = [_sequences(page, settings.channels) for page in pages]
    enhanced = [enhance(page, settings.clahe) for page in pages]
    write_image(enhanced, job.output)
    return [
        _report(job, (number, len(pages)), (page, better), sequences, settings)
        for number, (page, better, sequences) in enumerate(zip(pages, enhanced, names, strict=True))
    ]


def _sequences(page: NDArray[np.uint8], channels: tuple[Sequence, ...] | None) -> tuple[Sequence, ...]:
    """The sequence of each channel; a grey image stored in three channels may be named by one."""
    if channels is not None and len(channels) == 1 and all_channels_equal([page]):
        return channels * int(page.shape[2])
    return sequences_of(page.shape[2], channels)


def _report(
    job: Job,
    page: tuple[int, int],
    images: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    sequences: tuple[Sequence, ...],
    settings: Settings,
) -> dict[str, Any]:
    original, enhanced = (np.ascontiguousarray(plane(image, sequences)) for image in images)
    head = head_mask(original[np.newaxis])[0]
    before, after = quality(original, head), quality(enhanced, head)
    shown = shown_sequence(sequences)
    stem = job.stem if job.sequence is not None else output_stem(f"{job.stem}.x", *page)
    path = job.figures / f"{stem}_enhancement.png" if settings.figure else None
    if path is not None:
        from gliascope.present.enhancement_figure import enhancement_figure

        note = f"{original.shape[1]} x {original.shape[0]} px, {SEQUENCE_TITLES[shown]}, both shown from 0 to 255"
        enhancement_figure(
            original,
            enhanced,
            trace_tiles(original, settings.clahe),
            head,
            before=before,
            after=after,
            clahe=settings.clahe,
            title=job.image.name if page[1] == 1 else f"{job.image.name}, {_place(job, page)}",
            note=f"{note}; contrast and noise over the head",
            path=path,
        )
    return {
        "case": job.case,
        "input": str(job.image),
        "page": page[0],
        "output": str(job.output),
        "figure": None if path is None else str(path),
        "sequence": shown,
        "before": asdict(before),
        "after": asdict(after),
    }


def _place(job: Job, page: tuple[int, int]) -> str:
    """Where a slice is in its file, for people."""
    return f"page {page[0] + 1}" if job.sequence is None else f"axial slice {page[0] + 1} of {page[1]}"
