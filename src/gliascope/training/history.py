"""The figures of every epoch as CSV."""

from __future__ import annotations

import csv
from pathlib import Path

from gliascope.errors import TrainingError


class History:
    """Rows of figures, one an epoch, kept on disk after every addition.

    Parameters
    ----------
    path : Path
        The CSV file; read where it exists.

    Raises
    ------
    TrainingError
        If the file is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []
        if path.exists():
            self.rows = self._read()

    def _read(self) -> list[dict[str, float]]:
        try:
            with self.path.open(newline="", encoding="utf-8") as stream:
                return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(stream)]
        except (OSError, ValueError, TypeError, csv.Error) as error:
            raise TrainingError(f"{self.path}: not a readable history ({error})") from error

    def keep(self, epochs: int) -> None:
        """Forget what came after the given number of epochs."""
        self.rows = [row for row in self.rows if row["epoch"] <= epochs]

    def best(self, name: str) -> float:
        """Highest value of a figure so far; minus infinity before the first epoch."""
        return max((row[name] for row in self.rows if row[name] == row[name]), default=float("-inf"))

    def add(self, epoch: int, figures: dict[str, float]) -> None:
        """Append an epoch and write the file.

        Raises
        ------
        TrainingError
            If the file cannot be written.
        """
        self.rows.append({"epoch": float(epoch), **figures})
        temporary = self.path.with_name(f".{self.path.name}.partial")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("w", newline="", encoding="utf-8") as stream:
                writer = csv.DictWriter(stream, fieldnames=list(self.rows[-1]))
                writer.writeheader()
                writer.writerows(self.rows)
            temporary.replace(self.path)
        except OSError as error:
            raise TrainingError(f"{self.path}: the history could not be written ({error})") from error
        finally:
            temporary.unlink(missing_ok=True)
