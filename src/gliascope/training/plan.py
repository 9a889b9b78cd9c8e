"""What a training run is going to do, in numbers, before its first step."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from gliascope.recipe import Recipe
from gliascope.training.batches import plan_steps
from gliascope.training.networks import NetworkSet, Stage
from gliascope.training.table import SliceTable, Tables


@dataclass(frozen=True)
class SideCount:
    """How much there is on one side of the split.

    Attributes
    ----------
    patients, slices, tumour_slices : int
    """

    patients: int
    slices: int
    tumour_slices: int

    @classmethod
    def of(cls, table: SliceTable) -> SideCount:
        """Count a table."""
        return cls(len(table.patients), len(table.labels), int(table.labels.sum()))

    def __str__(self) -> str:
        return f"{self.patients} patients, {self.slices} slices, {self.tumour_slices} with tumour"


@dataclass(frozen=True)
class StagePlan:
    """One network that will be trained.

    Attributes
    ----------
    stage : str
    parameters : int
    steps : int
        Batches of the whole run.
    """

    stage: Stage
    parameters: int
    steps: int


@dataclass(frozen=True)
class RunPlan:
    """A run that is about to start.

    Attributes
    ----------
    recipe : str
        Its name.
    size : int
        Rows and columns of the networks' input.
    train, validation : SideCount
    stages : tuple of StagePlan
        In their order.
    epochs : int
        Of each stage.
    batch_size : int
    precision : str
        Keras' dtype policy.
    backend : str
        Keras' backend.
    """

    recipe: str
    shape: tuple[int, int]
    train: SideCount
    validation: SideCount
    stages: tuple[StagePlan, ...]
    epochs: int
    batch_size: int
    precision: str
    backend: str

    def lines(self) -> list[str]:
        """Say it in a few lines of text."""
        shape = f"{self.shape[0]} x {self.shape[1]} pixels, batches of {self.batch_size} slices"
        stages = [
            f"{one.stage}: {one.parameters:,} parameters, {one.steps:,} steps in {self.epochs} epochs"
            for one in self.stages
        ]
        return [
            f"recipe {self.recipe}: {shape}, {self.precision} on {self.backend}",
            f"train: {self.train}",
            f"validation: {self.validation if self.validation.slices else 'nobody; the last epoch is kept'}",
            *stages,
        ]


def plan_run(recipe: Recipe, networks: NetworkSet, tables: Tables, precision: str) -> RunPlan:
    """Count what a run is going to do.

    Parameters
    ----------
    recipe : Recipe
    networks : NetworkSet
    tables : Tables
    precision : str
        As `gliascope.training.precision.choose_precision` gives it.

    Returns
    -------
    RunPlan
    """
    stages = [
        StagePlan(stage, model.count_params(), plan_steps(tables.train.labels, recipe, stage).total)
        for stage, model in networks.stages.items()
    ]
    return RunPlan(
        recipe=recipe.name,
        shape=recipe.preparation.shape,
        train=SideCount.of(tables.train),
        validation=SideCount.of(tables.validation),
        stages=tuple(stages),
        epochs=recipe.training.epochs,
        batch_size=recipe.training.batch_size,
        precision=precision,
        backend=keras.backend.backend(),
    )
