"""Probability of every slice of a case as a small chart, with the threshold it was held against."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from gliascope.present.blocks import Drawing
from gliascope.present.report.svg import label, tag

WIDTH: Final = 860.0
HEIGHT: Final = 190.0
LEFT: Final = 46.0
TOP: Final = 12.0
RIGHT: Final = 10.0
FOOT: Final = 40.0
FEWEST: Final = 3
"""Slices from which a chart tells more than a sentence."""
INK: Final = "#1b2733"
FAINT: Final = "#51606e"
SUSPICIOUS: Final = "#b35f00"
"""The orange of the outlines, darkened until it is seen on white: 4.5:1."""
LINE: Final = "#0f4c66"
GRID: Final = "#d5dce2"


def probability_chart(record: Mapping[str, Any]) -> Drawing | None:
    """Draw the chart; None for fewer than `FEWEST` slices.

    Parameters
    ----------
    record : mapping
        The case's finding in its JSON form.

    Returns
    -------
    Drawing or None
    """
    slices = record["slices"]
    if len(slices) < FEWEST:
        return None
    threshold = record["operating_point"]["detection"]
    parts = [*_axes(len(slices)), *_bars(slices), *_threshold(threshold)]
    box = f"0 0 {WIDTH:g} {HEIGHT:g}"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" aria-hidden="true">{"".join(parts)}</svg>'
    caption = (
        "Probability of tumour by slice, in the scan's order. Dark orange: suspicious; a cross below: not "
        f"assessable, or blank. The dashed line is the threshold, {threshold:.3f}."
    )
    return Drawing(svg, _alt(record), caption, (round(WIDTH), round(HEIGHT)))


def runs(places: list[int]) -> str:
    """Places as ranges counted from 1: ``4 to 9, 12``."""
    spans: list[list[int]] = []
    for place in places:
        if spans and place == spans[-1][1] + 1:
            spans[-1][1] = place
        else:
            spans.append([place, place])
    return ", ".join(f"{first + 1}" if first == last else f"{first + 1} to {last + 1}" for first, last in spans)


def _alt(record: Mapping[str, Any]) -> str:
    slices = record["slices"]
    called = [place for place, one in enumerate(slices) if one["verdict"] == "tumour"]
    told = f"suspicious: slices {runs(called)}" if called else "no slice is suspicious"
    return (
        f"Bar chart of the probability of tumour on {len(slices)} slices; {told}. The table of slices has the values."
    )


def _height(value: float) -> float:
    return TOP + (1 - min(max(value, 0.0), 1.0)) * (HEIGHT - TOP - FOOT)


def _axes(count: int) -> list[str]:
    parts = []
    for value in (0.0, 0.5, 1.0):
        y = _height(value)
        parts.append(tag("path", d=f"M{LEFT:g} {y:g}H{WIDTH - RIGHT:g}", stroke=GRID, fill="none"))
        parts.append(label(f"{value:g}", (LEFT - 8, y + 4), 13, FAINT, "end"))
    step = next(one for one in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10**9) if count / one <= 20)
    wide = (WIDTH - LEFT - RIGHT) / count
    marked = [1, *range(step if step > 1 else 2, count + 1, step)]
    below = HEIGHT - FOOT + 18
    numbers = [label(f"{one}", (LEFT + (one - 0.5) * wide, below), 13, FAINT, "middle") for one in marked]
    return [*parts, *numbers, label("slice", (WIDTH - RIGHT, HEIGHT - 6), 13, FAINT, "end")]


def _bars(slices: list[Mapping[str, Any]]) -> list[str]:
    wide = (WIDTH - LEFT - RIGHT) / len(slices)
    gap = min(2.0, wide / 5)
    parts = []
    for place, one in enumerate(slices):
        x = LEFT + place * wide
        if one["probability"] is None:
            middle, y, arm = x + wide / 2, HEIGHT - FOOT + 4, min(3.0, wide / 2)
            down = f"M{middle - arm:.1f} {y - arm:.1f}l{2 * arm:.1f} {2 * arm:.1f}"
            cross = f"{down}m0 {-2 * arm:.1f}l{-2 * arm:.1f} {2 * arm:.1f}"
            parts.append(tag("path", d=cross, stroke=FAINT, fill="none"))
            continue
        top = min(_height(one["probability"]), HEIGHT - FOOT - 1)
        colour = SUSPICIOUS if one["verdict"] == "tumour" else FAINT
        parts.append(tag("rect", x=x + gap / 2, y=top, width=wide - gap, height=HEIGHT - FOOT - top, fill=colour))
    return parts


def _threshold(value: float) -> list[str]:
    y = _height(value)
    return [
        tag(
            "path",
            d=f"M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}",
            stroke=LINE,
            stroke_width=1.5,
            stroke_dasharray="6 4",
            fill="none",
        )
    ]
