"""The public data set in its place."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gliascope.dataset.fetch.contents import Contents, count_contents, find_contents
from gliascope.dataset.fetch.kaggle import HANDLE, ROOM, Say, check_kagglehub, download, in_user_cache
from gliascope.dataset.fetch.place import Advance, Marker, beside_of, check_room, load_marker, unpack, write_marker
from gliascope.dataset.fetch.source import FolderSource, Source, open_source
from gliascope.errors import FetchError

FOLDER: Final = "kaggle_3m"
"""Name of the data set's folder."""

PATIENTS, SLICES = 110, 3929
"""What the whole public data set holds."""

LICENCE: Final = (
    "Images from The Cancer Imaging Archive, TCGA-LGG (CC BY 3.0); the release with masks is for research, with "
    "attribution, and not for commercial use"
)

CITATION: Final = (
    "Buda, Saha, Mazurowski: Association of genomic subtypes of lower-grade gliomas with shape features automatically "
    "extracted by a deep learning algorithm. Computers in Biology and Medicine 109, 2019. "
    "doi:10.1016/j.compbiomed.2019.05.002"
)


@dataclass(frozen=True)
class Fetched:
    """A data set in its place.

    Attributes
    ----------
    path : Path
        The folder of patients' folders.
    patients, slices : int
    origin : str
        The data set's name and version at Kaggle, or the file or folder it was taken from.
    new : bool
        False where an earlier call had put it there.
    left_out : tuple of str
        Folders of patients inside the source that were not taken.
    """

    path: Path
    patients: int
    slices: int
    origin: str
    new: bool
    left_out: tuple[str, ...] = ()

    @property
    def is_public_set(self) -> bool:
        """Whether it has as many patients and slices as the public data set."""
        return (self.patients, self.slices) == (PATIENTS, SLICES)


def fetch_data(
    into: str | Path,
    source: str | Path | None = None,
    *,
    advance: Advance = lambda _done, _total, _note: None,
    say: Say = lambda _text: None,
    bar: bool = False,
) -> Fetched:
    """Put the public LGG data set into a folder: by a download, or from a file got otherwise.

    The data set is written beside its place, ``into/kaggle_3m``, and moved there when it is whole. An interrupted call
    is taken up by the next one. A data set that is already there is left alone.

    Parameters
    ----------
    into : path
        Made if need be.
    source : path or None
        The zip archive of the public page, or a folder it was unpacked to; None downloads it by kagglehub.
    advance : callable
        See `gliascope.dataset.fetch.place.Advance`.
    say : callable
        Called with a line for each step of a download.
    bar : bool
        Show the progress of a download on standard error.

    Returns
    -------
    Fetched

    Raises
    ------
    FetchError
        If the download fails or the disk has no room; the message says how to go on.
    InputError
        If the source is damaged, not safe or no such data set, or the place holds something else.
    MissingExtra
        If the data set is to be downloaded and kagglehub is not installed.
    """
    target = Path(into) / FOLDER
    there = load_marker(target)
    if there is not None:
        return Fetched(target, there.patients, there.slices, there.origin, new=False)
    fetched = _download(target, advance, say, bar=bar) if source is None else _take(Path(source), target, advance)
    for left in (_cache_of(target), beside_of(target)):  # of an earlier call that took another way
        shutil.rmtree(left, ignore_errors=True)
    return fetched


def _take(source: Path, target: Path, advance: Advance) -> Fetched:
    with closing(open_source(source)) as opened:
        return _unpack(opened, target, advance, str(source))


def _unpack(source: Source, target: Path, advance: Advance, name: str) -> Fetched:
    contents = find_contents(source.members, name)
    return _fetched(target, unpack(source, contents, target, advance), contents)


def _download(target: Path, advance: Advance, say: Say, *, bar: bool) -> Fetched:
    check_kagglehub()
    if in_user_cache():
        return _unpack(FolderSource(download(None, say, bar=bar), HANDLE), target, advance, HANDLE)
    cache = _cache_of(target)
    cache.mkdir(parents=True, exist_ok=True)
    try:
        check_room(cache, max(0, ROOM - count_contents(cache)[1]))
        found = download(cache, say, bar=bar)
    except FetchError:
        if not count_contents(cache)[0]:  # nothing has arrived that another call could go on from
            shutil.rmtree(cache)
        raise
    if not found.resolve().is_relative_to(cache.resolve()):  # Kaggle's own notebooks hold the data set already
        return _unpack(FolderSource(found, HANDLE), target, advance, HANDLE)
    contents = find_contents(FolderSource(found).members, HANDLE)
    whole = found / contents.root
    marker = write_marker(whole, HANDLE, contents)
    whole.rename(target)
    return _fetched(target, marker, contents)


def _cache_of(target: Path) -> Path:
    return target.with_name(".kagglehub")


def _fetched(target: Path, marker: Marker, contents: Contents) -> Fetched:
    return Fetched(target, marker.patients, marker.slices, marker.origin, new=True, left_out=contents.left_out)
