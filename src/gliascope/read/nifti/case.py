"""The NIfTI files of one case become one scan of axial slices, its sequences on one grid."""

from __future__ import annotations

from collections.abc import Sequence as Many
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.read.hashing import pixel_hash
from gliascope.read.nifti.align import is_misaligned, register
from gliascope.read.nifti.axial import Axial, plan_axial
from gliascope.read.nifti.decode import Decoded, decode_nifti
from gliascope.read.nifti.resample import resample
from gliascope.read.nifti.truth import read_truth
from gliascope.scan import SEQUENCES, Case, Mask, Problem, Scan, Sequence, Source, Volume

REFERENCE: Final[tuple[Sequence, ...]] = ("flair", "post", "pre")
"""The first of these that is there gives its grid to the others."""
TITLES: Final[dict[Sequence, str]] = {"pre": "T1 before contrast", "flair": "FLAIR", "post": "T1 after contrast"}
LOST: Final[dict[tuple[Sequence, ...], float]] = {("pre",): 0.043, ("post",): 0.001, ("pre", "post"): 0.098}
"""Dice that missing sequences cost; made by docs/measure_volumes.py, see docs/reference/volumes.md."""
SAME_PLACE: Final = 0.01
"""Millimetres within which two grids are one."""


class VolumeReader:
    """Reads one case; problems and warnings gather as files are read.

    Parameters
    ----------
    paths : sequence of Path
    sequences : sequence of str
        The sequence of each.
    always_register : bool
        Register every sequence to FLAIR, not only those that are measured to be misaligned.
    """

    def __init__(self, paths: Many[Path], sequences: Many[Sequence], *, always_register: bool = False) -> None:
        self.files = dict(zip(sequences, paths, strict=True))
        self.always_register = always_register
        self.problems: list[Problem] = []
        self.warnings: list[str] = []

    def read(self, name: str, truth: Path | None) -> Case:
        """Read the case.

        Parameters
        ----------
        name : str
        truth : Path or None

        Returns
        -------
        Case
            With one scan, or none where no file can be used.
        """
        found = {one: self._decode(one) for one in REFERENCE if one in self.files}
        volumes = {one: volume for one, volume in found.items() if volume is not None}
        if not volumes:
            return Case(name, (), (), tuple(self.problems), tuple(self.warnings))
        base = next(iter(volumes))
        plan = plan_axial(volumes[base].header.grid)
        self._note_plan(base, plan)
        scan = self._scan(base, volumes, plan)
        truths = self._truths(truth, scan) if truth is not None else (None,) * len(scan)
        return Case(name, (scan,), truths, tuple(self.problems), tuple(dict.fromkeys(self.warnings)))

    def _decode(self, sequence: Sequence) -> Decoded | None:
        path = self.files[sequence]
        try:
            decoded = decode_nifti(path)
        except InputError as error:
            self.problems.append(Problem(str(path), str(error).removeprefix(f"{path}: ")))
            return None
        self.warnings.extend(f"{path.name}: {note}" for note in decoded.notes)
        if decoded.values.size and decoded.values.min() == decoded.values.max():
            self.warnings.append(f"{path.name}: every voxel has the same value")
        return decoded

    def _note_plan(self, base: Sequence, plan: Axial) -> None:
        if plan.is_resampled:
            self.warnings.append(
                f"{TITLES[base]} has no axial slices with square pixels; they were made by interpolation, "
                "and the outline was brought back the same way"
            )
        if base == "flair":
            missing = tuple(one for one in SEQUENCES if one not in self.files)
            if missing:
                names = " and ".join(TITLES[one] for one in missing)
                self.warnings.append(
                    f"{names} missing: on its test patients the model lgg-1 lost {LOST[missing]:.2f} of Dice without"
                )

    def _scan(self, base: Sequence, volumes: dict[Sequence, Decoded], plan: Axial) -> Scan:
        reference = volumes[base]
        planes = {base: plan.cut(reference.values)}
        for one, volume in volumes.items():
            if one != base and (laid := self._lay(one, volume, planes[base], reference, plan)) is not None:
                planes[one] = laid
        sequences = tuple(one for one in SEQUENCES if one in planes)
        pixels = np.stack([planes[one] for one in sequences], axis=-1)
        if all(_is_byte(volumes[one]) for one in sequences):
            pixels = np.rint(pixels).astype(np.uint8)
        path = self.files[base]
        header = reference.header
        return Scan(
            pixels,
            sequences,
            tuple(Source(path, page, len(pixels), pixel_hash(one)) for page, one in enumerate(pixels)),
            is_volume=len(pixels) > 1,
            affine=plan.grid.affine,
            has_geometry=header.has_geometry,
            volume=Volume(path, header.grid, plan.turn, header.raw, plan.is_resampled, header.is_oriented),
        )

    def _lay(
        self, sequence: Sequence, volume: Decoded, target: NDArray[Any], reference: Decoded, plan: Axial
    ) -> NDArray[Any] | None:
        """Lay a sequence on the reference's slices."""
        path, header = self.files[sequence], volume.header
        has_places = header.has_geometry and reference.header.has_geometry
        is_same = header.grid.shape == reference.header.grid.shape and (
            not has_places or header.grid.is_at(reference.header.grid, SAME_PLACE)
        )
        if not is_same and not has_places:
            self.problems.append(
                Problem(str(path), "a sequence without spacing must have the size of the reference, received another")
            )
            return None
        own = plan_axial(header.grid) if not is_same else plan
        values = own.turn.forward(volume.values).transpose(2, 1, 0)
        if is_same and not self.always_register:
            return plan.cut(volume.values)
        if not is_same:
            self.warnings.append(f"{path.name}: on another grid; brought onto that of the reference by interpolation")
        return self._register(sequence, values, own, target, plan)

    def _register(
        self, sequence: Sequence, values: NDArray[Any], own: Axial, target: NDArray[Any], plan: Axial
    ) -> NDArray[Any]:
        moved = None
        path = self.files[sequence]
        misaligned = is_misaligned(target, plan.grid, values, own.turned)
        if misaligned or self.always_register:
            found = register(target, plan.grid, values, own.turned)
            moved = found.moved
            why = "does not lie on the reference" if misaligned else "was to be registered"
            what = (
                "registration found nothing better and it was left where it is"
                if moved is None
                else f"it was registered, moved by {found.shift_mm:.1f} mm and turned by {found.angle:.1f} degrees"
            )
            self.warnings.append(f"{path.name}: {TITLES[sequence]} {why}; {what}")
        return resample(values, own.turned, plan.grid, moved=moved)

    def _truths(self, path: Path, scan: Scan) -> tuple[Mask | None, ...]:
        try:
            inside, notes = read_truth(path, scan)
        except InputError as error:
            self.problems.append(Problem(str(path), str(error).removeprefix(f"{path}: ")))
            return (None,) * len(scan)
        self.warnings.extend(f"{path.name}: {note}" for note in notes)
        return tuple(Mask(one, path) for one in inside)


def _is_byte(volume: Decoded) -> bool:
    header = volume.header
    return header.dtype == np.uint8 and header.slope == 1 and header.intercept == 0
