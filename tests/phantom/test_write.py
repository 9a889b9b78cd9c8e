from __future__ import annotations

from pathlib import Path

import numpy as np
import tifffile

from gliascope.geometry import spacing
from gliascope.phantom import make_phantom, write_phantom, write_phantom_volumes
from gliascope.read import read_cases


def test_what_was_written_is_read_back_as_it_was(tmp_path: Path) -> None:
    made = [make_phantom(seed, slices=11, size=96, lesion_radius_px=8, healthy=seed == 4) for seed in (3, 4)]
    for one in made:
        assert write_phantom(one, tmp_path / "new" / "folder") == tmp_path / "new" / "folder" / one.name
    cases = {case.name: case for case in read_cases([tmp_path])}
    assert set(cases) == {one.name for one in made}
    for one in made:
        case = cases[one.name]
        assert case.problems == ()
        assert case.warnings == ()
        assert len(case.scans) == 1
        assert case.scans[0].is_volume
        assert case.scans[0].sequences == one.scan.sequences
        assert np.array_equal(case.scans[0].pixels, one.scan.pixels)
        assert [source.sha256 for source in case.sources] == [source.sha256 for source in one.scan.sources]
        truths = [truth.pixels for truth in case.truths if truth is not None]
        assert np.array_equal(np.stack(truths), one.truth)


def test_files_are_named_and_stored_as_in_the_lgg_data_set(tmp_path: Path) -> None:
    made = make_phantom(12, slices=2, size=64, lesion_radius_px=4)
    folder = write_phantom(made, tmp_path)
    assert sorted(one.name for one in folder.iterdir()) == [
        "PHANTOM_LS_0012_19000101_1.tif",
        "PHANTOM_LS_0012_19000101_1_mask.tif",
        "PHANTOM_LS_0012_19000101_2.tif",
        "PHANTOM_LS_0012_19000101_2_mask.tif",
    ]
    image = tifffile.imread(folder / "PHANTOM_LS_0012_19000101_1.tif")
    masks = [tifffile.imread(folder / f"PHANTOM_LS_0012_19000101_{number}_mask.tif") for number in (1, 2)]
    assert image.shape == (64, 64, 3)
    assert image.dtype == np.uint8
    assert {value for mask in masks for value in np.unique(mask)} == {0, 255}


def test_volumes_are_read_back_as_the_slices_are(tmp_path: Path) -> None:
    made = make_phantom(3, slices=7, size=96, lesion_radius_px=8)
    folder = write_phantom_volumes(made, tmp_path)
    assert sorted(one.name.removeprefix(made.name) for one in folder.iterdir()) == [
        "_flair.nii.gz",
        "_seg.nii.gz",
        "_t1.nii.gz",
        "_t1ce.nii.gz",
    ]
    (case,) = read_cases([folder])
    (scan,) = case.scans
    assert np.array_equal(scan.pixels, made.scan.pixels)
    assert scan.has_geometry
    assert np.allclose(scan.affine, made.affine, atol=1e-4)
    assert [source.sha256 for source in case.sources] == [source.sha256 for source in made.scan.sources]
    assert np.array_equal(np.stack([one.pixels for one in case.truths if one is not None]), made.truth)
    across, along, upwards = spacing(scan.affine)
    assert across == along
    assert 96 * along > 200  # the head and some air
    assert upwards > 10  # seven slices from skull base to vertex
