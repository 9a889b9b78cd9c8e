"""Labelled NIfTI cases: split, scored and prepared for training as image folders are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gliascope.bundle import load_bundle
from gliascope.dataset.layout import measure_patient, patients
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import Split
from gliascope.errors import InputError
from gliascope.evaluate.run import evaluate_side
from gliascope.phantom import make_phantom, write_phantom, write_phantom_volumes
from gliascope.pipeline import Analyser
from gliascope.recipe import Preparation
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


@pytest.mark.parametrize("command", [("data", "check"), ("data", "describe", "-o", "OUT")])
def test_what_takes_images_only_says_so(
    both: tuple[Path, Path], cli: Callable[..., Any], tmp_path: Path, command: tuple[str, ...]
) -> None:
    words = [str(tmp_path / "out") if one == "OUT" else one for one in command]
    result = cli(*words[:2], both[1], *words[2:])
    assert result.status == 1
    assert "takes data sets of images, received NIfTI volumes" in result.err.replace("\n", " ")
