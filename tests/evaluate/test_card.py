from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from gliascope.bundle import Bundle
from gliascope.dataset.split import Split
from gliascope.evaluate.card import bundle_card, model_card
from gliascope.evaluate.definitions import FIGURES
from gliascope.evaluate.record import EvaluationRecord, FigureRecord
from gliascope.evaluate.run import evaluate_side
from gliascope.pipeline import Analyser

FIELDS = [
    "Model details",
    "Intended use",
    "Factors",
    "Metrics",
    "Evaluation data",
    "Training data",
    "Quantitative analyses",
    "Ethical considerations",
    "Caveats and recommendations",
    "Licence",
]


@pytest.fixture
def record(data: Path, split: Split, analyser: Analyser) -> EvaluationRecord:
    return evaluate_side(data, split, analyser).record


def row(card: str, title: str) -> list[str]:
    line = next(one for one in card.splitlines() if one.startswith(f"| {title} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_card_has_the_fields_of_the_template(bundle: Bundle, record: EvaluationRecord) -> None:
    for card in (bundle_card(bundle), bundle_card(bundle, record)):
        assert re.findall(r"^## (.*)$", card, flags=re.MULTILINE) == FIELDS
        assert "$" not in card


def test_every_figure_stands_in_the_card_rounded_as_documented(bundle: Bundle, record: EvaluationRecord) -> None:
    card = bundle_card(bundle, record)
    for one in FIGURES:
        figure = record.figures[one.name]
        assert figure.value is not None
        assert row(card, one.title)[1] == f"{figure.value:.{one.decimals}f}"
        assert row(card, one.title)[3:] == [str(figure.patients), str(figure.slices)]
        assert one.meaning in card
    assert row(card, "Dice per patient, mean")[1:3] == ["0.676", "0.463 to 0.889"]
    assert row(card, "False-positive pixels")[1] == "25"
    assert row(card, "False-positive pixels per slice")[1] == "8.3"
    assert row(card, "AA") == ["AA", "1", "0.889", "0.889", "0.889"]
    assert record.split.sha256 in card
    assert all(digest in card for digest in record.bundle.graphs.values())


def test_no_number_in_the_template_was_typed() -> None:
    text = (resources.files("gliascope.evaluate") / "model_card.md").read_text(encoding="utf-8")
    names = re.sub(r"\bT1\b|\bfloat(16|32)\b", "", text)
    assert re.findall(r"\d+", names) == []


def test_other_figures_give_another_card(bundle: Bundle, record: EvaluationRecord) -> None:
    other = FigureRecord(value=0.12345, low=0.1111, high=0.2222, patients=71, slices=1234)
    changed = record.model_copy(update={"figures": dict.fromkeys(record.figures, other)})
    card = bundle_card(bundle, changed)
    for one in FIGURES:
        digits = one.decimals
        assert row(card, one.title)[1:] == [
            f"{0.12345:.{digits}f}",
            f"{0.1111:.{digits}f} to {0.2222:.{digits}f}",
            "71",
            "1234",
        ]


def test_what_is_not_defined_is_a_dash(bundle: Bundle, record: EvaluationRecord) -> None:
    nothing = FigureRecord(value=None, low=None, high=None, patients=0, slices=0)
    card = bundle_card(bundle, record.model_copy(update={"figures": dict.fromkeys(record.figures, nothing)}))
    assert row(card, "Slice AUC") == ["Slice AUC", "-", "-", "0", "0"]


def test_a_card_before_any_evaluation_claims_nothing(bundle: Bundle) -> None:
    card = model_card(
        name="new",
        wiring="separate",
        recipe=bundle.recipe,
        operating_points=bundle.operating_points,
        summary={},
        seen=2325,
    )
    assert card.count("Nothing has been measured with this bundle yet") == 3
    assert "No accuracy is claimed" in card
    assert "2325 slices" in card
    assert "Not recorded." in card
    assert "Dice per patient, mean |" not in card


def test_in_sample_figures_are_marked(bundle: Bundle, record: EvaluationRecord) -> None:
    card = bundle_card(bundle, record.model_copy(update={"sample": "in-sample"}))
    assert card.splitlines()[2].startswith("**In-sample: the model was trained or chosen on images")
    assert "figure (in-sample images)" in card
    assert "In-sample" not in bundle_card(bundle, record)


def test_training_data_are_told_from_the_bundle(bundle: Bundle, record: EvaluationRecord) -> None:
    card = bundle_card(bundle, record)
    assert "- **sides:** train (patients 56, slices 2017)" in card
    assert card.count("doi:10.1016/j.compbiomed.2019.05.002") == 2
    assert "specificity is that of tumour-free slices of such patients" in card


def test_caveats_follow_from_the_record(bundle: Bundle, record: EvaluationRecord) -> None:
    healthy = record.patients[0].model_copy(update={"tumour_slices": 0})
    data = record.data.model_copy(update={"not_assessable": 4, "undefined_volumes": 1, "name": "elsewhere"})
    card = bundle_card(bundle, record.model_copy(update={"patients": [healthy], "data": data}))
    assert "Every patient of the evaluation has a tumour" not in card
    assert "count as not called tumour: 4." in card
    assert "have no Dice: 1." in card
    assert card.count("doi:10.1016/j.compbiomed.2019.05.002") == 1
