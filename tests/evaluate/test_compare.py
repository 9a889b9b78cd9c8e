from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from scipy import stats

from gliascope.errors import InputError
from gliascope.evaluate.assemble import Evaluation, Origin, make_record
from gliascope.evaluate.compare import (
    SCHEMA,
    ComparisonRecord,
    DifferenceRecord,
    PairRecord,
    ResultRecord,
    WilcoxonRecord,
    compare,
    wilcoxon_test,
)
from gliascope.evaluate.compare_page import comparison_section, difference_rows, draw_comparison, verdict
from gliascope.evaluate.definitions import FIGURES
from gliascope.evaluate.record import Sample
from gliascope.evaluate.record_parts import BundleRecord, ModelRecord, PointRecord, SplitRecord
from gliascope.evaluate.score import PatientScore, SliceScore
from gliascope.present.page import Table

BUNDLE = BundleRecord(
    name="b", created="2026-01-01T00:00:00+00:00", sha256="0" * 64, graphs={}, recipe_sha256="", seen_sha256=""
)
POINT = PointRecord(name="balanced", detection=0.5, mask=0.5, components="all")
OUTLINES = [(100, 120, 90), (50, 40, 30), (80, 100, 75), (60, 60, 20)]
"""True, predicted and common pixels of each patient's tumour slice."""


def patient(number: int, outline: tuple[int, int, int], probability: float = 0.8) -> PatientScore:
    true, predicted, both = outline
    name = f"TCGA_AA_000{number}"
    slices = (
        SliceScore(
            name, f"{name}_1.tif", 0, probability, "tumour", true, predicted, both, seen=False, hd95=2.0, asd=1.0
        ),
        SliceScore(name, f"{name}_2.tif", 0, 0.1, "no tumour", 0, 0, 0, seen=False),
    )
    return PatientScore(name, "AA", (name,), slices)


def evaluation(outlines: Sequence[tuple[int, int, int]], sample: Sample = "unseen") -> Evaluation:
    patients = tuple(patient(number, one) for number, one in enumerate(outlines))
    model = ModelRecord(fold=None, bundle=BUNDLE, operating_point=POINT)
    split = SplitRecord(sha256="1" * 64, strategy="patient", side="test")
    origin = Origin(sample=sample, data="kaggle_3m", split=split, models=[model], provenance={})
    return Evaluation(make_record(patients, origin, resamples=0, seed=0), patients)


def better(outlines: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    gains = (5, -4, 0, 25)
    return [(true, predicted, both + gain) for (true, predicted, both), gain in zip(outlines, gains, strict=True)]


def dice(outlines: Sequence[tuple[int, int, int]]) -> list[float]:
    return [2 * both / (true + predicted) for true, predicted, both in outlines]


def test_the_paired_bootstrap_by_hand() -> None:
    this, other = better(OUTLINES), OUTLINES
    found = compare(evaluation(this), evaluation(other), resamples=200, seed=3)
    draws = np.random.default_rng(3).integers(4, size=(200, 4))
    gains = np.array(dice(this)) - np.array(dice(other))
    means = [float(np.mean(gains[draw])) for draw in draws]
    pooled = [pool([this[one] for one in draw]) - pool([other[one] for one in draw]) for draw in draws]
    for name, value, drawn in (
        ("dice_mean", float(gains.mean()), means),
        ("dice_pooled", pool(this) - pool(other), pooled),
    ):
        figure = found.figures[name]
        assert figure.difference == pytest.approx(value)
        assert (figure.low, figure.high) == pytest.approx(tuple(np.percentile(drawn, [2.5, 97.5])))
    assert found.figures["dice_mean"].this == pytest.approx(np.mean(dice(this)))
    assert found.figures["dice_mean"].other == pytest.approx(np.mean(dice(other)))
    assert (found.wins, found.losses, found.ties) == (2, 1, 1)
    assert [one.patient for one in found.patients] == [f"TCGA_AA_000{number}" for number in range(4)]
    assert [one.this for one in found.patients] == pytest.approx(dice(this))


def pool(outlines: Sequence[tuple[int, int, int]]) -> float:
    true, predicted, both = np.sum(outlines, axis=0)
    return float(2 * both / (true + predicted))


def test_wilcoxon_by_hand() -> None:
    # Differences 1, 2, -3, 4, 5: ranks of the negative ones sum to 3, of 2^5 sign patterns 5 have a sum of 3 or less.
    found = wilcoxon_test([1.0, 2.0, 0.0, 4.0, 5.0, 7.0], [0.0, 0.0, 3.0, 0.0, 0.0, 7.0])
    assert (found.pairs, found.different, found.statistic) == (6, 5, 3.0)
    assert found.p == pytest.approx(2 * 5 / 32)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=30))
def test_wilcoxon_is_scipys_without_equal_pairs(pairs: list[tuple[int, int]]) -> None:
    this, other = [one / 20 for one, _ in pairs], [one / 20 for _, one in pairs]
    found = wilcoxon_test(this, other)
    differences = [one - two for one, two in zip(this, other, strict=True) if one != two]
    assert (found.pairs, found.different) == (len(pairs), len(differences))
    if not differences:
        assert (found.statistic, found.p) == (None, None)
    else:
        expected = stats.wilcoxon(differences)
        assert (found.statistic, found.p) == (expected.statistic, expected.pvalue)
        assert found.p is not None
        assert 0 < found.p <= 1


