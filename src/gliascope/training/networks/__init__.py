"""The networks: what is trained, and the graphs that are exported from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gliascope.recipe import Recipe
from gliascope.training.networks.classic import small_resunet
from gliascope.training.networks.shared import classifier, decoder, joint, trunk

if TYPE_CHECKING:
    import keras

Stage = Literal["joint", "classifier", "segmenter"]

__all__ = ["NetworkSet", "Stage", "build_networks"]


@dataclass(frozen=True, eq=False)
class NetworkSet:
    """The networks of one recipe, with shared weights between both views.

    Attributes
    ----------
    stages : dict of str to keras.Model
        What is trained, in order; outputs are logits: ``slice_logit`` (n, 1) and ``mask_logit`` (n, size, size, 1),
        and with deep supervision ``mask_logit_1`` and ``mask_logit_2`` at a half and a quarter of the size.
    graphs : dict of str to keras.Model
        What is exported, by role; outputs are probabilities (see `gliascope.bundle`).
    """

    stages: dict[Stage, keras.Model]
    graphs: dict[str, keras.Model]

    def parameters(self) -> int:
        """Count the weights, each once."""
        return sum(model.count_params() for model in self.stages.values())


def build_networks(recipe: Recipe) -> NetworkSet:
    """Build the networks that a recipe asks for, with fresh weights.

    Parameters
    ----------
    recipe : Recipe

    Returns
    -------
    NetworkSet
    """
    size, network = recipe.preparation.size, recipe.network
    if network.wiring == "shared":
        encoder = trunk(size, network)
        mask_decoder = decoder(encoder, network)
        return NetworkSet(
            stages={"joint": joint(encoder, mask_decoder)},
            graphs={"trunk": encoder.exported, "decoder": mask_decoder.exported},
        )
    decision = classifier(size, network)
    outline = small_resunet(size, network.filters)
    return NetworkSet(
        stages={"classifier": decision.trained, "segmenter": outline.trained},
        graphs={"classifier": decision.exported, "segmenter": outline.exported},
    )
