from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gliascope.present.report.choose import MOST, key_slices
from gliascope.present.report.key_slices import Shown

MakeShown = Callable[..., Shown]


def record(areas: list[int], **more: Any) -> dict[str, Any]:
    common = {"reason": None, "truth": None}
    slices = [
        {"area_px": area, "probability": 0.9 if area else 0.1, "verdict": "tumour" if area else "no tumour", **common}
        for area in areas
    ]
    return {"slices": slices, "measurement": None, **more}


def test_an_outline_is_shown_from_end_to_end() -> None:
    areas = [0, 0, 3, 9, 20, 31, 30, 22, 15, 9, 2, 0]
    found = {one.place: one.why for one in key_slices(record(areas, measurement={"diameter_slice": 6}))}
    assert len(found) == MOST
    assert found[5] == "largest outline"
    assert found[6] == "longest diameter"
    assert (found[2], found[10]) == ("first outlined slice", "last outlined slice")
    assert list(found) == sorted(found)
    assert all(areas[place] for place in found)


def test_one_slice_may_stand_for_several_things() -> None:
    said = record([0, 7, 0], measurement={"diameter_slice": 1})
    said["slices"][1]["probability"] = 0.9
    (one,) = key_slices(said)
    assert (one.place, one.why) == (1, "largest outline, longest diameter")


def test_a_suspicious_slice_without_an_outline_is_shown() -> None:
    said = record([0, 7, 0, 0, 0])
    said["slices"][3] |= {"probability": 0.95, "verdict": "tumour"}
    said["slices"][4] |= {"probability": 0.6, "verdict": "tumour"}
    assert {one.place: one.why for one in key_slices(said)} == {1: "largest outline", 3: "highest probability", 4: ""}


def test_where_the_truth_differs_most_is_shown() -> None:
    said = record([0, 10, 10, 0])
    for one, dice, area in zip(said["slices"], (None, 0.9, 0.2, 0.0), (0, 10, 8, 400), strict=True):
        one["truth"] = {"dice": dice, "area_px": area}
    assert {one.place: one.why for one in key_slices(said)}[3] == "differs most from the true outline"


def test_without_an_outline_the_most_probable_and_the_missed_are_shown() -> None:
    said = record([0] * 20)
    said["slices"][7]["probability"] = 0.8
    for place, one in enumerate(said["slices"]):
        one["truth"] = {"dice": 0.0, "area_px": 50 if place == 12 else 0}
    found = {one.place: one.why for one in key_slices(said)}
    assert found[7] == "highest probability"
    assert found[12] == "largest true outline, not found"
    assert len(found) == 4


def test_blank_slices_are_never_shown() -> None:
    said = record([0] * 5)
    for place in (0, 1, 2, 3, 4):
        said["slices"][place] |= {"reason": "blank", "probability": None}
    assert key_slices(said) == []
    said["slices"][3] |= {"reason": "plane"}
    assert [one.place for one in key_slices(said)] == [3]


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 155])
@pytest.mark.parametrize("verdict", ["tumour", "no tumour", "not assessable"])
def test_every_case_has_some_and_none_twice(make_shown: MakeShown, count: int, verdict: str) -> None:
    places = [one.place for one in key_slices(make_shown(slices=count, size=12, verdict=verdict).record)]
    assert places
    assert len(set(places)) == len(places) <= MOST
    assert all(0 <= place < count for place in places)
