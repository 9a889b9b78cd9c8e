"""The results as a page and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.contenders import ENTRIES, OURS
from benchmarks.statistics import Spread, ratio, spread
from gliascope.pipeline.jobs import SLICES_EACH

BUSY: Final = (
    "**The machine was busy: times here are longer than they are on an idle one, and ratios rough. Run `make bench` "
    "with nothing else running.**"
)
HEAD: Final = """# Benchmarks

How long gliascope and others take for the same patients, from files to masks and a table, measured in one run by
`make bench`. Each contender is a process that loads once; they are asked in turn. Peers have random weights, which take
the same time as trained ones, share gliascope's reading and writing of files and run at the batch size that is best for
them. See [how to make it fast](../how-to/speed.md).
"""


def write_report(results: dict[str, Any], page: Path, values: Path) -> None:
    """Write the page and the JSON beside it."""
    for path, text in ((values, json.dumps(results, indent=2) + "\n"), (page, markdown(results, page.stem))):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


def markdown(results: dict[str, Any], picture: str = "benchmarks") -> str:
    """Make the page; sections that were not measured are left out. `picture` is the profile's name without ending."""
    parts = [HEAD.rstrip(), _machine(results)]
    makers: dict[str, Callable[[dict[str, Any]], str]] = {
        "contenders": _contenders,
        "goals": _goals,
        "scaling": _scaling,
        "cores": _cores,
        "cold_start": _cold,
        "graphs": _graphs,
        "profile": partial(_profile, picture),
    }
    parts += [make(results) for key, make in makers.items() if key in results]
    return "\n\n".join(parts) + "\n"


def table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Make a Markdown table; numbers should be text already."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(str(one) for one in line)} |" for line in lines)


def _machine(results: dict[str, Any]) -> str:
    machine, data, bundle = results["machine"], results["data"], results["bundle"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    lines = [
        f"- Machine: {machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB.",
        f"- System: {machine['system']}.",
        f"- Features: {', '.join(machine['features']) or 'none that matter here'}.",
        f"- Versions: {versions}. Commit {machine['commit'] or 'unknown'}, {machine['date']}.",
        f"- Model: `{bundle['name']}`, in {bundle['precision']}.",
        f"- Data: {data['kind']}; patients {data['patients']}, slices {data['slices']}, repeats {results['repeats']}.",
        f"- Load average before the run: {machine['load']}.",
    ]
    return "\n".join(lines + ([f"\n{BUSY}"] if machine["busy"] else []))


def _contenders(results: dict[str, Any]) -> str:
    measured = results["contenders"]
    rows = []
    for name, found in measured.items():
        times = spread(found["seconds"])
        compared = "" if name == OURS else ratio(measured[OURS]["seconds"], found["seconds"]).text(1)
        cores = f"{spread(found['core_s']).median:.2f}"
        if name != OURS:
            cores += f", {ratio(measured[OURS]['core_s'], found['core_s']).median:.1f} times"
        rows.append([ENTRIES[name].title, times.text(2), compared, cores, f"{found['peak_mib']:.0f}", _batch(found)])
    titles = [
        "contender",
        "seconds a patient",
        "times as long as gliascope",
        "core seconds",
        "peak memory, MiB",
        "batch",
    ]
    return f"## Side by side\n\nMedians, lowest and highest repeat in brackets.\n\n{table(titles, rows)}"


def _batch(found: dict[str, Any]) -> str:
    said = found["description"]
    return " and ".join(map(str, said.get("batch_sizes", [said.get("batch_size", "")])))


def _goals(results: dict[str, Any]) -> str:
    rows = [[one["goal"], one["measured"], "reached" if one["reached"] else "missed"] for one in results["goals"]]
    return f"## Goals\n\n{table(['goal', 'measured', ''], rows)}"


def _scaling(results: dict[str, Any]) -> str:
    rows = [
        [one["patients"], f"{one['ms_per_slice']:.1f}", f"{one['peak_mib']:.0f}"] for one in results["scaling"]["rows"]
    ]
    head = (
        "## By the number of patients\n\nA fresh process each; the time holds neither its start nor its loading. "
        f"Where there are {SLICES_EACH} slices for each core, patients are divided among as many processes, whose "
        "start is in the time and whose memory is in the sum.\n\n"
    )
    return head + table(["patients", "ms a slice", "peak memory, MiB"], rows)


def _cores(results: dict[str, Any]) -> str:
    found = results["cores"]
    gain = Spread(**found["gain"]).text(2)
    return (
        f"## By the number of cores\n\nOf {found['patients']} patients, {found['cores']} cores do {gain} times as many "
        "as one in the same time."
    )


def _cold(results: dict[str, Any]) -> str:
    rows = [[name, Spread(**found).text(2)] for name, found in results["cold_start"].items()]
    head = (
        "## From a cold start\n\n`gliascope analyse --no-figures` in a fresh process, imports and loading included; "
        "the files were read before.\n\n"
    )
    return head + table(["given", "seconds to the result"], rows)


def _graphs(results: dict[str, Any]) -> str:
    rows = [
        [
            one["role"],
            " x ".join(map(str, one["size"])),
            one["precision"],
            f"{one['macs'] / 1e9:.2f}",
            f"{one['parameters'] / 1e6:.2f}",
            f"{one['bytes'] / 2**20:.1f}",
            f"{one['ms']:.1f}",
            f"{100 * one['peak_share']:.0f} %",
            "" if one.get("openvino_ms") is None else f"{one['openvino_ms']:.1f}",
        ]
        for one in results["graphs"]["rows"]
    ]
    titles = [
        "graph",
        "size",
        "precision",
        "GMAC a slice",
        "M parameters",
        "MiB",
        "ms, one core",
        "of the peak",
        "in OpenVINO, ms",
    ]
    peak = (
        f"The peak of one core is {results['graphs']['peak_gflops']:.0f} GFLOP/s, measured with a large matrix product "
    )
    opened = ", ".join(f"{name} {1e3 * value:.0f} ms" for name, value in results["graphs"]["load_s"].items())
    return f"## Graphs\n\n{peak}in float32.\n\n{table(titles, rows)}\n\nTime to open: {opened}."


def _profile(picture: str, results: dict[str, Any]) -> str:
    rows = [[one["step"], f"{one['ms']:.2f}", f"{100 * one['share']:.1f} %"] for one in results["profile"]]
    shown = f"![Milliseconds a slice by step](../images/{picture}.png)"
    head = f"## Where the time goes\n\nProcessor time on one thread.\n\n{shown}\n\n"
    return head + table(["step", "ms a slice", "share"], rows)
