"""The tables of a case's report: sizes with units, overlap with the truth, input, versions, slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from gliascope.present.blocks import Table
from gliascope.present.figure import SEQUENCE_TITLES
from gliascope.present.report.frame import Frame
from gliascope.present.report.text import digest, plural, readable
from gliascope.present.report.words import SLICE_VERDICTS, probability

NO_SPACING: Final = "The input does not say how large a pixel is: nothing is given in millimetres or millilitres."
AXES: Final = {
    "right_left": "right to left",
    "anterior_posterior": "front to back",
    "inferior_superior": "foot to head",
}


def size_table(record: Mapping[str, Any]) -> Table | None:
    """Sizes of the outline; None where nothing is outlined."""
    if not record["area_px"]:
        return None
    measured = record["measurement"]
    rows = _measured(record, measured) if measured else []
    slices = [one for one in record["slices"] if one["area_px"]]
    rows += [
        ("Area, all slices", f"{record['area_px']:,} px{_interval(record, 'area_px', '{:,} px')}"),
        ("Outlined slices", f"{len(slices):,} of {record['slice_count']:,}"),
    ]
    if not measured:
        largest = max(slices, key=lambda one: one["area_px"])
        longest = max(one["diameter_px"] or 0.0 for one in slices)
        rows += [
            ("Largest area on a slice", f"{largest['area_px']:,} px"),
            ("Longest diameter on a slice", f"{longest:.1f} px"),
        ]
    return Table(["measure", "value"], rows, "Size and place of the outline; measurements, no category of response.")


def _measured(record: Mapping[str, Any], found: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [("Volume", f"{found['volume_ml']:.1f} ml{_interval(record, 'volume_ml', '{:.1f} ml')}")]
    if found["diameter_mm"] is not None:
        rows += [
            ("Longest axial diameter", f"{found['diameter_mm']:.1f} mm, on slice {found['diameter_slice'] + 1}"),
            ("At right angles to it", f"{found['perpendicular_mm']:.1f} mm"),
        ]
    if found["extent_mm"] is not None:
        told = ", ".join(f"{AXES[key]} {value:.1f} mm" for key, value in found["extent_mm"].items())
        rows.append(("Extent", told))
    if found["centroid_mm"] is not None:
        told = ", ".join(
            f"{axis} {value:.1f}" for axis, value in zip("xyz", found["centroid_mm"].values(), strict=True)
        )
        rows.append(("Centre, in the scan's coordinates (LPS+)", f"{told} mm"))
    if found["side"] is not None:
        share = f" ({found['left_share']:.0%} of it left of the midline)" if found["left_share"] is not None else ""
        rows.append(("Side, by the head's own symmetry", f"{found['side']}{share}"))
    return [*rows, ("Separate parts", f"{found['components']:,}")]


def _interval(record: Mapping[str, Any], key: str, unit: str) -> str:
    sure = record["uncertainty"]
    if not sure or not sure[key]:
        return ""
    ends = (unit.format(sure[key]["low"]), unit.format(sure[key]["high"]))
    return f" ({sure['level']:.0%} interval {ends[0]} to {ends[1]})"


def truth_table(record: Mapping[str, Any]) -> Table | None:
    """Overlap with the outline drawn by hand; None where there is none."""
    truth = record["truth"]
    if truth is None:
        return None
    undefined = "not defined: both are empty"
    distances = [
        one["truth"]["hd95_px"] for one in record["slices"] if one["truth"] and one["truth"]["hd95_px"] is not None
    ]
    rows = [
        ("Dice, over all pixels of the case", undefined if truth["dice"] is None else f"{truth['dice']:.3f}"),
        ("IoU, likewise", undefined if truth["iou"] is None else f"{truth['iou']:.3f}"),
        ("Area of the true outline", f"{truth['area_px']:,} px"),
        ("Area of the found outline", f"{record['area_px']:,} px"),
        ("Slices with a true outline", f"{truth['tumour_slices']:,} of {truth['slices']:,}"),
        *_truth_in_space(truth, record["measurement"]),
    ]
    if distances:
        rows.append(("Largest HD95 of a slice", f"{max(distances):.1f} px"))
    return Table(["figure", "value"], rows, "The found outline beside the true one, which came with the input.")


def _truth_in_space(truth: Mapping[str, Any], measured: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Volumes and distances, where the input has a spacing; results of earlier versions have none."""
    if truth.get("volume_ml") is None:
        return []
    rows = [("Volume of the true outline", f"{truth['volume_ml']:.1f} ml")]
    if measured is not None:
        rows.append(("Volume of the found outline", f"{measured['volume_ml']:.1f} ml"))
    if truth["hd95_mm"] is not None:
        rows += [
            ("HD95 of the volume, in three dimensions", f"{truth['hd95_mm']:.1f} mm"),
            ("Average surface distance, likewise", f"{truth['asd_mm']:.1f} mm"),
        ]
    return rows


