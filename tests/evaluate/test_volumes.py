"""Labelled NIfTI cases: split, scored and prepared for training as image folders are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813  its users know it by this name

from gliascope.bundle import load_bundle
from gliascope.dataset.layout import measure_patient, patients
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import Split
from gliascope.detect.case import run_length
from gliascope.engine.fake import FakeEngine
from gliascope.errors import InputError
from gliascope.evaluate.assemble import Evaluation, make_record, origin_of
from gliascope.evaluate.compare import compare
from gliascope.evaluate.definitions import EVERY, FIGURES
from gliascope.evaluate.evidence import load_evidence, record_of, save_evidence
from gliascope.evaluate.report import write_results
from gliascope.evaluate.run import evaluate_side
from gliascope.phantom import make_phantom, write_phantom, write_phantom_volumes
from gliascope.pipeline import Analyser
from gliascope.read import find_cases, read_case
from gliascope.recipe import Clahe, Preparation
from gliascope.training.table import load_table

BundleFactory = Callable[..., Path]
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The same patients as image folders and as volumes."""
    images, volumes = tmp_path_factory.mktemp("images"), tmp_path_factory.mktemp("volumes")
    for seed in SEEDS:
        made = make_phantom(seed, slices=5, size=96, lesion_radius_px=9)
        write_phantom(made, images)
        write_phantom_volumes(made, volumes)
    return images, volumes


@pytest.fixture(scope="module")
def split() -> Split:
    names = [f"PHANTOM_LS_{seed:04d}_19000101" for seed in SEEDS]
    return Split(train=(names[0],), validation=(names[1],), test=(names[2],))


def test_volumes_are_patients(both: tuple[Path, Path]) -> None:
    images, volumes = ([measure_patient(one) for one in patients(root)] for root in both)
    assert [one.folder.patient for one in volumes] == [one.folder.patient for one in images]
    assert [one.tumour_px for one in volumes] == [one.tumour_px for one in images]
    assert [one.slices for one in volumes] == [5, 5, 5]


