"""What may be handed to the Python functions: paths, arrays and cases, one or many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Sequence as Many
from dataclasses import replace
from pathlib import Path
from typing import Any

from gliascope.errors import InputError
from gliascope.read import case_from_array, read_cases
from gliascope.read.names import name_apart
from gliascope.scan import Case, Sequence

Input = str | Path | Case | Any
"""A path, an array (anything with ``__array__``) or a `Case`."""


def cases_of(
    inputs: Input | Iterable[Input], channels: tuple[Sequence, ...] | None = None, *, register: bool = False
) -> Iterator[Case]:
    """Turn inputs into cases, one at a time.

    Parameters
    ----------
    inputs : path, array, Case, or iterable of these
        A path may hold several cases (see `gliascope.read.find_cases`), an array is one case (see
        `gliascope.read.case_from_array`), named ``array-1``, ``array-2``, ... by its place. A list is checked as a
        whole before it is read; any other iterable, such as a generator, is taken item by item. Of cases of one name
        the second is called ``name-2``, with a warning.
    channels : tuple of str, optional
        The sequence of each channel of paths and arrays.
    register : bool
        See `gliascope.read.read_cases`.

    Returns
    -------
    iterator of Case

    Raises
    ------
    InputError
        At once if a list is empty, or one of its items is none of these or a path that does not exist; while
        iterating if an array breaks a rule.
    """
    items: Any = [inputs] if _is_one(inputs) else inputs
    if not isinstance(items, Iterable):
        raise InputError(f"an input must be a path, an array or a case, received {type(items).__name__}")
    if not isinstance(items, Many):
        return _apart(
            case for place, one in enumerate(items, start=1) for case in _part(one, place, channels, register)
        )
    if not items:
        raise InputError("at least one path, array or case must be given, received none")
    if all(isinstance(one, str | Path) for one in items):
        return read_cases(items, channels, register=register)
    parts = [_part(one, place, channels, register) for place, one in enumerate(items, start=1)]
    return _apart(case for part in parts for case in part)


def _apart(cases: Iterable[Case]) -> Iterator[Case]:
    """Number cases that are named as one before them, and say so."""
    taken: list[str] = []
    for case in cases:
        name = name_apart([*taken, case.name])[-1]
        taken.append(name)
        note = f"another input is named {case.name} too; this one is called {name}"
        yield case if name == case.name else replace(case, name=name, warnings=(*case.warnings, note))


def _is_one(item: Any) -> bool:
    return isinstance(item, str | Path | Case) or hasattr(item, "__array__")


def _part(item: Any, place: int, channels: tuple[Sequence, ...] | None, register: bool) -> Iterable[Case]:
    if isinstance(item, Case):
        return (item,)
    if isinstance(item, str | Path):
        return read_cases([item], channels, register=register)
    if not _is_one(item):
        raise InputError(f"an input must be a path, an array or a case, received {type(item).__name__}")
    return (case_from_array(one, f"array-{place}", channels) for one in (item,))