def input_table(record: Mapping[str, Any], frames: Sequence[Frame]) -> Table:
    """What was read."""
    slices = record["slices"]
    sizes = sorted({(one["columns"], one["rows"]) for one in slices})
    used = {sequence for one in slices for sequence in one["sequences"]}
    files = list(dict.fromkeys(one["file"] for one in slices))
    names = ", ".join(readable(one) for one in files[:3])
    more = f" and {len(files) - 3:,} more" if len(files) > 3 else ""
    rows = [
        ("Files of the slices", f"{names}{more}"),
        ("Slices", f"{len(slices):,}"),
        ("Pixels of a slice", "; ".join(f"{columns:,} x {rows:,}" for columns, rows in sizes[:4])),
        ("Sequences, as they were taken", ", ".join(title for name, title in SEQUENCE_TITLES.items() if name in used)),
    ]
    volume = record["volume"]
    if volume is not None:
        rows.append(("Voxels as stored", " x ".join(f"{one:,}" for one in volume["shape"])))
        if volume["spacing_mm"] is not None:
            rows.append(("Spacing as stored", " x ".join(f"{one:.2f}" for one in volume["spacing_mm"]) + " mm"))
        rows.append(("Orientation as stored", volume["orientation"] or "unknown"))
        rows.append(("Slices interpolated", "yes" if volume["resampled"] else "no"))
    elif all(frame.pixel_mm is None for frame in frames):
        rows.append(("Pixel size and orientation", "unknown"))
    return Table(["input", "value"], rows, "What was read.")


def version_table(record: Mapping[str, Any]) -> Table:
    """What the result was made with."""
    made = record["provenance"]
    engine, bundle = made["engine"], made["bundle"]
    point = record["operating_point"]
    thresholds = (
        f"slices from {point['detection']:.4g}, pixels from {point['mask']:.4g}, "
        f"parts kept: {point['components']}, holes: {point.get('holes', 'kept')}"
    )
    rows = [
        ("gliascope", str(made["gliascope"])),
        ("Model", f"{bundle['name']}, made {bundle['created']}"),
        ("SHA-256 of the model", str(bundle["sha256"])),
        ("Operating point", f"{point['name']}: {thresholds}"),
        ("Engine", f"{engine['name']} {engine['version']} on {engine['device']}, precision {engine['precision']}"),
        ("Mirrored as well", "yes" if made.get("flips") else "no"),
        ("Python", str(made["python"])),
    ]
    assessor = (made.get("assessor") or {}).get("sha256")
    if assessor:
        rows.append(("SHA-256 of the assessor", assessor))
    if record["fingerprint"]:
        rows.append(("Fingerprint of input, model and options", record["fingerprint"]))
    return Table(["what", "version or digest"], rows, "What the result follows from.")


def slice_table(record: Mapping[str, Any], positions: Sequence[str]) -> Table:
    """Every slice: probability, verdict, area, and the first digits of its pixels' SHA-256."""
    with_positions = any(positions)
    columns = [
        "slice",
        "file",
        *(["position"] if with_positions else []),
        "probability",
        "verdict",
        "area, px",
        "SHA-256",
    ]
    rows = []
    for place, one in enumerate(record["slices"]):
        where = [positions[place]] if with_positions else []
        page = "" if one["pages"] == 1 or record["volume"] is not None else f", page {one['page'] + 1}"
        said = [
            probability(one["probability"]),
            SLICE_VERDICTS[one["verdict"]],
            f"{one['area_px']:,}",
            digest(one["sha256"]),
        ]
        rows.append([f"{place + 1}", f"{readable(one['file'])}{page}", *where, *said])
    numeric = (0, len(columns) - 4, len(columns) - 2)
    told = plural(len(rows), "slice")
    caption = f"{told}; of each SHA-256, which findings.json holds in full, the first digits."
    return Table(columns, rows, caption, numeric=numeric, folded=f"Table of all {told}" if len(rows) > 1 else "")
