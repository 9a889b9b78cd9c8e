"""The voxels of a series."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.geometry import flip_frame, shear
from gliascope.read.dicom.codecs import check_codec, decode_frame, is_native
from gliascope.read.dicom.files import Archives, Place, damage, quiet, read_dataset
from gliascope.read.dicom.header import Plane
from gliascope.read.dicom.series import Series
from gliascope.read.dicom.stack import Stack
from gliascope.read.dicom.values import number, uid, value_of, whole
from gliascope.read.volume.limits import MAX_VOXELS, SHEARED
from gliascope.read.volume.stored import Stored
from gliascope.scan import DicomImage, DicomSource, Problem, Sequence

if TYPE_CHECKING:
    from pydicom.dataset import FileDataset

BITS: Final = (8, 16, 32)


def decode_series(series: Series, sequence: Sequence, problems: list[Problem]) -> Stored | None:
    """Decode every slice of a series.

    Parameters
    ----------
    series : Series
        With a stack.
    sequence : str
        What it is used as.
    problems : list of Problem
        Gets every file that is damaged or breaks a rule.

    Returns
    -------
    Stored or None
        Values scaled by slope and intercept; white-is-zero images are turned round, and padding is as dark as the
        darkest other value. None where a file is damaged: a volume without one of its slices would be wrong.
    """
    stack = series.stack
    assert stack is not None
    columns, rows, slices = stack.grid.shape
    values = np.zeros((slices, rows, columns), dtype=np.float32)
    places: dict[Place, list[int]] = {}
    for number_of, (instance, _) in enumerate(stack.members):
        places.setdefault(instance.place, []).append(number_of)
    is_byte, before = True, len(problems)
    is_negative = series.first.photometric == "MONOCHROME1"
    with Archives() as archives:
        for place, slots in places.items():
            frames = [stack.members[one][1] for one in slots]
            try:
                data = read_dataset(place, pixels=True, archives=archives)
                is_byte &= _fill(data, frames, slots, values, is_negative=is_negative)
            except InputError as error:
                problems.append(Problem(str(place), str(error).removeprefix(f"{place}: ")))
    if len(problems) > before:
        return None
    _fill_blank(values, is_negative=is_negative)
    if is_negative:
        values = values.max() + values.min() - values
    return Stored(
        path=stack.members[0][0].place.path,
        label=series.label,
        grid=stack.grid,
        values=values.transpose(2, 1, 0),
        header=_header(stack),
        is_byte=is_byte,
        frame=series.first.frame_of_reference_uid,
        dicom=_source(series, stack, sequence),
    )


def _fill(
    data: FileDataset, frames: list[Plane], slots: list[int], values: NDArray[np.float32], *, is_negative: bool
) -> bool:
    """Decode the frames of one file into their slices, NaN where all is padding; whether they are plain bytes."""
    is_byte = whole(data, "BitsAllocated") == 8 and whole(data, "PixelRepresentation") == 0
    padding = number(data, "PixelPaddingValue")
    wanted = dict(zip((one.frame for one in frames), zip(frames, slots, strict=True), strict=True))
    for frame, stored in _frames(data, set(wanted), (values.shape[1], values.shape[2])):
        plane, slot = wanted.pop(frame)
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = (stored.astype(np.float64) * plane.slope + plane.intercept).astype(np.float32)
        if not np.isfinite(scaled).all():
            raise InputError("rescaled values must be finite, received others")
        # 0 is the darkest value as it is, unless the image is a negative
        is_padded = padding is not None and (padding != 0 or is_negative)
        outside = stored == padding if is_padded else np.zeros((), dtype=np.bool_)
        if outside.any():
            scaled[outside] = np.nan if outside.all() else _darkest(scaled[~outside], is_negative=is_negative)
        values[slot] = scaled
        is_byte &= plane.slope == 1 and plane.intercept == 0
    if wanted:
        raise InputError(f"pixel data must hold every frame, received none for frame {min(wanted) + 1}")
    return is_byte


def _fill_blank(values: NDArray[np.float32], *, is_negative: bool) -> None:
    """Make slices that are padding throughout as dark as the others are at most."""
    blank = np.isnan(values[:, 0, 0])
    if blank.any():
        values[blank] = 0 if blank.all() else _darkest(values[~blank], is_negative=is_negative)


def _darkest(values: NDArray[np.float32], *, is_negative: bool) -> np.float32:
    return np.float32(values.max() if is_negative else values.min())


def _frames(data: FileDataset, wanted: set[int], size: tuple[int, int]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Decode the frames asked for, in order."""
    rows, columns, count = whole(data, "Rows"), whole(data, "Columns"), whole(data, "NumberOfFrames") or 1
    bits, stored = whole(data, "BitsAllocated"), whole(data, "BitsStored")
    syntax = uid(data.file_meta, "TransferSyntaxUID")
    check_codec(syntax)
    if (rows, columns) != size:
        raise InputError(f"a frame must be {size[0]} x {size[1]}, as its header was, received {rows} x {columns}")
    if size[0] * size[1] * count > MAX_VOXELS:
        raise InputError(f"an instance must have at most {MAX_VOXELS} voxels, received {count} frames of that size")
    if bits not in BITS or stored is None or not 1 <= stored <= bits:
        raise InputError(f"BitsAllocated must be 8, 16 or 32 and BitsStored no more, received {bits} and {stored}")
    if whole(data, "PixelRepresentation") not in (0, 1):
        raise InputError("PixelRepresentation must be 0 or 1, received another or none")
    content = value_of(data, "PixelData")
    if not isinstance(content, bytes):
        raise InputError("an image must have pixel data of whole numbers, received none")
    if is_native(syntax):
        stated = size[0] * size[1] * bits // 8 * count
        if len(content) < stated:
            raise InputError(f"pixel data must have {stated} bytes, received {len(content)}")
        yield from _native(data, wanted, syntax)
    else:
        if bits > 16:
            raise InputError(f"compressed pixels must have 8 or 16 bits, received {bits}")
        yield from _compressed(data, wanted, count, (syntax, *size, bits, stored))


