"""Measure what a bundle loses when every slice is changed in one way, and write reference/robustness.md.

    python docs/measure_robustness.py LGG [BUNDLE ...]

LGG is the folder ``kaggle_3m``; without a BUNDLE the embedded one is measured alone. The patients are those of the test
side that the bundles were split off, which none of them may have seen. Takes a minute or two a bundle and change.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from gliascope.bundle import Bundle, load_bundle
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import Split, make_split
from gliascope.detect.calibration import calibrate
from gliascope.engine.onnx import OnnxEngine
from gliascope.evaluate.lone import lone_slices
from gliascope.measure.overlap import dice
from gliascope.prepare import prepare, prepare_mask
from gliascope.read import read_case
from gliascope.recipe import Augmentation
from gliascope.segment.postprocess import keep_components
from gliascope.training.augment import augment_batch
from gliascope.training.table import Patient, SliceTable, load_table

PAGE: Final = Path(__file__).resolve().parent / "reference" / "robustness.md"
HELD_OUT: Final = ("TCGA_CS_4942", "TCGA_FG_6692")
BATCH: Final = 32
NOTHING: Final = {name: 0.0 for name in Augmentation.model_fields if name.startswith(("p_", "flip", "drop_", "swap_"))}

CHANGES: Final[dict[str, dict[str, Any]]] = {
    "nothing": {},
    "the skull is removed": {"p_skull_strip": 1.0},
    "the skull is removed, FLAIR alone": {"p_skull_strip": 1.0, "p_flair_only": 1.0},
    "FLAIR alone": {"p_flair_only": 1.0},
    "a bias field of up to a half": {"p_bias_field": 1.0, "bias_field": 0.5},
    "another contrast of each sequence": {"p_contrast": 1.0, "contrast": 1.0},
    "a third of the resolution": {"p_low_resolution": 1.0, "low_resolution": 0.34},
    "Rician noise": {"p_rician": 1.0},
}
ALONE: Final = "each slice by itself, as a lone image"

TEXT: Final = """# Robustness: the same patients, changed

Made by `python docs/measure_robustness.py LGG` on the {patients} patients of the test side, {slices} slices, which no
bundle here has seen. Every slice is changed in one way, at random from the same seed for every bundle; the true outline
moves along where pixels move. Dice is the mean over the patients' volumes in the networks' own pixels, behind the slice
gate of the operating point `balanced`; AUC is that of the slices.

{table}

A change that a network was trained with is no proof that it copes with the real thing: see [volumes](volumes.md) for
two real scans of another kind.
"""


@dataclass(frozen=True)
class Measured:
    """Means over the patients."""

    dice: float
    auc: float


def main() -> None:
    """Measure, write, and say where."""
    if len(sys.argv) < 2:
        sys.exit((__doc__ or "").split("\n\n")[1].strip())
    root, bundles = Path(sys.argv[1]), [load_bundle(one) for one in sys.argv[2:]] or [load_bundle()]
    split = make_split(root, hold_out=HELD_OUT)
    for one in bundles:
        if one.summary["split_sha256"] != split.sha256:
            sys.exit(f"{one.path}: must be split off these patients as {split.sha256}, received another split")
    found = {one.name: dict(measure(one, root, split)) for one in bundles}
    table = load_table(side_patients(split, "test", root), bundles[0].recipe.preparation)
    text = TEXT.format(patients=len(table.patients), slices=len(table.labels), table=as_table(found))
    PAGE.write_text(text, encoding="utf-8")
    print(f"Written: {PAGE}")


def measure(bundle: Bundle, root: Path, split: Split) -> Iterator[tuple[str, Measured]]:
    """Measure one bundle under every change."""
    engine = OnnxEngine(bundle, device="cpu", threads=2)
    table = load_table(side_patients(split, "test", root), bundle.recipe.preparation)
    for what, changes in CHANGES.items():
        how = Augmentation(**(NOTHING | changes))
        rng = np.random.default_rng(0)
        changed = augment_batch(table.inputs(slice(None)), table.masks, how, rng)
        yield what, score(bundle, engine, table, *changed)
    yield ALONE, score(bundle, engine, table, *alone(bundle, table, root, split))


def alone(bundle: Bundle, table: SliceTable, root: Path, split: Split) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Prepare every slice as if there were no other, and its true outline with it."""
    images, masks = [], []
    for patient, folder in zip(table.patients, side_patients(split, "test", root), strict=True):
        for place, scan in enumerate(lone_slices(read_case(folder.files)).scans):
            prepared = prepare(scan, bundle.recipe.preparation)
            images.append(prepared.images)
            masks.append(prepare_mask(patient.truth[place : place + 1], prepared.inverse).astype(np.uint8))
    return np.concatenate(images), np.concatenate(masks)


def score(
    bundle: Bundle, engine: OnnxEngine, table: SliceTable, images: NDArray[np.float32], masks: NDArray[Any]
) -> Measured:
    """Score what the networks say of slices that are changed already."""
    probabilities, outlines = predict(bundle, engine, images)
    values = [dice(_outline(bundle, outlines, one), masks[one.rows] > 0.5) for one in table.patients]
    return Measured(float(np.mean(values)), float(roc_auc_score(table.labels, probabilities)))


def _outline(bundle: Bundle, outlines: NDArray[np.bool_], patient: Patient) -> NDArray[np.bool_]:
    return keep_components(outlines[patient.rows], bundle.operating_point().components)


def predict(
    bundle: Bundle, engine: OnnxEngine, images: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Give the slices' calibrated probabilities, and their outlines behind the gate."""
    point, (first, second) = bundle.operating_point(), engine.roles
    probabilities, outlines = [], []
    for start in range(0, len(images), BATCH):
        batch = {"images": np.ascontiguousarray(images[start : start + BATCH], dtype=np.float32)}
        given = engine.run(first, batch)
        called = calibrate(given["probability"].ravel(), bundle.calibration)
        features = {name: one for name, one in given.items() if name.startswith("feature")}
        mask = engine.run(second, features or batch)["mask"][..., 0] >= point.mask
        probabilities.append(called)
        outlines.append(mask & (called >= point.detection)[:, None, None])
    return np.concatenate(probabilities), np.concatenate(outlines)


def as_table(found: dict[str, dict[str, Measured]]) -> str:
    """Write a Markdown table, a pair of columns a bundle."""
    names = list(found)
    head = "| every slice | " + " | ".join(f"`{name}`, Dice | AUC" for name in names) + " |"
    rows = []
    for what in (*CHANGES, ALONE):
        cells = [f"{found[name][what].dice:.3f} | {found[name][what].auc:.3f}" for name in names]
        rows.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join([head, "| --- |" + " ---: |" * 2 * len(names), *rows])


if __name__ == "__main__":
    main()
