"""What a check found, as a value, as JSON and as lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from gliascope.dataset.check.rules import RULES, SEVERITIES, Remark, Severity
from gliascope.read.names import natural_key

SCHEMA: Final = "gliascope.check/1"
"""Name and version of the JSON form; the number rises when a key changes its meaning or goes."""

EXAMPLES: Final = 3
"""Remarks shown of each rule unless all are asked for."""


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes
    ----------
    data : str
        The data set's folder, as it was given.
    folders, patients, slices : int
        What could be read; a patient may have several folders.
    remarks : tuple of Remark
        By rule, in the order of `RULES`, then by path.
    """

    data: str
    folders: int
    patients: int
    slices: int
    remarks: tuple[Remark, ...]

    @property
    def broken(self) -> bool:
        """Whether a remark says that something is broken."""
        return self.count("broken") > 0

    def count(self, severity: Severity) -> int:
        """Count the remarks of one severity."""
        return sum(one.severity == severity for one in self.remarks)

    def by_rule(self) -> dict[str, list[Remark]]:
        """Group the remarks, in the order of `RULES`; rules that hold are left out."""
        groups: dict[str, list[Remark]] = {}
        for one in self.remarks:
            groups.setdefault(one.rule, []).append(one)
        return groups

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "schema": SCHEMA,
            "data": self.data,
            "folders": self.folders,
            "patients": self.patients,
            "slices": self.slices,
            "counts": {severity: self.count(severity) for severity in SEVERITIES},
            "rules": [
                {"rule": name, "severity": RULES[name].severity, "must": RULES[name].text, "count": len(group)}
                for name, group in self.by_rule().items()
            ],
            "remarks": [{"severity": one.severity, **asdict(one)} for one in self.remarks],
        }

    def lines(self, examples: int | None = EXAMPLES) -> Iterator[str]:
        """All of it for people: a table of rules, each with some of its remarks (None: with all)."""
        yield f"{self.data}: {self.patients} patients, {self.slices} slices"
        groups = self.by_rule()
        if groups:
            yield ""
            yield f"{'severity':<11}  {'rule':<24}  {'count':>5}  what must hold"
        for name, group in groups.items():
            yield f"{RULES[name].severity:<11}  {name:<24}  {len(group):>5}  {RULES[name].text}"
            shown = group if examples is None or len(group) <= examples + 1 else group[:examples]
            for one in shown:
                yield f"{'':<13}{one.path}: {one.received}"
            if len(shown) < len(group):
                yield f"{'':<13}and {len(group) - len(shown)} more"
        yield ""
        yield f"found: {', '.join(f'{self.count(severity)} {severity}' for severity in SEVERITIES)}"


def in_order(remarks: Iterable[Remark]) -> tuple[Remark, ...]:
    """Sort remarks by rule, then by path as people count."""
    place = {name: number for number, name in enumerate(RULES)}
    return tuple(sorted(remarks, key=lambda one: (place[one.rule], natural_key(one.path))))
