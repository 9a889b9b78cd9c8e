"""The model card as Markdown and JSON, in the fields of the common template, without a typed number.

Both are renderings of one set of values (`gliascope.evaluate.card_values`): the JSON holds it, the Markdown is made
from it and from nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gliascope.bundle import Bundle, Wiring
from gliascope.evaluate.card_values import Described, card_values
from gliascope.evaluate.record import EvaluationRecord
from gliascope.recipe import Recipe
from gliascope.rules import Calibration, OperatingPoint, UncertaintyRule


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
    lone: EvaluationRecord | None = None,
    calibration: Calibration | None = None,
    uncertainty: UncertaintyRule | None = None,
) -> str:
    """Write the card of a bundle that may not be on disk yet, as Markdown.

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
    lone : EvaluationRecord, optional
        The same slices analysed as lone images.
    calibration : Calibration, optional
        Of the slices' probabilities.
    uncertainty : UncertaintyRule, optional
        How a volume's interval follows from its outline's spread.

    Returns
    -------
    str
    """
    described = Described(name, wiring, recipe, operating_points, summary, seen, created, calibration, uncertainty)
    return card_markdown(card_values(record, [described], lone))


def bundle_card(bundle: Bundle, record: EvaluationRecord | None = None, lone: EvaluationRecord | None = None) -> str:
    """Write the card of a bundle on disk, as Markdown; see `model_card`."""
    return card_markdown(evaluation_card(record, [bundle], lone))


def evaluation_card(
    record: EvaluationRecord | None, bundles: Sequence[Bundle] = (), lone: EvaluationRecord | None = None
) -> dict[str, Any]:
    """Gather what a card says of an evaluation.

    Parameters
    ----------
    record : EvaluationRecord or None
    bundles : sequence of Bundle
        The bundle of each of the record's models, in their order; without them the card says nothing of training.
    lone : EvaluationRecord, optional
        The same slices analysed as lone images.

    Returns
    -------
    dict
        See `gliascope.evaluate.card_values.card_values`.
    """
    return card_values(record, [Described.of(one) for one in bundles], lone)


def card_json(values: Mapping[str, Any]) -> str:
    """Write a card's values as JSON text."""
    return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def card_markdown(values: Mapping[str, Any]) -> str:
    """Write a card's values as Markdown.

    Parameters
    ----------
    values : mapping
        Of `gliascope.evaluate.card_values.card_values`, or read from a ``model_card.json``.

    Returns
    -------
    str
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701  Markdown is written, not HTML; cells of tables are escaped by `_cell`
        loader=PackageLoader("gliascope.evaluate", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    return environment.get_template("model_card.md.jinja").render(values, **_tables(values))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _tables(values: Mapping[str, Any]) -> dict[str, Any]:
    """What of the values the template shows as tables or more than once."""
    points = values["model_parameters"]["operating_points"]
    folds = any("fold" in one for one in points)
    titles = [
        "operating point",
        "slice is tumour from",
        "pixel is inside from",
        "components kept",
        "holes",
        "run of slices",
    ]
    rows = [
        [
            f"{one['name']}, fold {one['fold']}" if folds else one["name"],
            f"{one['detection']:.4g}",
            f"{one['mask']:.4g}",
            one["components"],
            one["holes"],
            f"{one['run']}",
        ]
        for one in points
    ]
    return {"stamps": values["model_details"]["stamps"], "thresholds": {"titles": titles, "rows": rows}}
