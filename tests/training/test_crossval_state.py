from __future__ import annotations

import json
from pathlib import Path

import pytest

from gliascope.dataset.members import Folds, Split
from gliascope.errors import SplitError, TrainingError
from gliascope.recipe import Recipe, Training
from gliascope.training.crossval_state import FOLDS_FILE, JOB_FILE, resume_job, start_job

NAMES = ("TCGA_CS_1", "TCGA_CS_2", "TCGA_DU_3")
FOLDS = Folds(
    tuple(
        Split(
            train=(NAMES[(k + 1) % 3],),
            validation=(NAMES[(k + 2) % 3],),
            test=(NAMES[k],),
            test_fraction=1 / 3,
            validation_fraction=0.5,
            fold=k,
        )
        for k in range(3)
    )
)
RECIPE = Recipe(name="mine")


def test_a_job_is_what_it_was_started_with(tmp_path: Path) -> None:
    started = start_job(tmp_path / "new" / "job", RECIPE, FOLDS)
    for found in (resume_job(started.folder), resume_job(started.folder, RECIPE, FOLDS)):
        assert (found.recipe, found.created) == (RECIPE, started.created)
        assert found.folds.sha256 == FOLDS.sha256
    assert started.trained() == started.scored() == ()


def test_a_folder_holds_one_job(tmp_path: Path) -> None:
    start_job(tmp_path, RECIPE, FOLDS)
    with pytest.raises(TrainingError, match="holds a cross-validation; --resume goes on"):
        start_job(tmp_path, RECIPE, FOLDS)
    with pytest.raises(TrainingError, match="must have a folder of its own"):
        start_job(tmp_path / JOB_FILE, RECIPE, FOLDS)


def test_it_goes_on_with_its_own_recipe_and_folds_only(tmp_path: Path) -> None:
    start_job(tmp_path, RECIPE, FOLDS)
    other = Recipe(name="mine", training=Training(seed=1))
    turned = Folds(tuple(reversed(FOLDS.splits)))
    with pytest.raises(TrainingError, match=r"changed: recipe$"):
        resume_job(tmp_path, other)
    with pytest.raises(TrainingError, match=r"changed: recipe, folds$"):
        resume_job(tmp_path, other, turned)


def test_there_must_be_something_to_go_on_with(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"nothing to go on with, crossval\.json is missing"):
        resume_job(tmp_path)


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"schema": "gliascope.crossval/2"}', '{"schema": "gliascope.crossval/1"}']
)
def test_a_damaged_description_is_told(text: str, tmp_path: Path) -> None:
    start_job(tmp_path, RECIPE, FOLDS)
    (tmp_path / JOB_FILE).write_text(text)
    with pytest.raises(TrainingError, match=r"crossval\.json.* description"):
        resume_job(tmp_path)


def test_folds_that_were_edited_are_refused(tmp_path: Path) -> None:
    start_job(tmp_path, RECIPE, FOLDS)
    values = json.loads((tmp_path / FOLDS_FILE).read_text())
    values["seed"] = 9
    (tmp_path / FOLDS_FILE).write_text(json.dumps(values))
    with pytest.raises(SplitError):
        resume_job(tmp_path)


def test_the_moment_can_be_fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert start_job(tmp_path / "a", RECIPE, FOLDS).created == "1970-01-02T00:00:00+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(TrainingError, match="SOURCE_DATE_EPOCH must be seconds since 1970, received yesterday"):
        start_job(tmp_path / "b", RECIPE, FOLDS)
