from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliascope import bundle as module
from gliascope.bundle import load_bundle, write_bundle
from gliascope.errors import BundleError, RecipeError
from gliascope.recipe import Preparation, Recipe
from gliascope.rules import OperatingPoint

POINTS = {
    "balanced": OperatingPoint("balanced", 0.4, 0.55, "largest", holes="filled"),
    "cautious": OperatingPoint("cautious", 0.1, 0.5, "all"),
}
RECIPE = Recipe(name="mine", preparation=Preparation(size=64))


def write(path: Path, **changes: Any) -> module.Bundle:
    values: dict[str, Any] = {
        "name": "test",
        "wiring": "shared",
        "recipe": RECIPE,
        "operating_points": POINTS,
        "graphs": {"trunk": b"trunk", "decoder": b"decoder"},
        "seen": ["b" * 64, "a" * 64, "b" * 64],
        "summary": {"patients": 3},
        "card": "# Tumour ≥ 0.4 µ\n",
        "licence": "Research.\n",
    }
    return write_bundle(path, **{**values, **changes})


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write(tmp_path / "model", evaluation={"dice": 0.5}, created="2026-01-02T03:04:05+00:00")
    bundle = load_bundle(tmp_path / "model")
    assert (bundle.name, bundle.wiring, bundle.created) == ("test", "shared", "2026-01-02T03:04:05+00:00")
    assert bundle.recipe == RECIPE
    assert bundle.operating_points == POINTS
    assert bundle.operating_point() == POINTS["balanced"]
    assert {role: path.read_bytes() for role, path in bundle.graphs.items()} == {
        "trunk": b"trunk",
        "decoder": b"decoder",
    }
    assert bundle.seen() == {"a" * 64, "b" * 64}
    assert (bundle.path / "seen.txt").read_text() == f"{'a' * 64}\n{'b' * 64}\n"
    assert bundle.card() == "# Tumour ≥ 0.4 µ\n"
    assert (bundle.summary, bundle.evaluation) == ({"patients": 3}, {"dice": 0.5})
    assert set(bundle.files) == {"trunk.onnx", "decoder.onnx", "seen.txt", "MODEL_CARD.md", "LICENSE"}


def test_a_graph_may_come_from_a_file_even_of_the_bundle_that_is_replaced(tmp_path: Path) -> None:
    first = write(tmp_path / "model")
    second = write(tmp_path / "model", graphs=first.graphs, evaluation={"dice": 0.7}, created=first.created)
    assert second.files == first.files
    assert second.sha256 != first.sha256
    assert second.graphs["trunk"].read_bytes() == b"trunk"
    assert [one.name for one in tmp_path.iterdir()] == ["model"]


def test_the_digest_follows_from_the_content_alone(tmp_path: Path) -> None:
    first, second = (write(tmp_path / name, created="2026-01-01T00:00:00+00:00") for name in ("a", "b"))
    assert first.sha256 == second.sha256


@pytest.mark.parametrize("file", ["trunk.onnx", "seen.txt", "MODEL_CARD.md", "LICENSE"])
def test_an_altered_file_is_refused_by_name(tmp_path: Path, file: str) -> None:
    bundle = write(tmp_path / "model")
    with (bundle.path / file).open("ab") as stream:
        stream.write(b"!")
    with pytest.raises(BundleError, match=rf"model/{file}: the file was altered"):
        load_bundle(bundle.path)
    assert load_bundle(bundle.path, verify=False).name == "test"


def test_a_missing_file_is_refused_by_name_even_without_hashing(tmp_path: Path) -> None:
    bundle = write(tmp_path / "model")
    (bundle.path / "decoder.onnx").unlink()
    with pytest.raises(BundleError, match=r"decoder\.onnx: the file is missing"):
        load_bundle(bundle.path, verify=False)


def manifest(**changes: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda values: {**values, **changes}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            manifest(schema="gliascope.bundle/2"),
            r"schema must be 'gliascope.bundle/1', received 'gliascope.bundle/2'; a later",
        ),
        (manifest(schema="other/1"), r"received 'other/1'$"),
        (lambda _: [1], r"received None$"),
        (manifest(wiring="tangled"), r"wiring: "),
        (manifest(wiring="separate"), r"wiring 'separate' must have the graphs \['classifier', 'segmenter'\]"),
        (manifest(operating_points={}), r"operating points must include 'balanced', received \[\]"),
        (manifest(operating_points={"balanced": {"detection": 2, "mask": 0.5, "components": "all"}}), r"detection: "),
        (
            manifest(files={}),
            r"files must list a SHA-256 for LICENSE, MODEL_CARD.md, decoder.onnx, seen.txt, trunk.onnx",
        ),
        (lambda values: {**values, "files": {**values["files"], "../x": "0"}}, r"plain names .* received \['../x'\]"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    path = write(tmp_path / "model").path / "bundle.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(BundleError, match=message):
        load_bundle(path.parent)


def test_unknown_keys_are_left_to_later_versions_but_not_in_the_recipe(tmp_path: Path) -> None:
    path = write(tmp_path / "model").path / "bundle.json"
    values = json.loads(path.read_text())
    path.write_text(json.dumps({**values, "more": 1}))
    assert load_bundle(path.parent).name == "test"
    path.write_text(json.dumps({**values, "recipe": {"sise": 3}}))
    with pytest.raises(RecipeError, match=r"bundle\.json: sise"):
        load_bundle(path.parent)


def test_a_folder_without_manifest_and_a_damaged_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"a bundle must be a folder with a bundle\.json"):
        load_bundle(tmp_path)
    (tmp_path / "bundle.json").write_text("{")
    with pytest.raises(BundleError, match="must be JSON"):
        load_bundle(tmp_path)


def test_an_installation_without_bundle_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gliascope.bundle.load.EMBEDDED", tmp_path / "nothing")
    with pytest.raises(BundleError, match="--model BUNDLE"):
        load_bundle()


def test_an_unknown_operating_point_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="must be one of balanced, cautious, received 'bold'"):
        write(tmp_path / "model").operating_point("bold")


def test_only_a_bundle_or_an_empty_folder_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert write(tmp_path / "empty").name == "test"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("precious")
    with pytest.raises(BundleError, match="may replace a bundle or an empty folder"):
        write(tmp_path / "full")
    assert (tmp_path / "full" / "thesis.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"graphs": {"trunk": b"trunk"}}, BundleError),
        ({"operating_points": {"cautious": POINTS["cautious"]}}, BundleError),
        ({"summary": {"dice": float("nan")}}, ValueError),
        ({"summary": {"when": object()}}, TypeError),
        ({"graphs": {"trunk": Path("/nowhere.onnx"), "decoder": b"d"}}, BundleError),
    ],
)
def test_a_bundle_that_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception]
) -> None:
    before = write(tmp_path / "model")
    with pytest.raises(error):
        write(tmp_path / "model", **changes)
    assert load_bundle(tmp_path / "model").sha256 == before.sha256
    assert [one.name for one in tmp_path.iterdir()] == ["model"]
