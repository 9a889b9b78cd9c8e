"""The JSON form of a finding (``findings.json``), and the fingerprint by which a finished case is recognised."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from gliascope.bundle import Bundle
from gliascope.findings import SCHEMA, Finding, SliceFinding
from gliascope.measure.overlap import dice, hd95, iou
from gliascope.measure.size import measure_size
from gliascope.pipeline.volumes import MASK, PROBABILITY, measurement_record, truth_record, volume_record
from gliascope.prepare import real_sequences
from gliascope.present.masks import mask_name, output_stem, probability_name
from gliascope.read import pixel_hash
from gliascope.read.nifti.names import is_volume_name, volume_stem
from gliascope.rules import OperatingPoint
from gliascope.scan import Case, Mask, Source, Volume

NOTICE: Final = "Research software. Not for diagnosis or treatment."
ARRAY_FILE: Final = "slice"
"""What a slice that came as an array, or of a DICOM series, is called where others have their file's name."""

LONGEST: Final = 200
"""Most bytes of an input's stem that its results are named after; file systems allow 255 with what comes behind."""

_UNDECODED: Final = re.compile("[\ud800-\udfff]")

CONTACT_SHEET: Final = "figures/contact_sheet.png"
NO_REPORTS: Final[dict[str, str | None]] = {"report": None, "report_pdf": None, "thumbnail": None}


@dataclass(frozen=True)
class Names:
    """Names of one slice's files, relative to the case's folder; different from every other slice's.

    The slices of a volume share one mask file.
    """

    mask: str
    probability: str
    figure: str


def names_of(sources: Sequence[Source]) -> list[Names]:
    """Name every slice's files after its input; a second input with the same stem gets ``-2`` behind it.

    Parameters
    ----------
    sources : sequence of Source

    Returns
    -------
    list of Names
    """
    taken: set[str] = {"contact_sheet"}
    names = []
    for source in sources:
        page, pages = source.page, source.pages
        named = Path(file_of(source))
        is_volume = bool(source.series) or is_volume_name(named)
        stem = volume_stem(named) if is_volume else named.stem
        stem = ARRAY_FILE if source.series else stem  # a series has many files, and none is the volume's
        plain = stem.encode()[:LONGEST].decode(errors="ignore")
        file, number = f"{plain}.x", 1
        while output_stem(file, page, pages).casefold() in taken:
            number += 1
            file = f"{plain}-{number}.x"
        stem = output_stem(file, page, pages)
        taken.add(stem.casefold())
        names.append(
            Names(
                MASK if is_volume else f"masks/{mask_name(file, page, pages)}",
                PROBABILITY if is_volume else f"probabilities/{probability_name(file, page, pages)}",
                f"figures/{stem}.png",
            )
        )
    return names


def file_of(source: Source) -> str:
    """Name of the file that a slice came from, without its folder."""
    return writable(source.path.name) if source.path is not None else f"{ARRAY_FILE}.array"


def writable(text: str) -> str:
    """Replace by ``_`` what stands for bytes of a file's name that are no UTF-8: such text cannot be written."""
    return _UNDECODED.sub("_", text)


