"""Change one thing of a recipe at a time, train, and write reference/ablations.md.

    python docs/measure_ablations.py train LGG FOLDS OUT --fold 0    trains what is not trained yet; hours
    python docs/measure_ablations.py page OUT                        collects what is trained, and writes the page

LGG is the folder ``kaggle_3m``, FOLDS a file of folds; each change is a cross-validation of its own in OUT, of the
folds that are named, trained for the same number of steps and judged on the folds' inner hold-outs. The folds' own
patients are never scored. Several calls may work side by side, each on another fold. What OUT holds is added to
docs/evidence/ablations.json, so that variations may be trained one after another, and on several machines; the page is
made from that file alone where OUT is not named.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from gliascope.recipe import recipe_from_dict
from gliascope.training.crossval_inner import load_inner
from gliascope.training.crossval_state import resume_job

DOCS: Final = Path(__file__).resolve().parent
EVIDENCE: Final = DOCS / "evidence" / "ablations.json"
PAGE: Final = DOCS / "reference" / "ablations.md"
SCHEMA: Final = "gliascope.ablations/1"

BASE: Final[dict[str, dict[str, Any]]] = {
    "preparation": {"size": [96, 96], "normalise": "zscore"},
    "preparation.clahe": {"clip_limit": 2.0, "tile_grid": 8, "blend": 0.5},
    "network": {"wiring": "shared"},
    "training": {"epochs": 4, "steps": 400, "weight_decay": 0.01, "keep": "last"},
}
"""What every variation starts from: the recipe `default` at a small size, for few steps."""

WAIT: Final = 120
"""Seconds that another call has to begin a variation."""


@dataclass(frozen=True)
class Variation:
    """One change.

    Attributes
    ----------
    name : str
        Of its folder.
    title : str
        In the page's table.
    changes : dict
        Keys of the recipe, by table.
    seed : int
    """

    name: str
    title: str
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    seed: int = 0

    def recipe(self) -> str:
        """Give the recipe as TOML."""
        changes = self.changes | {"training": self.changes.get("training", {}) | {"seed": self.seed}}
        tables = {name: BASE.get(name, {}) | changes.get(name, {}) for name in BASE | changes}
        lines = [f'name = "{self.name}"']
        for table, values in tables.items():
            lines += ["", f"[{table}]", *(f"{key} = {json.dumps(value)}" for key, value in values.items())]
        return "\n".join(lines) + "\n"


VARIATIONS: Final = (
    Variation("base", "as it is"),
    Variation("base-1", "as it is, seed 1", seed=1),
    Variation("base-2", "as it is, seed 2", seed=2),
    Variation("clahe-off", "no CLAHE", {"preparation.clahe": {"enabled": False}}),
    Variation("clahe-whole", "CLAHE alone, not blended with the image", {"preparation.clahe": {"blend": 1.0}}),
    Variation("clahe-strong", "CLAHE with clip limit 4", {"preparation.clahe": {"clip_limit": 4.0}}),
    Variation("clahe-flair", "CLAHE of FLAIR alone", {"preparation.clahe": {"sequences": ["flair"]}}),
    Variation("slice-norm", "normalised by slice", {"preparation": {"normalise": "zscore_slice"}}),
    Variation("neighbours", "the slices beside it as well", {"preparation": {"neighbours": 1}}),
    Variation("separate", "two networks, no shared trunk", {"network": {"wiring": "separate"}}),
    Variation("deep", "deep supervision", {"network": {"deep_supervision": True}}),
    Variation("few-empty", "half as many tumour-free slices", {"sampling": {"empty_per_tumour": 0.5}}),
    Variation("more-empty", "twice as many tumour-free slices", {"sampling": {"empty_per_tumour": 2.0}}),
    Variation("ema", "average of the weights, 0.99", {"training": {"ema": 0.99}}),
    Variation("larger", "160 x 128 pixels", {"preparation": {"size": [160, 128]}}),
)

TEXT: Final = """# One thing at a time

