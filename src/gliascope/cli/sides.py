"""Sizes of the networks' input on the command line."""

from __future__ import annotations

import typer

from gliascope.recipe import LARGEST, STEP


def parse_sides(text: str) -> tuple[int, int]:
    """Read rows and columns from ``160`` or ``160x128``.

    Raises
    ------
    typer.BadParameter
        If they are no multiples of `STEP` up to `LARGEST`.
    """
    parts = text.split("x")
    numbers = [int(one) if one.isascii() and one.isdigit() else 0 for one in parts]
    if len(parts) > 2 or any(one % STEP or not STEP <= one <= LARGEST for one in numbers):
        raise typer.BadParameter(
            f"the size must be a multiple of {STEP} from {STEP} to {LARGEST}, or two of them as in 160x128, received "
            f"{text}",
            param_hint="--size",
        )
    return numbers[0], numbers[-1]
