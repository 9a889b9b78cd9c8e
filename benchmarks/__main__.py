"""`python -m benchmarks`: measure everything and write the page."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.contenders import ENTRIES, OURS
from benchmarks.data import draw_phantoms, patients_of
from benchmarks.driver import alternate
from benchmarks.goals import hold
from benchmarks.machine import ROOT, describe_machine, peak_gflops
from benchmarks.operations import load_seconds, measure_decoders, measure_graphs
from benchmarks.profile import draw_profile, profile
from benchmarks.report import write_report
from benchmarks.scaling import MANY, by_cores, by_count, cold_start
from gliascope.bundle import Bundle, load_bundle
from gliascope.engine.onnx import OnnxEngine, available_cores

PARTS = ("contenders", "scaling", "cores", "cold_start", "graphs", "profile")


def main() -> None:
    """Measure what was asked for, write the page and the JSON, print the page's place."""
    options = _parse()
    page = options.out / "reference" / f"{options.name}.md"
    values = page.with_suffix(".json")
    with tempfile.TemporaryDirectory() as temporary:
        found = _patients(options, Path(temporary))
        begun = describe(options, found)
        kept = taken_over(begun, values) if options.resume else {}
        if options.resume and not kept:
            _note("nothing is taken over: no parts of the same code, machine, data and options were found")
        results = measure(options, found, begun | kept, lambda so_far: write_report(so_far, page, values))
    if "profile" in results:
        draw_profile(results["profile"], options.out / "images" / f"{options.name}.png", results["data"]["kind"])
    for one in results["goals"]:
        print(f"{'reached' if one['reached'] else 'missed '} {one['goal']}: {one['measured']}")
    print(f"Written: {page}")


def describe(options: argparse.Namespace, patients: list[Path]) -> dict[str, Any]:
    """Say what is measured, where and on what, before anything is."""
    some, bundle = patients[: options.patients], load_bundle(options.model)
    return {
        "schema": "gliascope.benchmarks/3",
        "machine": describe_machine(options.threads),
        "bundle": {
            "name": bundle.name,
            "sha256": bundle.sha256,
            "precision": OnnxEngine(bundle, "cpu", 1, options.precision).describe()["precision"],
        },
        "repeats": options.repeats,
        "precision": options.precision,
        "contenders_asked": options.contenders,
        "most": options.most,
        "data": {
            "kind": "phantoms" if options.data is None else options.data.resolve().name,
            "patients": len(some),
            "slices": sum(len(list(one.glob("*.tif"))) - len(list(one.glob("*_mask.tif"))) for one in some),
        },
    }


def taken_over(begun: dict[str, Any], values: Path) -> dict[str, Any]:
    """Take the parts that an earlier run of the same code measured on the same machine and data; it was ended early."""
    try:
        earlier: dict[str, Any] = json.loads(values.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if earlier.get("schema") != begun["schema"] or not begun["machine"]["commit"] or _same(earlier) != _same(begun):
        return {}
    return {part: earlier[part] for part in PARTS if part in earlier}


def _same(results: dict[str, Any]) -> dict[str, Any]:
    """What two runs must share for the one to go on with the other: all but the load before each."""
    machine = {key: value for key, value in results["machine"].items() if key not in {"load", "busy", "date"}}
    # The page itself differs after the first part; `changes` tells whether the code does.
    machine["commit"] = machine["commit"].rstrip("+")
    return {key: value for key, value in results.items() if key not in PARTS and key != "goals"} | {"machine": machine}


def measure(
    options: argparse.Namespace,
    patients: list[Path],
    begun: dict[str, Any],
    keep: Callable[[dict[str, Any]], None] = lambda _results: None,
) -> dict[str, Any]:
    """Run the parts that were asked for and are not there yet.

    Parameters
    ----------
    options : argparse.Namespace
    patients : list of Path
        Those of each repeat first.
    begun : dict
        What `describe` says, and parts that were measured before.
    keep : callable
        Called with all results after each part, so that a run that is ended early loses one part.

    Returns
    -------
    dict
    """
    some, results = patients[: options.patients], dict(begun)
    settings: dict[str, Any] = {"threads": options.threads, "model": options.model, "precision": options.precision}
    makers: dict[str, Callable[[], Any]] = {
        "contenders": lambda: alternate(options.contenders, some, options.repeats, note=_note, **settings),
        "scaling": lambda: by_count(patients, note=_note, **settings),
        "cores": lambda: by_cores(patients, options.repeats, **settings),
        "cold_start": lambda: _cold_starts(some[0], options),
        "graphs": lambda: _graphs(load_bundle(options.model)),
        "profile": lambda: profile(some, options.model, options.precision),
    }
    for part in PARTS:
        if part not in options.only or part in results or (part == "cores" and options.threads == 1):
            continue
        _note(f"== {part}")
        results[part] = makers[part]()
        results["goals"] = hold(results)
        keep(results)
    results["goals"] = hold(results)
    keep(results)
    return results


def _cold_starts(patient: Path, options: argparse.Namespace) -> dict[str, Any]:
    image = next(one for one in sorted(patient.glob("*.tif")) if not one.stem.endswith("_mask"))
    targets = {"one slice": image, "one patient": patient}
    return {name: cold_start(one, options.repeats, options.model, options.precision) for name, one in targets.items()}


def _graphs(bundle: Bundle) -> dict[str, Any]:
    peak = peak_gflops_of_one_core()
    rows = [*measure_graphs(bundle, peak), *measure_decoders(bundle, peak)]
    return {"peak_gflops": peak, "rows": rows, "load_s": load_seconds(bundle)}


def peak_gflops_of_one_core() -> float:
    """Measure the peak with one thread."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return peak_gflops()


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--data", type=Path, help="a data set in the LGG layout; phantoms by default")
    parser.add_argument("--patients", type=int, default=4, help="patients of each repeat")
    parser.add_argument("--most", type=int, default=88, help="most patients given to one process")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=available_cores())
    parser.add_argument("--model", type=Path, help="a bundle; the embedded one by default")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--contenders", nargs="+", default=list(ENTRIES), choices=ENTRIES)
    parser.add_argument("--only", nargs="+", default=list(PARTS), choices=PARTS, help="what is measured")
    parser.add_argument("--resume", action="store_true", help="take over the parts that an ended run has written")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    parser.add_argument("--name", default="benchmarks", help="of the page, the JSON and the picture")
    options = parser.parse_args()
    options.contenders = [OURS, *(one for one in options.contenders if one != OURS)]
    return options


def _patients(options: argparse.Namespace, folder: Path) -> list[Path]:
    """The patients of each repeat first, then the others up to the most."""
    if options.data is None:
        most = options.most if "scaling" in options.only else MANY if "cores" in options.only else 0
        return draw_phantoms(folder, max(options.patients, most))
    first = patients_of(options.data, options.patients)
    return first + [one for one in patients_of(options.data, options.most) if one not in first]


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
