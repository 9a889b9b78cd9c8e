"""Small sound files of every kind that is read: what a fuzzing run mutates. Made anew each time, always the same."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import imagecodecs
import nibabel
import numpy as np
import pydicom
import tifffile
from numpy.typing import NDArray
from PIL import Image
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLosslessSV1

from gliascope.phantom import make_phantom
from tests.dicom_series import write_series

SIDE: Final = 16


@dataclass(frozen=True)
class Seed:
    """One file to be mutated.

    Attributes
    ----------
    name : str
        Of the file, as it is written to be read.
    content : bytes
        What is mutated: of a packed file, what is inside.
    pack : callable
        Makes the file of the mutated content.
    beside : dict of str to bytes
        Sound files of the same case.
    """

    name: str
    content: bytes
    pack: Callable[[bytes], bytes] = bytes
    beside: tuple[tuple[str, bytes], ...] = ()


def seeds_of(reader: str, scratch: Path) -> list[Seed]:
    """Make the seeds of a reader, one of `READERS`; `scratch` is an empty folder."""
    return READERS[reader](scratch)


def _pixels() -> NDArray[np.uint8]:
    """Three slices of a small phantom, shape (3, SIDE, SIDE, 3)."""
    whole = make_phantom(1, slices=3, size=64, lesion_radius_px=8).scan.pixels
    return np.ascontiguousarray(whole[:, :: 64 // SIDE, :: 64 // SIDE], dtype=np.uint8)


def _tiff(_: Path) -> list[Seed]:
    pixels = _pixels()
    deep = pixels.astype(np.uint16) * 257
    grey = pixels[..., 0]
    rgb: dict[str, Any] = {"photometric": "rgb"}
    kinds: list[tuple[NDArray[Any], dict[str, Any]]] = [
        (pixels[0], rgb),
        (grey, {}),
        (deep, rgb | {"compression": "lzw", "predictor": True}),
        (pixels, rgb | {"compression": "zlib", "tile": (16, 16)}),
        (grey[0], {"bigtiff": True, "compression": "packbits", "rowsperstrip": 4}),
        (np.moveaxis(pixels[0], -1, 0), rgb | {"planarconfig": "separate", "byteorder": ">"}),
        (grey, {"imagej": True, "metadata": {"axes": "ZYX"}}),
        (grey[0], {"photometric": "palette", "colormap": np.arange(768, dtype=np.uint16).reshape(3, 256) * 85}),
    ]
    seeds = []
    for number, (array, options) in enumerate(kinds):
        stream = io.BytesIO()
        tifffile.imwrite(stream, array, **({"photometric": "minisblack"} | options))
        seeds.append(Seed(f"{number}.tif", stream.getvalue()))
    return seeds


def _png(_: Path) -> list[Seed]:
    colour = _pixels()[0]
    alpha = np.dstack([colour, colour[..., :1]])
    pictures = [colour, colour[..., 0], alpha, colour[..., 0].astype(np.uint16) * 257]
    contents = [_picture(Image.fromarray(one), "PNG") for one in pictures]
    contents += [_picture(Image.fromarray(colour).quantize(16), "PNG")]
    contents += [bytes(imagecodecs.png_encode(colour.astype(np.uint16) * 257))]
    return [Seed(f"{number}.png", one) for number, one in enumerate(contents)]


def _jpeg(_: Path) -> list[Seed]:
    colour = Image.fromarray(_pixels()[0])
    exif = Image.Exif()
    exif[274] = 6
    options: list[dict[str, Any]] = [
        {},
        {"progressive": True},
        {"exif": exif},
        {"subsampling": 2, "restart_marker_rows": 1},
    ]
    contents = [_picture(colour, "JPEG", **one) for one in options] + [_picture(colour.convert("L"), "JPEG")]
    return [Seed(f"{number}.jpg", one) for number, one in enumerate(contents)]


def _picture(image: Image.Image, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def _nifti(_: Path) -> list[Seed]:
    volume = np.ascontiguousarray(_pixels()[..., 1].transpose(2, 1, 0))
    oblique = np.array([[-1.0, 0.2, 0, 9], [-0.2, -1.0, 0, 8], [0, 0, 4, 7], [0, 0, 0, 1]])
    coronal = np.array([[-1.0, 0, 0, 0], [0, 0, -4, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    images = [
        nibabel.Nifti1Image(volume, np.diag([-1.0, -1, 5, 1])),
        nibabel.Nifti1Image(volume.astype(np.int16), oblique),
        nibabel.Nifti2Image(volume.astype(np.float32), np.diag([-2.0, -1, 3, 1])),
        nibabel.Nifti1Image(volume.astype(">f8"), coronal),
    ]
    images[1].header.set_slope_inter(0.5, -3)
    contents = [bytes(one.to_bytes()) for one in images]
    truth = bytes(nibabel.Nifti1Image((volume > 90).astype(np.uint8), np.diag([-1.0, -1, 5, 1])).to_bytes())
    seeds = [Seed(f"{number}_flair.nii", one) for number, one in enumerate(contents)]
    seeds.append(Seed("0_seg.nii", truth, beside=(("0_flair.nii", contents[0]),)))
    seeds.append(Seed("1_t1ce.nii", contents[1], beside=(("1_flair.nii", contents[0]),)))
    return seeds


def _nifti_gz(scratch: Path) -> list[Seed]:
    """The same, mutated before they are packed, and after."""
    packed = []
    for one in _nifti(scratch):
        packed.append(Seed(f"{one.name}.gz", one.content, _gzip, one.beside))
        packed.append(Seed(f"{one.name}.gz", _gzip(one.content), beside=one.beside))
    return packed


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 1, mtime=0)


def _dicom(scratch: Path) -> list[Seed]:
    seeds = []
    for form in ("plain", "packed"):
        paths = write_series(scratch / form, _pixels()[..., 1].astype(np.uint16), np.diag([1.0, 1.0, 5.0, 1.0]))
        if form == "packed":
            for path in paths:
                _compress(path)
        contents = {path.name: path.read_bytes() for path in paths}
        name = paths[1].name
        beside = tuple((one, content) for one, content in contents.items() if one != name)
        seeds.append(Seed(name, contents[name], beside=beside))
    return seeds


def _compress(path: Path) -> None:
    data = pydicom.dcmread(path)
    stream = imagecodecs.jpeg8_encode(data.pixel_array, lossless=True, bitspersample=16)
    data.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    data.PixelData = encapsulate([bytes(stream)])
    data["PixelData"].VR = "OB"
    data.save_as(path)


def _archive(scratch: Path) -> list[Seed]:
    """A zip archive of DICOM files: a file in it is mutated, and the archive itself."""

    def zipped(one: Seed) -> Callable[[bytes], bytes]:
        def pack(content: bytes) -> bytes:
            stream = io.BytesIO()
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, each in ((one.name, content), *one.beside):
                    archive.writestr(zipfile.ZipInfo(name), each, zipfile.ZIP_DEFLATED)
            return stream.getvalue()

        return pack

    first = _dicom(scratch)[0]
    pack = zipped(first)
    return [Seed("all.zip", first.content, pack), Seed("all.zip", pack(first.content))]


READERS: Final[dict[str, Callable[[Path], list[Seed]]]] = {
    "tiff": _tiff,
    "png": _png,
    "jpeg": _jpeg,
    "nifti": _nifti,
    "nifti-gz": _nifti_gz,
    "dicom": _dicom,
    "dicom-zip": _archive,
}
"""What makes the seeds of every reader."""
