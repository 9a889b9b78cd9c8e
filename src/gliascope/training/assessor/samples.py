"""Examples that the assessor is fitted to: a patient's slices, and what can be made of them that must be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, get_args

import numpy as np
from numpy.typing import NDArray

from gliascope.detect.assessor import CLASSES
from gliascope.phantom import make_phantom
from gliascope.scan import Scan
from gliascope.training.assessor.brain import brain_sections, depths, head_sections, phantom_brains
from gliascope.training.assessor.contrasts import ct_like, inverted, t2_like
from gliascope.training.assessor.disturb import Picture, disturb, to_picture
from gliascope.training.assessor.objects import body, ct_body, scene, texture, window
from gliascope.training.assessor.planes import Plane, cut_plane, places

AXIAL, PLANE, CONTRAST, OBJECT = range(len(CLASSES))
OWN: Final = "own"
"""Kind of the slices that are left as they are."""
HOLDS_BRAIN: Final = 0.25
"""A patient's slice is said to hold brain where the head's section is at least this share of the largest,"""
VERTEX: Final = 0.08
"""or in the upper half of the volume this share: near the vertex the head is small and still holds brain."""
UPPER: Final = 0.35
"""Skulls are taken off from this share of the slices upwards."""
THICKNESS: Final = (2.5, 7.5)
"""Assumed distance of two slices of the LGG data, in pixels of a slice: their files do not say it."""
PHANTOM_SIZE: Final = 144
PHANTOM_SLICES: Final = 115
"""Slices of a phantom of `PHANTOM_SIZE` that lie about one pixel apart."""

Stack = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sample:
    """One example.

    Attributes
    ----------
    kind : str
        How it was made.
    label : int
        Place in `gliascope.detect.assessor.CLASSES`.
    place : int
        Slice, row or column of the volume; -1 where it was made from nothing.
    image : ndarray, uint8, shape (row, column)
    """

    kind: str
    label: int
    place: int
    image: Picture


@dataclass(frozen=True, eq=False)
class Head:
    """A volume taken apart.

    Attributes
    ----------
    flair : ndarray, uint8, shape (slice, row, column)
    t1 : dict of str to ndarray, uint8, same shape
        ``pre`` and ``post``, without those that are copies of FLAIR.
    heads, brains : ndarray, uint8, same shape
    thickness : tuple of float
        Range of the distance of two slices, in pixels.
    """

    flair: Stack
    t1: dict[str, Stack]
    heads: Stack
    brains: Stack
    thickness: tuple[float, float]

    @property
    def slices(self) -> NDArray[np.intp]:
        """Slices that hold brain; see `HOLDS_BRAIN` and `VERTEX`."""
        area = self.heads.sum(axis=(1, 2))
        share = np.where(np.arange(len(area)) < np.argmax(area), HOLDS_BRAIN, VERTEX)
        return np.flatnonzero(area > share * area.max())

    @property
    def bare(self) -> NDArray[np.intp]:
        """Slices of which the skull could be taken off."""
        held = self.slices
        upper = held[int(UPPER * len(held)) :]
        return upper[self.brains[upper].any(axis=(1, 2))]


def take_apart(scan: Scan, thickness: tuple[float, float] = THICKNESS) -> Head | None:
    """Find head and brain of a volume; None where it has no FLAIR, is not 8-bit or shows no head."""
    if "flair" not in scan.sequences or scan.pixels.dtype != np.uint8:
        return None
    planes = {name: np.ascontiguousarray(scan.pixels[..., one]) for one, name in enumerate(scan.sequences)}
    flair = planes.pop("flair")
    heads = head_sections(flair)
    if not heads.any():
        return None
    t1 = {str(name): stack for name, stack in planes.items() if not np.array_equal(stack, flair)}
    return Head(flair, t1, heads, brain_sections(flair, heads), thickness)


def phantom_head(seed: int) -> Head:
    """Draw a phantom of nearly cubic voxels and take it apart."""
    phantom = make_phantom(seed, slices=PHANTOM_SLICES, size=PHANTOM_SIZE, healthy=seed % 2 == 0)
    head = take_apart(phantom.scan, (0.8, 1.3))
    if head is None:
        raise RuntimeError(f"phantom {seed} shows no head")
    return replace(head, brains=phantom_brains(seed, PHANTOM_SLICES, PHANTOM_SIZE))


def samples_of(head: Head, rng: np.random.Generator) -> Iterator[Sample]:
    """Make the examples of one volume.

    Parameters
    ----------
    head : Head
    rng : numpy.random.Generator

    Yields
    ------
    Sample
        About 750: every slice that holds brain as it is (kind ``own``), then made ones.
    """
    for place in head.slices:
        yield Sample(OWN, AXIAL, int(place), head.flair[place])
    for series in (*_axial(head, rng), *_contrasts(head, rng), *_planes(head, rng)):
        yield from _drawn(series, rng)
    yield from _objects(head, rng)


@dataclass(frozen=True, eq=False)
class _Series:
    """Examples of one kind: `count` disturbed pictures, and a third as many undisturbed, at places drawn at random."""

    kind: str
    label: int
    places: NDArray[np.intp]
    count: int
    make: Callable[[int], Picture]


def _drawn(series: _Series, rng: np.random.Generator) -> Iterator[Sample]:
    if not len(series.places):
        return
    for number in range(series.count + series.count // 3):
        place = int(rng.choice(series.places))
        image = series.make(place)
        if number < series.count:
            yield Sample(f"{series.kind}, disturbed", series.label, place, disturb(image, rng))
        else:
            yield Sample(series.kind, series.label, place, image)


def _axial(head: Head, rng: np.random.Generator) -> Iterator[_Series]:
    yield _Series("with skull", AXIAL, head.slices, 60, head.flair.__getitem__)
    yield _Series("without skull", AXIAL, head.bare, 50, _bared(head.flair, head, rng))


def _contrasts(head: Head, rng: np.random.Generator) -> Iterator[_Series]:
    flair, heads, brains = head.flair, head.heads, head.brains
    for name, stack in head.t1.items():
        yield _Series(f"T1 {name}", CONTRAST, head.slices, 36, stack.__getitem__)
        yield _Series(f"T1 {name} without skull", CONTRAST, head.bare, 26, _bared(stack, head, rng))
    t1 = next(iter(head.t1.values()), None)
    if t1 is not None:

        def t2(one: int) -> Picture:
            return t2_like(t1[one], heads[one], brains[one], rng)

        yield _Series("like T2", CONTRAST, head.slices, 20, t2)
        yield _Series("like T2 without skull", CONTRAST, head.bare, 16, lambda one: t2(one) * brains[one])
    source = flair if t1 is None else t1
    yield _Series("inverted", CONTRAST, head.slices, 8, lambda one: inverted(flair[one], heads[one], rng))
    yield _Series("like CT", CONTRAST, head.bare, 14, lambda one: ct_like(source[one], heads[one], brains[one], rng))


def _planes(head: Head, rng: np.random.Generator) -> Iterator[_Series]:
    depth = depths(head.brains)
    for plane in get_args(Plane):
        there, inside = places(head.heads, plane), places(head.brains, plane)
        yield _Series(plane, PLANE, there, 45, _cut(head.flair, plane, head.thickness, rng))
        yield _Series(f"{plane} without skull", PLANE, inside, 36, _cut(head.flair, plane, head.thickness, rng, depth))
        for stack in head.t1.values():
            yield _Series(f"{plane} T1", PLANE, there, 8, _cut(stack, plane, head.thickness, rng))
        yield _Series(f"{plane}, not stretched", PLANE, there, 3, _cut(head.flair, plane, (1.0, 1.0), rng))


def _objects(head: Head, rng: np.random.Generator) -> Iterator[Sample]:
    for place in rng.choice(head.slices, 14):
        image = window(head.flair[place], head.heads[place], rng)
        if image is not None:
            yield Sample("window", OBJECT, int(place), disturb(image, rng))
    for _ in range(20):
        yield Sample("body", OBJECT, -1, disturb(body(rng), rng))
        yield Sample("body in CT", OBJECT, -1, disturb(ct_body(rng), rng))
    for _ in range(14):
        yield Sample("texture", OBJECT, -1, texture(rng))
        yield Sample("scene", OBJECT, -1, scene(rng))


def _bared(stack: Stack, head: Head, rng: np.random.Generator) -> Callable[[int], Picture]:
    """Slices without their skulls, brighter, as programs that take it off scale them anew."""
    return lambda one: to_picture((stack[one] * head.brains[one]).astype(np.float32) * rng.uniform(1, 2))


def _cut(
    stack: Stack,
    plane: Plane,
    thickness: tuple[float, float],
    rng: np.random.Generator,
    depth: NDArray[np.float32] | None = None,
) -> Callable[[int], Picture]:
    return lambda one: cut_plane(stack, plane, one, rng.uniform(*thickness), rng, depth=depth)
