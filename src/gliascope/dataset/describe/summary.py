"""The description as JSON: what the page says in figures."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import gliascope
from gliascope.dataset.describe.tables import LABELS, REAL, TYPES, column_rows
from gliascope.present.intensity_plots import brighter, histogram_of, median_level
from gliascope.scan import SEQUENCES

if TYPE_CHECKING:
    from pandas import DataFrame

    from gliascope.dataset.describe.describe import Description

SCHEMA: Final = "gliascope.description/1"
"""Name and version of the JSON form; the number rises when a key changes its meaning or goes."""


def summary(description: Description) -> dict[str, Any]:
    """Put a description into JSON values.

    Parameters
    ----------
    description : Description

    Returns
    -------
    dict
        Counts of patients, slices and pixels; institutions; missing sequences with the folders that lack them;
        grey levels; the columns of both tables; the clinical table's fit; problems and warnings.
    """
    slices, patients, clinical = description.slices, description.patients, description.clinical
    return {
        "schema": SCHEMA,
        "gliascope": gliascope.__version__,
        "name": description.root.resolve().name,
        "phantom": description.is_phantom,
        "patients": int(patients["patient"].nunique()),
        "folders": len(patients),
        "slices": slice_counts(slices),
        "tumour_px": _amounts(patients.loc[patients["tumour_px"] > 0, "tumour_px"]),
        "tumour_px_of_a_slice": _amounts(slices.loc[slices["tumour_px"].fillna(0) > 0, "tumour_px"]),
        "sizes": {str(size): int(count) for size, count in patients["size"].value_counts().items()},
        "institutions": institutions(patients),
        "missing_sequences": {
            name: sorted(patients.loc[[name in one.split("+") for one in patients["missing"]], "folder"])
            for name in SEQUENCES
        },
        "clahe": description.preparation.clahe.model_dump(mode="json"),
        "intensity": intensities(description.intensities),
        "columns": [asdict(one) for one in column_rows(slices[list(TYPES)])],
        "clinical": None
        if clinical is None
        else {
            "file": clinical.path.name,
            "rows": len(clinical.as_read),
            "key": clinical.key,
            "patients_without_images": list(clinical.without_images),
            "columns": [asdict(one) for one in column_rows(clinical.table)],
        },
        "problems": [asdict(one) for one in description.problems],
        "warnings": list(description.warnings),
    }


def slice_counts(slices: DataFrame) -> dict[str, int]:
    """Count slices: all, with tumour, without, without a mask, with all sequences of their own."""
    return {
        "all": len(slices),
        "tumour": int((slices["tumour"] == LABELS[1]).sum()),
        "no_tumour": int((slices["tumour"] == LABELS[0]).sum()),
        "no_mask": int(slices["tumour"].isna().sum()),
        "all_sequences": int(slices[list(REAL)].all(axis=1).sum()),
    }


def institutions(patients: DataFrame) -> list[dict[str, Any]]:
    """Count patients, slices and tumours of each institution, sorted by name."""
    rows = []
    for name, group in patients.groupby("institution", sort=True):
        sizes = group.loc[group["tumour_px"] > 0, "tumour_px"]
        rows.append(
            {
                "institution": str(name),
                "patients": int(group["patient"].nunique()),
                "slices": int(group["slices"].sum()),
                "tumour_slices": int(group["tumour_slices"].sum()),
                "tumour_px_median": float(sizes.median()) if len(sizes) else None,
                "missing_sequences": int((group["missing"] != "").sum()),
            }
        )
    return rows


def _amounts(values: Any) -> dict[str, float] | None:
    """Sum, range and quartiles; None where there are no values."""
    if not len(values):
        return None
    quartiles = [float(one) for one in values.astype(float).quantile([0.25, 0.5, 0.75])]
    names = ("sum", "least", "lower_quartile", "median", "upper_quartile", "most")
    return dict(zip(names, (float(values.sum()), float(values.min()), *quartiles, float(values.max())), strict=True))


def intensities(table: DataFrame) -> list[dict[str, Any]]:
    """Tell for each sequence and stage how the tumours' grey levels differ from the rest of the head's.

    Returns
    -------
    list of dict
        ``sequence``, ``stage``, median and 5th and 95th percentile of both regions, and ``tumour_brighter``, the
        probability that a tumour's pixel is brighter than another (`gliascope.present.intensity_plots.brighter`).
    """
    rows = []
    for sequence, stage in table[["sequence", "stage"]].drop_duplicates().itertuples(index=False):
        tumour, rest = (
            histogram_of(table, sequence=sequence, stage=stage, region=one) for one in ("tumour", "rest of the head")
        )
        levels = {
            f"{name}_{label}": median_level(counts, share)
            for name, counts in (("tumour", tumour), ("rest", rest))
            for label, share in (("p5", 0.05), ("median", 0.5), ("p95", 0.95))
        }
        rows.append({"sequence": sequence, "stage": stage} | levels | {"tumour_brighter": brighter(tumour, rest)})
    return sorted(rows, key=lambda one: (SEQUENCES.index(one["sequence"]), one["stage"] != "before CLAHE"))
