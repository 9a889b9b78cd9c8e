from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gliascope.evaluate.groups import Group, groups_of
from gliascope.evaluate.score import PatientScore, SliceScore, VolumeScore
from gliascope.scan import Sequence


def patient(name: str, true_px: int, institution: str = "AA", missing: tuple[Sequence, ...] = ()) -> PatientScore:
    one = SliceScore(name, "s.tif", 0, 0.5, "tumour", true_px, 0, 0, False)
    return PatientScore(name, institution, (name,), (one,), missing=missing)


def members(groups: list[Group], by: str) -> list[tuple[str, list[str]]]:
    return [(one.name, [p.patient for p in one.patients]) for one in groups if one.by == by]


SEVEN = [
    patient("a", 500, "CS"),
    patient("b", 10, "DU", ("post",)),
    patient("c", 900, "CS"),
    patient("d", 0, "FG"),
    patient("e", 70, "DU", ("pre", "post")),
    patient("f", 300, "CS", ("pre",)),
    patient("g", 40, "DU"),
]


def test_groups_by_hand() -> None:
    groups = groups_of(SEVEN)
    assert members(groups, "institution") == [("CS", ["a", "c", "f"]), ("DU", ["b", "e", "g"]), ("FG", ["d"])]
    # Volumes in order: 10 40 70 300 500 900; a third of the way to the last is place 1.67, two thirds 3.33.
    assert members(groups, "size") == [
        ("no tumour", ["d"]),
        ("small: up to 40 px", ["b", "g"]),
        ("medium: 41 to 300 px", ["e", "f"]),
        ("large: 301 px and more", ["a", "c"]),
    ]
    assert members(groups, "missing") == [
        ("none", ["a", "c", "d", "g"]),
        ("post-contrast", ["b"]),
        ("pre-contrast", ["f"]),
        ("pre-contrast and post-contrast", ["e"]),
    ]


def test_sizes_are_millilitres_where_all_have_a_spacing() -> None:
    """Pixels of one scanner are not those of another: 40 large ones outgrow 70 small ones."""
    voxels = dict(zip("abcdefg", (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 4.0), strict=True))
    people = [
        replace(one, slices=tuple(replace(s, volume=VolumeScore(1000 * voxels[one.patient])) for s in one.slices))
        for one in SEVEN
    ]
    assert members(groups_of(people), "size") == [
        ("no tumour", ["d"]),
        ("small: up to 70.0 ml", ["b", "e"]),
        ("medium: up to 300.0 ml", ["f", "g"]),
        ("large: over 300.0 ml", ["a", "c"]),
    ]
    assert members(groups_of([*people[:-1], SEVEN[-1]]), "size") == members(groups_of(SEVEN), "size")


def test_few_or_equal_volumes_make_fewer_groups() -> None:
    assert members(groups_of([patient("a", 5)]), "size") == [("small: up to 5 px", ["a"])]
    same = [patient(name, 5) for name in "abcd"]
    assert members(groups_of(same), "size") == [("small: up to 5 px", list("abcd"))]
    assert members(groups_of([patient("a", 0)]), "size") == [("no tumour", ["a"])]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_every_patient_is_in_one_group_of_each_kind(volumes: list[int]) -> None:
    people = [replace(patient("", volume), patient=f"p{place:02d}") for place, volume in enumerate(volumes)]
    groups = groups_of(people)
    for by in ("institution", "size", "missing"):
        names = [name for _, mine in members(groups, by) for name in mine]
        assert sorted(names) == [one.patient for one in people]
    sizes = [one for one in groups if one.by == "size" and one.name != "no tumour"]
    limits = [(min(p.true_px for p in one.patients), max(p.true_px for p in one.patients)) for one in sizes]
    assert all(first[1] < second[0] for first, second in pairwise(limits))
