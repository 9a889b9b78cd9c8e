"""Headers and voxels: every type, and every lie that was thought of."""

from __future__ import annotations

import gzip
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gliascope.errors import UnreadableFile
from gliascope.geometry import flip_frame
from gliascope.read.nifti.decode import NOT_FINITE, decode_nifti
from gliascope.read.nifti.header import NO_ORIENTATION, NO_SPACING

SaveVolume = Callable[..., Path]


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "f4", "f8", ">i2", ">f4"])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_every_type_is_read(save_volume: SaveVolume, values: NDArray[Any], dtype: str, name: str) -> None:
    array = (values % 100).astype(dtype)
    path = save_volume(name, array)
    decoded = decode_nifti(path)
    assert decoded.values.dtype == np.float32
    assert np.array_equal(decoded.values, array)
    assert decoded.notes == ()
    assert np.allclose(decoded.header.grid.affine, flip_frame(np.diag([-1, -1, 1, 1])))


def test_nifti_2_and_scaled_values(tmp_path: Path, values: NDArray[Any]) -> None:
    image = nibabel.Nifti2Image(values, np.eye(4))
    image.header.set_slope_inter(0.5, -3)
    image.header.set_data_dtype(np.int16)
    nibabel.save(image, tmp_path / "two.nii.gz")
    expected = nibabel.Nifti2Image.from_filename(tmp_path / "two.nii.gz").get_fdata()
    assert np.allclose(decode_nifti(tmp_path / "two.nii.gz").values, expected, atol=1e-4)


def test_a_single_volume_may_have_four_dimensions(save_volume: SaveVolume, values: NDArray[Any]) -> None:
    assert decode_nifti(save_volume("a.nii", values[..., np.newaxis])).values.shape == (7, 6, 5)
    assert decode_nifti(save_volume("b.nii", values[:, :, 0])).values.shape == (7, 6, 1)


def test_qform_alone_units_and_disagreement(save_volume: SaveVolume, values: NDArray[Any]) -> None:
    affine = np.array([[0, -2.0, 0, 5], [1.5, 0, 0, -4], [0, 0, 3.0, 2], [0, 0, 0, 1]])

    def only_qform(header: Any) -> None:
        header.set_sform(None, 0)
        header.set_qform(affine, 1)

    assert np.allclose(decode_nifti(save_volume("q.nii", values, affine, only_qform)).header.grid.affine[0], -affine[0])

    def apart(header: Any) -> None:
        header.set_qform(np.diag([-1, -1, 1, 1]) + np.eye(4, k=3) * 9, 1)

    decoded = decode_nifti(save_volume("d.nii", values, None, apart))
    assert decoded.notes == ("sform and qform disagree by 9.0 mm; sform is used",)
    decoded = decode_nifti(save_volume("m.nii", values, np.diag([1e-3, 1e-3, 2e-3, 1]), lambda h: h.set_xyzt_units(1)))
    assert np.allclose(np.diag(decoded.header.grid.affine), [-1, -1, 2, 1])
    assert "metres" in decoded.notes[0]


def no_codes(header: Any) -> None:
    header["sform_code"], header["qform_code"] = 0, 0


def without_spacing(value: float) -> Callable[[Any], None]:
    def change(header: Any) -> None:
        no_codes(header)
        header["pixdim"][1:4] = value

    return change


def rewritten(path: Path, **fields: Any) -> Path:
    """Change header fields in the file itself, where nibabel would put them right."""
    content = bytearray(path.read_bytes())
    header = nibabel.Nifti1Header(bytes(content[:348]), check=False)
    for name, value in fields.items():
        header[name] = value
    content[:348] = header.binaryblock
    path.write_bytes(content)
    return path


def test_no_orientation_and_no_spacing_are_told(save_volume: SaveVolume, values: NDArray[Any]) -> None:
    plain = save_volume("p.nii", values)
    decoded = decode_nifti(rewritten(plain, sform_code=0, qform_code=0))
    assert decoded.notes == (NO_ORIENTATION,)
    assert (decoded.header.has_geometry, decoded.header.is_oriented) == (True, False)
    for value in (0.0, np.nan):
        dims = [1, value, value, value, 0, 0, 0, 0]
        decoded = decode_nifti(rewritten(plain, sform_code=0, qform_code=0, pixdim=dims))
        assert decoded.notes == (NO_SPACING,)
        assert not decoded.header.has_geometry


