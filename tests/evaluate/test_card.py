from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gliascope.bundle import Bundle
from gliascope.dataset.split import Split
from gliascope.evaluate.card import bundle_card, card_json, card_markdown, evaluation_card, model_card
from gliascope.evaluate.card_figures import GROUP_FIGURES
from gliascope.evaluate.card_values import card_text
from gliascope.evaluate.definitions import FIGURES
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.record_parts import FigureRecord, UncertaintyRecord
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
TEXT = {"type": "string"}
DESCRIBED = {
    "type": "array",
    "items": {"type": "object", "required": ["description"], "properties": {"description": TEXT}},
}
SCHEMA: dict[str, Any] = {  # the fields of the Model Card Toolkit's schema, version 0.0.2, that a card fills
    "type": "object",
    "additionalProperties": False,
    "required": ["schema_version", "model_details", "model_parameters", "quantitative_analysis", "considerations"],
    "properties": {
        "schema_version": TEXT,
        "model_details": {
            "required": ["name", "overview", "documentation", "owners", "version", "licenses", "references"],
            "properties": {
                "name": TEXT,
                "overview": TEXT,
                "documentation": TEXT,
                "owners": {"items": {"properties": {"name": TEXT, "contact": TEXT}}},
                "version": {"properties": {"name": TEXT, "date": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"}}},
                "licenses": {"items": {"required": ["custom_text"], "not": {"required": ["identifier"]}}},
                "references": {"items": {"properties": {"reference": {"type": "string", "pattern": "^https://"}}}},
            },
        },
        "model_parameters": {
            "required": ["model_architecture", "input_format", "output_format", "data"],
            "properties": {
                "model_architecture": TEXT,
                "input_format": TEXT,
                "output_format": TEXT,
                "data": {"items": {"properties": {"name": TEXT, "description": TEXT}}},
            },
        },
        "quantitative_analysis": {
            "properties": {
                "performance_metrics": {
                    "type": "array",
                    "items": {
                        "required": ["type"],
                        "properties": {"type": TEXT, "value": {"type": "number"}, "slice": TEXT},
                    },
                }
            }
        },
        "considerations": {
            "properties": {
                **dict.fromkeys(("users", "use_cases", "limitations", "tradeoffs"), DESCRIBED),
                "ethical_considerations": {
                    "type": "array",
                    "items": {"required": ["name", "mitigation_strategy"]},
                },
            }
        },
    },
}


@pytest.fixture
def record(data: Path, split: Split, analyser: Analyser) -> EvaluationRecord:
    return evaluate_side(data, split, analyser, resamples=50).record


def row(card: str, title: str) -> list[str]:
    line = next(one for one in card.splitlines() if one.startswith(f"| {title} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def two_folds(record: EvaluationRecord) -> EvaluationRecord:
    folds = [record.models[0].model_copy(update={"fold": number}) for number in (0, 1)]
    return record.model_copy(update={"models": folds})


def test_the_card_has_the_fields_of_the_template(bundle: Bundle, record: EvaluationRecord) -> None:
    for card in (bundle_card(bundle), bundle_card(bundle, record)):
        assert re.findall(r"^## (.*)$", card, flags=re.MULTILINE) == FIELDS
        assert "{{" not in card
        assert "\n\n\n" not in card
        assert card.endswith(".\n")


def test_the_values_have_the_fields_of_the_schema(bundle: Bundle, record: EvaluationRecord) -> None:
    for measured in (None, record, two_folds(record)):
        for bundles in ([bundle], []) if measured else ([bundle],):
            jsonschema.validate(json.loads(card_json(evaluation_card(measured, bundles))), SCHEMA)


def test_the_markdown_is_made_from_the_json_alone(bundle: Bundle, record: EvaluationRecord) -> None:
    values = evaluation_card(record, [bundle])
    assert card_markdown(json.loads(card_json(values))) == bundle_card(bundle, record)


def test_every_figure_stands_in_the_card_rounded_as_documented(bundle: Bundle, record: EvaluationRecord) -> None:
    card = bundle_card(bundle, record)
    for one in FIGURES:
        figure = record.figures[one.name]
        assert row(card, one.title)[1] == one.show(figure.value)
        assert row(card, one.title)[3:] == [str(figure.patients), str(figure.slices)]
        assert one.meaning in card
    assert row(card, "Dice per patient, mean")[1:3] == ["0.676", "0.463 to 0.889"]
    assert row(card, "False-positive pixels")[1] == "25"
    assert row(card, "AA")[:4] == ["AA", "1", "0.889", "-"]
    for group in record.groups:
        mean = group.figures["dice_mean"]
        assert row(card, group.name)[1:3] == [str(group.figures["auc"].patients), FIGURES[0].show(mean.value)]
    assert record.split.sha256 in card
    assert all(digest in card for digest in record.bundle.graphs.values())


def test_the_json_holds_every_digit(bundle: Bundle, record: EvaluationRecord) -> None:
    metrics = evaluation_card(record, [bundle])["quantitative_analysis"]["performance_metrics"]
    whole = {one["type"]: one for one in metrics if "slice" not in one}
    for name, figure in record.figures.items():
        assert whole[name].get("value") == figure.value
        interval = whole[name].get("confidence_interval", {"lower_bound": None, "upper_bound": None})
        assert (interval["lower_bound"], interval["upper_bound"]) == (figure.low, figure.high)
    by_group = {(one["slice"], one["type"]): one.get("value") for one in metrics if "slice" in one}
    assert len(by_group) == len(record.groups) * len(GROUP_FIGURES)
    assert by_group["by institution: AA", "dice_mean"] == record.groups[0].figures["dice_mean"].value


def test_no_number_in_the_words_was_typed() -> None:
    folder = resources.files("gliascope.evaluate")
    for name in ("model_card.md.jinja", "card_text.toml"):
        text = (folder / name).read_text(encoding="utf-8")
        names = re.sub(r"\bT1\b|\bfloat(16|32)\b|\b8-bit\b|ResNet-50|\[[01]\]|length - 1\b", "", text)
        assert re.findall(r"\d+", names) == [], name


def test_other_figures_give_another_card_everywhere(bundle: Bundle, record: EvaluationRecord) -> None:
    other = FigureRecord(value=0.12345, low=0.1111, high=0.2222, patients=71, slices=1234)
    groups = [one.model_copy(update={"figures": dict.fromkeys(one.figures, other)}) for one in record.groups]
    figures = dict.fromkeys(record.figures, other)
    changed = record.model_copy(update={"figures": figures, "groups": groups, "operating_results": []})
    values = evaluation_card(changed, [bundle])
    card = card_markdown(values)
    for one in FIGURES:
        shown = [one.show(0.12345), f"{one.show(0.1111)} to {one.show(0.2222)}", "71", "1234"]
        assert row(card, one.title)[1:] == shown
    for group in groups:
        assert row(card, group.name)[1:4] == ["71", "0.123", "0.111 to 0.222"]
    metrics = values["quantitative_analysis"]["performance_metrics"]
    assert {one["value"] for one in metrics} == {0.12345}
    assert {one["patients"] for one in metrics} == {71}
    old = {one.show(record.figures[one.name].value) for one in FIGURES} - {"0", "1", "2", "3"}
    assert not [number for number in old if re.search(rf"(?<![\d.]){re.escape(number)}(?![\d.])", measured(card))]


def measured(card: str) -> str:
    """The card without words that hold digits, digests, and the training data."""
    card = re.sub(r"## (Metrics|Training data)\n.*?\n(?=## )", "", card, flags=re.DOTALL)
    card = re.sub(r"`[0-9a-f]{64}`|\S*doi:\S+|T1|float\d+|ResNet-50|[\d-]{10}T[\d:+]+|(un)?seen\.txt", "", card)
    for one in sorted(FIGURES, key=lambda one: -len(one.title)):
        card = card.replace(one.title, "")
    return card


def test_no_number_of_the_card_is_from_elsewhere(bundle: Bundle, record: EvaluationRecord) -> None:
    card = measured(bundle_card(bundle, record))
    figures = [(one, record.figures[one.name]) for one in FIGURES]
    figures += [(one, group.figures[one.name]) for group in record.groups for one in FIGURES]
    known = {one.show(value) for one, figure in figures for value in (figure.value, figure.low, figure.high)}
    shares = [
        getattr(one, name)
        for one in record.operating_results
        for name in ("sensitivity", "specificity", "case_sensitivity", "row_specificity")
    ]
    known |= {f"{value:.3f}" for one in shares for value in (one.value, one.low, one.high) if value is not None}
    known |= {str(one.of) for one in shares} | {f"{record.operating_point.detection:.3f}"}
    known |= {str(count) for _, figure in figures for count in (figure.patients, figure.slices)}
    known |= {str(value) for value in record.data.model_dump().values()}
    known |= set(re.findall(r"\d+", " ".join(one.name for one in record.groups)))
    point = record.operating_point
    known |= {f"{point.detection:.4g}", f"{point.mask:.4g}", "50", "0", "95"}  # draws, seed and level of the bootstrap
    known |= {str(bundle.recipe.preparation.size), str(len(bundle.seen()))}
    source = re.sub(r"\S*doi:\S+", "", " ".join(evaluation_card(record)["model_parameters"]["data"][1]["lines"]))
    known |= set(re.findall(r"\d+(?:\.\d+)?", source))
    numbers = re.findall(r"\d+(?:\.\d+)?", card.replace(bundle.name, ""))
    assert len(numbers) > 100
    assert set(numbers) - known == set()


def test_the_card_says_how_sure_outlines_are_where_that_was_measured(bundle: Bundle, record: EvaluationRecord) -> None:
    assert "Intervals of the volume" not in bundle_card(bundle, record)
    sure = UncertaintyRecord(volumes=88, level=0.9, covered=0.9091, width=1.9, reviewed=15, worst=9, caught=6)
    said = bundle_card(bundle, record.model_copy(update={"uncertainty": sure}))
    assert "90.9% of 88 true volumes lie inside their 90% interval; 15 are flagged for review, among them 6 of" in said


def test_what_is_not_defined_is_a_dash(bundle: Bundle, record: EvaluationRecord) -> None:
    nothing = FigureRecord(value=None, low=None, high=None, patients=0, slices=0)
    values = evaluation_card(record.model_copy(update={"figures": dict.fromkeys(record.figures, nothing)}), [bundle])
    assert row(card_markdown(values), "Slice AUC") == ["Slice AUC", "-", "-", "0", "0"]
    assert "value" not in values["quantitative_analysis"]["performance_metrics"][0]


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


@pytest.mark.parametrize("sample", ["in-sample", "phantom", "leaky"])
def test_every_table_of_a_card_carries_the_stamp(bundle: Bundle, record: EvaluationRecord, sample: str) -> None:
    marked = record.model_copy(update={"sample": sample})
    values = evaluation_card(marked, [bundle])
    card = card_markdown(values)
    stamp = f"**{marked.stamp}**"
    lines = [one for one in card.splitlines() if one]
    heads = [place for place, one in enumerate(lines) if one.startswith("| --- |")]
    assert len(heads) == 6
    assert [lines[place - 2] for place in heads] == [stamp] * len(heads)
    assert lines[1] == stamp
    assert f"figure ({sample} images)" in card
    assert (values["model_details"]["sample"], values["model_details"]["stamps"]) == (sample, [marked.stamp])
    assert "no evidence of accuracy" not in bundle_card(bundle, record)


def test_a_split_by_slice_is_told(make_bundle: Any, record: EvaluationRecord) -> None:
    names = [f"TCGA_AA_0001_20000101/TCGA_AA_0001_20000101_{number}.tif" for number in range(600)]
    leaking = make_bundle("leaking", summary={"data": "d", "split_strategy": "slice", "test_patients": names})
    told = card_text()["leaks"]
    for card in (bundle_card(leaking), bundle_card(leaking, record)):
        assert card.count(f"**{told}**") == 1 + card.count("| --- |")
        assert f"- **Leak:** {told}" in card
        assert "- **test patients:** 600, listed in `bundle.json`" in card
    assert told not in bundle_card(make_bundle("other", summary={"split_strategy": "patient"}), record)


def test_training_data_are_told_from_the_bundle(bundle: Bundle, record: EvaluationRecord) -> None:
    card = bundle_card(bundle, record)
    assert "- **sides:** train (patients 56, slices 2017)" in card
    assert card.count("doi:10.1016/j.compbiomed.2019.05.002") == 2
    assert "specificity is that of tumour-free slices of such patients" in card
    references = evaluation_card(record, [bundle])["model_details"]["references"]
    assert {"reference": "https://doi.org/10.1016/j.compbiomed.2019.05.002"} in references


def test_without_the_bundle_the_card_says_what_it_does_not_know(record: EvaluationRecord) -> None:
    card = card_markdown(evaluation_card(record))
    assert card.count(card_text()["unknown"]) == 3
    assert row(card, "Dice per patient, mean")[1] == "0.676"
    assert row(card, "balanced") == ["balanced", "0.5", "0.5", "all", "kept", "1"]
    assert "seen.txt" not in card


def test_a_cross_validation_has_one_card(bundle: Bundle, record: EvaluationRecord) -> None:
    card = card_markdown(evaluation_card(two_folds(record), [bundle, bundle]))
    assert card.startswith("# Model card: 2 models of a cross-validation (plain-1)\n")
    assert row(card, "balanced, fold 1") == ["balanced, fold 1", "0.5", "0.5", "all", "kept", "1"]
    assert "- **Thresholds:** fold 0, operating point `balanced`: slice 0.5, pixel 0.5, components: all." in card
    assert "- fold 1, **sides:** train (patients 56, slices 2017)" in card
    assert "each scored on patients that it had not seen" in card


def test_caveats_follow_from_the_record(bundle: Bundle, record: EvaluationRecord) -> None:
    healthy = record.patients[0].model_copy(update={"tumour_slices": 0})
    data = record.data.model_copy(update={"not_assessable": 4, "undefined_volumes": 1, "name": "elsewhere"})
    card = bundle_card(bundle, record.model_copy(update={"patients": [healthy], "data": data}))
    assert "Every patient of the evaluation has a tumour" not in card
    assert "count as not called tumour: 4." in card
    assert "have no Dice: 1." in card
    assert card.count("doi:10.1016/j.compbiomed.2019.05.002") == 1


def test_a_name_cannot_break_a_table(bundle: Bundle, record: EvaluationRecord) -> None:
    group = record.groups[0].model_copy(update={"name": "A|B\nC"})
    card = bundle_card(bundle, record.model_copy(update={"groups": [group]}))
    assert "| A\\|B C | 1 |" in card
