"""Options that every command shares."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gliascope.scan import Sequence


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

Device = Annotated[
    str,
    typer.Option(help="auto, cpu, cuda, rocm, directml, coreml or openvino; `gliascope info` lists what is there."),
]
"""``device: Device = "auto"``, to be handed to `check_device`"""

Threads = Annotated[int | None, typer.Option(min=1, help="Threads; by default one for each core that may be used.")]
"""``threads: Threads = None``"""

Jobs = Annotated[
    str,
    typer.Option(
        metavar="auto|N",
        help="Processes that cases are divided among; they share the threads. By default one for each core, at most "
        "8, as long as each has 400 slices, or 75 where pictures are drawn.",
    ),
]
"""``jobs: Jobs = "auto"``, to be handed to `parse_jobs`"""

SeriesNames = Annotated[
    list[str] | None,
    typer.Option(
        "--series",
        metavar="[NAME=]UID",
        show_default=False,
        help="A DICOM series to be used, whatever its headers say: UID or flair=UID, t1=UID, t1c=UID; may be repeated.",
    ),
]
"""``series: SeriesNames = None``"""

StartFrom = Annotated[
    str | None,
    typer.Option(
        "--start-from",
        metavar="RUN|BUNDLE|embedded",
        help="Begin with the best weights of a finished run, with those of a bundle, or with `embedded` ones; patients "
        "they have seen may not judge what comes of it.",
    ),
]
"""``start_from: StartFrom = None``"""

Flips = Annotated[
    bool,
    typer.Option(
        "--flips", help="Run every slice mirrored from left to right as well and take the mean; twice the time."
    ),
]
"""``flips: Flips = False``"""

PrecisionName = Annotated[
    str,
    typer.Option(
        "--precision", help="auto, float32 or int8; auto follows the model's own table of processors, never a timing."
    ),
]
"""``precision: PrecisionName = "auto"``, to be handed to `check_precision`"""


def check_precision(precision: str) -> None:
    """Refuse a precision that no bundle has.

    Raises
    ------
    typer.BadParameter
    """
    from gliascope.precision import PRECISIONS

    if precision not in PRECISIONS:
        raise typer.BadParameter(f"--precision must be one of {', '.join(PRECISIONS)}, received {precision!r}")


def parse_jobs(jobs: str) -> int | None:
    """Understand ``--jobs``.

    Parameters
    ----------
    jobs : str
        ``auto``, or a number from 1 on.

    Returns
    -------
    int or None
        None where the number of slices is to tell.

    Raises
    ------
    typer.BadParameter
        If it is neither.
    """
    if jobs == "auto":
        return None
    if not jobs.isdecimal() or int(jobs) < 1:
        raise typer.BadParameter(f"--jobs must be auto or a number from 1 on, received {jobs!r}")
    return int(jobs)


def check_device(device: str) -> None:
    """Refuse a device that no ONNX Runtime has.

    Raises
    ------
    typer.BadParameter
    """
    from gliascope.engine.onnx import PROVIDERS

    if device not in ("auto", *PROVIDERS):
        raise typer.BadParameter(f"--device must be auto or one of {', '.join(PROVIDERS)}, received {device!r}")


def parse_channels(text: str | None) -> tuple[Sequence, ...] | None:
    """Turn the text of ``--channels``, such as ``pre,flair,post``, into sequences.

    Raises
    ------
    typer.BadParameter
        If a name is unknown or comes twice.
    """
    from gliascope.scan import SEQUENCES

    if text is None:
        return None
    names = [one.strip().lower() for one in text.split(",")]
    known = tuple(one for name in names for one in SEQUENCES if one == name)
    if len(known) != len(names) or len(set(names)) != len(names):
        raise typer.BadParameter(
            f"--channels must be some of {','.join(SEQUENCES)}, each at most once, received {text!r}"
        )
    return known