Made by `python docs/measure_ablations.py` from [its evidence](../evidence/ablations.json): the recipe `default` at
{size} pixels, trained for {steps} steps from random weights on {folds} folds of the LGG data set (SHA-256
`{sha256}`), with one thing changed at a time.
Figures are of the folds' inner hold-outs, {patients} patients whom nothing was trained on; the folds' own patients
were not scored. Thresholds are chosen on the same patients, for every line alike{older}.

| changed | mean Dice | by fold | against the mean of the seeds | standard error over patients | slice AUC |
| --- | ---: | --- | ---: | ---: | ---: |
{rows}

{seeds} seeds of the same recipe have mean Dice {level:.3f} with a standard deviation of {spread:.3f}: a line that
differs by less than twice that, or twice its standard error, says nothing. So few steps on so small images tell how
fast something is learnt, and not where it ends.
"""

OLDER: Final = """; which parts of outlines are kept follows
the rules before [0156](../decisions/0156-parts-on-one-slice.md)"""


def main() -> None:
    """Train, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    jobs = parser.add_subparsers(dest="job", required=True)
    train = jobs.add_parser("train")
    for name in ("data", "folds", "out"):
        train.add_argument(name, type=Path)
    train.add_argument("--fold", default="0,1", help="the folds to train, with commas between")
    train.add_argument("--only", nargs="+", default=[one.name for one in VARIATIONS], help="variations to train")
    page = jobs.add_parser("page")
    page.add_argument("out", type=Path, nargs="?")
    options = parser.parse_args()
    if options.job == "train":
        for one in VARIATIONS:
            if one.name in options.only:
                train_one(one, options.data, options.folds, options.out, options.fold)
        return
    if options.out is not None:
        found = collect(options.out)
        if EVIDENCE.is_file():
            found = merged(json.loads(EVIDENCE.read_text(encoding="utf-8")), found)
        EVIDENCE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(text(json.loads(EVIDENCE.read_text(encoding="utf-8"))), encoding="utf-8")
    print(f"Written: {PAGE}")


def train_one(one: Variation, data: Path, folds: Path, out: Path, fold: str) -> None:
    """Train a variation's folds that are not trained yet."""
    wanted = [int(number) for number in fold.split(",")]
    folder = out / one.name
    if all((folder / f"fold-{number}" / "inner.json").is_file() for number in wanted):
        return
    print(f"== {one.name}, fold {fold}", flush=True)
    out.mkdir(parents=True, exist_ok=True)
    recipe = out / f"{one.name}.toml"
    recipe.write_text(one.recipe(), encoding="utf-8")
    command = [sys.executable, "-m", "gliascope", "crossval", "--data", data, "-o", folder, "--only", fold]
    if _first_to_begin(folder):
        command += ["--split", folds, "--recipe", recipe]
    else:
        command += ["--resume"]
    subprocess.run([str(part) for part in [*command, "--train-only", "-q"]], check=True)  # noqa: S603  our own command


def _first_to_begin(folder: Path) -> bool:
    """Tell whether a variation's job is still to be made; if another call is about to make it, wait until it has."""
    try:
        folder.with_suffix(".begun").touch(exist_ok=False)
    except FileExistsError:
        for _ in range(WAIT):
            if (folder / "crossval.json").is_file():
                return False
            time.sleep(1)
    return True


