"""What a segmentation says, besides where its voxels are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from gliascope.errors import GliascopeError, InputError
from gliascope.findings import Finding, Verdict
from gliascope.geometry import Grid
from gliascope.present.dicom.files import write_object
from gliascope.present.dicom.seg import SegType, make_seg
from gliascope.present.dicom.source import origin_of
from gliascope.present.dicom.uids import Uids
from tests.dicom_series import drawn_enhanced, drawn_source, finding_of

SHAPE = (8, 7, 6)
AFFINE = np.diag([0.5, 0.75, 3.0, 1.0])
GRID = Grid(SHAPE, AFFINE)


def outline() -> NDArray[np.bool_]:
    mask = np.zeros(SHAPE, dtype=np.bool_)
    mask[2:6, 1:4, 2:4] = True
    return mask


def made_of(finding: Finding | None = None, kind: SegType = "binary", key: str = "key", **tags: Any) -> Dataset:
    origin = origin_of(*drawn_source(SHAPE, AFFINE, **tags), GRID)
    made = make_seg(finding or finding_of(outline()), GRID, origin, Uids(key), kind)
    assert made is not None
    return made


def test_it_says_what_it_is_of_and_who_made_it() -> None:
    made = made_of()
    (segment,) = made.SegmentSequence
    assert segment.SegmentLabel == "FLAIR abnormality"
    assert segment.SegmentedPropertyTypeCodeSequence[0].CodeValue == codes.SCT.Lesion.value
    assert segment.SegmentedPropertyCategoryCodeSequence[0].CodeMeaning == "Morphologically Abnormal Structure"
    assert segment.AnatomicRegionSequence[0].CodeMeaning == "Brain"
    (algorithm,) = segment.SegmentationAlgorithmIdentificationSequence
    assert (algorithm.AlgorithmName, algorithm.AlgorithmVersion) == ("gliascope", "1.2.3")
    assert f"bundle_sha256={'ab' * 32}" in algorithm.AlgorithmParameters
    assert segment.SegmentAlgorithmType == "AUTOMATIC"
    assert "Research use only" in made.ContentDescription
    assert "research use only" in made.SeriesDescription


def test_it_refers_to_its_source() -> None:
    source, headers = drawn_source(SHAPE, AFFINE)
    made = make_seg(finding_of(outline()), GRID, origin_of(source, headers, GRID), Uids("key"))
    assert made is not None
    (series,) = made.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == source.series_uid
    named = [one.ReferencedSOPInstanceUID for one in series.ReferencedInstanceSequence]
    assert named == [one.instance_uid for one in source.images]
    assert made.FrameOfReferenceUID == source.frame_of_reference_uid
    planes = {one.instance_uid: headers[one.instance_uid].ImagePositionPatient for one in source.images}
    assert len(made.PerFrameFunctionalGroupsSequence) == 2
    for group in made.PerFrameFunctionalGroupsSequence:
        (image,) = group.DerivationImageSequence[0].SourceImageSequence
        assert group.PlanePositionSequence[0].ImagePositionPatient == planes[image.ReferencedSOPInstanceUID]


@pytest.mark.parametrize("verdict", ["no tumour", "not assessable"])
@pytest.mark.parametrize("kind", ["binary", "fractional"])
def test_there_is_none_without_tumour(verdict: Verdict, kind: SegType) -> None:
    origin = origin_of(*drawn_source(SHAPE, AFFINE), GRID)
    assert make_seg(finding_of(outline(), verdict), GRID, origin, Uids("key"), kind) is None


def test_there_is_none_without_a_voxel() -> None:
    origin = origin_of(*drawn_source(SHAPE, AFFINE), GRID)
    assert make_seg(finding_of(np.zeros(SHAPE, np.bool_)), GRID, origin, Uids("key")) is None


def test_fractional_keeps_probabilities(tmp_path: Path) -> None:
    finding = finding_of(outline())
    assert finding.volume is not None
    assert finding.volume.mask_probability is not None
    finding.volume.mask_probability[0, 0, 4] = 0.2
    write_object(made_of(finding, "fractional"), tmp_path / "seg.dcm")
    volume = highdicom.seg.segread(tmp_path / "seg.dcm").get_volume(combine_segments=False, rescale_fractional=True)
    found = np.sort(volume.array[volume.array > 0])
    assert found[0] == pytest.approx(0.2, abs=1 / 255)
    assert np.allclose(found[1:], 0.8, atol=1 / 255)
    assert len(found) == 1 + np.count_nonzero(outline())
    read = pydicom.dcmread(tmp_path / "seg.dcm")
    assert (read.SegmentationType, read.SegmentationFractionalType) == ("FRACTIONAL", "PROBABILITY")


def test_fractional_without_probabilities_is_refused() -> None:
    finding = finding_of(outline())
    assert finding.volume is not None
    object.__setattr__(finding.volume, "mask_probability", None)
    with pytest.raises(InputError, match="must have the pixels' probabilities"):
        made_of(finding, "fractional")


def test_without_a_frame_of_reference_it_is_refused() -> None:
    with pytest.raises(InputError, match="must have its source's frame of reference"):
        made_of(FrameOfReferenceUID=None)


def test_frames_of_one_instance_are_named(tmp_path: Path) -> None:
    source, headers = drawn_enhanced(SHAPE, AFFINE)
    made = make_seg(finding_of(outline()), GRID, origin_of(source, headers, GRID), Uids("key"))
    assert made is not None
    write_object(made, tmp_path / "seg.dcm")
    read = pydicom.dcmread(tmp_path / "seg.dcm")
    (named,) = read.ReferencedSeriesSequence[0].ReferencedInstanceSequence
    assert named.ReferencedSOPInstanceUID == source.images[0].instance_uid
    assert len(read.SourceImageSequence) == 1
    frames = {
        float(one.PlanePositionSequence[0].ImagePositionPatient[2]): one.DerivationImageSequence[0].SourceImageSequence[
            0
        ]
        for one in read.PerFrameFunctionalGroupsSequence
    }
    # The drawn instance holds its frames from top to bottom, the grid rises.
    assert {place: int(one.ReferencedFrameNumber) for place, one in frames.items()} == {6.0: 4, 9.0: 3}
    assert {one.ReferencedSOPInstanceUID for one in frames.values()} == {source.images[0].instance_uid}


def test_a_repeat_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write_object(made_of(), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_another_key_gives_other_identifiers() -> None:
    one, other = made_of(), made_of(key="other")
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID"):
        assert one[keyword].value != other[keyword].value
        assert one[keyword].value.startswith("2.25.")
    assert one.StudyInstanceUID == other.StudyInstanceUID


def test_what_reads_otherwise_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(path: Path) -> Dataset:
        read = real(path)
        read.ContentLabel = "OTHER"
        return read

    real = pydicom.dcmread
    made = made_of()
    monkeypatch.setattr(pydicom, "dcmread", damaged)
    with pytest.raises(GliascopeError, match=r"seg\.dcm: what was written must be read back as it was"):
        write_object(made, tmp_path / "seg.dcm")
    assert list(tmp_path.iterdir()) == []


def test_rules_are_for_what_is_written() -> None:
    sheared = AFFINE.copy()
    sheared[0, 2] = 1.0
    origin = origin_of(*drawn_source(SHAPE, sheared, FrameOfReferenceUID=None), Grid(SHAPE, sheared))
    assert make_seg(finding_of(outline(), "no tumour"), Grid(SHAPE, sheared), origin, Uids("key")) is None
