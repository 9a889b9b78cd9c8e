"""What the command line says: results on standard output, everything else on standard error."""

from __future__ import annotations

import io
import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


def error(message: str) -> None:
    """Print one line that says what went wrong."""
    print(f"gliascope: error: {message}", file=sys.stderr)


def note(message: str) -> None:
    """Print one line that is no result: where files went, what was skipped."""
    print(message, file=sys.stderr)


def console() -> Console:
    """Make a console on standard error, for tables and progress bars."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def progress(*, quiet: bool = False) -> Progress:
    """Make a progress bar on standard error: description, bar, count, time left, and the task field ``note``.

    It shows nothing where `quiet` is set or where standard error is no terminal.

    Examples
    --------
    >>> with progress(quiet=True) as bar:
    ...     task = bar.add_task("reading", total=2, note="")
    ...     bar.update(task, advance=1, note="Dice 0.81")
    """
    from rich import progress as parts

    output = console()
    return parts.Progress(
        parts.TextColumn("{task.description}"),
        parts.BarColumn(),
        parts.MofNCompleteColumn(),
        parts.TimeRemainingColumn(),
        parts.TextColumn("{task.fields[note]}", markup=False),  # names of files may hold brackets
        console=output,
        disable=quiet or not output.is_terminal,
    )


def configure_output() -> None:
    r"""Print a character that standard output's encoding lacks as ``\uXXXX``, where Python would end in an error.

    Called by the command line alone: a file's name must not end a run whose results are written.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def configure_logging() -> None:
    """Send the library's warnings to standard error; called by the command line alone."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("gliascope: %(levelname)s: %(message)s"))
    logger = logging.getLogger("gliascope")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    # What these say reaches the user as a file's or a PACS's problem; pydicom's words may hold a patient's.
    for reader in ("dicomweb_client", "highdicom", "pydicom", "pynetdicom", "retrying", "tifffile", "urllib3"):
        logging.getLogger(reader).setLevel(logging.CRITICAL)