def test_the_other_way_round_every_sign_turns() -> None:
    one, two = evaluation(better(OUTLINES)), evaluation(OUTLINES)
    there, back = compare(one, two, resamples=50), compare(two, one, resamples=50)
    for figure in FIGURES:
        forth, home = there.figures[figure.name], back.figures[figure.name]
        assert (forth.this, forth.other) == (home.other, home.this)
        if forth.difference is not None and forth.low is not None and forth.high is not None:
            assert home.difference == -forth.difference
            assert (home.low, home.high) == pytest.approx((-forth.high, -forth.low))
    assert (there.wins, there.losses, there.wilcoxon.p) == (back.losses, back.wins, back.wilcoxon.p)


def test_a_result_does_not_differ_from_itself() -> None:
    same = evaluation(OUTLINES)
    found = compare(same, same, resamples=20)
    values = {(one.difference, one.low, one.high) for one in found.figures.values()}
    assert values <= {(0.0, 0.0, 0.0), (None, None, None)}
    assert (found.ties, found.wilcoxon.different, found.same_pixels, found.stamp) == (4, 0, True, None)
    assert "there is nothing to test" in verdict(found)


def test_one_patient_has_no_interval_and_one_without_dice_no_pair() -> None:
    single = compare(evaluation(OUTLINES[:1]), evaluation(OUTLINES[:1]))
    assert single.figures["dice_mean"].low is None
    empty = evaluation([*OUTLINES[:2], (0, 0, 0)])
    found = compare(empty, empty, resamples=20)
    assert (found.wilcoxon.pairs, found.ties, found.patients[2].this) == (2, 2, None)


def test_what_differs_is_named() -> None:
    this = evaluation(OUTLINES)
    rule = "two results must be about the same patients and slices to be compared"
    with pytest.raises(InputError, match=f"{rule}: received patients only in this: TCGA_AA_0003$"):
        compare(this, evaluation(OUTLINES[:3]))
    fewer = replace(this.patients[1], slices=this.patients[1].slices[:1])
    short = Evaluation(this.record, (this.patients[0], fewer, *this.patients[2:]))
    with pytest.raises(
        InputError, match=r"TCGA_AA_0001: received slices only in this: TCGA_AA_0001/TCGA_AA_0001_2.tif"
    ):
        compare(this, short)
    other = evaluation([OUTLINES[0], (51, 40, 30), *OUTLINES[2:]])
    with pytest.raises(InputError, match=r"TCGA_AA_0001_1.tif: the true outlines must be the same, received 50 px in"):
        compare(this, other)
    many = evaluation([OUTLINES[0]] * 10)
    with pytest.raises(InputError, match=r"only in the other: .*TCGA_AA_0004 and 5 more$"):
        compare(Evaluation(this.record, ()), Evaluation(many.record, (*many.patients[1:], patient(10, OUTLINES[0]))))


@pytest.mark.parametrize(
    ("this", "other", "stamp"),
    [
        ("unseen", "unseen", None),
        ("leaky", "unseen", "This result: Leaky"),
        ("unseen", "in-sample", "The other result: In-sample"),
        ("phantom", "phantom", "Phantom: images"),
        ("leaky", "in-sample", "This result: Leaky"),
    ],
)
def test_a_stamp_of_either_result_stands_on_table_and_picture(
    this: Sample, other: Sample, stamp: str | None, tmp_path: Path
) -> None:
    found = compare(evaluation(better(OUTLINES), this), evaluation(OUTLINES, other), resamples=20)
    assert (found.stamp or "").startswith(stamp or "")
    assert (found.stamp is None) == (stamp is None)
    plot = draw_comparison(found, tmp_path)
    assert plot is not None
    captions = [block.caption for block in comparison_section(found, plot).blocks if not hasattr(block, "text")]  # type: ignore[union-attr]  # only Text has no caption
    assert len(captions) == 2
    assert all(one.startswith(found.stamp or "") for one in captions)
    page = comparison_section(found, plot, page_stamp=found.stamp)
    assert not any(isinstance(one, Table) and stamp and stamp in one.caption for one in page.blocks)


def test_every_key_of_against_json_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "evaluation.md").read_text(encoding="utf-8")
    parts: dict[str, type[BaseModel]] = {
        "figures.<key>.": DifferenceRecord,
        "wilcoxon.": WilcoxonRecord,
        "patients[].": PairRecord,
    }
    documented = page.partition("## against.json")[2].partition("\n## ")[0].replace("`", "")
    for prefix, part in parts.items():
        for name, field in part.model_fields.items():
            assert f"| {prefix}{name} | {field.description} |" in documented
    for name, field in ResultRecord.model_fields.items():
        assert f"| this.{name}, other.{name} | {str(field.description).replace('``', '')} |" in documented
    for name, field in ComparisonRecord.model_fields.items():
        if field.description is not None and not field.description.startswith("Every headline"):
            assert f"| {name} | {field.description} |" in documented or f"| {name}[]." in documented
    assert SCHEMA in documented


def test_rows_for_people() -> None:
    rows = {row[0]: row[1:] for row in difference_rows(compare(evaluation(better(OUTLINES)), evaluation(OUTLINES)))}
    assert next(iter(rows)) == "Dice per patient, mean"
    assert set(rows) == {one.title for one in FIGURES}
    assert rows["Dice per patient, mean"][:3] == ["0.756", "0.663", "+0.093"]
    assert rows["Tumour slices not outlined"] == ["0", "0", "0", "0 to 0", "yes"]
    assert rows["Dice per patient, mean"][4] == "yes"


def test_against_json_is_strict_and_the_same_each_time() -> None:
    one, two = evaluation(better(OUTLINES)), evaluation(OUTLINES)
    texts = {compare(one, two, resamples=30).text() for _ in range(2)}
    assert len(texts) == 1
    values = json.loads(texts.pop(), parse_constant=pytest.fail)
    assert next(iter(values)) == "schema"
    assert values["schema"] == SCHEMA
    assert not any(isinstance(value, float) and math.isnan(value) for value in values["figures"]["auc"].values())
