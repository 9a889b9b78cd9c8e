"""The slices that a report shows large: drawn, captioned, and told in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.findings import Finding
from gliascope.present.blocks import Block, Drawing, Gallery, Text
from gliascope.present.display import Window, display_window, lesion_window, plane, shown_sequence, to_grey
from gliascope.present.figure import SEQUENCE_TITLES
from gliascope.present.report.choose import Choice, key_slices
from gliascope.present.report.frame import TILTED, UNKNOWN, Frame, frame_of
from gliascope.present.report.slice_drawing import ShownSlice, draw_slice
from gliascope.present.report.text import plural, readable
from gliascope.present.report.words import SLICE_VERDICTS, probability
from gliascope.scan import Case, Scan

SWITCH: Final = "Show outlines"


@dataclass(frozen=True, eq=False)
class Shown:
    """A case with what its report needs to know of every slice.

    Attributes
    ----------
    finding : Finding
    case : Case
        What the finding was made from.
    record : mapping
        The finding's JSON form, as ``findings.json`` holds it.
    """

    finding: Finding
    case: Case
    record: Mapping[str, Any]

    @property
    def places(self) -> list[tuple[Scan, int]]:
        """Scan of every slice, and the slice's place in it."""
        return [(scan, place) for scan in self.case.scans for place in range(len(scan))]


def key_blocks(shown: Shown, frames: Mapping[int, Frame]) -> list[Block]:
    """Show the key slices large, and the one with the largest outline in every sequence.

    Parameters
    ----------
    shown : Shown
    frames : mapping of int to Frame
        By the identity of each scan.

    Returns
    -------
    list of Block
    """
    choices = key_slices(shown.record)
    if not choices:
        return [Text("There is nothing to show: every slice is blank.")]
    windows = {id(scan): _window(shown, scan) for scan in shown.case.scans}
    drawings = [_drawing(shown, one, frames, windows) for one in choices]
    outlined = shown.record["area_px"] > 0 or any(one is not None and one.pixels.any() for one in shown.case.truths)
    blocks: list[Block] = [Text(_key_text(shown, outlined)), Gallery(drawings, SWITCH if outlined else "")]
    others = _other_sequences(shown, choices, frames)
    if others:
        blocks += [Text("The slice with the largest outline in the other sequences:"), Gallery(others)]
    return blocks


def _key_text(shown: Shown, outlined: bool) -> str:
    scan, record = shown.case.scans[0], shown.record
    frame = frame_of(scan)
    names = sorted({SEQUENCE_TITLES.get(one, one) for one in (shown_sequence(s.sequences) for s in shown.case.scans)})
    taken = "Taken as " if record["verdict"] == "not assessable" else ""
    resampled = scan.volume is not None and scan.volume.is_resampled
    kept = "interpolated from the stored voxels" if resampled else "as it is in the file"
    parts = [f"{taken}{' and '.join(names)}, {kept}, not enhanced."]
    if outlined:
        drawn = "Orange: what the software outlined."
        blue = "blue: the true outline that came with the input."
        empty = "the truth that came with the input shows no tumour."
        told = "" if record["truth"] is None else blue if record["truth"]["area_px"] else empty
        truth = f" dashed; {told}" if told else ""
        parts.append(drawn.removesuffix(".") + "," + truth if truth else drawn)
    if frame.edges is None:
        parts.append(f"{UNKNOWN.capitalize()}: the input does not say which side of a picture is the patient's right.")
    else:
        parts.append(
            "R, L, A and P: the patient's right, left, front and back; z: towards the head, in the scan's coordinates."
        )
        if frame.tilt is not None and frame.tilt > TILTED:
            parts.append(f"The slices are tilted by {frame.tilt:.0f} degrees.")
    if frame.pixel_mm is None:
        parts.append("No scale: the input does not say how large a pixel is.")
    return " ".join(parts)


def _window(shown: Shown, scan: Scan, channel: int | None = None) -> Window | None:
    """Intensities shown black and white on all slices of a volume, so that bright fat does not leave the brain dark."""
    if not scan.is_volume:
        return None
    pixels: NDArray[Any] = scan.pixels
    planes = [plane(one, scan.sequences) if channel is None else one[..., channel] for one in pixels]
    mine = [place for place, (one, _) in enumerate(shown.places) if one is scan]
    return lesion_window(planes, [shown.finding.slices[place].mask for place in mine])


