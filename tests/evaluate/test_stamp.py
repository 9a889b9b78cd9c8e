from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliascope.bundle import Bundle, load_bundle, write_bundle
from gliascope.dataset.split import Split
from gliascope.errors import BundleError, InputError
from gliascope.evaluate.card import bundle_card
from gliascope.evaluate.record import SCHEMA, EvaluationRecord
from gliascope.evaluate.run import evaluate_side
from gliascope.evaluate.stamp import check_lone, stamp_bundle
from gliascope.pipeline import Analyser
from gliascope.precision import Quantised
from gliascope.recipe import Recipe
from gliascope.rules import OperatingPoint, UncertaintyRule

MakeBundle = Callable[..., Bundle]


@pytest.fixture
def record(data: Path, split: Split, analyser: Analyser) -> EvaluationRecord:
    return evaluate_side(data, split, analyser).record


def test_a_stamped_bundle_holds_figures_and_card_and_the_same_networks(
    bundle: Bundle, record: EvaluationRecord
) -> None:
    stamped = stamp_bundle(bundle.path, record)
    assert stamped.card() == bundle_card(bundle, record)
    figures = {name: one.model_dump() for name, one in record.figures.items()}
    assert (stamped.evaluation["schema"], stamped.evaluation["figures"]) == (SCHEMA, figures)
    assert (stamped.evaluation["side"], stamped.evaluation["patients"]) == ("test", 2)
    for name in ("name", "created", "wiring", "recipe", "operating_points", "summary"):
        assert getattr(stamped, name) == getattr(bundle, name)
    assert stamped.seen() == bundle.seen()
    changed = {name for name in bundle.files if bundle.files[name] != stamped.files[name]}
    assert changed == {"MODEL_CARD.md"}
    assert load_bundle(bundle.path).sha256 == stamped.sha256 != bundle.sha256


def test_an_interval_is_put_in_beside_the_figures(bundle: Bundle, record: EvaluationRecord) -> None:
    rule = UncertaintyRule(0.9, -1.5, 0.75, 1.25, "test", 22)
    stamped = stamp_bundle(bundle.path, record, uncertainty=rule)
    assert load_bundle(bundle.path).uncertainty == rule
    assert "22 outlined volumes, test predictions" in stamped.card()
    assert "calls for a review above 1.25" in stamped.card()
    again = stamp_bundle(bundle.path, record)  # a bundle keeps its own
    assert again.sha256 == stamped.sha256


def test_lone_images_stand_beside_whole_patients(
    data: Path, split: Split, bundle: Bundle, analyser: Analyser, record: EvaluationRecord
) -> None:
    lone = evaluate_side(data, split, analyser, lone=True).record
    stamped = stamp_bundle(bundle.path, record, lone=lone)
    assert stamped.card() == bundle_card(bundle, record, lone)
    _, table = stamped.card().split("| figure | whole patients | 95% interval | lone images | 95% interval |\n")
    row = next(one for one in table.splitlines() if one.startswith("| Slice AUC |"))
    whole, alone = (f"{one.figures['auc'].value:.3f}" for one in (record, lone))
    assert (row.split(" | ")[1], row.split(" | ")[3]) == (whole, alone)
    assert stamped.evaluation["lone_slices"]["figures"]["auc"]["value"] == lone.figures["auc"].value
    with pytest.raises(InputError, match="must come from --lone-slices"):
        stamp_bundle(bundle.path, record, lone=record)
    with pytest.raises(InputError, match="received lone images twice"):
        check_lone(lone, lone)
    for otherwise in ({"flips": True}, {"engine": lone.provenance["engine"] | {"precision": "int8"}}):
        told = lone.model_copy(update={"provenance": lone.provenance | otherwise})
        with pytest.raises(InputError, match="received other way of analysing"):
            check_lone(record, told)
    moved = lone.model_copy(update={"data": lone.data.model_copy(update={"pixels_sha256": "0" * 64})})
    with pytest.raises(InputError, match="received other slices"):
        stamp_bundle(bundle.path, record, lone=moved)
    assert load_bundle(bundle.path).sha256 == stamped.sha256


def test_stamping_again_changes_nothing(bundle: Bundle, record: EvaluationRecord) -> None:
    assert stamp_bundle(bundle.path, record).sha256 == stamp_bundle(bundle.path, record).sha256


def test_an_evaluation_of_the_stamped_bundle_fits_it_too(
    data: Path, split: Split, bundle: Bundle, record: EvaluationRecord, make_analyser: Callable[[Bundle], Analyser]
) -> None:
    stamped = stamp_bundle(bundle.path, record)
    again = evaluate_side(data, split, make_analyser(stamped)).record
    assert again.figures == record.figures
    assert stamp_bundle(bundle.path, again).sha256 == stamped.sha256


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"graphs": {"trunk": b"trunk", "decoder": b"retrained"}}, "graphs"),
        ({"operating_points": {"balanced": OperatingPoint("balanced", 0.4, 0.5, "all")}}, "operating_point"),
        ({"recipe": Recipe(name="plain")}, "recipe_sha256"),
        ({"seen": ["a" * 64]}, "seen_sha256"),
    ],
)
def test_figures_of_other_networks_are_refused(
    make_bundle: MakeBundle, record: EvaluationRecord, changes: dict[str, Any], differs: str
) -> None:
    other = make_bundle("other", **changes)
    with pytest.raises(BundleError, match=rf"differs in {differs}$"):
        stamp_bundle(other.path, record)
    assert load_bundle(other.path).sha256 == other.sha256


@pytest.mark.parametrize("sample", ["in-sample", "phantom", "leaky"])
def test_what_is_no_evidence_is_refused(bundle: Bundle, record: EvaluationRecord, sample: str) -> None:
    with pytest.raises(BundleError, match=f"received an evaluation marked {sample}"):
        stamp_bundle(bundle.path, record.model_copy(update={"sample": sample}))
    assert bundle.card() == "# Nothing measured yet\n"


@pytest.mark.parametrize("name", ["flips", "lone_slices"])
def test_what_is_not_done_by_default_is_refused(bundle: Bundle, record: EvaluationRecord, name: str) -> None:
    with pytest.raises(BundleError, match=f"received an evaluation with {name}"):
        stamp_bundle(bundle.path, record.model_copy(update={"provenance": record.provenance | {name: True}}))
    assert bundle.card() == "# Nothing measured yet\n"


def test_a_cross_validation_is_of_no_one_bundle(bundle: Bundle, record: EvaluationRecord) -> None:
    folds = record.model_copy(update={"models": record.models * 2})
    with pytest.raises(InputError, match="the evaluation must be of one model to be asked for it, received 2"):
        stamp_bundle(bundle.path, folds)


def test_graphs_in_int8_are_kept(bundle: Bundle, record: EvaluationRecord, tmp_path: Path) -> None:
    small = tmp_path / "trunk.int8.onnx"
    small.write_bytes(b"small")
    made = write_bundle(
        tmp_path / "both",
        name=bundle.name,
        wiring=bundle.wiring,
        recipe=bundle.recipe,
        operating_points=bundle.operating_points,
        graphs=bundle.graphs,
        seen=bundle.seen(),
        summary=bundle.summary,
        card=bundle.card(),
        licence="None.\n",
        quantised=Quantised({"trunk": small}, float_nodes={"trunk": ("stem",)}),
    )
    stamped = stamp_bundle(made.path, record)
    assert stamped.quantised is not None
    assert stamped.quantised.graphs["trunk"].read_bytes() == b"small"
    assert stamped.quantised.float_nodes == {"trunk": ("stem",)}
    assert stamped.card() == bundle_card(made, record)
