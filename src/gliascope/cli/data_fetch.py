"""`gliascope data fetch`."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gliascope.cli.console import note, progress
from gliascope.cli.options import AsJson, Quiet, Verbose

if TYPE_CHECKING:
    from gliascope.dataset.fetch import Fetched


def fetch(
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", file_okay=False, help="Where the folder kaggle_3m goes; made if need be."
        ),
    ],
    *,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            show_default="download it",
            help="The zip archive of the data set's page, or a folder it was unpacked to.",
        ),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Download the public LGG MRI segmentation data set: 110 patients, 3,929 slices with masks.

    It comes from Kaggle by kagglehub, needs the extra `data` and 3 GB of disk while it is unpacked, and is put into
    DIR/kaggle_3m when it is whole. A download that was cut off is taken up by the same command. Without a network,
    download the archive elsewhere and name it with --from; that needs no extra.

    A data set that is already there is left alone.

    Exit status: 0 the data set is there; 1 it is not, and the message says how to go on; 2 wrong arguments.
    """
    from gliascope.dataset.fetch import fetch_data

    said = not (quiet or as_json)
    bar = progress(quiet=quiet)
    task = bar.add_task("unpacking", total=None, note="")

    def advance(done: int, total: int, name: str) -> None:
        bar.start()  # no sooner: kagglehub draws its own while it downloads
        bar.update(task, completed=done, total=total, note=name)

    def say(text: str) -> None:
        if said:
            note(text)
        if text.startswith("Extracting"):  # kagglehub draws nothing then, and it takes a minute
            bar.start()

    try:
        fetched = fetch_data(output, source, advance=advance, say=say, bar=said and sys.stderr.isatty())
    finally:
        bar.stop()
    if as_json:
        print(json.dumps(_as_json(fetched), indent=2))
    elif not quiet:
        _print(fetched)


def _as_json(fetched: "Fetched") -> dict[str, object]:
    from gliascope.dataset.fetch import CITATION, LICENCE

    return {
        "schema": "gliascope.fetched/1",
        "path": str(fetched.path),
        "patients": fetched.patients,
        "slices": fetched.slices,
        "origin": fetched.origin,
        "new": fetched.new,
        "whole_public_set": fetched.is_public_set,
        "left_out": list(fetched.left_out),
        "licence": LICENCE,
        "citation": CITATION,
    }


def _print(fetched: "Fetched") -> None:
    from gliascope.dataset.fetch import CITATION, LICENCE
    from gliascope.dataset.fetch.fetch import PATIENTS, SLICES

    state = "" if fetched.new else " (already there)"
    print(f"{fetched.path}: {fetched.patients} patients, {fetched.slices} slices, from {fetched.origin}{state}")
    for one in fetched.left_out:
        note(f"left out: {one}")
    if not fetched.is_public_set:
        note(f"The public data set has {PATIENTS} patients and {SLICES} slices: this is a part of it, or another one.")
    print(f"Licence: {LICENCE}.")
    print(f"Cite: {CITATION}")
    note(f"Next: gliascope data check {fetched.path}")