def test_several_patients_in_one_folder_have_their_own_names(tmp_path: Path, both: tuple[Path, Path]) -> None:
    for path in both[1].glob("*/*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert [one.name for one in patients(tmp_path)] == [one.name for one in patients(both[1])]


def test_volumes_score_as_their_slices_do(both: tuple[Path, Path], split: Split, tiny_bundle: BundleFactory) -> None:
    analyser = Analyser(load_bundle(tiny_bundle()))
    slices, volumes = (evaluate_side(root, split, analyser, resamples=10).record for root in both)
    assert volumes.patients[0].slices == 5
    assert [one.dice for one in volumes.patients] == [one.dice for one in slices.patients]


@pytest.fixture(scope="module")
def by_brightness(tiny_bundle: BundleFactory) -> Analyser:
    """Outlines what is brighter than a quarter of white: the lesion, and parts of the scalp."""
    plain = Preparation(size=96, crop=False, normalise="unit", clahe=Clahe(enabled=False))
    return Analyser(load_bundle(tiny_bundle(preparation=plain)), engine=FakeEngine(level=0.25))


@pytest.fixture(scope="module")
def scored(both: tuple[Path, Path], by_brightness: Analyser) -> Evaluation:
    names = tuple(f"PHANTOM_LS_{seed:04d}_19000101" for seed in SEEDS)
    return evaluate_side(both[1], Split((), (), names), by_brightness, resamples=10)


def test_volumes_are_scored_in_millimetres_too(
    scored: Evaluation, both: tuple[Path, Path], by_brightness: Analyser
) -> None:
    """Held against what SimpleITK says of the files."""
    for one in scored.record.patients:
        folder = both[1] / one.folders[0]
        truth = sitk.ReadImage(str(next(folder.glob("*_seg.nii.gz"))), sitk.sitkUInt8)
        found = sitk.GetImageFromArray(
            np.stack([s.mask for s in by_brightness.analyse(read_case(find_cases(folder)[0])).slices]).astype(np.uint8)
        )
        found.CopyInformation(truth)
        voxel = float(np.prod(truth.GetSpacing()))
        assert voxel != 1
        assert one.true_ml == pytest.approx(sitk.GetArrayFromImage(truth).sum() * voxel / 1000)
        assert one.predicted_ml == pytest.approx(sitk.GetArrayFromImage(found).sum() * voxel / 1000)
        assert one.hd95_mm is not None
        assert one.asd_mm is not None
        assert 0 < one.asd_mm <= one.hd95_mm <= farthest(truth, found)
    figures = scored.record.figures
    assert list(figures) == [one.name for one in EVERY]
    assert figures["hd95_mm_mean"].value == pytest.approx(np.mean([one.hd95_mm for one in scored.record.patients]))
    surplus = [one.predicted_ml - one.true_ml for one in scored.record.patients]  # type: ignore[operator]  # each has both outlines
    assert figures["volume_bias_ml_mean"].value == pytest.approx(np.mean(surplus))
    assert figures["volume_error_ml_mean"].value == pytest.approx(np.mean(np.abs(surplus)))
    assert figures["hd95_mm_mean"].patients == 3


def farthest(one: sitk.Image, two: sitk.Image) -> float:
    measure = sitk.HausdorffDistanceImageFilter()
    measure.Execute(sitk.LabelContour(one), sitk.LabelContour(two))
    return float(measure.GetHausdorffDistance())


def test_image_folders_have_no_millimetres(both: tuple[Path, Path], split: Split, by_brightness: Analyser) -> None:
    record = evaluate_side(both[0], split, by_brightness, resamples=10).record
    assert list(record.figures) == [one.name for one in FIGURES]
    assert [(one.true_ml, one.hd95_mm) for one in record.patients] == [(None, None)]


def test_one_patient_without_spacing_takes_millimetres_from_all(scored: Evaluation) -> None:
    first, *rest = scored.patients
    bare = replace(first, slices=tuple(replace(one, volume=None) for one in first.slices))
    record = make_record((bare, *rest), origin_of(scored.record), resamples=0, seed=0)
    assert list(record.figures) == [one.name for one in FIGURES]
    assert all(list(group.figures) == list(record.figures) for group in record.groups)
    assert [one.true_ml is None for one in record.patients] == [True, False, False]


def test_evidence_keeps_millimetres(scored: Evaluation, tmp_path: Path) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    file = save_evidence(scored.patients, tmp_path / "evidence.parquet", record=scored.record)
    assert record_of(load_evidence(file)).text() == scored.record.text()
    table = parquet.read_table(file)
    for column, value, message in (
        ("volume_hd95_mm", None, "must have a voxel above 0 mm3, and distances in mm"),
        ("voxel_mm3", -1.0, "must have a voxel above 0 mm3"),
    ):
        values = pa.array([value] * table.num_rows, type=pa.float64())
        parquet.write_table(table.set_column(table.column_names.index(column), column, values), file)
        with pytest.raises(InputError, match=message):
            load_evidence(file)
    place = table.column_names.index("volume_asd_mm")
    values = pa.array(np.arange(table.num_rows, dtype=np.float64))
    parquet.write_table(table.set_column(place, "volume_asd_mm", values), file)
    with pytest.raises(InputError, match="rows of a folder must share their volume"):
        load_evidence(file)


def test_results_show_millimetres(scored: Evaluation, tmp_path: Path) -> None:
    write_results(scored, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for title in ("HD95 of the volume, mean (mm)", "HD95, mm", "true ml", "Bias of the volume, mean (ml)", "up to "):
        assert title in page
    assert "true px" not in page
    rows = (tmp_path / "patients.csv").read_text(encoding="utf-8").splitlines()
    assert "true_ml,predicted_ml,hd95_mm,asd_mm" in rows[0]
    assert f",{scored.record.patients[0].true_ml}," in rows[1]
    card = (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "HD95 of the volume, mean (mm)" in card


def test_two_results_are_compared_in_millimetres_where_both_have_them(scored: Evaluation) -> None:
    same = compare(scored, scored, resamples=5)
    assert list(same.figures) == [one.name for one in EVERY if one.name in same.figures]
    assert same.figures["hd95_mm_mean"].difference == 0
    bare = tuple(replace(one, slices=tuple(replace(s, volume=None) for s in one.slices)) for one in scored.patients)
    assert "hd95_mm_mean" not in compare(scored, Evaluation(scored.record, bare), resamples=5).figures


def test_a_model_is_not_scored_on_volumes_that_it_saw(
    both: tuple[Path, Path], split: Split, tiny_bundle: BundleFactory
) -> None:
    seen = tuple(make_phantom(3, slices=5, size=96, lesion_radius_px=9).scan.sources[place].sha256 for place in (1, 2))
    analyser = Analyser(load_bundle(tiny_bundle(seen=seen)))
    with pytest.raises(InputError, match="must not be scored on images that it was trained"):
        evaluate_side(both[1], split, analyser, resamples=10)


def test_training_sees_the_same_slices(both: tuple[Path, Path], split: Split) -> None:
    slices, volumes = (load_table(side_patients(split, "train", root), Preparation(size=64)) for root in both)
    assert np.array_equal(slices.images, volumes.images)
    assert np.array_equal(slices.masks, volumes.masks)


def test_what_takes_images_only_says_so_and_what_to_do(
    both: tuple[Path, Path], cli: Callable[..., Any], tmp_path: Path
) -> None:
    result = cli("data", "describe", both[1], "-o", tmp_path / "out")
    assert result.status == 1
    said = " ".join(result.err.split())
    assert "takes data sets of images, received NIfTI volumes; gliascope data check looks at NIfTI volumes" in said
    assert not (tmp_path / "out").exists()


def test_a_volume_of_close_slices_is_judged_by_the_run_that_analyse_asks_for(
    both: tuple[Path, Path], scored: Evaluation, by_brightness: Analyser
) -> None:
    point, distance = by_brightness.operating_point, by_brightness.bundle.recipe.preparation.neighbour_distance
    for one in scored.patients:
        (scan,) = read_case(find_cases(both[1] / one.folders[0])[0]).scans
        assert {some.run for some in one.slices} == {run_length(scan, point.run, distance)}
