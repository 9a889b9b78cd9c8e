from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.bundle import ROLES
from gliascope.engine.base import FEATURES, Engine, Tensors
from gliascope.engine.fake import FakeEngine
from gliascope.engine.mirror import MirroredEngine
from gliascope.errors import InputError

Wiring = Literal["shared", "separate"]
WIRINGS: tuple[Wiring, ...] = ("shared", "separate")


class OneSided(FakeEngine):
    """Sees the left half of an image brighter than it is."""

    def run(
        self, role: str, inputs: Mapping[str, NDArray[np.float32]], outputs: Sequence[str] | None = None
    ) -> Tensors:
        if "images" in inputs:
            images = inputs["images"].copy()
            images[:, :, : images.shape[2] // 2] += np.float32(0.7)
            inputs = {"images": images}
        return super().run(role, inputs, outputs)


def outline(engine: Engine, wiring: Wiring, images: NDArray[np.float32]) -> NDArray[np.float32]:
    if wiring == "separate":
        return engine.run("segmenter", {"images": images})["mask"]
    features = engine.run("trunk", {"images": images})
    features.pop("probability")
    return engine.run("decoder", features, ["mask"])["mask"]


@pytest.fixture
def images() -> NDArray[np.float32]:
    values = np.random.default_rng(1).normal(0, 0.5, (3, 32, 32, 5)).astype(np.float32)
    values[1, 4:12, 20:30, 1] += 2
    return values


@pytest.mark.parametrize("wiring", WIRINGS)
def test_answers_are_means_over_both_sides(wiring: Wiring, images: NDArray[np.float32]) -> None:
    plain = OneSided(wiring)
    first, mirrored = ROLES[wiring][0], images[:, :, ::-1]
    said = MirroredEngine(plain).run(first, {"images": images})["probability"]
    expected = [plain.run(first, {"images": one})["probability"] for one in (images, mirrored)]
    np.testing.assert_allclose(said, np.mean(expected, axis=0), rtol=1e-6)
    masks = [outline(plain, wiring, images), outline(plain, wiring, mirrored)[:, :, ::-1]]
    np.testing.assert_allclose(outline(MirroredEngine(plain), wiring, images), np.mean(masks, axis=0), rtol=1e-6)
    assert not np.array_equal(masks[0], masks[1])


@pytest.mark.parametrize("wiring", WIRINGS)
def test_a_mirrored_slice_gets_the_same_answer_mirrored(wiring: Wiring, images: NDArray[np.float32]) -> None:
    engine, mirrored = MirroredEngine(OneSided(wiring)), images[:, :, ::-1]
    role = ROLES[wiring][0]
    np.testing.assert_array_equal(
        engine.run(role, {"images": images}, ["probability"])["probability"],
        engine.run(role, {"images": mirrored}, ["probability"])["probability"],
    )
    np.testing.assert_array_equal(outline(engine, wiring, images), outline(engine, wiring, mirrored)[:, :, ::-1])


def test_features_of_both_sides_can_be_picked_by_slice(images: NDArray[np.float32]) -> None:
    engine = MirroredEngine(OneSided("shared"))
    tensors = engine.run("trunk", {"images": images})
    tensors.pop("probability")
    assert len(tensors) == 2 * len(FEATURES)
    whole = engine.run("decoder", tensors)["mask"]
    some = engine.run("decoder", {name: values[1:] for name, values in tensors.items()})["mask"]
    np.testing.assert_array_equal(some, whole[1:])


def test_the_rest_is_the_engine_s_own(images: NDArray[np.float32]) -> None:
    plain = FakeEngine("shared")
    engine: Any = MirroredEngine(plain)
    assert (engine.roles, engine.lanes, engine.describe()) == (plain.roles, plain.lanes, plain.describe())
    with pytest.raises(InputError, match="role must be one of"):
        engine.run("painter", {"images": images})
