"""Scores as rows of a table, and back."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from gliascope.errors import InputError
from gliascope.evaluate.score import PatientScore, SliceScore, VolumeScore
from gliascope.findings import SoftAreas, Verdict
from gliascope.scan import SEQUENCES

SEPARATOR: Final = " "
"""Between the sequences that a patient lacks."""


NAMES: Final = "names"
"""Type of a column whose few different words are kept once."""

COLUMNS: Final[dict[str, str]] = {
    "patient": NAMES,
    "institution": NAMES,
    "folder": NAMES,
    "file": "string",
    "page": "int32",
    "fold": "int16",
    "missing": NAMES,
    "probability": "float64",
    "verdict": NAMES,
    "true_px": "int32",
    "predicted_px": "int32",
    "both_px": "int32",
    "hd95": "float64",
    "asd": "float64",
    "seen": "bool",
    "sha256": "binary",
    "sample": NAMES,
    "raw": "float64",
    "expected_px": "float64",
    "inside_px": "float64",
    "wide_px": "int32",
    "narrow_px": "int32",
    "voxel_mm3": "float64",
    "volume_hd95_mm": "float64",
    "volume_asd_mm": "float64",
    "beside": "float64",
    "run": "int16",
}
"""Columns and their types, as PyArrow calls them.

