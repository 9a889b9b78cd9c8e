"""Weights of an earlier run that training begins with, and what that run has seen.

::

    start/           in the folder of a run or of a cross-validation
      start.json     the earlier run's name and the digest of its weights
      seen.txt       pixel hashes of every slice that it was trained or chosen on
      STAGE.npz      the weights, where training has still to begin with them
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gliascope.bundle import SEEN, load_bundle
from gliascope.dataset.layout import PatientFolder
from gliascope.errors import TrainingError
from gliascope.read import read_case
from gliascope.training.checkpoint import load_values, restore

if TYPE_CHECKING:
    import keras

    from gliascope.training.networks import Stage

FOLDER: Final = "start"
FILE: Final = "start.json"


@dataclass(frozen=True, eq=False)
class Start:
    """Weights to begin with.

    Attributes
    ----------
    name : str
        Of the bundle that the earlier run ended with.
    sha256 : str
        Of the weights' files, in the order of the stages' names.
    seen : frozenset of str
        Pixel hashes of the slices that the earlier run was trained or chosen on.
    weights : dict of str to Path
        A checkpoint for each stage; empty where only what was seen is known any more.
    """

    name: str
    sha256: str
    seen: frozenset[str]
    weights: Mapping[str, Path]

    @property
    def description(self) -> dict[str, Any]:
        """JSON values that tell one start from another."""
        return {"name": self.name, "sha256": self.sha256, "slices": len(self.seen)}

    def begin(self, stages: Mapping[Stage, keras.Model]) -> None:
        """Put the weights into networks.

        Parameters
        ----------
        stages : dict of str to keras.Model

        Raises
        ------
        TrainingError
            If a stage has no weights, or its network is another one.
        """
        if set(stages) != set(self.weights):
            raise TrainingError(
                f"{self.name}: a start must have weights for {', '.join(sorted(stages))}, "
                f"received {', '.join(sorted(self.weights)) or 'none'}"
            )
        for stage, model in stages.items():
            try:
                restore(model.variables, load_values(self.weights[stage])[0])
            except TrainingError as error:
                raise TrainingError(
                    f"{self.weights[stage]}: a start must be of the same network, received another ({error})"
                ) from error

    def keep(self, folder: Path, *, weights: bool) -> None:
        """Write what is to be known of the start into the folder of what begins with it.

        Parameters
        ----------
        folder : Path
        weights : bool
            Copy the weights as well.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        place = folder / FOLDER
        place.mkdir(parents=True, exist_ok=True)
        if weights:
            for stage, path in self.weights.items():
                shutil.copyfile(path, place / f"{stage}.npz")
        (place / SEEN).write_text("".join(f"{one}\n" for one in sorted(self.seen)), encoding="ascii")
        (place / FILE).write_text(json.dumps(self.description, indent=2) + "\n", encoding="utf-8")

    def check_unseen(self, folders: Iterable[PatientFolder], purpose: str) -> None:
        """Refuse a start that has seen patients who are to judge what comes of it.

        Parameters
        ----------
        folders : iterable of PatientFolder
            Read slice by slice, until one has been seen.
        purpose : str
            What they are for, in the message.

        Raises
        ------
        TrainingError
            With the first such patient.
        InputError
            If an image cannot be used.
        """
        for one in folders if self.seen else ():
            known = sum(source.sha256 in self.seen for source in read_case(one.files).sources)
            if known:
                raise TrainingError(
                    f"{one.name}: a patient who {purpose} must be new to the weights that training starts from; "
                    f"{self.name} has seen {known} slices"
                )


def start_from(run: Path) -> Start:
    """Take the best weights of a finished run.

    Parameters
    ----------
    run : Path
        Folder of a run with its bundle.

    Returns
    -------
    Start

    Raises
    ------
    TrainingError
        If it holds no run, or no bundle, which says what the run has seen.
    BundleError
        If the bundle is damaged.
    """
    weights = {path.parent.name: path for path in sorted(run.glob("*/best.npz"))}
    if not weights:
        raise TrainingError(f"{run}: a start must be the folder of a run with weights, received none")
    if not (run / "bundle").is_dir():
        raise TrainingError(
            f"{run}: a start must have a bundle, which says what the run has seen; "
            f"gliascope train --export-only -o {run} packs it"
        )
    bundle = load_bundle(run / "bundle")
    return Start(bundle.name, _digest(weights.values()), bundle.seen(), weights)


def read_start(folder: Path) -> Start | None:
    """Read what `Start.keep` wrote.

    Parameters
    ----------
    folder : Path
        Of a run or of a cross-validation.

    Returns
    -------
    Start or None
        None where training begins with random weights.

    Raises
    ------
    TrainingError
        If the description is damaged, or the weights are not those that it tells of.
    """
    place = folder / FOLDER
    if not (place / FILE).exists():
        return None
    try:
        values = json.loads((place / FILE).read_text(encoding="utf-8"))
        seen = frozenset((place / SEEN).read_text(encoding="ascii").split())
        start = Start(values["name"], values["sha256"], seen, {one.stem: one for one in sorted(place.glob("*.npz"))})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{place}: not a readable start ({error})") from error
    if start.weights and _digest(start.weights.values()) != start.sha256:
        raise TrainingError(f"{place}: the weights must be those of {FILE}, received others")
    return start


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
