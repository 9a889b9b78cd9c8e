"""The page reference/five-folds.md: the recipe with and without CLAHE and the classic one, in the same five folds."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gliascope.evaluate.assemble import Evaluation
from gliascope.evaluate.compare import ComparisonRecord, compare
from gliascope.evaluate.compare_page import difference_rows, difference_titles, verdict
from gliascope.evaluate.definitions import BY_NAME
from gliascope.evaluate.remake import load_results
from gliascope.evaluate.tables import interval_text
from gliascope.recipe import load_recipe
from markdown_table import table

EVIDENCE: Final = Path(__file__).resolve().parent / "evidence"

RECIPES: Final = {
    "five-folds": "the recipe",
    "five-folds-no-clahe": "without CLAHE",
    "five-folds-classic": "`classic`",
}
"""The recipes in docs/evidence, of which evidence lies there by the same name, and their titles."""

SHOWN: Final = (
    "dice_mean",
    "dice_median",
    "dice_low",
    "dice_pooled",
    "hd95_mean",
    "auc",
    "sensitivity_at_96",
    "sensitivity",
    "specificity",
    "false_positive_share_median",
)

COMPARED: Final = ("five-folds-no-clahe", "five-folds-classic")

TEXT: Final = """# Three recipes in five folds

Made from the evidence in `docs/evidence` by `python docs/make_pages.py`: {patients} patients of the LGG data set
({slices:,} slices, {tumour_slices:,} with tumour) in [five folds](../evidence/folds-88.json), the same for each recipe.
Every patient was scored once, as `gliascope analyse` would write it, by networks that had learnt from others.

- **The recipe** is [`default`](../evidence/five-folds.toml) at {size} pixels: one trunk for both tasks, its
  augmentation, CLAHE blended with the image by half.
- **Without CLAHE** it is [the same](../evidence/five-folds-no-clahe.toml) but for that.
- **`classic`** is [the well-known pipeline](../evidence/five-folds-classic.toml) at the same size: a ResNet-50 that
  decides and a small ResUNet that was taught on tumour slices alone, both from random weights, no augmentation, slices
  not cropped to the head.

Each network learnt for {steps:,} steps of {batch} slices from random weights, with one seed. The
[embedded bundle](embedded-bundle.md) has more steps behind it, on larger images: this page compares recipes at equal
cost, and none of its figures is of that bundle ([those](out-of-fold.md)). A recipe that learns more slowly and ends
higher would look worse here.

## What was reached

{figures}

In brackets: {level:.0%} intervals, by bootstrap over patients.

{comparisons}

Intervals of differences are by bootstrap over patients, paired. They know nothing of the seed: three seeds of the
recipe differed by 0.05 in mean Dice after half as many steps ([measured](ablations.md)).

## Make it again

From the evidence alone, with pictures of the differences:

<!-- skip: next "runs in the repository's own folder" -->
```console
gliascope evaluate --evidence docs/evidence/five-folds.parquet -o recipe
gliascope evaluate --evidence docs/evidence/five-folds-no-clahe.parquet --against recipe -o no-clahe
gliascope evaluate --evidence docs/evidence/five-folds-classic.parquet --against recipe -o classic
```

The networks, with the data set's {patients} patients in `kaggle_3m`; a quarter of an hour of a core for each fold:

<!-- skip: next "needs the LGG data set, and hours of a processor" -->
```console
for recipe in five-folds five-folds-no-clahe five-folds-classic; do
  gliascope crossval --data kaggle_3m --split docs/evidence/folds-88.json \\
    --recipe docs/evidence/$recipe.toml -o cv/$recipe
done
```
"""

SECTION: Final = """## {title}

"This" is {this}, "other" is the recipe.

{rows}

{verdict}"""


def five_folds_page() -> str:
    """Text of reference/five-folds.md."""
    found = {name: load_results([EVIDENCE / f"{name}.parquet"]) for name in RECIPES}
    whole = found["five-folds"]
    recipe = load_recipe(EVIDENCE / "five-folds.toml")
    data = whole.record.data
    return TEXT.format(
        patients=data.patients,
        slices=data.slices,
        tumour_slices=data.tumour_slices,
        size=" x ".join(str(side) for side in recipe.preparation.shape),
        steps=recipe.training.steps,
        batch=recipe.training.batch_size,
        figures=_figures(found),
        level=whole.record.bootstrap.level,
        comparisons="\n\n".join(_section(RECIPES[name], compare(found[name], whole)) for name in COMPARED),
    )


def _figures(found: dict[str, Evaluation]) -> str:
    rows = []
    for name in SHOWN:
        one = BY_NAME[name]
        values = [evaluation.record.figures[name] for evaluation in found.values()]
        rows.append([one.title, *(f"{one.show(each.value)} ({interval_text(one, each)})" for each in values)])
    return table(["figure", *RECIPES.values()], rows)


def _section(title: str, record: ComparisonRecord) -> str:
    rows = [row for row in difference_rows(record) if row[0] in {BY_NAME[name].title for name in SHOWN}]
    return SECTION.format(
        title=title[0].upper() + title[1:],
        this=title,
        rows=table(difference_titles(record), rows),
        verdict=verdict(record),
    )
