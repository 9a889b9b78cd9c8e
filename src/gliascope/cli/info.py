"""`gliascope info`."""

from __future__ import annotations

from gliascope.cli.options import AsJson, Quiet, Verbose


def info(as_json: AsJson = False, quiet: Quiet = False, verbose: Verbose = 0) -> None:
    """Show versions."""
    print(as_json, quiet, verbose)
