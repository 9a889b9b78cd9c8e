"""The sequences of one case become one scan of axial slices, all on the grid of one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.read.hashing import pixel_hash
from gliascope.read.volume.align import is_misaligned, register
from gliascope.read.volume.axial import Axial, plan_axial
from gliascope.read.volume.places import SAME_ORDER, UNPLACED, is_same_grid, size_text
from gliascope.read.volume.resample import resample
from gliascope.read.volume.stored import Stored
from gliascope.scan import SEQUENCES, Problem, Scan, Sequence, Source, Volume, background_level

REFERENCE: Final[tuple[Sequence, ...]] = ("flair", "post", "pre")
"""The first of these that is there gives its grid to the others."""
TITLES: Final[dict[Sequence, str]] = {"pre": "T1 before contrast", "flair": "FLAIR", "post": "T1 after contrast"}
LOST: Final[dict[tuple[Sequence, ...], float]] = {("pre",): 0.046, ("post",): 0.003, ("pre", "post"): 0.115}
"""Dice that missing sequences cost; made by docs/measure_robustness.py, see docs/reference/robustness.md."""


def missing_note(missing: tuple[Sequence, ...]) -> str:
    """Say which T1 sequences are missing beside a FLAIR, and what that costs.

    Parameters
    ----------
    missing : tuple of str
        One of the keys of `LOST`; of others nothing was measured.
    """
    names = " and ".join(TITLES[one] for one in missing)
    lost = f"{max(0.0, LOST[missing]):.2f} of Dice" if missing in LOST else ""
    cost = f": on patients new to them, networks like those of lgg-3 lost {lost} without" if lost else ""
    return f"{names} missing{cost}"


class Joiner:
    """Joins the sequences of one case; problems and warnings gather meanwhile.

    Parameters
    ----------
    always_register : bool
        Register every sequence to FLAIR, not only those that are measured to be misaligned.
    """

    def __init__(self, *, always_register: bool = False) -> None:
        self.always_register = always_register
        self.problems: list[Problem] = []
        self.warnings: list[str] = []

    def join(self, volumes: Mapping[Sequence, Stored], given: tuple[Sequence, ...]) -> Scan:
        """Make the scan.

        Parameters
        ----------
        volumes : mapping of str to Stored
            The volume of each sequence; at least one.
        given : tuple of str
            The sequences that were given, those included that could not be read.
        """
        ordered = {one: volumes[one] for one in REFERENCE if one in volumes}
        base = next(iter(ordered))
        plan = plan_axial(ordered[base].grid)
        for one in ordered.values():
            if one.values.size and one.values.min() == one.values.max():
                self.warnings.append(f"{one.label}: every voxel has the same value")
        self._note_plan(base, plan, given)
        return self._scan(base, ordered, plan)

    def _note_plan(self, base: Sequence, plan: Axial, given: tuple[Sequence, ...]) -> None:
        if plan.is_resampled:
            self.warnings.append(
                f"{TITLES[base]} has no axial slices with square pixels; they were made by interpolation, "
                "and the outline was brought back the same way"
            )
        if base == "flair":
            missing = tuple(one for one in SEQUENCES if one not in given)
            if missing:
                self.warnings.append(missing_note(missing))

    def _scan(self, base: Sequence, volumes: dict[Sequence, Stored], plan: Axial) -> Scan:
        reference = volumes[base]
        planes = {base: plan.cut(reference.values)}
        for one, volume in volumes.items():
            if one != base and (laid := self._lay(one, volume, planes[base], reference, plan)) is not None:
                planes[one] = laid
        sequences = tuple(one for one in SEQUENCES if one in planes)
        pixels = np.stack([planes[one] for one in sequences], axis=-1)
        if all(volumes[one].is_byte for one in sequences):
            pixels = np.rint(pixels).astype(np.uint8)
        dicom, others = reference.dicom, tuple(volumes[one].dicom for one in sequences if one != base)
        if dicom is not None:
            dicom = replace(dicom, others=tuple(one for one in others if one is not None))
        series = "" if dicom is None else dicom.series_uid
        return Scan(
            pixels,
            sequences,
            tuple(
                Source(path, page, len(pixels), pixel_hash(one), series)
                for page, (path, one) in enumerate(zip(_paths(reference, plan), pixels, strict=True))
            ),
            is_volume=len(pixels) > 1,
            affine=plan.grid.affine,
            has_geometry=reference.has_geometry,
            volume=Volume(
                reference.path,
                reference.grid,
                plan.turn,
                reference.header,
                plan.is_resampled,
                reference.is_oriented,
                dicom,
            ),
        )

    def _lay(
        self, sequence: Sequence, volume: Stored, target: NDArray[Any], reference: Stored, plan: Axial
    ) -> NDArray[Any] | None:
        """Lay a sequence on the reference's slices."""
        has_spacing = volume.has_geometry and reference.has_geometry
        has_places = has_spacing and volume.is_oriented and reference.is_oriented
        is_strange = bool(volume.frame and reference.frame) and volume.frame != reference.frame
        is_same = is_same_grid(volume.grid, reference.grid, has_places=has_places, has_spacing=has_spacing)
        if not is_same and not has_places:
            sizes = " and ".join(size_text(one.grid, has_spacing=one.has_geometry) for one in (volume, reference))
            rule = f"a sequence must have the reference's size and spacing {UNPLACED}, received {sizes}"
            self.problems.append(Problem(str(volume.path), rule))
            return None
        if (volume.has_geometry, volume.is_oriented) != (reference.has_geometry, reference.is_oriented):
            self.warnings.append(f"{volume.label}: {SAME_ORDER}")
        own = plan_axial(volume.grid) if not is_same else plan
        values = own.turn.forward(volume.values).transpose(2, 1, 0)
        if is_same and not self.always_register and not is_strange:
            return plan.cut(volume.values)
        name = f"{volume.label}: {TITLES[sequence]}"
        if is_strange:
            self.warnings.append(f"{name} is in another frame of reference, so its place had to be found")
        elif not is_same:
            self.warnings.append(
                f"{volume.label}: on another grid; brought onto that of the reference by interpolation"
            )
        moved = self._motion(name, values, own, target, plan, must=is_strange)
        return resample(values, own.turned, plan.grid, moved=moved, fill=background_level(values))

    def _motion(
        self, name: str, values: NDArray[Any], own: Axial, target: NDArray[Any], plan: Axial, *, must: bool
    ) -> Any:
        """Find the motion that a sequence needs; None where it needs none."""
        misaligned = is_misaligned(target, plan.grid, values, own.turned)
        if not (misaligned or must or self.always_register):
            return None
        found = register(target, plan.grid, values, own.turned)
        why = "does not lie on the reference" if misaligned else "was to be registered"
        what = (
            "registration found nothing better and it was left where it is"
            if found.moved is None
            else f"it was registered, moved by {found.shift_mm:.1f} mm and turned by {found.angle:.1f} degrees"
        )
        self.warnings.append(f"{name} {why}; {what}")
        return found.moved


def _paths(reference: Stored, plan: Axial) -> list[Path]:
    """File of each slice: of a DICOM series its own, where the slices are those that were stored."""
    count, images = plan.grid.shape[2], reference.dicom.images if reference.dicom is not None else ()
    if not images or plan.is_resampled or plan.turn.axes[2] != 2:
        return [reference.path] * count
    files = [one.path / one.member if one.member else one.path for one in images]
    return files[::-1] if plan.turn.reversed[2] else files