def test_voxels_that_are_no_numbers_become_0(save_volume: SaveVolume, values: NDArray[Any]) -> None:
    array = values.astype(np.float64)
    array[0, 0, 0], array[1, 1, 1], array[2, 2, 2] = np.nan, np.inf, 1e300
    decoded = decode_nifti(save_volume("a.nii", array))
    assert decoded.notes == (NOT_FINITE,)
    assert [decoded.values[one, one, one] for one in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"dim": [3, 30000, 30000, 1, 1, 1, 1, 1]}, "at most 67108864 voxels"),
        ({"dim": [3, 20000, 20000, 20000, 1, 1, 1, 1]}, "at most"),
        ({"dim": [3, 0, 6, 5, 1, 1, 1, 1]}, "at least 1 voxel"),
        ({"dim": [3, -7, 6, 5, 1, 1, 1, 1]}, "at least 1 voxel"),
        ({"dim": [9, 7, 6, 5, 1, 1, 1, 1]}, "1 to 7 dimensions"),
        ({"dim": [4, 7, 6, 1, 5, 1, 1, 1]}, "one 3-D volume"),
        ({"dim": [3, 7, 6, 50, 1, 1, 1, 1]}, "all of its voxels"),
        ({"datatype": 128}, "real numbers"),
        ({"datatype": 32}, "real numbers"),
        ({"datatype": 999}, "data type"),
        ({"vox_offset": 1e30}, "must begin"),
        ({"vox_offset": np.nan}, "must begin"),
        ({"vox_offset": 0}, "must begin"),
        ({"vox_offset": 100000}, "all of its voxels"),
        ({"scl_slope": np.inf}, "scaling"),
        ({"scl_slope": 2, "scl_inter": np.nan}, "scaling"),
        ({"srow_x": [0, 0, 0, 0]}, "voxel edges"),
        ({"srow_x": [np.nan, 0, 0, 0]}, "finite"),
        ({"srow_x": [1, 1, 0, 0], "srow_y": [1, 1, 0, 0]}, "singular"),
        ({"srow_x": [-5000, 0, 0, 0]}, "at most 1000 mm long"),
        ({"magic": b"ni1"}, "one file"),
        ({"sizeof_hdr": 0}, "size of its header"),
    ],
)
def test_a_header_that_lies_is_named(
    save_volume: SaveVolume, values: NDArray[Any], fields: dict[str, Any], rule: str
) -> None:
    path = rewritten(save_volume("a.nii", values), **fields)
    with pytest.raises(UnreadableFile, match=rule) as raised:
        decode_nifti(path)
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize("kept", [0, 3, 200, 347, 350, 400])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_truncated_file_is_named(save_volume: SaveVolume, values: NDArray[Any], name: str, kept: int) -> None:
    path = save_volume(name, values)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UnreadableFile, match=r"a\.nii"):
        decode_nifti(path)


def test_a_file_that_may_not_be_opened_is_named(
    save_volume: SaveVolume, values: NDArray[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_volume("a.nii", values)

    def refuse(*_: Any, **__: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(UnreadableFile, match=r"a\.nii: .*received Permission denied"):
        decode_nifti(path)


def test_garbage_after_gzip_s_mark_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"\x1f\x8b" + os.urandom(500))
    with pytest.raises(UnreadableFile, match="undamaged"):
        decode_nifti(path)


def test_a_bomb_is_not_unpacked(save_volume: SaveVolume, values: NDArray[Any], tmp_path: Path) -> None:
    small = save_volume("a.nii", values).read_bytes()
    path = tmp_path / "bomb.nii.gz"
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(small)
        for _ in range(64):
            packed.write(bytes(2**22))
    tracemalloc.start()
    try:
        assert np.array_equal(decode_nifti(path).values, values)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2**23, "of the 2**28 bytes of zeros only what the header asks for may be unpacked"


@given(data=st.data())
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_damage_is_named_or_read(save_volume: SaveVolume, values: NDArray[Any], data: st.DataObject) -> None:
    path = save_volume("fuzz.nii", values)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, 351))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))] if data.draw(st.booleans()) else content)
    try:
        decoded = decode_nifti(path)
    except UnreadableFile:
        return
    assert np.isfinite(decoded.values).all()
    assert np.isfinite(decoded.header.grid.affine).all()
