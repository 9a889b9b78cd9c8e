"""Weights of an earlier run or of a bundle that training begins with, and what they have seen.

::

    start/           in the folder of a run or of a cross-validation
      start.json     the start's name and the digest of its weights
      seen.txt       pixel hashes of every slice that it was trained or chosen on
      STAGE.npz      the weights of a run, where training has still to begin with them
      bundle/        the bundle in their place
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from gliascope.bundle import EMBEDDED, MANIFEST, SEEN, Bundle, load_bundle
from gliascope.dataset.layout import PatientFolder
from gliascope.dataset.split import Split
from gliascope.errors import TrainingError
from gliascope.read import read_case
from gliascope.training.checkpoint import load_values, restore

if TYPE_CHECKING:
    import keras

    from gliascope.recipe import Recipe
    from gliascope.training.networks import Stage
    from gliascope.training.table import SliceTable

FOLDER: Final = "start"
FILE: Final = "start.json"
BUNDLE: Final = "bundle"

EMBEDDED_NAME: Final = "embedded"
"""What stands for the bundle that travels with the package."""

UNFOLDED_SLICES: Final = 128
"""Training slices, evenly spread, that a bundle's normalisations are measured on."""


@dataclass(frozen=True, eq=False)
class Start:
    """Weights to begin with.

    Attributes
    ----------
    name : str
        Of the bundle, or of the one that the earlier run ended with.
    sha256 : str
        Of the weights' files, in the order of the stages' or graphs' names.
    seen : frozenset of str
        Pixel hashes of the slices that the weights were trained or chosen on.
    weights : dict of str to Path
        A checkpoint for each stage; empty where the bundle has the weights, or where only what was seen is known any
        more.
    bundle : Bundle or None
        Whose graphs have the weights, where there are no checkpoints.
    split : str or None
        Digest of the split that the weights were trained on, where it is known.
    """

    name: str
    sha256: str
    seen: frozenset[str]
    weights: Mapping[Stage, Path]
    bundle: Bundle | None = None
    split: str | None = None

    @property
    def description(self) -> dict[str, Any]:
        """JSON values that tell one start from another."""
        return {"name": self.name, "sha256": self.sha256, "slices": len(self.seen)}

    def check_backend(self) -> None:
        """Refuse a bundle where Keras runs on another backend than its graphs are compared with.

        Raises
        ------
        TrainingError
        """
        if self.bundle is None:
            return
        import keras

        from gliascope.training.graphs import EXPORT_BACKEND  # needs what training by checkpoints does without

        backend = keras.backend.backend()
        if backend != EXPORT_BACKEND:
            raise TrainingError(
                f"{self.name}: training starts from a bundle with the backend {EXPORT_BACKEND}, received {backend}; on "
                "others it starts from a run, whose checkpoints are the same on all"
            )

    def begin(self, stages: Mapping[Stage, keras.Model], recipe: Recipe, table: SliceTable) -> None:
        """Put the weights into networks.

        Parameters
        ----------
        stages : dict of str to keras.Model
        recipe : Recipe
            That the networks were built by.
        table : SliceTable
            Slices that train, on which the normalisations of a bundle's networks are measured.

        Raises
        ------
        TrainingError
            If a stage has no weights, or its network is another one.
        ParityError
            If the networks do not compute what the bundle's graphs do.
        """
        if self.bundle is not None:
            from gliascope.training.unfold import unfold_bundle

            rows = np.linspace(0, len(table.labels) - 1, min(len(table.labels), UNFOLDED_SLICES)).astype(np.intp)
            values = unfold_bundle(self.bundle, recipe, table.inputs(rows))
        else:
            values = {stage: load_values(path)[0] for stage, path in self.weights.items()}
        if set(stages) != set(values):
            raise TrainingError(
                f"{self.name}: a start must have weights for {', '.join(sorted(stages))}, "
                f"received {', '.join(sorted(values)) or 'none'}"
            )
        for stage, model in stages.items():
            try:
                restore(model.variables, values[stage])
            except TrainingError as error:
                raise TrainingError(
                    f"{self.name}: a start must be of the same network, received another ({error})"
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
            if self.bundle is not None:
                shutil.copytree(self.bundle.path, place / BUNDLE)
        (place / SEEN).write_text("".join(f"{one}\n" for one in sorted(self.seen)), encoding="ascii")
        (place / FILE).write_text(json.dumps(self.description, indent=2) + "\n", encoding="utf-8")

    def judged_alike(self, split: Split) -> bool:
        """Tell whether the weights were trained on this very split: who chooses chose before, and has never trained."""
        return self.split is not None and self.split == split.sha256 and not split.leaks

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


def start_from(source: Path | str) -> Start:
    """Take the best weights of a finished run, or those of a bundle.

    Parameters
    ----------
    source : Path or str
        Folder of a run with its bundle, folder of a bundle, or `EMBEDDED_NAME` for the one that travels with the
        package.

    Returns
    -------
    Start

    Raises
    ------
    TrainingError
        If it is neither, or a run without a bundle, which says what the run has seen.
    BundleError
        If the bundle is damaged.
    """
    folder = EMBEDDED if source == EMBEDDED_NAME else Path(source)
    if (folder / MANIFEST).is_file():
        return _start_of(load_bundle(folder))
    weights: dict[Any, Path] = {path.parent.name: path for path in sorted(folder.glob("*/best.npz"))}
    if not weights:
        raise TrainingError(
            f"{folder}: a start must be the folder of a run with weights or of a bundle, or {EMBEDDED_NAME}, "
            "received neither"
        )
    if not (folder / "bundle").is_dir():
        raise TrainingError(
            f"{folder}: a start must have a bundle, which says what the run has seen; "
            f"gliascope train --export-only -o {folder} packs it"
        )
    bundle = load_bundle(folder / "bundle")
    return Start(bundle.name, _digest(weights.values()), bundle.seen(), weights, split=_split_of(bundle))


def _start_of(bundle: Bundle) -> Start:
    graphs = [path for _, path in sorted(bundle.graphs.items())]
    return Start(bundle.name, _digest(graphs), bundle.seen(), {}, bundle, _split_of(bundle))


def _split_of(bundle: Bundle) -> str | None:
    digest = bundle.summary.get("split_sha256")
    return digest if isinstance(digest, str) else None


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
    BundleError
        If a bundle is kept and damaged.
    """
    place = folder / FOLDER
    if not (place / FILE).exists():
        return None
    try:
        values = json.loads((place / FILE).read_text(encoding="utf-8"))
        seen = frozenset((place / SEEN).read_text(encoding="ascii").split())
        weights: dict[Any, Path] = {one.stem: one for one in sorted(place.glob("*.npz"))}
        start = Start(values["name"], values["sha256"], seen, weights)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{place}: not a readable start ({error})") from error
    kept = _start_of(load_bundle(place / BUNDLE)) if (place / BUNDLE).is_dir() else None
    found = kept.sha256 if kept else _digest(start.weights.values()) if start.weights else start.sha256
    if found != start.sha256:
        raise TrainingError(f"{place}: the weights must be those of {FILE}, received others")
    return kept or start


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()
