"""The command `gliascope`: finds the command asked for, and turns errors into messages and exit statuses.

Exit statuses: 0 done; 1 something could not be done; 2 wrong arguments; 130 interrupted by Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from gliascope import __version__
from gliascope.cli.commands import COMMANDS
from gliascope.cli.console import configure_logging, configure_output, error
from gliascope.cli.lazy import SETTINGS, LazyGroup
from gliascope.errors import GliascopeError

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells report it: 128 + SIGINT."""

HELP = "Find brain tumours in MRI, outline them and show the result. Research software, never a diagnosis."


class Application(LazyGroup):
    """The outermost group: every error raised on purpose ends here as one line of text."""

    table = COMMANDS

    def invoke(self, ctx: Any) -> Any:
        """Run the command asked for.

        Raises
        ------
        typer.Exit
            With status 1 after a GliascopeError or an error of the operating system, 130 after Ctrl-C.
        """
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # whoever read our output has enough; Typer ends quietly
        except (GliascopeError, OSError) as problem:
            error(str(problem))
            raise typer.Exit(1) from problem
        except KeyboardInterrupt:
            error("interrupted")
            raise typer.Exit(INTERRUPTED) from None


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"gliascope {__version__}")
        raise typer.Exit


def build() -> Any:
    """Make the command `gliascope`; no command's body is imported."""
    app = typer.Typer(name="gliascope", cls=Application, no_args_is_help=True, **SETTINGS)

    @app.callback(help=HELP)
    def root(
        version: Annotated[
            bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
        ] = False,
    ) -> None:
        del version

    return typer.main.get_command(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run gliascope on `arguments`, or on the process's own, and exit with its status.

    Raises
    ------
    SystemExit
        Always; the status is in this module's docstring.
    """
    configure_logging()
    configure_output()
    try:
        build().main(args=None if arguments is None else list(arguments), prog_name="gliascope")
    except KeyboardInterrupt:
        error("interrupted")
        sys.exit(INTERRUPTED)
