from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.dataset.stratify import Unit, choose, deal, terciles

SIZES = st.integers(0, 5) | st.integers(0, 50_000)
UNITS = st.lists(st.tuples(st.sampled_from(["CS", "DU", "HT", "EZ", "XX"]), SIZES), min_size=1, max_size=70).map(
    lambda drawn: [Unit(f"P{number}", institution, size) for number, (institution, size) in enumerate(drawn)]
)
SHARES = st.sampled_from([0.1, 0.15, 0.25, 1 / 3, 0.5])


@given(UNITS, SHARES, st.integers(0, 99))
def test_the_number_is_the_nearest_to_the_share(units: list[Unit], share: float, seed: int) -> None:
    chosen = choose(units, share, str(seed))
    assert abs(len(chosen) - share * len(units)) <= 0.5
    assert chosen <= {unit.patient for unit in units}


@given(UNITS, SHARES, st.integers(0, 99), st.randoms())
def test_the_order_of_the_patients_does_not_matter(
    units: list[Unit], share: float, seed: int, chance: random.Random
) -> None:
    shuffled = units.copy()
    chance.shuffle(shuffled)
    assert choose(shuffled, share, str(seed)) == choose(units, share, str(seed))


@given(UNITS, SHARES, st.integers(0, 99))
def test_institutions_and_terciles_get_their_share(units: list[Unit], share: float, seed: int) -> None:
    chosen = choose(units, share, str(seed))
    ranked = sorted(units, key=lambda unit: (unit.tumour_px, unit.patient))
    tercile = {unit.patient: 3 * rank // len(ranked) for rank, unit in enumerate(ranked)}
    held = Counter(unit.institution for unit in units if unit.patient in chosen)
    whole = Counter(unit.institution for unit in units)
    rare = {name for name, count in whole.items() if count * min(share, 1 - share) < 1}
    for name in whole.keys() - rare:
        assert abs(held[name] - share * whole[name]) <= 1.25
    assert abs(sum(held[name] for name in rare) - share * sum(whole[name] for name in rare)) <= 1.25
    by_tercile = Counter(tercile[patient] for patient in chosen)
    for third, count in Counter(tercile.values()).items():
        assert abs(by_tercile[third] - share * count) <= 1.25


@given(UNITS, SHARES, st.integers(0, 99), st.data())
def test_the_forced_are_chosen_and_counted(units: list[Unit], share: float, seed: int, data: st.DataObject) -> None:
    forced = data.draw(st.sets(st.sampled_from([unit.patient for unit in units]), max_size=4))
    chosen = choose(units, share, str(seed), forced)
    assert forced <= chosen
    assert len(chosen) == max(len(forced), round(share * len(units)))


@given(UNITS, st.integers(2, 8), st.integers(0, 99))
def test_everybody_is_dealt_once_and_evenly_whatever_is_counted(units: list[Unit], parts: int, seed: int) -> None:
    dealt = deal(units, parts, str(seed))
    assert sorted(patient for part in dealt for patient in part) == sorted(unit.patient for unit in units)
    third = terciles(units)
    kinds = [("all", unit.institution, third[unit.patient], (unit.institution, third[unit.patient])) for unit in units]
    for column in range(4):
        whole = Counter(kind[column] for kind in kinds)
        for part in dealt:
            held = Counter(kind[column] for kind, unit in zip(kinds, units, strict=True) if unit.patient in part)
            for kind, count in whole.items():
                assert count // parts <= held[kind] <= -(-count // parts)


@given(UNITS, st.integers(0, 99), st.randoms())
def test_the_order_of_the_patients_does_not_matter_when_dealt(
    units: list[Unit], seed: int, chance: random.Random
) -> None:
    shuffled = units.copy()
    chance.shuffle(shuffled)
    assert deal(shuffled, 3, str(seed)) == deal(units, 3, str(seed))


def test_seeds_deal_differently_and_whoever_may_meet_does() -> None:
    units = [Unit(f"P{number}", "CS" if number % 3 else "DU", number) for number in range(40)]
    dealt = [deal(units, 5, str(seed)) for seed in range(200)]
    assert len({part for parts in dealt for part in parts}) > 900
    together = Counter(other for parts in dealt for part in parts if "P0" in part for other in part - {"P0"})
    alone = {"P3", "P6", "P9", "P12"}  # with P0 the five small tumours of one institution: one for each part
    assert together.keys() == {unit.patient for unit in units} - alone - {"P0"}


def test_seeds_choose_differently() -> None:
    units = [Unit(f"P{number}", "CS" if number % 3 else "DU", number) for number in range(40)]
    assert len({choose(units, 0.25, str(seed)) for seed in range(20)}) > 15


def test_everybody_has_a_chance() -> None:
    units = [Unit(f"P{number}", "CS" if number % 3 else "DU", number) for number in range(40)]
    chosen = Counter(patient for seed in range(200) for patient in choose(units, 0.25, str(seed)))
    assert len(chosen) == 40
    assert min(chosen.values()) >= 15
    assert max(chosen.values()) <= 100


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nobody_and_everybody(share: float) -> None:
    units = [Unit("a", "CS", 1), Unit("b", "DU", 2)]
    assert len(choose(units, share, "0")) == 2 * share
