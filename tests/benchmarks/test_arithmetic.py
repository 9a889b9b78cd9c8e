from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
from pathlib import Path
from typing import Any, ClassVar

import pytest

pytest.importorskip("onnx")

from benchmarks import __main__ as main
from benchmarks import driver
from benchmarks.__main__ import taken_over
from benchmarks.contenders import ENTRIES, OURS
from benchmarks.data import SLICES, draw_phantoms, patients_of, spaced
from benchmarks.goals import hold
from benchmarks.machine import changes, describe_machine, processor_name
from benchmarks.report import markdown, table, write_report
from benchmarks.statistics import Spread, flatness, order_of, ratio, spread, verdicts


def test_a_spread_is_the_median_and_the_ends() -> None:
    assert spread([3.0, 1.0, 2.0, 10.0]) == Spread(2.5, 1.0, 10.0, 4)
    assert spread([3.0]).text(1, " s") == "3.0 s (3.0 to 3.0)"
    with pytest.raises(ValueError, match="at least one value, received none"):
        spread([])


def test_ratios_are_taken_within_each_repeat() -> None:
    # The second repeat was twice as slow for both: the ratio does not see it.
    assert ratio([1.0, 2.0, 1.0], [5.0, 10.0, 6.0]) == Spread(5.0, 5.0, 6.0, 3)
    with pytest.raises(ValueError, match="the same repeats, received 1 and 2"):
        ratio([1.0], [1.0, 2.0])


def test_everybody_comes_first_once() -> None:
    orders = [order_of(["a", "b", "c"], repeat) for repeat in range(6)]
    assert [one[0] for one in orders] == ["a", "b", "c", "a", "b", "c"]
    assert all(sorted(one) == ["a", "b", "c"] for one in orders)


def test_flatness_is_the_worst_against_the_fewest() -> None:
    assert flatness([1, 2, 4], [10.0, 11.0, 9.0]) == pytest.approx(1.1)
    assert flatness([4, 1], [6.0, 8.0]) == pytest.approx(1.0)


def test_a_goal_is_reached_by_the_median() -> None:
    rows = verdicts({"us": [1.0, 1.0, 1.0], "them": [4.0, 5.0, 9.0]}, "us", {"them": 5.0, "absent": 2.0})
    assert [(one["contender"], one["ratio"]["median"], one["reached"]) for one in rows] == [("them", 5.0, True)]


def test_items_are_picked_evenly(tmp_path: Path) -> None:
    items = [Path(str(number)) for number in range(10)]
    assert spaced(items, 4) == [items[0], items[3], items[6], items[9]]
    assert spaced(items, 40) == items
    with pytest.raises(ValueError, match=r"folders of patients with \.tif slices are needed, received none"):
        patients_of(tmp_path, 2)


def test_phantoms_have_as_many_slices_as_real_scans(tmp_path: Path) -> None:
    (folder,) = draw_phantoms(tmp_path, 1)
    assert len(list(folder.glob("*_mask.tif"))) == SLICES[0]
    assert patients_of(folder.parent, 3) == [folder]


