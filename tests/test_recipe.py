from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import BaseModel

from gliascope.errors import RecipeError
from gliascope.recipe import (
    Preparation,
    Recipe,
    builtin_recipes,
    load_recipe,
    parse_recipe,
    recipe_from_dict,
    with_steps,
)

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture(scope="module")
def reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_recipe_reference", DOCS / "make_recipe_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def keys(model: type[BaseModel], prefix: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += keys(field.annotation, f"{prefix}{name}.")
        else:
            assert field.description, f"{prefix}{name} has no docstring"
            found.append(f"{prefix}{name}")
    return found


def test_every_key_is_documented(reference: ModuleType) -> None:
    page = reference.recipe_page()
    assert page == (DOCS / "reference" / "recipe.md").read_text(encoding="utf-8"), "run `make docs`"
    names = keys(Recipe)
    assert len(names) > 50
    for dotted in names:
        section, _, name = dotted.rpartition(".")
        heading = f"## `[{section}]`" if section else "## At the top"
        part = page.partition(f"{heading}\n")[2].partition("\n## ")[0]
        assert f"\n| `{name}` | " in part, dotted


def test_the_documented_defaults_are_the_recipes(reference: ModuleType) -> None:
    rows = [line.split(" | ") for line in reference.recipe_page().splitlines() if line.startswith("| `")]
    defaults = {row[0].strip("|` "): row[2].strip("`") for row in rows}
    assert defaults["size"] == "160"
    assert defaults["decoder"] == "[128, 64, 48, 32, 16]"
    assert defaults["crop"] == "true"


def test_a_size_is_a_side_or_rows_and_columns() -> None:
    assert Preparation(size=96).shape == (96, 96)
    rectangle = parse_recipe("[preparation]\nsize = [160, 128]", "mine")
    assert rectangle.preparation.shape == (160, 128)
    assert recipe_from_dict(json.loads(rectangle.model_dump_json()), "mine") == rectangle


def test_builtin_recipes() -> None:
    assert builtin_recipes() == ("classic", "default", "refine")
    default, classic = load_recipe("default"), load_recipe("classic")
    assert (default.name, default.network.wiring) == ("default", "shared")
    assert (classic.name, classic.network.wiring) == ("classic", "separate")
    assert classic.preparation.clahe.enabled
    assert (classic.loss.mask, classic.loss.tversky_alpha, classic.loss.tversky_gamma) == ("focal_tversky", 0.7, 0.75)
    assert classic.network.filters == (16, 32, 64, 128, 256)
    assert classic.sampling.segment_tumour_only


def test_a_recipe_survives_json() -> None:
    for name in builtin_recipes():
        recipe = load_recipe(name)
        assert recipe_from_dict(recipe.model_dump(mode="json"), "bundle.json") == recipe


def test_a_file_and_its_faults(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n[training]\nepochs = 3\n', encoding="utf-8")
    assert load_recipe(path).training.epochs == 3
    assert load_recipe(str(path)).preparation == Recipe().preparation
    with pytest.raises(RecipeError, match=r"missing\.toml: a recipe must be .* one of classic, default, refine"):
        load_recipe(tmp_path / "missing.toml")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(RecipeError, match=r"mine\.toml"):
        load_recipe(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epochs = ", "must be TOML"),
        ("colour = 1", "colour: Extra inputs are not permitted, received 1"),
        ("[training]\nepoch = 3", r"training\.epoch: Extra inputs"),
        ("[training]\nepochs = 0", r"training\.epochs: .* received 0"),
        ("[preparation]\nsize = 100", r"preparation\.size: .*multiple of 32.* received 100"),
        ("[preparation]\nsize = [160, 100]", r"preparation\.size: .*multiple of 32.* received \[160, 100\]"),
        ("[preparation]\nsize = [160, 128, 3]", r"preparation\.size: .*or rows and columns"),
        ("[preparation]\nsize = true", r"preparation\.size: .* received True"),
        ("[preparation.clahe]\nclip_limit = 50.0", r"preparation\.clahe\.clip_limit: .* received 50\.0"),
        ("[preparation.clahe]\nsequences = []", r"preparation\.clahe\.sequences: .* at least 1 item"),
        ('[preparation.clahe]\nsequences = ["t2"]', r"preparation\.clahe\.sequences\.0: .* received 't2'"),
        ('[preparation.clahe]\nsequences = ["flair", "flair"]', r"sequences: .*a sequence must be named once"),
        ('[loss]\nmask = "dice"', r"loss\.mask: .*'dice_ce' or 'focal_tversky', received 'dice'"),
        ("[network]\ndecoder = [64, 32]", r"network\.decoder: .*at least 5"),
        ("[network]\nfilters = [16, 0]", r"network\.filters\.1: .* received 0"),
        ("[augmentation]\nscale = [1.2, 0.8]", r"augmentation\.scale: .*the lower end must stand first"),
        ("[augmentation]\ngamma = [0.0, 1.0]", r"augmentation\.gamma\.0: .* received 0\.0"),
    ],
)
def test_faults_are_named(text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=f"^mine: .*{message}"):
        parse_recipe(text, "mine")


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(RecipeError, match=r"training\.epochs.*; training\.batch_size"):
        parse_recipe("[training]\nepochs = 0\nbatch_size = 0", "mine")


def test_an_epoch_has_a_step_at_least() -> None:
    assert parse_recipe("[training]\nepochs = 5\nsteps = 5\n", "here").training.steps == 5
    with pytest.raises(RecipeError, match=r"here: training: .*at least the number of epochs, 5"):
        parse_recipe("[training]\nepochs = 5\nsteps = 4\n", "here")


def test_steps_replace_the_recipe_s() -> None:
    recipe = load_recipe("default")
    assert with_steps(recipe, None) is recipe
    counted = with_steps(recipe, 400)
    assert counted.training == recipe.training.model_copy(update={"steps": 400})
    with pytest.raises(RecipeError, match=r"default: training: .*number of epochs"):
        with_steps(recipe, 39)
