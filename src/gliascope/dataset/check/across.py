"""Rules about the data set as a whole: what its patients must and must not share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from gliascope.dataset.check.alike import LIMIT, find_alike
from gliascope.dataset.check.facts import FolderFacts, Notes, Slice


def check_across(folders: Sequence[FolderFacts], notes: Notes, advance: Callable[[int, int], None]) -> None:
    """Note folders of one name, sizes that differ, and slices that occur twice or look the same.

    Parameters
    ----------
    folders : sequence of FolderFacts
    notes : Notes
    advance : callable
        See `gliascope.dataset.check.alike.find_alike`, which takes the time.
    """
    filled = [one for one in folders if one.slices]
    _check_names(filled, notes)
    _check_sizes([one for one in filled if not one.is_volume], notes)
    known = _check_repeats(filled, notes)
    patient_at = {one.path: one.patient for one in filled if not one.is_volume}
    for pair in find_alike(filled, advance):
        if frozenset((patient_at[pair.first.path.parent], patient_at[pair.second.path.parent])) in known:
            continue  # they share slices pixel for pixel: told already
        pairs = f"; {pair.pairs} pairs of their slices reach {LIMIT}" if pair.pairs > 1 else ""
        notes.add(
            "alike-across-patients",
            pair.second.path,
            f"a correlation of {pair.correlation:.3f} with {notes.place(pair.first.path)}{pairs}",
        )


def _check_names(folders: Sequence[FolderFacts], notes: Notes) -> None:
    first: dict[str, FolderFacts] = {}
    for one in folders:
        if first.setdefault(one.name, one) is not one:
            notes.add("folder-names", one.path, f"the name of {notes.place(first[one.name].path)}")


def _check_sizes(folders: Sequence[FolderFacts], notes: Notes) -> None:
    """Hold each folder's most frequent form against the set's."""
    usual = {one.path: Counter(part.form_text for part in one.slices).most_common(1)[0][0] for one in folders}
    forms = Counter(usual.values())
    if len(forms) > 1:
        (common, count), *_ = forms.most_common()
        for one in folders:
            if usual[one.path] != common:
                notes.add("set-sizes", one.path, f"{usual[one.path]}, where {count} of {len(folders)} are {common}")


def _check_repeats(folders: Sequence[FolderFacts], notes: Notes) -> set[frozenset[str]]:
    """Note slices of equal pixels, blank ones aside; the pairs of patients that share some."""
    first: dict[str, tuple[FolderFacts, Slice]] = {}
    shared: set[frozenset[str]] = set()
    volumes: Counter[tuple[str, Path, Path]] = Counter()
    for folder in folders:
        for one in folder.slices:
            if one.blank:
                continue
            owner, earlier = first.setdefault(one.sha256, (folder, one))
            if earlier is one:
                continue
            across = owner.patient != folder.patient
            if across:
                shared.add(frozenset((owner.patient, folder.patient)))
            page = f" (page {earlier.page})" if earlier.page else ""
            rule = "repeated-across-patients" if across else "repeated-in-patient"
            if folder.is_volume:
                volumes[rule, one.path, earlier.path] += 1
                continue
            notes.add(rule, one.path, f"the pixels of {notes.place(earlier.path)}{page}")
    for (rule, path, earlier_path), count in volumes.items():  # one remark a pair of files, however many slices
        notes.add(rule, path, f"{count} axial slices with the pixels of {notes.place(earlier_path)}")
    return shared
