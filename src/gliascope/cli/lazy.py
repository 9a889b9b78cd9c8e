"""Groups of commands whose bodies are imported when they are called, so that help answers at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, ClassVar, Final

import typer
from typer.core import TyperCommand, TyperGroup

from gliascope.cli.commands import Entry, Family

SETTINGS: Final[dict[str, Any]] = {
    "context_settings": {"help_option_names": ["-h", "--help"]},
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
}
"""Of every group and command. Help is plain text: rich needs 0.2 s to draw its frames."""


def load_command(name: str, entry: Entry) -> TyperCommand:
    """Import a command's body and build its options from the signature.

    Parameters
    ----------
    name : str
        The word typed on the command line.
    entry : Entry

    Returns
    -------
    TyperCommand
    """
    module, _, function = entry.target.partition(":")
    body: Callable[..., None] = getattr(import_module(module), function)
    app = typer.Typer(add_completion=False, **SETTINGS)
    app.command(name, help=inspect.getdoc(body) or entry.help)(body)
    command = typer.main.get_command(app)
    if not isinstance(command, TyperCommand):
        raise TypeError(f"{entry.target}: a command must be a function, received {type(command).__name__}")
    return command


class LazyCommand(TyperCommand):
    """Stands for a command in the list of its group; becomes the command itself when it is called."""

    def __init__(self, name: str, entry: Entry) -> None:
        super().__init__(name, help=entry.help, short_help=entry.help)
        self._entry = entry

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Load the command, then let it parse `args`."""
        return load_command(str(self.name), self._entry).make_context(info_name, args, parent, **extra)


class LazyGroup(TyperGroup):
    """A group filled from a table of entries."""

    table: ClassVar[Mapping[str, Entry | Family]] = {}

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the table's order."""
        del ctx
        return list(self.table)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Stand-in for one command, or None where the table has no such name."""
        del ctx
        entry = self.table.get(cmd_name)
        if isinstance(entry, Entry):
            return LazyCommand(cmd_name, entry)
        if isinstance(entry, Family):
            return build_group(cmd_name, entry.help, entry.entries)
        return None


def build_group(name: str, help_text: str, table: Mapping[str, Entry | Family]) -> Any:
    """Make the group for a table.

    Parameters
    ----------
    name : str
        The word typed on the command line.
    help_text : str
    table : mapping of str to Entry or Family

    Returns
    -------
    LazyGroup
    """
    group = type("Family", (LazyGroup,), {"table": table})
    app = typer.Typer(name=name, cls=group, no_args_is_help=True, add_completion=False, **SETTINGS)
    app.callback(help=help_text)(lambda: None)
    return typer.main.get_command(app)
