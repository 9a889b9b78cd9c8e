"""Everything that is checked of one case of NIfTI volumes by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.check.facts import FolderFacts, Notes, Slice
from gliascope.dataset.check.files import reason_of
from gliascope.dataset.check.thumbnails import SIDE
from gliascope.dataset.layout import patient_of
from gliascope.detect.assessable import blank_slices
from gliascope.errors import InputError, SoftMask, UnreadableFile
from gliascope.prepare import LONG_NAMES, real_sequences
from gliascope.read import read_case
from gliascope.read.find import CaseFiles
from gliascope.read.nifti.truth import OTHER_GRID, lay_truth
from gliascope.read.truth import SEVERAL_LABELS
from gliascope.read.volume.join import missing_note
from gliascope.scan import SEQUENCES, Case, Scan


def check_volumes(files: CaseFiles, name: str, notes: Notes) -> FolderFacts:
    """Read a case and note what is wrong with it.

    Its slices are those that evaluation and training use, and are recognised by the same digest. They are not compared
    by what they look like: the limit for that was measured on scans that nobody had laid over a template.

    Parameters
    ----------
    files : CaseFiles
        With sequences.
    name : str
        As `gliascope.dataset.layout.name_of` gives it.
    notes : Notes
        Gets the remarks; nothing is raised for the sake of a file.

    Returns
    -------
    FolderFacts
    """
    first = files.images[files.sequences.index("flair")] if "flair" in files.sequences else files.images[0]
    case = read_case(replace(files, masks=(), truths=(), others=()))  # `others`: gliascope.dataset.check.stray's
    for one in case.problems:
        notes.add("unreadable", Path(one.path), one.message.partition(", received ")[2] or one.message)
    _check_sequences(files, case, notes)
    inside = _check_truth(files, first, case, notes)
    facts = tuple(one for scan in case.scans for one in _slices(scan, first))
    if inside is not None:
        _check_inside(files, inside, facts, notes)
    empty = np.zeros((0, SIDE, SIDE), dtype=np.uint8)
    return FolderFacts(name, patient_of(name), files.path, facts, empty, (), is_volume=True)


def _slices(scan: Scan, path: Path) -> list[Slice]:
    rows, columns, channels = scan.pixels.shape[1:]
    form = (rows, columns, channels, scan.pixels.dtype.name)
    blank = blank_slices(scan.pixels)
    return [
        Slice(path, one.page, form, one.sha256, bool(empty)) for one, empty in zip(scan.sources, blank, strict=True)
    ]


def _check_sequences(files: CaseFiles, case: Case, notes: Notes) -> None:
    if "flair" not in files.sequences:
        notes.add("no-flair", files.path, f"{' and '.join(LONG_NAMES[one] for one in files.sequences)} alone")
    missing = [one for one in SEQUENCES if one not in (*files.sequences, "flair")]
    if missing:
        notes.add("sequence-missing", files.path, f"no {' and no '.join(LONG_NAMES[one] for one in missing)}")
    for scan in case.scans:
        for copied in sorted(set(scan.sequences) - set(real_sequences(scan)[0]), key=SEQUENCES.index):
            notes.add("channel-copy", files.path, f"{LONG_NAMES[copied]} is a copy of FLAIR")
    told = missing_note(tuple(one for one in SEQUENCES if one not in files.sequences))
    for text in case.warnings:
        if text != told:
            notes.add("as-stored", files.path, text)


def _check_truth(files: CaseFiles, first: Path, case: Case, notes: Notes) -> NDArray[np.bool_] | None:
    """Read the truth onto the case's slices; None where it cannot be used."""
    if not files.masks:
        notes.add("image-without-mask", first, "no truth")
        return None
    path = files.masks[0]
    if len(files.truths) > 1:
        notes.add("several-masks", files.path, f"{', '.join(files.truths)}; {path.name} is taken")
    if not case.scans:
        return None
    try:
        truth = lay_truth(path, case.scans[0])
    except UnreadableFile as error:
        notes.add("unreadable", path, reason_of(error, path))
        return None
    except InputError as error:
        notes.add("mask-values" if isinstance(error, SoftMask) else "mask-size", path, reason_of(error, path))
        return None
    if SEVERAL_LABELS in truth.notes:
        notes.add("mask-labels", path, "several labels; all of them are taken as tumour")
    if not truth.covered.all():
        count = np.count_nonzero(truth.covered)
        notes.add("image-without-mask", path, f"a truth of {count} of {len(truth.covered)} slices")
    elif OTHER_GRID in truth.notes:
        notes.add("mask-grid", path, "another grid; the outline is interpolated")
    return truth.inside


def _check_inside(files: CaseFiles, inside: NDArray[np.bool_], facts: tuple[Slice, ...], notes: Notes) -> None:
    path = files.masks[0]
    if not inside.any():
        notes.add("no-tumour", files.path, f"no voxel inside on {len(facts)} slices")
    if 2 * np.count_nonzero(inside) > inside.size:
        notes.add("mask-mostly-inside", path, "more than half inside; is it the wrong way round?")
    if any(mine.any() and one.blank for mine, one in zip(inside, facts, strict=True)):
        notes.add("mask-on-blank", path, "an outline on a slice of one value throughout")
