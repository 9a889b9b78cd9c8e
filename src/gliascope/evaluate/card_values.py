"""What a model card says, as JSON values in the fields of the model-card schema, from bundle and record alone."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any, Final, Self

from gliascope.bundle import Bundle, Wiring
from gliascope.errors import InputError
from gliascope.evaluate.card_figures import analyses, metrics
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.sources import source_of
from gliascope.evaluate.tables import interval_note, model_name
from gliascope.prepare import LONG_NAMES
from gliascope.recipe import Clahe, Recipe
from gliascope.rules import Calibration, OperatingPoint, UncertaintyRule
from gliascope.scan import SEQUENCES

SCHEMA_VERSION: Final = "0.0.2"
"""Of the model-card schema (Model Card Toolkit) whose fields are used; further fields are added inside its objects."""

LONGEST: Final = 40
"""A list with more entries than this is counted, not written out."""


@dataclass(frozen=True)
class Described:
    """What a card says of a model besides its figures; see `gliascope.bundle.write_bundle`.

    Attributes
    ----------
    name : str
    wiring : str
    recipe : Recipe
    operating_points : mapping of str to OperatingPoint
    summary : mapping
        What the networks were trained on.
    seen : int
        Number of slices used to train or to choose.
    created : str or None
        ISO 8601.
    calibration : Calibration or None
    uncertainty : UncertaintyRule or None
    """

    name: str
    wiring: Wiring
    recipe: Recipe
    operating_points: Mapping[str, OperatingPoint]
    summary: Mapping[str, Any]
    seen: int
    created: str | None
    calibration: Calibration | None = None
    uncertainty: UncertaintyRule | None = None

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        """Describe a bundle on disk."""
        return cls(
            bundle.name,
            bundle.wiring,
            bundle.recipe,
            bundle.operating_points,
            bundle.summary,
            len(bundle.seen()),
            bundle.created,
            bundle.calibration,
            bundle.uncertainty,
        )


def card_values(
    record: EvaluationRecord | None, models: Sequence[Described] = (), lone: EvaluationRecord | None = None
) -> dict[str, Any]:
    """Gather everything that a card says.

    Parameters
    ----------
    record : EvaluationRecord or None
        None before anything has been measured.
    models : sequence of Described
        One, or one a fold in the order of the record's models; none where the bundles are not at hand.
    lone : EvaluationRecord, optional
        The same slices analysed as lone images (see `gliascope.evaluate.stamp.check_lone`).

    Returns
    -------
    dict
        JSON values: the fields of the model-card schema, and inside its objects those that the Markdown needs as well.

    Raises
    ------
    InputError
        If there is neither a record nor a model.
    """
    if record is None and not models:
        raise InputError("a card must be of an evaluation or of a model, received neither")
    text = card_text()
    stamps = [] if record is None or record.stamp is None else [record.stamp]
    if any(one.summary.get("split_strategy") == "slice" for one in models):
        stamps.append(text["leaks"])
    return {
        "schema_version": SCHEMA_VERSION,
        "model_details": _details(record, models, stamps),
        "model_parameters": _parameters(record, models),
        "quantitative_analysis": {
            "metrics": metrics(record),
            "intervals": text["not_measured"] if record is None else interval_note(record),
            **(
                analyses(record, lone)
                if record
                else {"performance_metrics": [], "lines": [text["not_measured"]], "tables": []}
            ),
        },
        "considerations": {
            "users": _described(text["users"]),
            "use_cases": _described([f"**For:** {one}" for one in text["uses"]])
            + _described([f"**Not for:** {one}" for one in text["not_for"]]),
            "factors": text["factors"],
            "limitations": _described([*_caveats(record), *text["limitations"]]),
            "tradeoffs": _described(text["tradeoffs"]),
            "ethical_considerations": text["ethics"],
        },
    }


@cache
def card_text() -> dict[str, Any]:
    """Read what a card says in words."""
    return tomllib.loads((resources.files("gliascope.evaluate") / "card_text.toml").read_text(encoding="utf-8"))


def _described(lines: Sequence[str]) -> list[dict[str, str]]:
    return [{"description": one} for one in lines]


def _details(record: EvaluationRecord | None, models: Sequence[Described], stamps: list[str]) -> dict[str, Any]:
    text = card_text()
    name = models[0].name if len(models) == 1 or record is None else model_name(record)
    dates = sorted({one.created for one in models if one.created})
    if not models and record is not None:
        dates = sorted({one.bundle.created for one in record.models})
    recipes = sorted({one.recipe.name for one in models})
    made = " to ".join(dict.fromkeys([dates[0], dates[-1]])) if dates else "with this bundle"
    by = f", with the recipe `{'`, `'.join(recipes)}`, which is kept in `bundle.json`" if recipes else ""
    sources = {source_of(str(one.summary.get("data", ""))) for one in models}
    if record is not None:
        sources.add(source_of(record.data.name))
    dois = sorted({found for one in sources if one for found in re.findall(r"doi:(10\.[^\s,;)]+)", one)})
    return {
        "name": name,
        "overview": text["overview"],
        "documentation": text["documentation"],
        "owners": [{"name": text["owners"], "contact": text["contact"]}],
        "version": {"name": name} | ({"date": dates[-1][:10]} if dates else {}),
        "licenses": [{"custom_text": text["licence"]}],
        "references": [{"reference": f"https://doi.org/{one}"} for one in dois],
        "made": f"{made}, by {text['owners']}{by}.",
        "sample": None if record is None else record.sample,
        "stamps": stamps,
    }


def _parameters(record: EvaluationRecord | None, models: Sequence[Described]) -> dict[str, Any]:
    text = card_text()
    architectures = [text["architectures"][one] for one in dict.fromkeys(one.wiring for one in models)]
    inputs = list(dict.fromkeys(_input(one.recipe) for one in models))
    return {
        "model_architecture": " ".join(architectures) or text["unknown"],
        "input_format": " ".join(inputs) or text["unknown"],
        "output_format": text["output"],
        "runs_in": text["runs_in"],
        "operating_points": _points(record, models),
        "calibration": _calibrations(models),
        "volume_interval": _intervals(models),
        "seen_slices": models[0].seen if len(models) == 1 else None,
        "data": [_training(models), _evaluation(record)],
    }


def _input(recipe: Recipe) -> str:
    preparation = recipe.preparation
    cut = "cut to the head, " if preparation.crop else ""
    enhanced = _enhanced(preparation.clahe)
    return (
        "Slices of a brain MRI with up to three sequences: T1 before contrast, FLAIR, T1 after contrast. FLAIR is "
        f"needed; the others may be missing. Slices are {cut}{enhanced}, and scaled to {preparation.shape[0]} x "
        f"{preparation.shape[1]} pixels."
    )


def _enhanced(clahe: Clahe) -> str:
    if not clahe.enabled:
        return "not enhanced"
    if clahe.sequences == SEQUENCES:
        return "their contrast enhanced (CLAHE)"
    return f"the contrast of {' and '.join(LONG_NAMES[one] for one in clahe.sequences)} enhanced (CLAHE)"


def _points(record: EvaluationRecord | None, models: Sequence[Described]) -> list[dict[str, Any]]:
    if record is not None and len(models) != 1:
        folds = len(record.models) > 1
        return [
            ({"fold": one.fold} if folds else {}) | one.operating_point.model_dump(mode="json") for one in record.models
        ]
    points = sorted(models[0].operating_points.items()) if models else []
    return [asdict(one) for _, one in points]


def _calibrations(models: Sequence[Described]) -> list[str]:
    """Say of each model how its probabilities were calibrated; nothing where the bundles are not at hand."""
    lines = []
    for number, one in enumerate(models):
        fold, made = f"fold {number}: " if len(models) > 1 else "", one.calibration
        if made is None:
            lines.append(f"{fold}{card_text()['not_calibrated']}")
            continue
        line, alone = f"times {made.slope:.4g}, plus {made.intercept:.4g}", ""
        if made.volume is not None:
            alone = f" A lone image has the logit {line}."
            line = (
                f"times {made.volume.slope:.4g}, plus the mean logit of the neighbouring slices times "
                f"{made.volume.beside:.4g}, plus {made.volume.intercept:.4g}"
            )
        lines.append(
            f"{fold}the logit of the network's probability {line}; fitted on {made.fitted_on} predictions: "
            f"{made.patients} patients, {made.slices} slices, {made.tumour_slices} with tumour.{alone}"
        )
    return lines


def _intervals(models: Sequence[Described]) -> list[str]:
    """Say of each model that has an interval of the volume what it was fitted on."""
    lines = []
    for number, one in enumerate(models):
        fold, rule = f"fold {number}: " if len(models) > 1 else "", one.uncertainty
        if rule is not None:
            lines.append(
                f"{fold}holds the true volume of {rule.level:.0%} of patients like those it was fitted on: "
                f"{rule.patients} outlined volumes, {rule.fitted_on} predictions. The outline's spread sets its width, "
                f"and calls for a review above {rule.review:.3g}."
            )
    return lines


def _training(models: Sequence[Described]) -> dict[str, Any]:
    text = card_text()
    lines: list[str] = []
    for number, one in enumerate(models):
        mine = [f"**{_words(key)}:** {_plain(value)}" for key, value in one.summary.items()]
        lines += [f"fold {number}, {line}" for line in mine] if len(models) > 1 else mine
        if one.summary.get("split_strategy") == "slice" and "split_leak" not in one.summary:
            lines.append(f"**Leak:** {text['leaks']}")
    names = list(dict.fromkeys(str(one.summary.get("data", "")) for one in models))
    lines += [f"**Source:** {source}" for source in map(source_of, names) if source]
    lines = lines or ["Not recorded." if models else text["unknown"]]
    name = ", ".join(one for one in names if one) or "not recorded"
    return {"name": f"training: {name}", "description": " ".join(lines), "lines": lines}


def _evaluation(record: EvaluationRecord | None) -> dict[str, Any]:
    if record is None:
        text = card_text()["not_measured"]
        return {"name": "evaluation: none", "description": text, "lines": [text]}
    data = record.data
    folds = f", in {len(record.models)} folds" if len(record.models) > 1 else ""
    source = source_of(data.name)
    lines = [
        f"**Data:** `{data.name}`, the {record.split.side} side of a split by {record.split.strategy}{folds}.",
        f"**Split:** SHA-256 `{record.split.sha256}`.",
        f"**Size:** {data.patients} patients, {data.slices} slices, {data.tumour_slices} of them with tumour.",
        f"**Seen in training or choosing:** {data.seen_slices} of these slices, by pixel hash.",
        f"**Images:** SHA-256 over their pixel hashes `{data.pixels_sha256}`.",
        *([f"**Source:** {source}"] if source else []),
    ]
    return {"name": f"evaluation: {data.name}", "description": " ".join(lines), "lines": lines}


def _plain(value: Any) -> str:
    """Write a JSON value in words: ``train (patients 56, slices 2017); validation (...)``."""
    if isinstance(value, dict):
        nested = any(isinstance(one, dict) for one in value.values())
        parts = [
            f"{_words(key)} ({_plain(one)})" if isinstance(one, dict) else f"{_words(key)} {_plain(one)}"
            for key, one in value.items()
        ]
        return ("; " if nested else ", ").join(parts)
    if isinstance(value, list):
        if len(value) > LONGEST:
            return f"{len(value)}, listed in `bundle.json`"
        return ", ".join(_plain(one) for one in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _caveats(record: EvaluationRecord | None) -> list[str]:
    if record is None:
        return ["No accuracy is claimed: nothing has been measured."]
    data = record.data
    lines = []
    if all(one.tumour_slices for one in record.patients):
        lines.append(
            "Every patient of the evaluation has a tumour: specificity is that of tumour-free slices of such patients, "
            "not of healthy people."
        )
    if data.not_assessable:
        lines.append(f"Slices that could not be assessed count as not called tumour: {data.not_assessable}.")
    if data.undefined_volumes:
        lines.append(f"Patients with neither a true nor a found outline have no Dice: {data.undefined_volumes}.")
    if len(record.models) > 1:
        lines.append(
            "The figures are of several models, each scored on patients that it had not seen; they tell what this way "
            "of training gives, not what one of the models does."
        )
    lines.append(f"The figures come from {data.patients} patients; the intervals say how much that leaves to chance.")
    return lines
