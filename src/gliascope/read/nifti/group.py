"""The NIfTI files of a folder become cases: which belong together, and what is left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gliascope.read.nifti.names import VolumeName, understand
from gliascope.scan import SEQUENCES
from gliascope.scan import Sequence as Contrast

UNNAMED: Final = "the name says no sequence; taken as FLAIR"


@dataclass
class VolumeGroup:
    """The files of one case.

    Attributes
    ----------
    prefix : str
        What their names have in common; may be empty.
    files : dict of str to Path
        File of each sequence that is there.
    truth : Path or None
    warnings : list of str
    others : list of str
        Names that are not used.
    truths : list of str
        Names of all truths that fit; the first is taken.
    """

    prefix: str
    files: dict[Contrast, Path] = field(default_factory=dict)
    truth: Path | None = None
    warnings: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    truths: list[str] = field(default_factory=list)

    @property
    def sequences(self) -> tuple[Contrast, ...]:
        """The sequences that are there, in the order of `gliascope.scan.SEQUENCES`."""
        return tuple(one for one in SEQUENCES if one in self.files)

    @property
    def images(self) -> tuple[Path, ...]:
        """Their files."""
        return tuple(self.files[one] for one in self.sequences)


def group_volumes(paths: Sequence[Path]) -> list[VolumeGroup]:
    """Put the NIfTI files of one folder together.

    They are one case where no sequence occurs twice; else one case for each prefix, such as ``a`` and ``b`` of
    ``a_flair.nii``, ``a_t1.nii``, ``b_flair.nii``. A file whose name says nothing is taken as FLAIR where no file of
    the folder is named by its sequence.

    Parameters
    ----------
    paths : sequence of Path
        In natural order.

    Returns
    -------
    list of VolumeGroup
        In the order of the files.
    """
    names = [understand(one) for one in paths]
    named = [one for one in names if one.sequence is not None]
    if not named:
        named = [VolumeName(one.path, "flair", one.prefix) for one in names if one.role == "unknown"]
        note = [f"{one.path.name}: {UNNAMED}" for one in named]
    else:
        note = []
    roles = [one.role for one in named]
    if len(set(roles)) == len(roles) and named:
        groups = {"": VolumeGroup(_common(named), warnings=note)}
        _fill(groups, named, whole=True)
    else:
        groups = {prefix: VolumeGroup(prefix) for prefix in dict.fromkeys(one.prefix for one in named)}
        _fill(groups, named, whole=False)
        for one, text in zip(named, note, strict=False):
            groups[one.prefix].warnings.append(text)
    _add_truths(groups, [one for one in names if one.role == "truth"])
    told = {one.path.name for one in named} | {name for group in groups.values() for name in group.truths}
    for one in names:
        if groups and one.path.name not in told:
            group = groups.get(one.prefix) or next(iter(groups.values()))  # what belongs to none is told by the first
            group.others.append(one.path.name)
    return list(groups.values())


def lone_volume(path: Path, beside: Iterable[Path]) -> VolumeGroup:
    """Make the case of a file named on its own, with the truth that lies beside it.

    Parameters
    ----------
    path : Path
    beside : iterable of Path
        The NIfTI files of its folder.
    """
    name = understand(path)
    group = VolumeGroup(name.prefix, {name.sequence or "flair": path})
    if name.sequence is None:
        group.warnings.append(f"{path.name}: {UNNAMED}")
    truths = [one for one in map(understand, beside) if one.role == "truth" and one.prefix == name.prefix]
    _take_truth(group, truths)
    return group


def _common(named: list[VolumeName]) -> str:
    prefixes = {one.prefix for one in named}
    return prefixes.pop() if len(prefixes) == 1 else ""


def _fill(groups: dict[str, VolumeGroup], named: list[VolumeName], *, whole: bool) -> None:
    for one in named:
        group = groups["" if whole else one.prefix]
        sequence = one.sequence or "flair"
        first = group.files.setdefault(sequence, one.path)
        if first is not one.path:
            group.warnings.append(f"{one.path.name}: not used, {first.name} is the {sequence} sequence already")


def _add_truths(groups: dict[str, VolumeGroup], truths: list[VolumeName]) -> None:
    for prefix, group in groups.items():
        _take_truth(group, truths if len(groups) == 1 else [one for one in truths if one.prefix == prefix])


def _take_truth(group: VolumeGroup, truths: list[VolumeName]) -> None:
    """Take the truth of the same prefix, else the only one."""
    fitting = [one for one in truths if one.prefix == group.prefix] or truths
    if fitting:
        group.truth = fitting[0].path
    group.truths = [one.path.name for one in fitting]
