"""The page reference/leak.md: what a split by slice is worth, from the evidence kept in docs/evidence/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from gliascope.evaluate.definitions import BY_NAME
from gliascope.evaluate.evidence import load_evidence, record_of
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.tables import interval_text
from gliascope.recipe import load_recipe
from gliascope.rules import Components
from markdown_table import table

EVIDENCE: Final = Path(__file__).resolve().parent / "evidence"

SHOWN: Final = (
    "accuracy",
    "sensitivity",
    "specificity",
    "auc",
    "dice_slice",
    "dice_pooled",
    "dice_median",
    "dice_mean",
    "hd95_mean",
)

COMPONENTS: Final[dict[Components, str]] = {
    "all": "every component",
    "spanning": "the largest component and those on neighbouring slices",
    "largest": "the largest component",
}
"""How the choice of components is told."""

TEXT: Final = """# What a split by slice is worth

Many projects on this data set divide slices at random, 75 to 25. Neighbouring slices of one head are nearly the same
picture, so such a test asks for what the networks have seen. This page says how much that adds: the recipe
[classic-128](../evidence/classic-128.toml), which is `classic` at 128 x 128 pixels, trained twice from nothing for the
same number of steps ({steps} of each network, {batch} slices a step), once on each kind of split.

{figures}

Intervals in brackets: {level:.0%}, by bootstrap over patients. The difference is between two sets of test slices; it is
not a paired one.

- **By patient:** {patient_size}; no patient is on two sides. This is evidence of accuracy.
- **By slice:** {slice_size}; every test patient has other slices on the training side. This is none: it says how well
  the networks remember.

Read the figures of single slices and the pooled Dice: they mean the same on both sides. Those of a patient do not. By
slice, a patient's "volume" is the handful of slices that the draw left on the test side, and where one of two tumour
slices is missed its Dice collapses: the median rises, the mean falls. Distances are further apart for another reason as
well: the validation side chose to keep {patient_components} of a volume by patient and {slice_components} by slice.

Both pairs of networks learned from about as many slices: by patient {patient_trained}; by slice {slice_trained}. Best
epoch and thresholds were chosen on each split's own validation side, as somebody would who believes in it. The budget
is small, {passes:.0f} passes over the classifier's slices; what a longer training makes of the leak was not measured.

## Make it again

The data set is not part of the repository ([how to get it](../how-to/fetch.md)). With it in `kaggle_3m`:

<!-- skip: next "needs the data set, and an hour of training" -->
```bash
gliascope data split kaggle_3m -o by-patient.json --hold-out TCGA_CS_4942 TCGA_FG_6692
gliascope data split kaggle_3m -o by-slice.json --strategy slice
gliascope train --data kaggle_3m --split by-patient.json --recipe docs/evidence/classic-128.toml -o runs/by-patient
gliascope train --data kaggle_3m --split by-slice.json --recipe docs/evidence/classic-128.toml -o runs/by-slice
gliascope evaluate kaggle_3m --split by-patient.json --model runs/by-patient/bundle -o scores/by-patient
gliascope evaluate kaggle_3m --split by-slice.json --model runs/by-slice/bundle -o scores/by-slice
```

The figures above come from {patients} of the 110 patients. Each evaluation's `evidence.parquet` is kept in
[docs/evidence](../evidence), beside the manifests of the two bundles; `make docs` makes this page from them.
"""


def leak_page() -> str:
    """Text of reference/leak.md."""
    training = load_recipe(EVIDENCE / "classic-128.toml").training
    records = {
        kind: record_of(load_evidence(EVIDENCE / f"classic-128-by-{kind}.parquet")) for kind in ("patient", "slice")
    }
    return TEXT.format(
        steps=f"{training.steps:,}",
        batch=training.batch_size,
        figures=_figures(records["slice"], records["patient"]),
        level=records["patient"].bootstrap.level,
        patient_size=_size(records["patient"]),
        slice_size=_size(records["slice"]),
        patient_trained=_trained("patient"),
        slice_trained=_trained("slice"),
        patient_components=COMPONENTS[records["patient"].operating_point.components],
        slice_components=COMPONENTS[records["slice"].operating_point.components],
        passes=training.steps * training.batch_size / _side("slice")["slices"],
        patients=records["slice"].data.patients,
    )


def _figures(by_slice: EvaluationRecord, by_patient: EvaluationRecord) -> str:
    rows = []
    for name in SHOWN:
        one, leaky, honest = BY_NAME[name], by_slice.figures[name], by_patient.figures[name]
        if leaky.value is None or honest.value is None:
            raise SystemExit(f"{name}: both evaluations must define this figure")
        rows.append(
            [
                one.title,
                f"{one.show(leaky.value)} ({interval_text(one, leaky)})",
                f"{one.show(honest.value)} ({interval_text(one, honest)})",
                f"{leaky.value - honest.value:+.{one.decimals}f}",
            ]
        )
    titles = ["figure", f"by slice ({by_slice.sample})", f"by patient ({by_patient.sample})", "difference"]
    return table(titles, rows)


def _size(record: EvaluationRecord) -> str:
    data = record.data
    return f"{data.patients} patients, {data.slices} slices on the test side, {data.tumour_slices} with tumour"


def _side(kind: str) -> dict[str, int]:
    """Count what the networks of one run learned from, as their bundle says."""
    manifest = json.loads((EVIDENCE / f"classic-128-by-{kind}.json").read_text(encoding="utf-8"))
    side: dict[str, int] = manifest["summary"]["sides"]["train"]
    return side


def _trained(kind: str) -> str:
    side = _side(kind)
    return f"{side['slices']}, {side['tumour_slices']} of them with tumour, of {side['patients']} patients"
