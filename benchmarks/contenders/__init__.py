"""What is compared: each contender loads once and is then handed folders of patients."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol


class Contender(Protocol):
    """A loaded contender."""

    def run(self, patients: list[Path], out: Path) -> int:
        """Go from files to masks and a table.

        Returns
        -------
        int
            Number of slices.
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Versions, precision, batch size, parameters; JSON values."""
        ...


@dataclass(frozen=True)
class Entry:
    """One line of the table of contenders.

    Attributes
    ----------
    name : str
    target : str
        ``module:class``; the class takes the options of `benchmarks.worker` as keyword arguments.
    title : str
        As it stands in the results.
    goal : float or None
        How many times as fast gliascope is meant to be, per patient.
    """

    name: str
    target: str
    title: str
    goal: float | None = None

    def load(self, **options: Any) -> Contender:
        """Import and load it."""
        module, _, name = self.target.partition(":")
        made: Contender = getattr(importlib.import_module(module), name)(**options)
        return made


OURS: Final = "gliascope"

ENTRIES: Final = {
    one.name: one
    for one in (
        Entry(OURS, "benchmarks.contenders.ours:Ours", "gliascope, as `gliascope analyse` runs it"),
        Entry(
            "classic",
            "benchmarks.contenders.classic:Classic",
            "`classic` in Keras `predict`, TensorFlow, 256 x 256: ResNet-50 on all slices, small ResUNet on those with "
            "true tumour",
            5.0,
        ),
        Entry(
            "unet",
            "benchmarks.contenders.unet:EagerUNet",
            "U-Net of 7.76 M parameters in eager PyTorch, 256 x 256, all slices",
            10.0,
        ),
        Entry(
            "plain",
            "benchmarks.contenders.plain:Plain",
            "our own networks in float32, 256 x 256 full frame, no gate, one slice at a time",
            4.0,
        ),
    )
}
"""The contenders by name; gliascope first."""
