"""What every engine must give, in one table: the tensors' names, shapes, types and independence of the batch."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.bundle import ROLES, load_bundle
from gliascope.engine.base import FEATURES, Engine
from gliascope.engine.fake import FakeEngine
from gliascope.engine.onnx import OnnxEngine
from gliascope.errors import InputError

SIDE = 64
EngineFactory = Callable[[Literal["shared", "separate"]], Engine]


@pytest.fixture(params=["fake", "onnx"])
def engine_of(request: pytest.FixtureRequest, tiny_bundle: Callable[..., Path]) -> EngineFactory:
    def make(wiring: Literal["shared", "separate"]) -> Engine:
        return FakeEngine(wiring) if request.param == "fake" else OnnxEngine(load_bundle(tiny_bundle(wiring)), "cpu", 1)

    return make


@pytest.fixture
def images() -> NDArray[np.float32]:
    """Five slices; the third and the last have a bright block on FLAIR."""
    values = np.random.default_rng(1).normal(0, 0.3, (5, SIDE, SIDE, 3)).astype(np.float32)
    values[[2, 4], 20:35, 20:35, 1] += 4
    return values


@pytest.mark.parametrize("wiring", ["shared", "separate"])
def test_roles_and_description(engine_of: EngineFactory, wiring: Literal["shared", "separate"]) -> None:
    engine = engine_of(wiring)
    assert set(engine.roles) == set(ROLES[wiring])
    assert set(engine.describe()) == {"name", "version", "device", "precision", "providers", "threads"}
    with pytest.raises(InputError, match="role must be one of"):
        engine.run("painter", {})


@pytest.mark.parametrize("wiring", ["shared", "separate"])
def test_probability_says_which_slices_are_bright(
    engine_of: EngineFactory, images: NDArray[np.float32], wiring: Literal["shared", "separate"]
) -> None:
    role = ROLES[wiring][0]
    probability = engine_of(wiring).run(role, {"images": images}, ["probability"])["probability"]
    assert probability.shape == (5, 1)
    assert probability.dtype == np.float32
    assert (probability[:, 0] > 0.5).tolist() == [False, False, True, False, True]
    assert probability.min() >= 0
    assert probability.max() <= 1


def test_the_decoder_takes_the_trunk_s_features_of_some_slices(
    engine_of: EngineFactory, images: NDArray[np.float32]
) -> None:
    engine = engine_of("shared")
    tensors = engine.run("trunk", {"images": images})
    assert set(tensors) == {"probability", *FEATURES}
    chosen = {name: tensors[name][[2, 4]] for name in FEATURES}
    mask = engine.run("decoder", chosen)["mask"]
    assert mask.shape == (2, SIDE, SIDE, 1)
    assert mask.dtype == np.float32
    whole = engine.run("decoder", {name: tensors[name] for name in FEATURES})["mask"]
    assert np.array_equal(mask, whole[[2, 4]])
    assert (mask[:, 25:30, 25:30] > 0.5).all()
    assert (mask[:, 45:, 45:] < 0.5).all()


def test_the_segmenter_takes_images(engine_of: EngineFactory, images: NDArray[np.float32]) -> None:
    mask = engine_of("separate").run("segmenter", {"images": images})["mask"]
    assert mask.shape == (5, SIDE, SIDE, 1)
    assert mask.dtype == np.float32
    assert (mask[2, 25:30, 25:30] > 0.5).all()


@pytest.mark.parametrize("wiring", ["shared", "separate"])
@pytest.mark.parametrize("size", [1, 3])
def test_a_slice_s_result_does_not_depend_on_its_batch(
    engine_of: EngineFactory, images: NDArray[np.float32], wiring: Literal["shared", "separate"], size: int
) -> None:
    engine, role = engine_of(wiring), ROLES[wiring][0]
    whole = engine.run(role, {"images": images})
    parts = [engine.run(role, {"images": images[at : at + size]}) for at in range(0, 5, size)]
    for name, values in whole.items():
        assert np.array_equal(values, np.concatenate([one[name] for one in parts])), name


def test_a_copy_by_pickle_gives_the_same(engine_of: EngineFactory, images: NDArray[np.float32]) -> None:
    engine = engine_of("separate")
    copy: Engine = pickle.loads(pickle.dumps(engine))
    assert copy.describe() == engine.describe()
    first, second = (one.run("segmenter", {"images": images})["mask"] for one in (engine, copy))
    assert np.array_equal(first, second)
