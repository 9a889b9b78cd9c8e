from __future__ import annotations

import io
import logging
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from gliascope import __version__
from gliascope.cli.app import Application
from gliascope.cli.commands import COMMANDS, Entry, Family
from gliascope.cli.console import configure_output, progress
from gliascope.cli.options import Quiet, Verbose
from gliascope.errors import InputError

Cli = Callable[..., Any]

NAMES = [
    words
    for name, one in COMMANDS.items()
    for words in ([[name]] if isinstance(one, Entry) else [[name, inner] for inner in one.entries])
]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., None]], None]:
    """Put a function into the table of commands as `probe`."""

    def register(body: Callable[..., None]) -> None:
        module = types.ModuleType("gliascope_probe")
        module.body = body  # type: ignore[attr-defined]  # modules take any attribute
        monkeypatch.setitem(sys.modules, "gliascope_probe", module)
        entry = Entry("gliascope_probe:body", "Probe.")
        monkeypatch.setattr(Application, "table", {"probe": entry, "many": Family("Several.", {"probe": entry})})

    return register


def test_help_lists_every_command(cli: Cli) -> None:
    result = cli("--help")
    assert result.status == 0
    listed = [line.split()[0] for line in result.out.split("Commands:")[1].splitlines() if line.startswith("  ")]
    assert [one for one in listed if one in COMMANDS] == list(COMMANDS)
    assert "never a diagnosis" in result.out


@pytest.mark.parametrize("words", NAMES, ids=" ".join)
def test_every_command_has_help(cli: Cli, words: list[str]) -> None:
    result = cli(*words, "--help")
    assert result.status == 0
    assert result.out.startswith(f"Usage: gliascope {' '.join(words)}")
    assert result.err == ""


def test_no_command_shows_help_as_an_error(cli: Cli) -> None:
    result = cli()
    assert result.status == 2
    assert "Usage: gliascope" in result.out + result.err


def test_version(cli: Cli) -> None:
    assert cli("--version").out == f"gliascope {__version__}\n"


@pytest.mark.parametrize("arguments", [["nonsense"], ["--nonsense"], ["info", "--nonsense"], ["info", "surplus"]])
def test_wrong_arguments_give_2(cli: Cli, arguments: list[str]) -> None:
    result = cli(*arguments)
    assert result.status == 2
    assert arguments[-1] in result.err
    assert result.out == ""


def test_an_error_raised_on_purpose_is_one_line(cli: Cli, command: Callable[..., None]) -> None:
    def body() -> None:
        raise InputError("scan.tif: an image must have 1 or 3 channels, received 2")

    command(body)
    for words in (["probe"], ["many", "probe"]):
        result = cli(*words)
        assert result.status == 1
        assert result.err == "gliascope: error: scan.tif: an image must have 1 or 3 channels, received 2\n"


def test_an_error_of_the_system_is_one_line(cli: Cli, command: Callable[..., None]) -> None:
    def body() -> None:
        raise PermissionError(13, "Permission denied", "out")

    command(body)
    result = cli("probe")
    assert result.status == 1
    assert result.err == "gliascope: error: [Errno 13] Permission denied: 'out'\n"


def test_a_fault_of_the_program_keeps_its_traceback(cli: Cli, command: Callable[..., None]) -> None:
    def body() -> None:
        raise ZeroDivisionError

    command(body)
    with pytest.raises(ZeroDivisionError):
        cli("probe")


def test_interrupted(cli: Cli, command: Callable[..., None]) -> None:
    def body() -> None:
        raise KeyboardInterrupt

    command(body)
    result = cli("probe")
    assert (result.status, result.out, result.err) == (130, "", "gliascope: error: interrupted\n")


@pytest.mark.parametrize(
    ("flag", "heard"),
    [
        ([], ["WARNING"]),
        (["-q"], []),
        (["-v"], ["INFO", "WARNING"]),
        (["-vv"], ["DEBUG", "INFO", "WARNING"]),
        (["-v", "-v"], ["DEBUG", "INFO", "WARNING"]),
    ],
)
def test_quiet_and_verbose(cli: Cli, command: Callable[..., None], flag: list[str], heard: list[str]) -> None:
    def body(quiet: Quiet = False, verbose: Verbose = 0) -> None:
        logger = logging.getLogger("gliascope.probe")
        for level in (logging.DEBUG, logging.INFO, logging.WARNING):
            logger.log(level, "said")

    body.__annotations__ = {"quiet": Quiet, "verbose": Verbose, "return": None}
    command(body)
    result = cli("probe", *flag)
    assert result.status == 0
    assert result.err == "".join(f"gliascope: {one}: said\n" for one in heard)
    assert result.out == ""


def test_a_message_may_hold_brackets(cli: Cli, command: Callable[..., None]) -> None:
    def body() -> None:
        raise InputError("slice[3] must be [0, 1], received [bold]2")

    command(body)
    assert cli("probe").err == "gliascope: error: slice[3] must be [0, 1], received [bold]2\n"


def test_a_name_that_the_output_cannot_show_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", errors="strict"))
    configure_output()
    sys.stdout.write("Gr\u00f6\u00dfe\n")
    sys.stdout.flush()
    assert written.getvalue() == b"Gr\\xf6\\xdfe\n"


def test_a_progress_bar_shows_brackets() -> None:
    bar = progress(quiet=True)
    bar.add_task("reading", note="a [red] b")
    console = Console(file=io.StringIO(), width=200)
    console.print(bar.get_renderable())
    assert "a [red] b" in console.file.getvalue()  # type: ignore[attr-defined]  # a StringIO, as it was made