def _native(data: FileDataset, wanted: set[int], syntax: str) -> Iterator[tuple[int, NDArray[Any]]]:
    from pydicom.pixels.decoders.base import get_decoder
    from pydicom.uid import UID

    decoder = get_decoder(UID(syntax))
    for one in sorted(wanted):
        try:
            with quiet():
                decoded, _ = decoder.as_array(data, index=one, raw=True)
        except damage() as error:
            raise InputError(f"pixel data must be undamaged, received {type(error).__name__}") from error
        yield one, decoded


def _compressed(
    data: FileDataset, wanted: set[int], count: int, how: tuple[str, int, int, int, int]
) -> Iterator[tuple[int, NDArray[Any]]]:
    from pydicom.encaps import generate_frames

    syntax, rows, columns, bits, stored = how
    is_signed = whole(data, "PixelRepresentation") == 1
    try:
        with quiet():
            packed = list(itertools.islice(generate_frames(data.PixelData, number_of_frames=count), count))
    except damage() as error:
        raise InputError(f"pixel data must hold {count} frames, received {type(error).__name__}") from error
    for one in sorted(wanted):
        if one < len(packed):
            yield one, _signed(decode_frame(packed[one], syntax, rows, columns, bits), stored, is_signed=is_signed)


def _signed(decoded: NDArray[Any], stored: int, *, is_signed: bool) -> NDArray[Any]:
    """Give values the sign that the data set says they have: most codecs know none."""
    if (decoded.dtype.kind == "i") == is_signed:
        return decoded
    shift = max(decoded.dtype.itemsize * 8 - stored, 0)
    kind = np.dtype(f"{'i' if is_signed else 'u'}{decoded.dtype.itemsize}")
    return np.asarray((np.left_shift(decoded, shift)).view(kind) >> shift)


def _source(series: Series, stack: Stack, sequence: Sequence) -> DicomSource:
    images = tuple(
        DicomImage(one.place.path, one.place.member, plane.frame, one.instance_uid) for one, plane in stack.members
    )
    return DicomSource(sequence, series.study_uid, series.uid, series.first.frame_of_reference_uid, images)


def _header(stack: Stack) -> bytes:
    """NIfTI header over the series, by which results are written."""
    from nibabel.nifti1 import Nifti1Header

    header = Nifti1Header()
    affine = flip_frame(stack.grid.affine)
    header.set_data_shape(stack.grid.shape)
    header.set_zooms(tuple(float(one) for one in np.linalg.norm(affine[:3, :3], axis=0)))
    header.set_xyzt_units("mm")
    header.set_sform(affine, code=1)
    if shear(stack.grid.affine) <= SHEARED:
        header.set_qform(affine, code=1)
    return bytes(header.binaryblock)