def _drawing(
    shown: Shown, choice: Choice, frames: Mapping[int, Frame], windows: Mapping[int, Window | None]
) -> Drawing:
    scan, place = shown.places[choice.place]
    frame, said = frames[id(scan)], shown.record["slices"][choice.place]
    image = plane(scan.pixels[place], scan.sequences)
    truth = shown.case.truths[choice.place]
    number = f"{choice.place + 1} / {shown.record['slice_count']}"
    found = shown.finding.slices[choice.place].mask
    grey = to_grey(image, windows[id(scan)] or display_window([image]))
    true = None if truth is None else truth.pixels
    picture = ShownSlice(grey, found, true, number, frame.positions[place], _diameters(shown, choice.place))
    svg, size = draw_slice(picture, frame)
    caption = _caption(shown, choice, frame.positions[place])
    return Drawing(svg, _alt(said, found, frame, f"Slice {choice.place + 1}"), caption, size)


def _diameters(shown: Shown, place: int) -> tuple[tuple[tuple[float, float], tuple[float, float]], ...]:
    """The diameters that were measured on a slice."""
    found = None if shown.finding.volume is None else shown.finding.volume.measurement
    if found is None or found.diameter_slice != place:
        return ()
    return tuple(one for one in (found.diameter_line, found.perpendicular_line) if one is not None)


def _caption(shown: Shown, choice: Choice, position: str) -> str:
    said = shown.record["slices"][choice.place]
    parts = [f"Slice {choice.place + 1} of {shown.record['slice_count']}{f' ({choice.why})' if choice.why else ''}"]
    if shown.record["volume"] is None and shown.record["slice_count"] > 1:
        parts.append(readable(said["file"]))
    if position:
        parts.append(position)
    if said["probability"] is None:
        parts.append(SLICE_VERDICTS[said["verdict"]])
    else:
        parts.append(f"{SLICE_VERDICTS[said['verdict']]}, probability {probability(said['probability'])}")
    measured = shown.record["measurement"]
    if said["area_px"]:
        area = f", {measured['area_mm2'][choice.place] / 100:.1f} cm\N{SUPERSCRIPT TWO}" if measured else ""
        parts.append(f"outlined {said['area_px']:,} px{area}")
    if _diameters(shown, choice.place):
        parts.append(f"white lines: {measured['diameter_mm']:.1f} x {measured['perpendicular_mm']:.1f} mm")
    if said["truth"] is not None and said["truth"]["dice"] is not None:
        parts.append(f"Dice {said['truth']['dice']:.3f}")
    return "; ".join(parts) + "."


def _alt(said: Mapping[str, Any], found: NDArray[np.bool_], frame: Frame, name: str) -> str:
    """What is to be seen on a picture, for those who cannot see it."""
    if not said["area_px"]:
        told = "nothing is outlined"
    else:
        rows, columns = found.shape
        across = _third(said["centroid"]["column"] / columns, "left", "middle", "right")
        down = _third(said["centroid"]["row"] / rows, "upper", "middle", "lower")
        where = (
            "in the middle"
            if across == down == "middle"
            else f"in the {down} {across} part".replace("middle middle", "middle")
        )
        parts = plural(said["components"], "outlined area")
        told = f"{parts} of together {said['area_px']:,} pixels {where} of the picture"
    if frame.edges is not None and frame.edges.sides:
        told += ", where the patient's right is " + (
            "on the left" if frame.edges.sides.get("R") == "left" else "on the right"
        )
    truth = said["truth"]
    true = "" if truth is None else f"; the true outline has {truth['area_px']:,} pixels"
    return f"{name}: {told}{true}."


def _third(share: float, low: str, middle: str, high: str) -> str:
    return low if share < 1 / 3 else high if share > 2 / 3 else middle


def _other_sequences(shown: Shown, choices: Sequence[Choice], frames: Mapping[int, Frame]) -> list[Drawing]:
    """The slice with the largest outline in the sequences that the key slices do not show."""
    place = next((one.place for one in choices if "largest outline" in one.why), None)
    if place is None:
        return []
    (scan, row), said = shown.places[place], shown.record["slices"][place]
    drawings = []
    for channel, name in enumerate(scan.sequences):
        if name == shown_sequence(scan.sequences) or name not in said["sequences"]:
            continue
        window = _window(shown, scan, channel)
        image = scan.pixels[row][..., channel]
        found = shown.finding.slices[place].mask
        grey = to_grey(image, window or display_window([image]))
        title = SEQUENCE_TITLES.get(name, name)
        label = f"{place + 1} / {shown.record['slice_count']}"
        frame = frames[id(scan)]
        svg, size = draw_slice(ShownSlice(grey, found, None, label, frame.positions[row]), frame)
        drawings.append(Drawing(svg, _alt(said, found, frame, title), f"{title}, slice {place + 1}.", size))
    return drawings