def fingerprint(case: Case, bundle: Bundle, point: OperatingPoint, options: dict[str, Any]) -> str:
    """Digest of everything that a case's results follow from: pixels, truth, model, thresholds, options, version.

    Parameters
    ----------
    case : Case
    bundle : Bundle
    point : OperatingPoint
    options : dict
        What else decides about the files; JSON values.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits.
    """
    import gliascope

    values = {
        "schema": SCHEMA,
        "gliascope": gliascope.__version__,
        "bundle": bundle.sha256,
        "operating_point": list(asdict(point).values()),
        "options": options,
        "case": case.name,
        "scans": [[scan.is_volume, list(scan.sequences), str(scan.pixels.dtype)] for scan in case.scans],
        "slices": [[file_of(one), one.page, one.pages, one.sha256] for one in case.sources],
        "truths": [None if one is None else pixel_hash(one.pixels) for one in case.truths],
        "volumes": [None if scan.volume is None else _grid_mark(scan.volume) for scan in case.scans],
        "problems": [[one.path, one.message] for one in case.problems],
        "warnings": list(case.warnings),
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _grid_mark(volume: Volume) -> str:
    mark = hashlib.sha256(volume.header)
    for one in () if volume.dicom is None else (volume.dicom, *volume.dicom.others):
        images = [f"{image.instance_uid} {image.frame}" for image in one.images]
        mark.update("\n".join([one.study_uid, one.series_uid, one.frame_of_reference_uid, *images]).encode())
    return mark.hexdigest()


def record_of(
    finding: Finding,
    case: Case,
    *,
    figures: Sequence[bool],
    sheet: bool,
    mark: str,
    objects: dict[str, Any] | None = None,
    reports: dict[str, str | None] | None = None,
) -> dict[str, Any]:
    """Make the JSON form of a finding.

    Parameters
    ----------
    finding : Finding
    case : Case
        What the finding was made from: it has truth and sequences.
    figures : sequence of bool
        Whether each slice has a figure.
    sheet : bool
        Whether there is a contact sheet, provided that it has something to show.
    mark : str
        The case's fingerprint.
    objects : dict, optional
        The DICOM objects that were written (`gliascope.pipeline.dicom.write_objects`).
    reports : dict, optional
        Names of the reports' files (`gliascope.pipeline.reports.Reports.names`); by default there are none.

    Returns
    -------
    dict
        As documented in docs/reference/findings.md; what is undefined is None.
    """
    names = names_of([one.source for one in finding.slices])
    sequences = [one for scan in case.scans for one in [real_sequences(scan)[0]] * len(scan)]
    truths = case.truths if finding.slices else ()
    slices = [
        _slice_record(one, truth, name, shown, used)
        for one, truth, name, shown, used in zip(
            finding.slices, truths, names, figures, sequences[: len(finding.slices)], strict=True
        )
    ]
    something = any(one.reason != "blank" for one in finding.slices)
    return {
        "schema": SCHEMA,
        "notice": NOTICE,
        "case": finding.case,
        "verdict": finding.verdict,
        "score": number(finding.score),
        "case_score": number(finding.case_score),
        "reason": finding.reason,
        "slice_count": len(finding.slices),
        "tumour_slices": finding.tumour_slices,
        "area_px": finding.area_px,
        "volume": volume_record(finding, case),
        "measurement": measurement_record(finding),
        "uncertainty": _uncertainty(finding),
        "operating_point": asdict(finding.operating_point),
        "truth": _case_truth(finding, truths, case),
        "slices": slices,
        "contact_sheet": CONTACT_SHEET if sheet and something else None,
        **(reports or NO_REPORTS),
        "dicom": objects,
        "warnings": [writable(one) for one in finding.warnings],
        "problems": [{"path": writable(one.path), "message": writable(one.message)} for one in finding.problems],
        "provenance": finding.provenance,
        "fingerprint": mark,
    }


def _uncertainty(finding: Finding) -> dict[str, Any] | None:
    found, measured = finding.uncertainty, measurement_record(finding)
    if found is None:
        return None
    ends = {} if math.isnan(found.low) else {"low": found.low, "high": found.high}
    volume = None if measured is None or not ends else measured["volume_ml"]
    return {
        "needs_review": found.needs_review,
        "spread": _defined(found.spread),
        "level": found.level,
        "area_px": {end: round(finding.area_px * factor) for end, factor in ends.items()} or None,
        "volume_ml": None if volume is None else {end: round(volume * factor, 3) for end, factor in ends.items()},
    }


def number(value: float) -> float | None:
    """Shortest decimal of a float32 value, exact when read back as float32; None for NaN."""
    return None if math.isnan(value) else float(str(np.float32(value)))


def _defined(value: float, digits: int = 6) -> float | None:
    return None if math.isnan(value) else round(value, digits)


def _slice_record(
    one: SliceFinding, truth: Mask | None, names: Names, has_figure: bool, sequences: Sequence[str]
) -> dict[str, Any]:
    size = measure_size(one.mask)
    rows, columns = one.mask.shape
    return {
        "file": file_of(one.source),
        "page": one.source.page,
        "pages": one.source.pages,
        "sha256": one.source.sha256,
        "rows": rows,
        "columns": columns,
        "sequences": list(sequences),
        "probability": number(one.probability),
        "verdict": one.verdict,
        "reason": one.reason,
        "measured": one.measured or None,
        "area_px": size.area_px,
        "components": size.components,
        "centroid": None
        if size.centroid is None
        else {"row": _defined(size.centroid[0]), "column": _defined(size.centroid[1])},
        "box": None if size.box is None else dict(zip(("top", "left", "bottom", "right"), size.box, strict=True)),
        "diameter_px": None if size.diameter_px is None else _defined(size.diameter_px),
        "mask": names.mask,
        "mask_probability": names.probability if one.mask_probability is not None else None,
        "figure": names.figure if has_figure else None,
        "truth": None if truth is None else _overlap(one, truth),
    }


def _overlap(one: SliceFinding, truth: Mask) -> dict[str, Any]:
    return {
        "file": writable(truth.path.name) if truth.path is not None else None,
        "area_px": int(np.count_nonzero(truth.pixels)),
        "dice": _defined(dice(one.mask, truth.pixels)),
        "iou": _defined(iou(one.mask, truth.pixels)),
        "hd95_px": _defined(hd95(one.mask, truth.pixels)),
    }


def _case_truth(finding: Finding, truths: Sequence[Mask | None], case: Case) -> dict[str, Any] | None:
    """Overlap over all pixels of the slices that have a truth, taken together."""
    pairs = [(one.mask, truth.pixels) for one, truth in zip(finding.slices, truths, strict=True) if truth is not None]
    if not pairs:
        return None
    found = np.concatenate([mask.ravel() for mask, _ in pairs])
    real = np.concatenate([truth.ravel() for _, truth in pairs])
    return {
        "slices": len(pairs),
        "tumour_slices": sum(bool(truth.any()) for _, truth in pairs),
        "area_px": int(np.count_nonzero(real)),
        "dice": _defined(dice(found, real)),
        "iou": _defined(iou(found, real)),
        **truth_record(finding, case),
    }
