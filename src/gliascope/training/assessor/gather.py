"""Read the volumes, make examples of them, and describe these."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.layout import PatientFolder
from gliascope.detect.descriptor import describe
from gliascope.detect.section import find_section
from gliascope.errors import InputError
from gliascope.read import read_case
from gliascope.training.assessor.fit import Examples
from gliascope.training.assessor.samples import OWN, Head, phantom_head, samples_of, take_apart

logger = logging.getLogger(__name__)

PHANTOMS: Final = tuple(range(7_000, 7_024))
"""Seeds of the phantoms: they teach what a section of fine, cubic voxels looks like, which no patient here has."""

PHANTOMS_OWN: Final = "phantom's own"

Advance = Callable[[int, int, str], None]
"""Called after each volume: how many are done, how many there are, and its name."""


@dataclass(frozen=True, eq=False)
class Gathered:
    """Described examples, and where they came from.

    Attributes
    ----------
    examples : Examples
        Patients' groups are counted from 0, phantoms' follow.
    patients : tuple of str
        By group.
    slices : tuple of str
        Pixel hashes of the patients' slices, sorted.
    """

    examples: Examples
    patients: tuple[str, ...]
    slices: tuple[str, ...]


def gather(
    folders: Iterable[PatientFolder], seed: int = 0, advance: Advance = lambda _done, _total, _note: None
) -> Gathered:
    """Make and describe the examples of patients and phantoms.

    Parameters
    ----------
    folders : iterable of PatientFolder
    seed : int
    advance : callable

    Returns
    -------
    Gathered

    Raises
    ------
    InputError
        If no patient shows a head on 8-bit FLAIR.
    """
    folders = list(folders)
    names = sorted({one.patient for one in folders})
    total = len(folders) + len(PHANTOMS)
    numbers: list[NDArray[np.float16]] = []
    rows: list[tuple[int, str, int, float]] = []
    hashes: set[str] = set()
    for done, (group, name, heads, sources) in enumerate(_volumes(folders, names), start=1):
        hashes.update(sources)
        for head in heads:
            # Each volume has its own stream of numbers, so that another patient more or less changes no other's.
            for kind, label, border, described in _described(head, np.random.default_rng((seed, group))):
                numbers.append(described)
                rows.append((label, PHANTOMS_OWN if kind == OWN and group >= len(names) else kind, group, border))
        advance(done, total, name)
    if not any(kind == OWN for _, kind, _, _ in rows):
        raise InputError("an assessor needs patients with a head on 8-bit FLAIR, received none")
    labels, kinds, groups, borders = (np.array(one) for one in zip(*rows, strict=True))
    examples = Examples(np.stack(numbers), labels, kinds, groups, borders.astype(np.float32))
    return Gathered(examples, tuple(names), tuple(sorted(hashes)))


def _volumes(folders: list[PatientFolder], names: list[str]) -> Iterator[tuple[int, str, list[Head], list[str]]]:
    for folder in folders:
        case = read_case(folder.files)
        heads = [head for scan in case.scans if scan.is_volume and (head := take_apart(scan)) is not None]
        if not heads:
            logger.warning("%s: no head on 8-bit FLAIR; left out", folder.name)
        yield names.index(folder.patient), folder.name, heads, [one.sha256 for one in case.sources]
    for place, one in enumerate(PHANTOMS):
        yield len(names) + place, f"phantom {one}", [phantom_head(one)], []


def _described(head: Head, rng: np.random.Generator) -> Iterator[tuple[str, int, float, NDArray[np.float16]]]:
    """Describe examples; those without an object, which need no model to be refused, are left out."""
    for sample in samples_of(head, rng):
        section = find_section(sample.image)
        if section is not None:
            yield sample.kind, sample.label, section.border_share, describe(section).astype(np.float16)
