"""Options that every command shares."""

from __future__ import annotations

import logging
from typing import Annotated

import typer


def _quieter(quiet: bool) -> bool:
    if quiet:
        logging.getLogger("gliascope").setLevel(logging.ERROR)
    return quiet


def _louder(count: int) -> int:
    if count:
        logging.getLogger("gliascope").setLevel(logging.INFO if count == 1 else logging.DEBUG)
    return count


Quiet = Annotated[bool, typer.Option("-q", "--quiet", callback=_quieter, help="Say nothing but errors.")]
"""``quiet: Quiet = False``"""

Verbose = Annotated[
    int,
    typer.Option("-v", "--verbose", count=True, callback=_louder, show_default=False, help="Say more; -vv says all."),
]
"""``verbose: Verbose = 0``"""

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
"""``as_json: AsJson = False``"""
