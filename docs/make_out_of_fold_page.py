"""The page reference/out-of-fold.md: every patient scored by networks that had not seen the patient."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from gliascope.evaluate.assemble import Evaluation
from gliascope.evaluate.definitions import BY_NAME
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.remake import load_results
from gliascope.evaluate.tables import (
    GROUP_TITLES,
    POINT_TITLES,
    PROBABILITIES,
    group_rows,
    group_titles,
    interval_note,
    interval_text,
    patient_rows,
    patient_titles,
    point_note,
    point_rows,
)
from markdown_table import table

EVIDENCE: Final = Path(__file__).resolve().parent / "evidence"

PARTS: Final = ("folds-66", "lgg-3.2-folds")
"""Evidence that is put together, of different patients; beside each lies that of lone images."""

REACH: Final = {
    "dice_mean": ("0.836", "0.870"),
    "dice_median": ("0.873", "0.900"),
    "dice_low": ("10 of 110", "4"),
    "dice_pooled": ("0.882", "0.905"),
    "hd95_mean": ("9.34", "7"),
    "auc": ("0.976", "0.985"),
    "sensitivity_at_96": ("-", "0.93"),
    "sensitivity": ("-", "-"),
    "specificity": ("-", "-"),
    "false_positive_share_median": ("0.118", "0.08"),
}
"""What others published, and what this project set out to reach."""

LONE: Final = ("dice_mean", "dice_median", "dice_low", "dice_pooled", "hd95_mean", "auc", "sensitivity_at_96")
"""Figures that are shown of lone images."""

WORST: Final = 10
"""Patients that are listed."""

TEXT: Final = """# All patients, out of fold

Made from the evidence in `docs/evidence` by `python docs/make_pages.py`: {patients} patients of the LGG data set
({slices:,} slices, {tumour_slices:,} with tumour), each analysed as `gliascope analyse` would, by networks that had
learnt from others. {models} models of two kinds divide them:

- **{first} patients, three folds** ([folds](../evidence/folds-66.json), [recipe](../evidence/folds-66.toml)). Networks
  that had learnt from the other 22 alone ([recipe](../evidence/start-22.toml)) went on with two thirds of these and
  with the 22. A start that has seen fewer patients, and fewer steps behind it than the embedded bundle has.
- **{second} patients, two folds** ([folds](../evidence/lgg-2-folds.json)): networks made like those around which the
  [embedded bundle](embedded-bundle.md) was made, on which it is calibrated.

Neither is the embedded bundle, which has learnt from all of these patients but two; no figure here is of it. The rules
by which slice thresholds are chosen were [changed](../decisions/0155-balanced-is-the-share-of-tumour-slices.md) after
two of the three folds had been scored; all are shown by the new rules. What is seen on
[one slice alone](../decisions/0156-parts-on-one-slice.md) is dropped and [holes](../decisions/0157-holes-are-filled.md)
are filled in the two folds only: the networks of the other three are gone. For these {second} patients, the mean Dice
without either is {plain_dice:.3f} and HD95 {plain_hd95:.2f} pixels, with both {full_dice:.3f} and {full_hd95:.2f}
([measured](outline-rules.md), at common thresholds).

## What was reached

{figures}

{interval_note}

What others published: mean and median Dice, patients under 0.70 and false-positive share by Buda et al.
2019 on all 110 patients in 22 folds; pooled Dice, HD95 and AUC of one fold of nine patients of a U-Net with a
pretrained encoder.

## Lone images

The same slices, each analysed as if there were no other.

{lone}

## Who is outlined badly

{worst}

{groups}

## Probabilities

Each fold's calibration is fitted on its hold-out, three patients or seven; that of the embedded bundle on the 22.

{probabilities}

## Verdicts

{point_note}

{points}

## Interval of the volume

{uncertainty}

## Make it again

From the evidence alone, with curves, reliability diagram and all patients:

<!-- skip: next "runs in the repository's own folder" -->
```console
{evaluate}
```

The networks, with the data set's {patients} patients in `kaggle_3m`; hours of a processor:

