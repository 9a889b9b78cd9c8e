"""The tables of concepts/assessable.md, from the embedded assessor's record and from docs/evidence/assessor.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gliascope.detect.assessor import load_assessor

DOCS: Final = Path(__file__).resolve().parent
EVIDENCE: Final = DOCS / "evidence" / "assessor.json"
CLASSES: Final = {"axial": "judged", "plane": "refused", "contrast": "refused", "object": "refused"}
NAMES: Final = {"own": "the patients' slices as they are", "phantom's own": "phantoms' slices as they are"}


def assessable_page() -> str:
    """Text of concepts/assessable.md with its tables renewed."""
    text = (DOCS / "concepts" / "assessable.md").read_text(encoding="utf-8")
    evidence = json.loads(EVIDENCE.read_text(encoding="utf-8"))
    for name, table in {"fitted": left_out(load_assessor().record), "others": others(evidence)}.items():
        start, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        before, _, rest = text.partition(start)
        text = before + start + table + end + rest.partition(end)[2]
    return text


def left_out(record: Mapping[str, Any]) -> str:
    """What was measured on examples that were left out of the fit."""
    origin, limits = record["fitted_on"], record["limits"]
    about = (
        f"On the {origin['patients']} patients of the LGG data set, each judged by weights fitted without it; "
        f"{origin['examples']:,} examples in all. A lone slice is refused below log-odds of {limits['odds']:.2f}. "
        "A volume is here what was made of one patient or phantom in one way."
    )
    kinds = record["measured"]["kinds"]
    lines = [
        about,
        "",
        "| examples | to be | slices | refused | volumes | refused |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for label, wanted in CLASSES.items():
        for kind, one in kinds.items():
            if one["class"] == label:
                counts = f"{one['slices']:,} | {one['refused']:.1%} | {one['volumes']} | {one['volumes_refused']}"
                lines.append(f"| {NAMES.get(kind, kind)} | {wanted} | {counts} |")
    return "\n".join([*lines, ""])


def others(evidence: Mapping[str, Any]) -> str:
    """What was measured on images that have nothing to do with the fit."""
    lines = [
        "| images | to be | slices | refused alone | together |",
        "| --- | --- | ---: | ---: | --- |",
    ]
    for one in evidence["rows"]:
        wanted = "judged" if one["judged"] else "refused"
        share = f"{one['slices']} | {one['refused_alone'] / one['slices']:.0%}"
        together = f"refused: `{one['reason']}`" if one["refused"] else "judged"
        lines.append(f"| {one['what']} | {wanted} | {share} | {together} |")
    return "\n".join([*lines, ""])
