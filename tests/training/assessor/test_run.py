from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gliascope.dataset.layout import patients
from gliascope.detect.assessor import CLASSES, Limits, load_assessor
from gliascope.errors import InputError
from gliascope.phantom import make_phantom, write_phantom
from gliascope.training.assessor import fit, gather
from gliascope.training.assessor.figures import measure
from gliascope.training.assessor.fit import Examples, Verdicts, judge_left_out, set_limits
from gliascope.training.assessor.run import fit_assessor

Cli = Callable[..., Any]


def made_up(groups: int = 8, each: int = 40, seed: int = 0) -> Examples:
    """Classes that lie apart in a few numbers."""
    rng = np.random.default_rng(seed)
    count = groups * each
    labels = np.arange(count) % len(CLASSES)
    numbers = rng.normal(size=(count, 12)).astype(np.float32)
    numbers[np.arange(count), labels] += 6
    kinds = np.array([("own", "sagittal", "T1 pre", "body")[one] for one in labels])
    return Examples(numbers, labels, kinds, np.repeat(np.arange(groups), each), np.full(count, 0.1, np.float32))


def test_groups_are_judged_without_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    examples = made_up(each=1000)
    fitted_to: list[set[int]] = []
    real = fit.fit_weights

    def noted(some: Examples, seed: int) -> Any:
        fitted_to.append(set(some.groups.tolist()))
        return real(some, seed)

    monkeypatch.setattr(fit, "fit_weights", noted)
    monkeypatch.setattr(fit, "NETWORKS", 1)
    verdicts = judge_left_out(examples, 4)
    assert [sorted(set(range(8)) - one) for one in fitted_to] == [[0, 4], [1, 5], [2, 6], [3, 7]]
    own = examples.labels == 0
    assert np.median(verdicts.odds[own]) > 0 > np.median(verdicts.odds[~own])


def test_limits_follow_the_rules() -> None:
    examples = made_up(groups=10, each=400)
    own = examples.kinds == "own"
    odds = np.where(own, np.arange(4000) / 4000, -9).astype(np.float32)
    limits = set_limits(examples, Verdicts(odds, odds + 10))
    assert (odds[own] < limits.odds).mean() == pytest.approx(fit.FALSE_ALARMS, abs=0.001)
    assert (odds[own] + 10 > limits.distance).mean() == pytest.approx(fit.FALSE_ALARMS_DISTANCE, abs=0.001)
    assert limits.border_share == pytest.approx(0.55)


def test_figures_count_slices_and_volumes() -> None:
    examples = made_up(groups=2, each=8)
    odds = np.where(examples.labels == 0, 3.0, -3.0).astype(np.float32)
    odds[0] = -4.0  # one of the first patient's two own slices
    figures = measure(examples, Verdicts(odds, np.ones(16, np.float32)), Limits(-2.0, 3.0, 0.5))
    assert figures["own"] == {
        "class": "axial", "slices": 4, "refused": 0.25, "volumes": 2, "volumes_refused": 0
    }  # fmt: skip
    assert figures["sagittal"]["refused"] == 1
    assert figures["sagittal"]["volumes_refused"] == 2


@pytest.fixture(scope="module")
def heads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("heads") / "made"
    for seed in range(4):
        write_phantom(make_phantom(seed, slices=8, size=96), root)
    return root


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "PHANTOMS", ())
    monkeypatch.setattr(fit, "NETWORKS", 1)
    monkeypatch.setattr("gliascope.training.assessor.perceptron.EPOCHS", 3)
    monkeypatch.setattr("gliascope.training.assessor.perceptron.UNITS", 16)


def test_an_assessor_is_fitted_written_and_says_where_it_comes_from(
    heads: Path, quick: None, cli: Cli, tmp_path: Path
) -> None:
    result = cli("fit-assessor", "--data", heads, "-o", tmp_path / "new", "--json", "-q")
    assert result.status == 0, result.err
    record = json.loads(result.out)
    assert record == json.loads((tmp_path / "new" / "assessor.json").read_text())
    assert record["fitted_on"]["patients"] == 4
    assert record["fitted_on"]["data"] == "made"
    assert record["fitted_on"]["slices"] == 32
    assert set(record["limits"]) == {"odds", "distance", "border_share"}
    assert record["measured"]["kinds"]["own"]["class"] == "axial"
    assert load_assessor(tmp_path / "new").record == record


def test_the_test_side_of_a_split_is_left_out(heads: Path, quick: None, cli: Cli, tmp_path: Path) -> None:
    from gliascope.dataset.split import Split, save_split

    names = sorted(one.name for one in heads.iterdir())
    save_split(Split(train=tuple(names[:2]), validation=(names[2],), test=(names[3],)), tmp_path / "split.json")
    result = cli("fit-assessor", "--data", heads, "-o", tmp_path / "new", "--split", tmp_path / "split.json")
    assert result.status == 1
    assert "an assessor needs at least 4 patients, received 3" in result.err


def test_heads_are_needed(tmp_path: Path, heads: Path) -> None:
    with pytest.raises(InputError, match="at least 4 patients"):
        fit_assessor(patients(heads)[:2], tmp_path, data="made")
