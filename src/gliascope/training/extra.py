"""The optional part that training needs: Keras 3 with a backend."""

from __future__ import annotations

from gliascope.errors import require_extra


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
    require_extra(purpose, "train", "keras", *modules)