def test_the_processor_is_named(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n")
    assert processor_name(file) == "Some CPU @ 2 GHz"
    assert describe_machine(2)["threads"] == 2


@pytest.fixture
def results() -> dict[str, Any]:
    """Made-up results of every part."""
    measured = {
        name: {
            "seconds": [seconds, 1.1 * seconds],
            "core_s": [2.0, 2.1],
            "slices": 40,
            "peak_mib": 500.0,
            "description": {"batch_size": 4},
        }
        for name, seconds in zip(ENTRIES, (1.0, 6.0, 9.0, 5.0), strict=True)
    }
    flat = {"median": 1.8, "lowest": 1.6, "highest": 1.9, "repeats": 2}
    made: dict[str, Any] = {
        "machine": {**describe_machine(2), "busy": True},
        "bundle": {"name": "made-up", "sha256": "0", "precision": "int8"},
        "repeats": 2,
        "data": {"kind": "phantoms", "patients": 2, "slices": 40},
        "contenders": measured,
        "scaling": {
            "rows": [{"patients": 1, "ms_per_slice": 20.0, "peak_mib": 400.0}],
            "time_flatness": 1.0,
            "memory_flatness": 1.3,
        },
        "cores": {"cores": 2, "patients": 40, "gain": flat},
        "cold_start": {"one slice": flat, "one patient": flat},
        "graphs": {
            "peak_gflops": 100.0,
            "rows": [
                {
                    "role": "trunk",
                    "size": [160, 128],
                    "precision": "int8",
                    "macs": 2 * 10**9,
                    "parameters": 10**6,
                    "bytes": 2**20,
                    "ms": 20.0,
                    "peak_share": 2.0,
                }
            ],
            "load_s": {"trunk": 0.2},
        },
        "profile": [{"step": "read", "ms": 1.0, "share": 1.0}],
    }
    return made | {"goals": hold(made)}


def test_results_are_held_against_the_goals(results: dict[str, Any]) -> None:
    reached = {one["goal"].partition(" ")[0]: one["reached"] for one in results["goals"][:3]}
    assert reached == {"5": True, "10": False, "4": True}
    assert {one["goal"]: one["reached"] for one in results["goals"][3:]} == {
        "peak memory under 700 MiB": True,
        "time flat from 1 to 1 patients": True,
        "memory flat from 1 to 1 patients": False,
        "first result within 2 s": True,
        "2 cores give 1.7 times one's": True,
    }


def test_the_page_says_what_was_measured_and_that_the_machine_was_busy(results: dict[str, Any], tmp_path: Path) -> None:
    write_report(results, tmp_path / "docs" / "page.md", tmp_path / "docs" / "page.json")
    page = (tmp_path / "docs" / "page.md").read_text()
    assert page == markdown(results, "page")
    assert page.startswith("# Benchmarks\n")
    assert "**The machine was busy" in page
    assert all(entry.title in page for entry in ENTRIES.values())
    assert "| missed |" in page
    assert "Model: `made-up`, in int8." in page
    assert "images/page.png" in page
    assert json.loads((tmp_path / "docs" / "page.json").read_text())["contenders"][OURS]["slices"] == 40


def test_what_was_not_measured_is_left_out(results: dict[str, Any]) -> None:
    few = {key: results[key] for key in ("machine", "bundle", "repeats", "data", "profile")} | {"goals": []}
    page = markdown(few)
    assert "Where the time goes" in page
    assert "Side by side" not in page


def test_a_table_has_one_line_a_row() -> None:
    assert table(["a", "b"], [[1, "x"]]) == "| a | b |\n| --- | --- |\n| 1 | x |"


def test_a_run_that_was_ended_is_gone_on_with(results: dict[str, Any], tmp_path: Path) -> None:
    values = tmp_path / "benchmarks.json"
    begun = {key: results[key] for key in ("machine", "bundle", "repeats", "data")} | {
        "schema": "s",
        "precision": "auto",
    }
    earlier = begun | {"cores": results["cores"], "goals": []}
    assert taken_over(begun, values) == {}
    values.write_text(json.dumps(earlier | {"machine": begun["machine"] | {"load": 9.0, "date": "then"}}))
    assert taken_over(begun, values) == {"cores": results["cores"]}
    changed = ({"repeats": 3}, {"bundle": begun["bundle"] | {"sha256": "1"}}, {"schema": "t"})
    for other in (*changed, {"machine": begun["machine"] | {"commit": "another"}}):
        values.write_text(json.dumps(earlier | other))
        assert taken_over(begun, values) == {}


def test_only_the_same_code_is_gone_on_with(results: dict[str, Any], tmp_path: Path) -> None:
    values = tmp_path / "benchmarks.json"

    def taken(before: dict[str, str], now: dict[str, str]) -> bool:
        begun = {key: results[key] for key in ("machine", "bundle", "repeats", "data")} | {
            "schema": "s",
            "precision": "auto",
        }
        begun["machine"] = {key: value for key, value in begun["machine"].items() if key != "changes"}
        earlier = begun | {"machine": begun["machine"] | before, "cores": results["cores"]}
        values.write_text(json.dumps(earlier))
        return bool(taken_over(begun | {"machine": begun["machine"] | now}, values))

    assert taken({"commit": "a", "changes": ""}, {"commit": "a+", "changes": ""})
    assert taken({"commit": "a+", "changes": "1"}, {"commit": "a+", "changes": "1"})
    assert not taken({"commit": "a+", "changes": "1"}, {"commit": "a+", "changes": "2"})
    assert not taken({"commit": "a+", "changes": "1"}, {"commit": "a", "changes": ""})
    assert not taken({"commit": "a"}, {"commit": "a", "changes": ""})
    assert not taken({"commit": "", "changes": ""}, {"commit": "", "changes": ""})


def test_changes_of_the_code_alone_have_a_digest(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    for name in ("src/a.py", "benchmarks/b.py", "docs/page.md"):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text("1\n")
    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    assert changes(tmp_path) == ""
    (tmp_path / "docs" / "page.md").write_text("2\n")
    assert changes(tmp_path) == ""
    seen = []
    for name, content in (("src/a.py", "2\n"), ("src/a.py", "3\n"), ("src/new.py", ""), ("src/new.py", "1\n")):
        (tmp_path / name).write_text(content)
        seen.append(changes(tmp_path))
    assert len({*seen, ""}) == 5
    assert changes(tmp_path / "nowhere") == ""


def test_each_part_is_kept_when_it_is_done(monkeypatch: pytest.MonkeyPatch, results: dict[str, Any]) -> None:
    kept: list[list[str]] = []
    monkeypatch.setattr(main, "by_cores", lambda *_args, **_options: results["cores"])
    monkeypatch.setattr(main, "profile", lambda *_args: results["profile"])
    options = argparse.Namespace(
        only=["cores", "profile", "contenders"], threads=2, model=None, precision="auto", patients=1, repeats=1
    )
    begun = {"contenders": results["contenders"]}  # by an earlier run
    done = main.measure(options, [], begun, lambda so_far: kept.append(sorted(so_far)))
    assert kept[0] == ["contenders", "cores", "goals"]
    assert sorted(done) == ["contenders", "cores", "goals", "profile"]
    assert len(done["goals"]) == 4


def test_a_peer_that_cannot_be_loaded_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Made(contextlib.nullcontext[Any]):
        description: ClassVar[dict[str, Any]] = {}

        def __init__(self, name: str, *_rest: Any) -> None:
            super().__init__(self)
            if name == "broken":
                raise RuntimeError("the contender broken ended: no such module")

        def run(self, _patients: list[Path]) -> dict[str, Any]:
            return {"seconds": 2.0, "core_s": 3.0, "slices": 4, "peak_mib": 5.0}

    monkeypatch.setattr(driver, "Worker", Made)
    said: list[str] = []
    options: dict[str, Any] = {"threads": 1, "model": None, "precision": "auto", "note": said.append}
    found = driver.alternate([OURS, "broken", "unet"], [Path("a"), Path("b")], 2, **options)
    assert list(found) == [OURS, "unet"]
    assert found["unet"]["core_s"] == [1.5, 1.5]
    assert "left out: the contender broken ended: no such module" in said
    monkeypatch.setattr(driver, "OURS", "broken")
    with pytest.raises(RuntimeError, match="broken ended"):
        driver.alternate(["broken"], [Path("a")], 1, **options)