<!-- skip: next "needs the LGG data set, and hours of a processor" -->
```console
gliascope train --data kaggle_3m --split docs/evidence/start-22.json --recipe docs/evidence/start-22.toml -o start
gliascope crossval --data kaggle_3m --split docs/evidence/folds-66.json --recipe docs/evidence/folds-66.toml \\
    --start-from start/bundle -o cv --lone-slices
```

The other two folds are those of [the embedded bundle](embedded-bundle.md#how-it-was-made).
"""


def out_of_fold_page() -> str:
    """Text of reference/out-of-fold.md."""
    parts = [load_results([EVIDENCE / f"{name}.parquet"]) for name in PARTS]
    whole = load_results([EVIDENCE / f"{name}.parquet" for name in PARTS])
    lone = load_results([EVIDENCE / f"{name}-lone.parquet" for name in PARTS])
    record = whole.record
    sizes = [one.record.data.patients for one in parts]
    rules = json.loads((EVIDENCE / "outline-rules.json").read_text(encoding="utf-8"))
    by_rule, half = rules["measured"][PARTS[1]], rules["pixel_thresholds"].index(0.5)
    return TEXT.format(
        plain_dice=by_rule["components"]["all"]["dice_mean"][half],
        plain_hd95=by_rule["components"]["all"]["hd95"][half],
        full_dice=by_rule["holes"]["dice_mean"],
        full_hd95=by_rule["holes"]["hd95"],
        patients=record.data.patients,
        slices=record.data.slices,
        tumour_slices=record.data.tumour_slices,
        models=len(record.models),
        first=sizes[0],
        second=sizes[1],
        figures=_compared(
            parts,
            record,
            REACH,
            {
                f"{record.bootstrap.level:.0%} interval": lambda name: interval_text(
                    BY_NAME[name], record.figures[name]
                ),
                "published": lambda name: REACH[name][0],
                "set out for": lambda name: REACH[name][1],
            },
        ),
        interval_note=interval_note(record),
        lone=_beside(record, lone.record),
        worst=table(patient_titles(record), patient_rows(record)[:WORST], words=2),
        groups="\n\n".join(_group(record, by, title) for by, title in GROUP_TITLES.items()),
        probabilities=_compared(parts, record, PROBABILITIES),
        point_note=point_note(record),
        points=table(POINT_TITLES, point_rows(record)),
        uncertainty=_uncertainty(record),
        evaluate=" \\\n    ".join(
            [
                "gliascope evaluate -o scores",
                " ".join(f"--evidence docs/evidence/{name}.parquet" for name in PARTS),
                " ".join(f"--lone docs/evidence/{name}-lone.parquet" for name in PARTS),
            ]
        ),
    )


def _compared(
    parts: Sequence[Evaluation],
    record: EvaluationRecord,
    names: Iterable[str],
    beside: Mapping[str, Callable[[str], str]] | None = None,
) -> str:
    """Table of figures: of each part, of all patients, and what stands beside them."""
    more = beside or {}
    records = {f"{one.data.patients} patients": one for one in (part.record for part in parts)}
    records[f"all {record.data.patients}"] = record
    rows = [
        [
            BY_NAME[name].title,
            *(BY_NAME[name].show(one.figures[name].value) for one in records.values()),
            *(tell(name) for tell in more.values()),
        ]
        for name in names
    ]
    return table(["figure", *records, *more], rows)


def _beside(record: EvaluationRecord, lone: EvaluationRecord) -> str:
    rows = [
        [BY_NAME[name].title, *(BY_NAME[name].show(one.figures[name].value) for one in (record, lone))] for name in LONE
    ]
    return table(["figure", "whole patients", "lone images"], rows)


def _group(record: EvaluationRecord, by: str, title: str) -> str:
    return f"## {title}\n\n{table(group_titles(record.groups, by), group_rows(record.groups, by))}"


def _uncertainty(record: EvaluationRecord) -> str:
    found = record.uncertainty
    if found is None:
        raise SystemExit("the interval of the volume must be measured, received evidence without spreads")
    return (
        f"Fitted on the other folds' patients, the {found.level:.0%} interval holds the true volume of "
        f"{found.covered:.1%} of {found.volumes} outlined patients; its upper end is {found.width:.1f} times its lower "
        f"one (median). The flag for review marks {found.reviewed} of them, {found.caught} of the {found.worst} "
        "with the lowest Dice among them."
    )
