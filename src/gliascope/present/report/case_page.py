"""The report of one case: what is said first, then what it rests on, then how it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gliascope.findings import Finding
from gliascope.present.blocks import Block, Listing, Page, Picture, Section, Status, Table, Text
from gliascope.present.canvas import NOTICE
from gliascope.present.figure import SEQUENCE_TITLES
from gliascope.present.report.chart import probability_chart, runs
from gliascope.present.report.frame import UNKNOWN, Frame, frame_of
from gliascope.present.report.key_slices import Shown, key_blocks
from gliascope.present.report.tables import (
    NO_SPACING,
    input_table,
    size_table,
    slice_table,
    truth_table,
    version_table,
)
from gliascope.present.report.text import plural, readable
from gliascope.present.report.words import (
    calibration_text,
    failed,
    probability,
    rule_text,
    verdict_text,
    verdict_title,
)
from gliascope.scan import Case

SEARCH: Final = "Automatic search for a brain tumour"
CARD: Final = "What the model was made from, and how often it was right, stands in its model card."
LEAD: Final = f"{NOTICE} Made by software; no physician has checked it."


def case_page(finding: Finding, case: Case, record: Mapping[str, Any], sheet: bytes | None) -> Page:
    """Compose the report of a case.

    Parameters
    ----------
    finding : Finding
    case : Case
        What the finding was made from.
    record : mapping
        The finding's JSON form, as ``findings.json`` holds it.
    sheet : bytes or None
        The contact sheet as PNG or JPEG.

    Returns
    -------
    Page
        The same for the same case: it holds no date of its own making.
    """
    shown = Shown(finding, case, record)
    frames = {id(scan): frame_of(scan) for scan in case.scans}
    sections = [Section("Result", _result(record))]
    if not failed(record):
        sections += [
            Section("Key slices" if record["slice_count"] > 1 else "The image", key_blocks(shown, frames)),
            *_size_section(record, list(frames.values())),
            *_truth_section(record),
            Section(
                "All slices" if record["slice_count"] > 1 else "The slice in figures", _all_slices(shown, frames, sheet)
            ),
        ]
    sections.append(Section("What to know about the input", _remarks(record)))
    tables: list[Block] = [] if failed(record) else [input_table(record, list(frames.values()))]
    sections.append(Section("How it was made", [*tables, version_table(record), Text(CARD)]))
    name = readable(str(record["case"]))
    versions = f"gliascope {record['provenance']['gliascope']}, model {record['provenance']['bundle']['name']}"
    return Page(name, sections, subtitle=_subtitle(record), lead=LEAD, footer=(f"Made with {versions}.",))


def _subtitle(record: Mapping[str, Any]) -> str:
    used = {sequence for one in record["slices"] for sequence in one["sequences"]}
    told = ", ".join(title for name, title in SEQUENCE_TITLES.items() if name in used)
    if not record["slices"]:
        return SEARCH
    count = plural(record["slice_count"], "slice")
    refused = record["verdict"] == "not assessable"
    return f"{SEARCH}; {count}, taken as {told}" if refused else f"{SEARCH} in {told}; {count}"


def _result(record: Mapping[str, Any]) -> list[Block]:
    suspected = record["verdict"] == "tumour" or failed(record)
    blocks: list[Block] = [
        Status(verdict_title(record), verdict_text(record), "attention" if suspected else "plain"),
    ]
    if record["verdict"] == "not assessable":
        return blocks
    point = record["operating_point"]
    rows = [("Highest probability of a slice", probability(record["score"]))]
    if record["slice_count"] > 1:
        rows.append(("Case score, which the verdict hangs on; no probability", probability(record["case_score"])))
        rows.append(("Suspicious slices", f"{record['tumour_slices']:,} of {record['slice_count']:,}"))
    rows.append((f"Operating point {point['name']}", rule_text(record)))
    return [*blocks, Table(["figure", "value"], rows, f"What the verdict rests on. {calibration_text(record)}".strip())]


def _size_section(record: Mapping[str, Any], frames: Sequence[Frame]) -> list[Section]:
    table = size_table(record)
    if table is None:
        return []
    known = any(frame.pixel_mm is not None for frame in frames)
    return [Section("Measurements", [table, *([] if known else [Text(NO_SPACING)])])]


def _truth_section(record: Mapping[str, Any]) -> list[Section]:
    table = truth_table(record)
    return [] if table is None else [Section("Agreement with the true outline", [table])]


def _all_slices(shown: Shown, frames: Mapping[int, Frame], sheet: bytes | None) -> list[Block]:
    record = shown.record
    blocks: list[Block] = []
    chart = probability_chart(record)
    if chart is not None:
        blocks.append(chart)
    if sheet is not None and record["slice_count"] > 1:
        outlined = [place for place, one in enumerate(record["slices"]) if one["area_px"]]
        told = f"outlined: slices {runs(outlined)}" if outlined else "nothing is outlined"
        alt = f"Contact sheet of {plural(record['slice_count'], 'slice')} in the scan's order; {told}."
        blocks.append(Picture(sheet, alt, _sheet_caption(record, next(iter(frames.values())))))
    positions = [frames[id(scan)].positions[place] for scan, place in shown.places]
    return [*blocks, slice_table(record, positions)]


def _sheet_caption(record: Mapping[str, Any], frame: Frame) -> str:
    drawn = "Orange: what the software outlined; an orange frame: suspicious."
    truth = " Blue: the true outline." if record["truth"] else ""
    sides = f"{UNKNOWN.capitalize()}." if frame.edges is None else f"The left edge is the patient's {_word(frame)}."
    return f"All slices but blank ones, each with its probability. {drawn}{truth} {sides}"


def _word(frame: Frame) -> str:
    assert frame.edges is not None  # asked for where they are known
    words = {"R": "right", "L": "left", "A": "front", "P": "back", "S": "head", "I": "foot"}
    return words[frame.edges.left]


def _remarks(record: Mapping[str, Any]) -> list[Block]:
    blocks: list[Block] = []
    if record["warnings"]:
        blocks.append(Listing([readable(one) for one in record["warnings"]]))
    elif not record["problems"]:
        blocks.append(Text("Nothing was missing, resampled, registered or assumed."))
    if record["problems"]:
        rows = [(readable(Path(one["path"]).name), readable(one["message"])) for one in record["problems"]]
        blocks.append(Table(["file", "why it could not be used"], rows, "Files that could not be used."))
    return blocks