Floating-point numbers keep all 64 bits, so that a remade record has the same digits.
"""

SOFT: Final = {"expected": "expected_px", "inside": "inside_px", "wide": "wide_px", "narrow": "narrow_px"}
"""Columns of `gliascope.findings.SoftAreas`: all four are there or none."""

VOLUME: Final = {"voxel_mm3": "voxel_mm3", "hd95_mm": "volume_hd95_mm", "asd_mm": "volume_asd_mm"}
"""Columns of `gliascope.evaluate.score.VolumeScore`, which the slices of a folder share."""

OPTIONAL: Final = ("fold", "probability", "hd95", "asd", "raw", *SOFT.values(), *VOLUME.values(), "beside", "run")
"""Columns that are null where something is not defined."""

ADDED: Final[dict[str, str | None]] = {
    "raw": "probability",
    **dict.fromkeys(SOFT.values()),
    **dict.fromkeys(VOLUME.values()),
    "beside": None,
    "run": None,
}
"""Columns that older evidence lacks, and the columns whose values they had then; None where they were not known."""


def rows_of(patients: Sequence[PatientScore], sample: str) -> list[dict[str, Any]]:
    """Write one row a slice.

    Raises
    ------
    InputError
        If two slices have one name.
    """
    rows = [_row(patient, one, sample) for patient in patients for one in patient.slices]
    _check_names(rows, "evidence")
    return rows


def patients_of(
    rows: Sequence[Mapping[str, Any]], warnings: Mapping[str, Sequence[str]], sample: str, origin: str
) -> tuple[PatientScore, ...]:
    """Read the patients from their rows; `origin` names the table in messages.

    Raises
    ------
    InputError
        If two slices have one name, or a row contradicts itself or another one.
    """
    _check_names(rows, origin)
    members: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        _check_row(row, sample, origin)
        members.setdefault(row["patient"], []).append(row)
    return tuple(_patient(mine, warnings.get(name, ()), origin) for name, mine in members.items())


def _row(patient: PatientScore, one: SliceScore, sample: str) -> dict[str, Any]:
    return {
        "patient": patient.patient,
        "institution": patient.institution,
        "folder": one.folder,
        "file": one.file,
        "page": one.page,
        "fold": patient.fold,
        "missing": SEPARATOR.join(patient.missing),
        "probability": _defined(one.probability),
        "verdict": one.verdict,
        "true_px": one.true_px,
        "predicted_px": one.predicted_px,
        "both_px": one.both_px,
        "hd95": _defined(one.hd95),
        "asd": _defined(one.asd),
        "seen": one.seen,
        "sha256": bytes.fromhex(one.sha256),
        "sample": sample,
        "raw": _defined(one.raw),
        **{column: None if one.soft is None else getattr(one.soft, name) for name, column in SOFT.items()},
        **{
            column: None if one.volume is None else _defined(getattr(one.volume, name))
            for name, column in VOLUME.items()
        },
        "beside": _defined(one.beside),
        "run": one.run,
    }


def _patient(rows: Sequence[Mapping[str, Any]], warnings: Sequence[str], origin: str) -> PatientScore:
    first = rows[0]
    for name in ("institution", "fold", "missing"):
        if any(row[name] != first[name] for row in rows):
            raise InputError(f"{origin}: a patient must have one {name}, received several for {first['patient']}")
    _check_volumes(rows, origin)
    return PatientScore(
        patient=first["patient"],
        institution=first["institution"],
        folders=tuple(dict.fromkeys(row["folder"] for row in rows)),
        slices=tuple(_slice(row) for row in rows),
        warnings=tuple(warnings),
        missing=tuple(first["missing"].split()),
        fold=first["fold"],
    )


def _slice(row: Mapping[str, Any]) -> SliceScore:
    return SliceScore(
        folder=row["folder"],
        file=row["file"],
        page=row["page"],
        probability=_number(row["probability"]),
        verdict=row["verdict"],
        true_px=row["true_px"],
        predicted_px=row["predicted_px"],
        both_px=row["both_px"],
        seen=row["seen"],
        hd95=_number(row["hd95"]),
        asd=_number(row["asd"]),
        sha256=row["sha256"].hex(),
        raw=_number(row["raw"]),
        soft=_soft(row),
        volume=_volume(row),
        beside=_number(row["beside"]),
        run=row["run"],
    )


def _soft(row: Mapping[str, Any]) -> SoftAreas | None:
    if row["expected_px"] is None:
        return None
    return SoftAreas(row["expected_px"], row["inside_px"], row["wide_px"], row["narrow_px"])


def _volume(row: Mapping[str, Any]) -> VolumeScore | None:
    if row["voxel_mm3"] is None:
        return None
    return VolumeScore(row["voxel_mm3"], _number(row["volume_hd95_mm"]), _number(row["volume_asd_mm"]))


def _check_volumes(rows: Sequence[Mapping[str, Any]], origin: str) -> None:
    """Refuse folders whose rows disagree about their volume, or whose distances do not follow from the outlines."""
    for name in dict.fromkeys(row["folder"] for row in rows):
        mine = [row for row in rows if row["folder"] == name]
        volumes = {tuple(row[column] for column in VOLUME.values()) for row in mine}
        if len(volumes) > 1:
            raise InputError(f"{origin}: the rows of a folder must share their volume, received several for {name}")
        ((voxel, *distances),) = volumes
        both = all(any(row[column] for row in mine) for column in ("true_px", "predicted_px"))
        impossible = voxel is not None and not voxel > 0
        if impossible or any((one is not None) != (voxel is not None and both) for one in distances):
            raise InputError(
                f"{origin}: {name} must have a voxel above 0 mm3, and distances in mm with it where both outlines are "
                f"there, received {voxel} and {', '.join(map(str, distances))}"
            )


def _check_names(rows: Sequence[Mapping[str, Any]], origin: str) -> None:
    names = Counter((row["folder"], row["file"], row["page"]) for row in rows)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        raise InputError(f"{origin}: every slice must have its own name, received {'/'.join(map(str, twice[0]))} twice")


def _check_row(row: Mapping[str, Any], sample: str, origin: str) -> None:
    name = f"{row['folder']}/{row['file']}"
    if row["sample"] != sample:
        raise InputError(f"{origin}: {name} must be marked {sample} like the table, received {row['sample']}")
    if row["verdict"] not in get_args(Verdict):
        raise InputError(f"{origin}: {name} must have a verdict of gliascope, received {row['verdict']!r}")
    if not set(row["missing"].split()) <= set(SEQUENCES):
        raise InputError(f"{origin}: {name} must miss some of {', '.join(SEQUENCES)}, received {row['missing']!r}")
    if any((row[one] is None) == (row["true_px"] > 0 and row["predicted_px"] > 0) for one in ("hd95", "asd")):
        raise InputError(f"{origin}: {name} must have distances where both outlines are there, and only there")
    if len({row[one] is None for one in SOFT.values()}) > 1:
        raise InputError(f"{origin}: {name} must have all of {', '.join(SOFT.values())} or none")
    if row["run"] is not None and row["run"] < 1:
        raise InputError(f"{origin}: {name} must have a run of 1 or more slices, received {row['run']}")
    if not 0 <= row["both_px"] <= min(row["true_px"], row["predicted_px"]):
        raise InputError(f"{origin}: {name} must not have more pixels in both outlines than in one of them")


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


def _number(value: float | None) -> float:
    return math.nan if value is None else value
