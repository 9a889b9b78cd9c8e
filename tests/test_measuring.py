"""What the scripts in docs/ make of what they have measured."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(DOCS))

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    return load


def inner(fold: int, dice: list[float | None]) -> dict[str, Any]:
    return {"fold": fold, "auc": 0.9, "patients": [{"patient": f"P{fold}{n}", "dice": d} for n, d in enumerate(dice)]}


def test_ablations_are_held_against_the_mean_of_the_seeds(script: Any) -> None:
    pytest.importorskip("keras")
    made = script("measure_ablations")
    variations = {
        "base": [inner(0, [0.5, 0.7]), inner(1, [0.6, None])],
        "base-1": [inner(0, [0.7, 0.7]), inner(1, [0.7, None])],
        "ema": [inner(0, [0.8, 0.9]), inner(1, [0.7, 0.4])],
    }
    text = made.text({"schema": made.SCHEMA, "folds_sha256": "0" * 64, "base": made.BASE, "variations": variations})
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("| ")]
    assert [row[:4] for row in rows[2:]] == [
        ["as it is", "0.600", "0.600, 0.600", "-0.050"],
        ["as it is, seed 1", "0.700", "0.700, 0.700", "+0.050"],
        ["average of the weights, 0.99", "0.700", "0.850, 0.550", "+0.050"],
    ]
    assert "3 patients whom nothing was trained on" in text
    twice = made._dice([inner(0, [0.4, 0.9]), inner(0, [0.6, None])])
    assert twice == {"P00": pytest.approx(0.5), "P01": 0.9}  # held out in both folds
    assert "rules before" in text
    newer = {name: [one | {"holes": "filled"} for one in inners] for name, inners in variations.items()}
    assert "rules before" not in made.text(
        {"schema": made.SCHEMA, "folds_sha256": "0" * 64, "base": made.BASE, "variations": newer}
    )
    assert f"standard deviation of {np.std([0.6, 0.7], ddof=1):.3f}" in text


def test_ablations_of_several_machines_are_put_together(script: Any) -> None:
    pytest.importorskip("keras")
    made = script("measure_ablations")
    plain = {"schema": made.SCHEMA, "folds_sha256": "0" * 64, "base": made.BASE}
    kept = plain | {"variations": {"base": [inner(0, [0.5])], "ema": [inner(0, [0.4])]}}
    found = plain | {"variations": {"ema": [inner(0, [0.6])], "clahe-off": [inner(0, [0.7])]}}
    together = made.merged(kept, found)["variations"]
    assert list(together) == ["base", "clahe-off", "ema"]
    assert together["ema"] == [inner(0, [0.6])]
    with pytest.raises(SystemExit, match="folds_sha256 must be the same"):
        made.merged(kept | {"folds_sha256": "1" * 64}, found)
    with pytest.raises(SystemExit, match="must be trained in the same folds"):
        made.merged(kept, plain | {"variations": {"deep": [inner(1, [0.7])]}})
    with pytest.raises(SystemExit, match="must be outlined by the same rules, received holes"):
        made.merged(kept, plain | {"variations": {"deep": [inner(0, [0.7]) | {"holes": "filled"}]}})


def test_ablations_that_are_trained_in_all_folds_are_collected(
    script: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("keras")
    made, asked = script("measure_ablations"), []

    def resume(folder: Path, recipe: Any = None, folds: Any = None) -> SimpleNamespace:
        asked.append((folder.name, None if recipe is None else recipe.training.ema))
        return SimpleNamespace(folds=SimpleNamespace(sha256="0" * 64))

    monkeypatch.setattr(made, "resume_job", resume)
    monkeypatch.setattr(
        made,
        "load_inner",
        lambda file: (
            inner(int(file.parent.name[-1]), [0.5])
            | {"figures": {"auc": {"value": 0.9}}, "operating_point": {"holes": "filled"}}
        ),
    )
    with pytest.raises(SystemExit, match="a variation must be trained, received none"):
        made.collect(tmp_path)
    for name in ("base-1/fold-0", "base-1/fold-1", "deep/fold-1", "ema/fold-0", "ema/fold-1"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "inner.json").touch()
    found = made.collect(tmp_path)
    assert list(found["variations"]) == ["base-1", "ema"]  # "deep" lacks a fold
    assert found["variations"]["ema"] == [inner(fold, [0.5]) | {"holes": "filled"} for fold in (0, 1)]
    assert asked == [("base-1", None), ("base-1", 0.0), ("deep", 0.0), ("ema", 0.99)]


def test_each_variation_of_the_ablations_is_a_recipe_of_its_own(script: Any, tmp_path: Path) -> None:
    pytest.importorskip("keras")
    from gliascope.recipe import load_recipe

    made = script("measure_ablations")
    recipes = []
    for one in made.VARIATIONS:
        (tmp_path / "recipe.toml").write_text(one.recipe(), encoding="utf-8")
        recipes.append(load_recipe(tmp_path / "recipe.toml").model_dump(mode="json") | {"name": ""})
    assert len({json.dumps(one, sort_keys=True) for one in recipes}) == len(made.VARIATIONS)
    assert [one["training"]["seed"] for one in recipes[:4]] == [0, 1, 2, 0]


def test_outlines_at_other_thresholds_follow_the_rules_of_an_analysis(script: Any) -> None:
    pytest.importorskip("keras")
    made = script("measure_outline_rules")
    pixels = np.zeros((5, 8, 8), np.float16)
    pixels[1:4, :3, :3] = 0.7
    pixels[3, 6, 6] = 0.4
    slices, judged = np.array([0.1, 0.5, 0.9, 0.45, 0.1]), np.ones(5, np.bool_)
    one = made.Outlined(slices, judged, pixels, pixels > 0, 3)
    assert one.outline(0.4, 0.5, "all").sum() == 27
    assert one.outline(0.4, 0.3, "all").sum() == 28
    assert one.outline(0.4, 0.3, "largest").sum() == 27
    assert not one.outline(0.5, 0.5, "all").any()  # no three neighbouring slices
    assert made.hd95_by_slice(one.outline(0.4, 0.3, "all"), pixels > 0) == 0
    found = made.figures([one, one])
    assert found["patients"] == 2
    assert found["better"] == {"spanning": [0, 0], "largest": [0, 0]}
    half, quarter = made.PIXELS.index(0.5), made.PIXELS.index(0.25)
    assert found["components"]["all"]["dice_mean"][half] == pytest.approx(2 * 27 / (27 + 28))
    assert found["components"]["all"]["dice_median"][quarter] == 1
    assert found["components"]["spanning"]["dice_mean"][quarter] < 1
    assert found["slices"][made.SLICES.index(0.5)] == [0] * len(made.PIXELS)
    text = made.page({"first": found, "second": found | {"folds": [0]}} | {"first": found | {"folds": [1, 2]}})
    assert text.index("## second: 2 patients\n\nFolds 0.") < text.index("## first: 2 patients\n\nFolds 1, 2.")
    assert "| 0.25 | 1.000 | 1.000 | 0.00 | 0.982 | 0.982 | " in text
    assert "`largest` is better for 0 patients and worse for 0." in text
    pixels[2, 1, 1] = 0
    hollow = made.holes([made.Outlined(slices, judged, pixels, pixels > 0, 3)])
    assert (hollow["filled"], hollow["rightly"], hollow["true_holes"]) == (0, 0, 1)  # an eighth of what is around it
    pixels[2, :3, 3] = 0.7
    truth = pixels > 0
    truth[2, 1, 1] = True
    hollow = made.holes([made.Outlined(slices, judged, pixels, truth, 3)])
    assert (hollow["filled"], hollow["rightly"], hollow["true_holes"], hollow["better"]) == (1, 1, 0, [1, 0])
    assert "Of 1 filled pixels\n100% are truly tumour." in made.page({"one": found | {"folds": [0], "holes": hollow}})


def test_the_page_of_outline_rules_is_that_of_its_evidence(script: Any) -> None:
    pytest.importorskip("keras")
    made = script("measure_outline_rules")
    kept = json.loads(made.EVIDENCE.read_text(encoding="utf-8"))
    assert kept["schema"] == made.SCHEMA
    assert (kept["slice_thresholds"], kept["pixel_thresholds"]) == (list(made.SLICES), list(made.PIXELS))
    assert made.page(kept["measured"]) == made.PAGE.read_text(encoding="utf-8")


def head_of(*tumours: tuple[int, int], turn: float = 5.0) -> Any:
    """A head of 6 slices, turned and off the middle, with round tumours at (row, column) before the turn."""
    import cv2

    rows, columns = np.mgrid[:96, :96]
    flair, truth = np.zeros((2, 96, 96), np.float32)
    flair[((rows - 48) / 40) ** 2 + ((columns - 50) / 30) ** 2 < 1] = 90
    for side in (-12, 12):
        flair[((rows - 44) / 14) ** 2 + ((columns - 50 - side) / 5) ** 2 < 1] = 40
    for row, column in tumours:
        truth[(rows - row) ** 2 + (columns - column) ** 2 < 60] = 1
    flair[truth > 0] = 220
    matrix = cv2.getRotationMatrix2D((48, 48), turn, 1)
    images, inside = (np.asarray(cv2.warpAffine(one, matrix, (96, 96))) for one in (flair, truth))
    pixels = np.repeat(np.repeat(images[None, ..., None], 6, axis=0), 3, axis=3).astype(np.uint8)
    return pixels, np.repeat(inside[None] > 0.5, 6, axis=0)


def case_of(pixels: Any, truth: Any) -> Any:
    from gliascope.scan import Case, Mask, Scan, Source

    sources = tuple(Source(None, place, len(pixels), f"{place:064x}") for place in range(len(pixels)))
    scan = Scan(pixels, ("pre", "flair", "post"), sources, is_volume=True)
    return Case("head", (scan,), tuple(Mask(one) for one in truth))


@pytest.mark.parametrize("column", [34, 68])
def test_the_half_without_a_tumour_makes_a_head_of_its_own(script: Any, column: int) -> None:
    pytest.importorskip("keras")
    from scipy import ndimage

    made = script("measure_tumour_free")
    healthy, twice = made.mirrored(case_of(*head_of((55, column))))
    for head, brightest, parts in ((healthy, 100, 0), (twice, 200, 2)):
        flair = head.scans[0].pixels[0, ..., 1]
        np.testing.assert_array_equal(flair, flair[:, ::-1])
        assert (flair.max() > brightest) == bool(parts)
        assert ndimage.label(flair > 150)[1] == parts
        assert (
            ndimage.label(ndimage.binary_opening((flair > 25) & (flair < 60), iterations=2))[1] == 2
        )  # the ventricles
        assert not any(one.pixels.any() for one in head.truths)


def test_a_tumour_in_both_halves_leaves_none_to_mirror(script: Any) -> None:
    pytest.importorskip("keras")
    made = script("measure_tumour_free")
    assert made.mirrored(case_of(*head_of((55, 34), (60, 66)))) is None
    assert made.mirrored(case_of(*head_of((30, 50)))) is None
