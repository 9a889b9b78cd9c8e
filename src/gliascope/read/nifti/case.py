"""The NIfTI files of one case become one scan of axial slices, its sequences on one grid."""

from __future__ import annotations

from collections.abc import Sequence as Many
from pathlib import Path

import numpy as np

from gliascope.errors import InputError
from gliascope.read.nifti.decode import decode_nifti
from gliascope.read.nifti.header import UNPLACED_NOTES
from gliascope.read.nifti.truth import lay_truth
from gliascope.read.volume.join import REFERENCE, Joiner
from gliascope.read.volume.stored import Stored
from gliascope.scan import Case, Mask, Problem, Scan, Sequence


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
        self._joiner = Joiner(always_register=always_register)
        self.problems: list[Problem] = self._joiner.problems
        self.warnings: list[str] = self._joiner.warnings

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
        volumes: dict[Sequence, Stored] = {}
        for one in REFERENCE:
            if one in self.files and (volume := self._decode(one, is_reference=not volumes)) is not None:
                volumes[one] = volume
        if not volumes:
            return Case(name, (), (), tuple(self.problems), tuple(self.warnings))
        scan = self._joiner.join(volumes, tuple(self.files))
        truths = self._truths(truth, scan) if truth is not None else (None,) * len(scan)
        return Case(name, (scan,), truths, tuple(self.problems), tuple(dict.fromkeys(self.warnings)))

    def _decode(self, sequence: Sequence, *, is_reference: bool) -> Stored | None:
        path = self.files[sequence]
        try:
            decoded = decode_nifti(path)
        except InputError as error:
            self.problems.append(Problem(str(path), str(error).removeprefix(f"{path}: ")))
            return None
        about_others = () if is_reference else UNPLACED_NOTES  # the joiner tells what is assumed instead
        self.warnings.extend(f"{path.name}: {note}" for note in decoded.notes if note not in about_others)
        header = decoded.header
        is_byte = header.dtype == np.uint8 and header.slope == 1 and header.intercept == 0
        return Stored(
            path,
            path.name,
            header.grid,
            decoded.values,
            header.raw,
            is_byte,
            has_geometry=header.has_geometry,
            is_oriented=header.is_oriented,
        )

    def _truths(self, path: Path, scan: Scan) -> tuple[Mask | None, ...]:
        try:
            truth = lay_truth(path, scan)
        except InputError as error:
            self.problems.append(Problem(str(path), str(error).removeprefix(f"{path}: ")))
            return (None,) * len(scan)
        self.warnings.extend(f"{path.name}: {note}" for note in truth.notes)
        pairs = zip(truth.inside, truth.covered, strict=True)
        return tuple(Mask(one, path) if is_covered else None for one, is_covered in pairs)