def collect(out: Path) -> dict[str, Any]:
    """Read the inner hold-outs of the variations that are trained in every fold that the first of them is."""
    files = {one.name: sorted((out / one.name).glob("fold-*/inner.json")) for one in VARIATIONS}
    trained = [one for one in VARIATIONS if files[one.name]]
    if not trained:
        raise SystemExit(f"{out}: a variation must be trained, received none")
    folds = resume_job(out / trained[0].name).folds
    for one in trained:  # raises where it was another recipe or were other folds
        resume_job(out / one.name, recipe_from_dict(tomllib.loads(one.recipe()), one.name), folds)
    found = {one.name: [load_inner(file) for file in files[one.name]] for one in trained}
    whole = {inner["fold"] for inner in found[trained[0].name]}
    kept = {name: [one for one in inners if one["fold"] in whole] for name, inners in found.items()}
    kept = {name: inners for name, inners in kept.items() if len(inners) == len(whole)}
    return {
        "schema": SCHEMA,
        "folds_sha256": folds.sha256,
        "base": BASE,
        "variations": {
            name: [
                {
                    "fold": inner["fold"],
                    "auc": inner["figures"]["auc"]["value"],
                    "holes": inner["operating_point"].get("holes", "kept"),
                    "patients": [{"patient": one["patient"], "dice": one["dice"]} for one in inner["patients"]],
                }
                for inner in inners
            ]
            for name, inners in kept.items()
        },
    }


def merged(kept: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Add what was found to what is kept, in the order of `VARIATIONS`; what was trained again takes its place."""
    for what in ("schema", "folds_sha256", "base"):
        if kept[what] != found[what]:
            raise SystemExit(f"{EVIDENCE}: {what} must be the same to add to it, received {found[what]}")
    together = kept["variations"] | found["variations"]
    rules = {one.get("holes", "kept") for inners in together.values() for one in inners}
    if len(rules) > 1:  # parts on one slice are dropped since holes are filled
        raise SystemExit(f"{EVIDENCE}: variations must be outlined by the same rules, received holes {sorted(rules)}")
    numbers = {name: [one["fold"] for one in inners] for name, inners in together.items()}
    if len({tuple(one) for one in numbers.values()}) > 1:
        raise SystemExit(f"{EVIDENCE}: variations must be trained in the same folds, received {numbers}")
    return found | {"variations": {one.name: together[one.name] for one in VARIATIONS if one.name in together}}


def text(values: dict[str, Any]) -> str:
    """Give the page."""
    found = values["variations"]
    titles = {one.name: one.title for one in VARIATIONS}
    seeds = [name for name in found if name == "base" or name.startswith("base-")]
    means = {name: statistics.fmean(_dice(found[name]).values()) for name in found}
    level = statistics.fmean(means[name] for name in seeds)
    spread = statistics.stdev(means[name] for name in seeds) if len(seeds) > 1 else float("nan")
    plain = [_dice(found[name]) for name in seeds]
    middle = {patient: statistics.fmean(one[patient] for one in plain) for patient in plain[0]}
    rows = []
    for name in found:
        dice = _dice(found[name])
        apart = [dice[patient] - middle[patient] for patient in middle]
        error = statistics.stdev(apart) / len(apart) ** 0.5
        auc = statistics.fmean(one["auc"] for one in found[name])
        by_fold = ", ".join(f"{statistics.fmean(_dice([one]).values()):.3f}" for one in found[name])
        gain = means[name] - level
        rows.append(f"| {titles[name]} | {means[name]:.3f} | {by_fold} | {gain:+.3f} | {error:.3f} | {auc:.3f} |")
    base, size = values["base"], " x ".join(str(side) for side in values["base"]["preparation"]["size"])
    return TEXT.format(
        size=size,
        steps=base["training"]["steps"],
        folds=len(found["base"]),
        sha256=values["folds_sha256"],
        patients=len(middle),
        rows="\n".join(rows),
        older=OLDER if any(one.get("holes", "kept") == "kept" for one in found["base"]) else "",
        seeds=len(seeds),
        level=level,
        spread=spread,
    )


def _dice(inners: list[dict[str, Any]]) -> dict[str, float]:
    """The Dice of each patient, the mean where both folds hold the patient out; one without any does not count."""
    found: dict[str, list[float]] = {}
    for one in (one for inner in inners for one in inner["patients"] if one["dice"] is not None):
        found.setdefault(one["patient"], []).append(one["dice"])
    return {patient: statistics.fmean(values) for patient, values in found.items()}


if __name__ == "__main__":
    main()
