"""The optional part that training needs: Keras 3 with a backend."""

from __future__ import annotations

from importlib import import_module

from gliascope.errors import MissingExtra

INSTALL = 'pip install "gliascope[train]"'
"""The command that installs what training needs."""


def require_training(purpose: str, *modules: str) -> None:
    """Make sure that what training needs can be imported, before a module that needs it is.

    Parameters
    ----------
    purpose : str
        What was asked for, as the message names it.
    *modules : str
        Packages needed besides Keras and its backend.

    Raises
    ------
    MissingExtra
        If Keras, its backend or one of `modules` is not installed.
    """
    for module in ("keras", *modules):
        try:
            import_module(module)
        except ImportError as error:
            raise MissingExtra(f"{purpose} needs the extra `train` ({error}): {INSTALL}") from error
