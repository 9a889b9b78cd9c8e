"""The model card: Markdown, in the fields of the common template (Mitchell et al. 2019), without a typed number.

The text stands in ``model_card.md`` beside this file; every figure comes from the bundle's manifest or from the record
of its evaluation, rounded as `gliascope.evaluate.definitions.FIGURES` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from string import Template
from typing import Any, Final

from gliascope.bundle import Bundle, Wiring
from gliascope.evaluate.card_tables import analyses, interval_note, metric_list, table
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.sources import source_of
from gliascope.findings import OperatingPoint
from gliascope.recipe import Recipe

ARCHITECTURES: Final[dict[Wiring, str]] = {
    "shared": "a ResNet-50 that judges each slice, and a ResUNet whose encoder is that ResNet-50: the decoder goes on "
    "from its features where a tumour is suspected.",
    "separate": "a ResNet-50 that judges each slice, and a separate ResUNet that outlines the slices where a tumour is "
    "suspected.",
}

NOT_MEASURED: Final = "Nothing has been measured with this bundle yet; `gliascope evaluate` does it."


def model_card(
    *,
    name: str,
    wiring: Wiring,
    recipe: Recipe,
    operating_points: Mapping[str, OperatingPoint],
    summary: Mapping[str, Any],
    seen: int,
    created: str | None = None,
    record: EvaluationRecord | None = None,
) -> str:
    """Write the card of a bundle that may not be on disk yet.

    Parameters
    ----------
    name, wiring, recipe, operating_points, summary
        As for `gliascope.bundle.write_bundle`. ``summary["data"]`` names the training data; what is known of its
        source and licence is added.
    seen : int
        Number of slices used to train or to choose.
    created : str, optional
        ISO 8601; left out where it is not known yet.
    record : EvaluationRecord, optional
        What was measured with these networks; the caller answers for that (`gliascope.evaluate.stamp` checks it).

    Returns
    -------
    str
    """
    preparation = recipe.preparation
    text = (resources.files("gliascope.evaluate") / "model_card.md").read_text(encoding="utf-8")
    return Template(text).substitute(
        name=name,
        banner=f"**{record.stamp}**\n\n" if record is not None and record.stamp else "",
        architecture=ARCHITECTURES[wiring],
        created=created or "with this bundle",
        recipe=recipe.name,
        enhanced="their contrast enhanced (CLAHE)," if preparation.clahe.enabled else "not enhanced,",
        size=preparation.size,
        points=_points(operating_points),
        metrics=metric_list(),
        interval=NOT_MEASURED if record is None else interval_note(record),
        evaluation_data=NOT_MEASURED if record is None else _evaluation_data(record),
        training_data=_training_data(summary),
        seen=seen,
        analyses=NOT_MEASURED if record is None else analyses(record),
        caveats=_caveats(record),
    )


def bundle_card(bundle: Bundle, record: EvaluationRecord | None = None) -> str:
    """Write the card of a bundle on disk; see `model_card`."""
    return model_card(
        name=bundle.name,
        wiring=bundle.wiring,
        recipe=bundle.recipe,
        operating_points=bundle.operating_points,
        summary=bundle.summary,
        seen=len(bundle.seen()),
        created=bundle.created,
        record=record,
    )


def _points(points: Mapping[str, OperatingPoint]) -> str:
    rows = [[name, f"{one.detection:.4g}", f"{one.mask:.4g}", one.components] for name, one in sorted(points.items())]
    return table(["operating point", "slice is tumour from", "pixel is inside from", "components kept"], rows)


def _evaluation_data(record: EvaluationRecord) -> str:
    data = record.data
    lines = [
        f"- **Data:** `{data.name}`, the {record.split.side} side of a split by {record.split.strategy}.",
        f"- **Split:** SHA-256 `{record.split.sha256}`.",
        f"- **Size:** {data.patients} patients, {data.slices} slices, {data.tumour_slices} of them with tumour.",
        f"- **Seen in training or choosing:** {data.seen_slices} of these slices, by pixel hash.",
        f"- **Images:** SHA-256 over their pixel hashes `{data.pixels_sha256}`.",
    ]
    source = source_of(data.name)
    return "\n".join([*lines, f"- **Source:** {source}"] if source else lines)


def _training_data(summary: Mapping[str, Any]) -> str:
    lines = [f"- **{_words(key)}:** {_plain(value)}" for key, value in summary.items()]
    source = source_of(str(summary.get("data", "")))
    if source:
        lines.append(f"- **Source:** {source}")
    return "\n".join(lines) if lines else "Not recorded."


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
        return ", ".join(_plain(one) for one in value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _words(key: str) -> str:
    return key.replace("_", " ")


def _caveats(record: EvaluationRecord | None) -> str:
    if record is None:
        return "- No accuracy is claimed: nothing has been measured."
    lines = []
    if all(one.tumour_slices for one in record.patients):
        lines.append(
            "- Every patient of the evaluation has a tumour: specificity is that of tumour-free slices of such "
            "patients, not of healthy people."
        )
    if record.data.not_assessable:
        lines.append(f"- Slices that could not be assessed count as not called tumour: {record.data.not_assessable}.")
    if record.data.undefined_volumes:
        lines.append(
            f"- Patients with neither a true nor a found outline have no Dice: {record.data.undefined_volumes}."
        )
    lines.append(
        f"- The figures come from {record.data.patients} patients; the intervals say how much that leaves to chance."
    )
    return "\n".join(lines)
