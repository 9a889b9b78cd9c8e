from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from gliascope.dataset.check import RULES, CheckReport, Remark
from gliascope.dataset.check.report import in_order
from gliascope.dataset.check.rules import SEVERITIES

SCHEMA = {
    "type": "object",
    "required": ["schema", "data", "folders", "patients", "slices", "counts", "rules", "remarks"],
    "additionalProperties": False,
    "properties": {
        "schema": {"const": "gliascope.check/1"},
        "data": {"type": "string"},
        **{name: {"type": "integer", "minimum": 0} for name in ("folders", "patients", "slices")},
        "counts": {"type": "object", "required": list(SEVERITIES), "additionalProperties": {"type": "integer"}},
        "rules": {"type": "array", "items": {"type": "object", "required": ["rule", "severity", "must", "count"]}},
        "remarks": {"type": "array", "items": {"type": "object", "required": ["severity", "rule", "path", "received"]}},
    },
}


def remarks(rule: str, count: int) -> list[Remark]:
    return [Remark(rule, f"p/{number}.tif", "?") for number in range(count)]


@pytest.fixture
def report() -> CheckReport:
    some = [*remarks("stray-file", 1), *remarks("unreadable", 12), *remarks("channel-copy", 4)]
    return CheckReport("set", 3, 2, 40, in_order(some))


def test_order_and_counts(report: CheckReport) -> None:
    assert list(report.by_rule()) == ["unreadable", "channel-copy", "stray-file"]
    assert [one.path for one in report.remarks][:12] == [f"p/{number}.tif" for number in range(12)]
    assert [report.count(severity) for severity in SEVERITIES] == [12, 4, 1]
    assert report.broken
    assert not CheckReport("set", 1, 1, 1, tuple(remarks("channel-copy", 1))).broken


def test_json(report: CheckReport) -> None:
    value = json.loads(json.dumps(report.as_json()))
    jsonschema.validate(value, SCHEMA)
    assert value["counts"] == {"broken": 12, "warning": 4, "information": 1}
    assert len(value["remarks"]) == 17
    assert value["remarks"][0] == {"severity": "broken", "rule": "unreadable", "path": "p/0.tif", "received": "?"}
    assert value["rules"][0] == {
        "rule": "unreadable",
        "severity": "broken",
        "must": RULES["unreadable"].text,
        "count": 12,
    }


def test_lines_show_some_or_all(report: CheckReport) -> None:
    lines = list(report.lines())
    assert lines[0] == "set: 2 patients, 40 slices"
    assert lines[-1] == "found: 12 broken, 4 warning, 1 information"
    assert "and 9 more" in [line.strip() for line in lines]
    assert sum("p/" in line for line in lines) == 3 + 4 + 1
    assert sum("p/" in line for line in report.lines(None)) == 17
    assert max(map(len, lines)) <= 120


def test_a_clean_set_has_no_table() -> None:
    assert list(CheckReport("set", 1, 1, 1, ()).lines()) == [
        "set: 1 patients, 1 slices",
        "",
        "found: 0 broken, 0 warning, 0 information",
    ]


def test_severities_come_in_order() -> None:
    order = [SEVERITIES.index(rule.severity) for rule in RULES.values()]
    assert order == sorted(order)


def test_the_guide_names_every_rule() -> None:
    page = Path(__file__).parents[3] / "docs" / "how-to" / "check.md"
    rows = re.findall(r"^\| `([a-z][a-z-]+)` \| (.+) \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(name, rule.text) for name, rule in RULES.items()]
