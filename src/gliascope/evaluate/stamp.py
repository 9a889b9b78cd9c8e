"""Put what was measured into the bundle that it was measured with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from gliascope.bundle import CARD, LICENCE, SEEN, Bundle, load_bundle, write_bundle
from gliascope.errors import BundleError, InputError
from gliascope.evaluate.card import bundle_card
from gliascope.evaluate.identity import bundle_record, point_record
from gliascope.evaluate.record import FLIPS, LONE, SCHEMA, EvaluationRecord
from gliascope.evaluate.record_parts import ModelRecord
from gliascope.rules import UncertaintyRule

SAME: Final = ("graphs", "recipe_sha256", "seen_sha256")
"""What must be the same in bundle and evaluation. The digest of ``bundle.json`` is not: stamping changes it."""


def stamp_bundle(
    path: str | Path,
    record: EvaluationRecord,
    *,
    lone: EvaluationRecord | None = None,
    uncertainty: UncertaintyRule | None = None,
) -> Bundle:
    """Write an evaluation's summary into ``bundle.json`` and the card made from it into ``MODEL_CARD.md``.

    The bundle is written anew, with all hashes, and moved into place; its networks, name and date stay.

    Parameters
    ----------
    path : path
        The bundle's folder.
    record : EvaluationRecord
        Measured with this bundle's graphs, recipe, seen slices and operating point.
    lone : EvaluationRecord, optional
        Of the same slices as lone images, for the card and the summary.
    uncertainty : UncertaintyRule, optional
        In place of the bundle's own: how a volume's interval follows from its outline's spread.

    Returns
    -------
    Bundle

    Raises
    ------
    BundleError
        If the evaluation was made with other networks or thresholds, with flips or on lone slices, is in-sample, leaky
        or of a phantom; or the bundle cannot be read or written.
    InputError
        If it is a cross-validation's, which is of several bundles.
    """
    bundle = load_bundle(path)
    check_same(bundle, record)
    if record.stamp:
        raise BundleError(
            f"{path}: a bundle's card must speak of real images that its networks have not seen, received an "
            f"evaluation marked {record.sample} ({record.data.name}, {record.split.side} side)"
        )
    unusual = [one for one in (FLIPS, LONE) if record.provenance.get(one)]
    if unusual:
        raise BundleError(
            f"{path}: a bundle's card must speak of whole patients analysed as by default, received an evaluation "
            f"with {' and '.join(unusual)}"
        )
    if lone is not None:
        check_lone(record, lone)
    check_writable(bundle)
    if uncertainty is not None:
        bundle = replace(bundle, uncertainty=uncertainty)
    return write_bundle(
        path,
        name=bundle.name,
        wiring=bundle.wiring,
        recipe=bundle.recipe,
        operating_points=bundle.operating_points,
        graphs=bundle.graphs,
        seen=bundle.seen(),
        summary=bundle.summary,
        card=bundle_card(bundle, record, lone),
        licence=(bundle.path / LICENCE).read_text(encoding="utf-8"),
        evaluation=summary_of(record, lone),
        created=bundle.created,
        calibration=bundle.calibration,
        uncertainty=bundle.uncertainty,
        quantised=bundle.quantised,
    )


def check_writable(bundle: Bundle) -> None:
    """Refuse a bundle that holds more than would be written again.

    Raises
    ------
    BundleError
        Naming the files.
    """
    small = {} if bundle.quantised is None else bundle.quantised.graphs
    graphs = {one.name for one in (*bundle.graphs.values(), *small.values())}
    unknown = set(bundle.files) - {CARD, LICENCE, SEEN} - graphs
    if unknown:
        raise BundleError(
            f"{bundle.path}: a bundle to be written again must hold known files, received {sorted(unknown)}"
        )


def check_same(bundle: Bundle, record: EvaluationRecord) -> None:
    """Refuse an evaluation that was made with other networks or thresholds.

    Raises
    ------
    BundleError
        Naming what differs.
    """
    mine = bundle_record(bundle)
    different = [name for name in SAME if getattr(mine, name) != getattr(record.bundle, name)]
    point = bundle.operating_points.get(record.operating_point.name)
    if point is None or point_record(point) != record.operating_point:
        different.append("operating_point")
    if different:
        raise BundleError(
            f"{bundle.path}: the evaluation must be of this bundle's networks and thresholds, received one of "
            f"{record.bundle.name!r} that differs in {', '.join(different)}"
        )


def check_lone(record: EvaluationRecord, lone: EvaluationRecord) -> None:
    """Refuse figures of lone images that cannot stand beside those of whole patients.

    Raises
    ------
    InputError
        Unless every slice was a lone image, and slices, networks and operating point are the same.
    """
    slices = {"slices": (record.data.pixels_sha256, lone.data.pixels_sha256)}
    _check_pairs(slices | _pairs(record.models, record.provenance, lone))


def check_lone_model(models: Sequence[ModelRecord], provenance: Mapping[str, Any], lone: EvaluationRecord) -> None:
    """Do as much of `check_lone` as can be done before slices are scored.

    Parameters
    ----------
    models : sequence of ModelRecord
        What will be scored.
    provenance : mapping
        How it will be; see `EvaluationRecord.provenance`.
    lone : EvaluationRecord

    Raises
    ------
    InputError
        As `check_lone` does, but for the slices.
    """
    _check_pairs(_pairs(models, provenance, lone))


def _pairs(
    models: Sequence[ModelRecord], provenance: Mapping[str, Any], lone: EvaluationRecord
) -> dict[str, tuple[Any, Any]]:
    check_of_lone_images(lone)
    if provenance.get(LONE):
        raise InputError("figures of lone images stand beside those of whole patients, received lone images twice")
    mine, theirs = (
        {
            "networks": [one.bundle.graphs for one in some],
            "operating point": [one.operating_point for one in some],
            "way of analysing": [way.get(FLIPS), way.get("engine", {}).get("precision")],
        }
        for some, way in ((models, provenance), (lone.models, lone.provenance))
    )
    return {name: (mine[name], theirs[name]) for name in mine}


def _check_pairs(pairs: Mapping[str, tuple[Any, Any]]) -> None:
    other = [name for name, (mine, theirs) in pairs.items() if mine != theirs]
    if other:
        raise InputError(
            f"figures of lone images must be of the same {', '.join(pairs)} as those of whole patients, "
            f"received other {', '.join(other)}"
        )


def check_of_lone_images(lone: EvaluationRecord) -> None:
    """Refuse figures that are not of lone images.

    Raises
    ------
    InputError
        Unless every slice was analysed as a lone image.
    """
    if not lone.provenance.get(LONE):
        raise InputError("figures of lone images must come from --lone-slices, received those of whole patients")


def summary_of(record: EvaluationRecord, lone: EvaluationRecord | None = None) -> dict[str, Any]:
    """Shorten an evaluation to what a bundle keeps of it: without the patients and the bundle's own description."""
    values = record.values()
    data, split = values["data"], values["split"]
    beside = {} if lone is None else {"lone_slices": {"figures": lone.values()["figures"]}}
    return beside | {
        "schema": SCHEMA,
        "data": data["name"],
        "side": split["side"],
        "patients": data["patients"],
        "slices": data["slices"],
        "tumour_slices": data["tumour_slices"],
        "figures": values["figures"],
        "operating_point": values["models"][0]["operating_point"],
        "bootstrap": values["bootstrap"],
        "graphs": values["models"][0]["bundle"]["graphs"],
        "split_sha256": split["sha256"],
        "pixels_sha256": data["pixels_sha256"],
        "provenance": values["provenance"],
    }
