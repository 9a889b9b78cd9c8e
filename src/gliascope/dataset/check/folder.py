"""Everything that is checked of one folder by itself."""

from __future__ import annotations

from collections import Counter
from typing import Final

import numpy as np

from gliascope.dataset.check.facts import FolderFacts, Notes, Page
from gliascope.dataset.check.files import check_names, read_files
from gliascope.dataset.check.thumbnails import SIDE, thumbnails
from gliascope.dataset.layout import patient_of
from gliascope.prepare import LONG_NAMES, real_sequences
from gliascope.read.find import CaseFiles
from gliascope.read.truth import is_mask_name
from gliascope.scan import SEQUENCES, Scan, Source

_FLAIR: Final = SEQUENCES.index("flair")


def check_folder(files: CaseFiles, notes: Notes) -> FolderFacts:
    """Read a folder and note what is wrong with it.

    Parameters
    ----------
    files : CaseFiles
        As `gliascope.read.find_cases` gives them.
    notes : Notes
        Gets the remarks; nothing is raised for the sake of a file.

    Returns
    -------
    FolderFacts
        What is needed to compare the folder with the others.
    """
    name = files.path.resolve().name
    if not files.images:
        _check_empty(files, notes)
        return FolderFacts(name, patient_of(name), files.path, (), np.zeros((0, SIDE, SIDE), np.uint8), ())
    check_names(files, notes)
    pages, tumour = read_files(files, notes)
    if tumour and not any(tumour):
        notes.add("no-tumour", files.path, f"no pixel inside on {len(tumour)} slices")
    _check_forms(pages, notes)
    pictures, shown = [np.zeros((0, SIDE, SIDE), np.uint8)], []
    for group in _groups(pages).values():
        _check_channels(files, [pages[place] for place in group], notes)
        channel = _FLAIR if pages[group[0]].pixels.shape[2] == len(SEQUENCES) else 0
        small, fit = thumbnails(np.stack([pages[place].pixels[..., channel] for place in group]))
        pictures.append(small)
        shown += [group[place] for place in fit]
    facts = tuple(page.facts for page in pages)
    return FolderFacts(name, patient_of(name), files.path, facts, np.concatenate(pictures), tuple(shown))


def _check_empty(files: CaseFiles, notes: Notes) -> None:
    try:
        inside = [one for one in files.path.iterdir() if not one.name.startswith(".")]
    except OSError as error:
        notes.add("unreadable", files.path, f"a folder that cannot be opened: {error.strerror}")
        return
    if not any(is_mask_name(one) for one in inside):  # lone masks are told one by one
        notes.add("no-images", files.path, f"none among {len(inside)} files" if inside else "an empty folder")


def _groups(pages: list[Page]) -> dict[tuple[int, int, int, str], list[int]]:
    """Places of the slices of each form."""
    groups: dict[tuple[int, int, int, str], list[int]] = {}
    for place, page in enumerate(pages):
        groups.setdefault(page.facts.form, []).append(place)
    return groups


def _check_forms(pages: list[Page], notes: Notes) -> None:
    forms = Counter(page.facts.form_text for page in pages)
    if len(forms) > 1:
        (usual, count), *_ = forms.most_common()
        for page in pages:
            if page.facts.form_text != usual:
                place = f", page {page.facts.page}" if page.facts.page else ""
                notes.add(
                    "patient-sizes",
                    page.facts.path,
                    f"{page.facts.form_text}{place}, where {count} of {len(pages)} slices are {usual}",
                )


def _check_channels(files: CaseFiles, pages: list[Page], notes: Notes) -> None:
    """Note the channels that are copies: of FLAIR, as the preparation finds them, or the T1 channels of each other."""
    filled = [page for page in pages if not page.facts.blank]
    if not filled or filled[0].pixels.shape[2] != len(SEQUENCES):
        return
    pixels = np.stack([page.pixels for page in filled])
    sources = tuple(Source(page.facts.path, page.facts.page, 1, page.facts.sha256) for page in filled)
    scan = Scan(pixels if pixels.dtype == np.uint8 else pixels.astype(np.float32), SEQUENCES, sources, len(filled) > 1)
    real, _ = real_sequences(scan)
    for missing in (one for one in SEQUENCES if one not in real):
        notes.add("channel-copy", files.path, f"{LONG_NAMES[missing]} is a copy of FLAIR")
    pre, post = SEQUENCES.index("pre"), SEQUENCES.index("post")
    if len(real) == len(SEQUENCES) and np.array_equal(pixels[..., pre], pixels[..., post]):
        notes.add("channel-copy", files.path, f"{LONG_NAMES['post']} is a copy of {LONG_NAMES['pre']}")
