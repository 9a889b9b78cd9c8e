"""`python -m benchmarks`: measure everything and write the page."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.contenders import ENTRIES, OURS
from benchmarks.data import draw_phantoms, patients_of
from benchmarks.driver import alternate
from benchmarks.goals import hold
from benchmarks.machine import ROOT, describe_machine, peak_gflops
from benchmarks.operations import load_seconds, measure_graphs
from benchmarks.profile import draw_profile, profile
from benchmarks.report import write_report
from benchmarks.scaling import by_cores, by_count, cold_start
from gliascope.bundle import load_bundle
from gliascope.engine.onnx import available_cores

PARTS = ("contenders", "scaling", "cores", "cold_start", "graphs", "profile")


def main() -> None:
    """Measure what was asked for, write the page and the JSON, print the page's place."""
    options = _parse()
    with tempfile.TemporaryDirectory() as temporary:
        found = _patients(options, Path(temporary))
        results = measure(options, found)
    page = options.out / "reference" / "benchmarks.md"
    if "profile" in results:
        draw_profile(results["profile"], options.out / "images" / "profile.png", results["data"]["kind"])
    write_report(results, page, page.with_suffix(".json"))
    for one in results["goals"]:
        print(f"{'reached' if one['reached'] else 'missed '} {one['goal']}: {one['measured']}")
    print(f"Written: {page}")


def measure(options: argparse.Namespace, patients: list[Path]) -> dict[str, Any]:
    """Run the parts that were asked for."""
    threads, model, precision = options.threads, options.model, options.precision
    some = patients[: options.patients]
    results: dict[str, Any] = {
        "schema": "gliascope.benchmarks/1",
        "machine": describe_machine(threads),
        "repeats": options.repeats,
        "precision": precision,
        "data": {
            "kind": "phantoms" if options.data is None else options.data.resolve().name,
            "patients": len(some),
            "slices": sum(len(list(one.glob("*.tif"))) - len(list(one.glob("*_mask.tif"))) for one in some),
        },
    }
    settings: dict[str, Any] = {"threads": threads, "model": model, "precision": precision}
    if "contenders" in options.only:
        results["contenders"] = alternate(options.contenders, some, options.repeats, note=_note, **settings)
    if "scaling" in options.only:
        results["scaling"] = by_count(patients, note=_note, **settings)
    if "cores" in options.only and threads > 1:
        results["cores"] = by_cores(some, options.repeats, **settings)
    if "cold_start" in options.only:
        image = next(one for one in sorted(some[0].glob("*.tif")) if not one.stem.endswith("_mask"))
        results["cold_start"] = {
            name: cold_start(target, options.repeats, model, precision)
            for name, target in (("one slice", image), ("one patient", some[0]))
        }
    if "graphs" in options.only:
        bundle, peak = load_bundle(model), peak_gflops_of_one_core()
        results["graphs"] = {
            "peak_gflops": peak,
            "rows": measure_graphs(bundle, peak),
            "load_s": load_seconds(bundle),
        }
    if "profile" in options.only:
        results["profile"] = profile(some, model, precision)
    results["goals"] = hold(results)
    return results


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
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    options = parser.parse_args()
    options.contenders = [OURS, *(one for one in options.contenders if one != OURS)]
    return options


def _patients(options: argparse.Namespace, folder: Path) -> list[Path]:
    """The patients of each repeat first, then the others up to the most."""
    if options.data is None:
        return draw_phantoms(folder, max(options.patients, options.most if "scaling" in options.only else 0))
    first = patients_of(options.data, options.patients)
    return first + [one for one in patients_of(options.data, options.most) if one not in first]


def _note(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
