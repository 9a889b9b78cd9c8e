"""DICOM data sets, opened within bounds: a file that lies costs neither memory nor time."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from gliascope.errors import InputError, UnreadableFile
from gliascope.read.dicom import bounds
from gliascope.scan import DicomImage

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

DAMAGE: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the archives, and most of pydicom, raise where a file is damaged; see `damage`."""

_LOCK: Final = threading.RLock()
_HERE: Final = threading.local()
"""Of each thread: whether it keeps quiet already."""


@dataclass(frozen=True, order=True)
class Place:
    """Where an instance is stored.

    Attributes
    ----------
    path : Path
        The file, or the archive that holds it.
    member : str
        Name within the archive; empty for a file of its own.
    """

    path: Path
    member: str = ""

    def __str__(self) -> str:
        return f"{self.path}/{self.member}" if self.member else str(self.path)

    @property
    def folder(self) -> str:
        """The folder that holds it, on disk or within the archive."""
        return str(self).replace("\\", "/").rpartition("/")[0]


def damage() -> tuple[type[Exception], ...]:
    """Everything that pydicom and zipfile raise where a file is damaged."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    return (*DAMAGE, BytesLengthException, InvalidDicomError, RuntimeError)


class Archives:
    """Archives that stay open while several of their members are read."""

    def __init__(self) -> None:
        self._open: dict[Path, zipfile.ZipFile] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open.values():
            one.close()

    def open(self, place: Place, *, whole: bool) -> Any:
        """Open one member: as it is unpacked, or unpacked into memory.

        Raises
        ------
        InputError
            If it is encrypted, or to be unpacked and has more than `gliascope.read.dicom.bounds.MAX_FILE` bytes.
        """
        archive = self._open.get(place.path)
        if archive is None:
            archive = self._open[place.path] = zipfile.ZipFile(place.path)
        size = archive.getinfo(place.member).file_size
        try:
            packed = archive.open(place.member)
        except RuntimeError as error:  # zipfile's word for a password
            raise InputError("a member of an archive must not be encrypted, received one that is") from error
        if not whole:
            return packed
        with packed:
            content = packed.read(min(size, bounds.MAX_FILE) + 1)
        if len(content) > bounds.MAX_FILE:
            raise InputError(f"a member of an archive must have at most {bounds.MAX_FILE} bytes, received more")
        return io.BytesIO(content)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom's warnings to ourselves: they quote values, such as a date of birth that is no date."""
    if getattr(_HERE, "quiet", False):
        yield
        return
    with _LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _HERE.quiet = True
        try:
            yield
        finally:
            _HERE.quiet = False


def open_instance(image: DicomImage, *, pixels: bool = False) -> FileDataset:
    """Open the data set that an image plane came from.

    Parameters
    ----------
    image : DicomImage
    pixels : bool
        Read the pixel data too.

    Returns
    -------
    FileDataset of pydicom's

    Raises
    ------
    UnreadableFile
        If it cannot be read any more.
    """
    return read_dataset(Place(image.path, image.member), pixels=pixels)


def read_dataset(
    place: Place, *, pixels: bool = False, tags: list[int] | None = None, archives: Archives | None = None
) -> FileDataset:
    """Read a data set; one without preamble or file meta information too.

    Parameters
    ----------
    place : Place
    pixels : bool
        Read all of it; by default what comes before the pixel data.
    tags : list of int, optional
        Keep these elements only.
    archives : Archives, optional
        Keeps an archive open for the next member.

    Returns
    -------
    FileDataset of pydicom's
        With a transfer syntax; a deflated one is explicit little endian, as it is after inflating.

    Raises
    ------
    UnreadableFile
        If it is damaged or breaks a bound; the message names the file and the rule.
    """
    try:
        with open_stream(place, archives, whole=pixels) as stream:
            return _parse(stream, pixels, tags)
    except InputError as error:
        raise UnreadableFile(f"{place}: {error}") from error
    except RecursionError as error:
        raise _too_deep(place) from error
    except MemoryError as error:
        raise UnreadableFile(f"{place}: a DICOM file must fit into memory, received a larger one") from error
    except damage() as error:
        raise (_too_deep(place) if _ends_in_recursion(error) else _damaged(place, error)) from error


def _too_deep(place: Place) -> UnreadableFile:
    return UnreadableFile(
        f"{place}: sequences must be nested no deeper than can be read ({bounds.MAX_DEPTH}), received more"
    )


def _ends_in_recursion(error: BaseException | None) -> bool:
    """Whether an error was Python's recursion limit before pydicom made another of it."""
    seen = 0
    while error is not None and not isinstance(error, RecursionError) and seen < 10_000:
        error, seen = error.__cause__ or error.__context__, seen + 1
    return isinstance(error, RecursionError)


def _damaged(place: Place, error: Exception) -> UnreadableFile:
    """Say that a file is damaged, in words that hold nothing of it."""
    reason = getattr(error, "strerror", None) or type(error).__name__
    return UnreadableFile(f"{place}: a DICOM file must be readable and undamaged, received {reason}")


@contextmanager
def open_stream(place: Place, archives: Archives | None = None, *, whole: bool = True) -> Iterator[Any]:
    """Open a file or a member of an archive.

    Parameters
    ----------
    place : Place
    archives : Archives, optional
        Keeps an archive open for the next member.
    whole : bool
        Unpack a member at once; else as far as it is read.

    Raises
    ------
    InputError
        If it has more than `gliascope.read.dicom.bounds.MAX_FILE` bytes.
    """
    if place.member:
        with Archives() as own, (archives or own).open(place, whole=whole) as stream:
            yield stream
        return
    with place.path.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        if size > bounds.MAX_FILE:
            raise InputError(f"a DICOM file must have at most {bounds.MAX_FILE} bytes, received {size}")
        stream.seek(0)
        yield stream


def read_content(place: Place) -> bytes:
    """Read a file or member as it is.

    Raises
    ------
    UnreadableFile
        If it cannot be read any more.
    """
    try:
        with open_stream(place) as stream:
            content: bytes = stream.read()
            return content
    except InputError as error:
        raise UnreadableFile(f"{place}: {error}") from error
    except DAMAGE as error:
        raise _damaged(place, error) from error


def _parse(stream: Any, pixels: bool, tags: list[int] | None) -> FileDataset:
    import pydicom
    from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

    inflated = bounds.inflated(stream, bounds.MAX_FILE if pixels else bounds.MAX_HEADER)
    source = bounds.Bounded(inflated or stream, bounds.MAX_FILE if pixels else bounds.MAX_HEADER)
    with quiet():
        data: FileDataset = pydicom.dcmread(
            source, stop_before_pixels=not pixels, force=True, specific_tags=None if tags is None else list(tags)
        )
        if inflated or not data.file_meta.get("TransferSyntaxUID"):
            implicit, little = data.original_encoding
            explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
            data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
        bounds.check_depth(data)
    return data
