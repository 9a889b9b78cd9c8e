"""Which slices of a case are drawn, and how `present` is asked to draw them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gliascope.findings import REASONS, Finding, SliceFinding
from gliascope.present.canvas import Canvas
from gliascope.present.display import Window, display_window, plane
from gliascope.present.figure import slice_figure
from gliascope.present.sheet import SheetSlice, draw_sheet
from gliascope.scan import Case, Mask, Scan


def slices_to_draw(finding: Finding, case: Case) -> list[bool]:
    """Tell which slices get a picture of their own: those called tumour, and assessable ones whose truth says so.

    Parameters
    ----------
    finding : Finding
    case : Case

    Returns
    -------
    list of bool
    """
    truths = case.truths if finding.slices else ()
    return [
        one.verdict == "tumour" or (one.verdict == "no tumour" and truth is not None and bool(truth.pixels.any()))
        for one, truth in zip(finding.slices, truths, strict=True)
    ]


def draw_case_sheet(finding: Finding, case: Case, record: dict[str, Any]) -> Canvas | None:
    """Draw the contact sheet of a case.

    Parameters
    ----------
    finding : Finding
    case : Case
    record : dict
        The finding's JSON form.

    Returns
    -------
    Canvas or None
        None where every slice is blank.
    """
    sheet = []
    for one, truth, said, (scan, place) in _slices(finding, case, record):
        if one.reason == "blank":
            continue
        label = Path(said["mask"]).name.removesuffix("_mask.png")
        if finding.volume is not None:
            label = f"{one.source.page + 1}"
        image = plane(scan.pixels[place], scan.sequences)
        shown = None if truth is None else truth.pixels
        sheet.append(
            SheetSlice(image, _short(label, finding.case), one.probability, one.verdict == "tumour", one.mask, shown)
        )
    return draw_sheet(sheet, title=finding.case, summary=_summary(record)) if sheet else None


def draw_figures(finding: Finding, case: Case, record: dict[str, Any], folder: Path) -> None:
    """Draw the pictures of slices that a record names.

    Parameters
    ----------
    finding : Finding
    case : Case
    record : dict
        The finding's JSON form; ``figure`` of each slice names the file.
    folder : Path
        The case's folder.
    """
    drawn = [one for one in _slices(finding, case, record) if one[2]["figure"] is not None]
    windows = {id(scan): _window(scan) for scan in case.scans} if drawn else {}
    for one, truth, said, (scan, place) in drawn:
        slice_figure(
            scan.pixels[place],
            None if truth is None else truth.pixels,
            one.mask,
            probability=one.probability,
            title=_title(said, "page" if finding.volume is None else "slice"),
            sequence_names=scan.sequences,
            path=folder / said["figure"],
            verdict=one.verdict,
            note=_note(said),
            window=windows[id(scan)],
        )


def _slices(
    finding: Finding, case: Case, record: dict[str, Any]
) -> list[tuple[SliceFinding, Mask | None, dict[str, Any], tuple[Scan, int]]]:
    """What is known of every slice: finding, truth, JSON form, and its place in its scan."""
    if not finding.slices:
        return []
    places = [(scan, place) for scan in case.scans for place in range(len(scan))]
    return list(zip(finding.slices, case.truths, record["slices"], places, strict=True))


def _title(said: dict[str, Any], page: str) -> str:
    return str(said["file"]) if said["pages"] == 1 else f"{said['file']}, {page} {said['page'] + 1}"


def _window(scan: Scan) -> Window | None:
    """One window for a volume, so that its slices are shown alike; each lone slice has its own."""
    planes: NDArray[Any] = scan.pixels
    return display_window([plane(one, scan.sequences) for one in planes]) if scan.is_volume else None


def _short(label: str, case: str) -> str:
    """Leave out the case's name where files begin with it, as the slices of the LGG data set do."""
    rest = label.removeprefix(case).lstrip("_- ")
    return rest or label


def _note(said: dict[str, Any]) -> str:
    truth = said["truth"]
    return "" if truth is None or truth["dice"] is None else f"Dice {truth['dice']:.3f}"


def _summary(record: dict[str, Any]) -> str:
    score = "" if record["score"] is None else f", highest slice probability {np.float32(record['score']):.3f}"
    if record["verdict"] == "not assessable" and record["reason"] is not None:
        return f"not assessable: {REASONS[record['reason']]}"
    parts = [f"{record['verdict']}{score}", f"{record['tumour_slices']} of {record['slice_count']} slices"]
    if record["truth"] is not None and record["truth"]["dice"] is not None:
        parts.append(f"Dice {record['truth']['dice']:.3f}")
    return ", ".join(parts)
