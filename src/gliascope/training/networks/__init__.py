"""The networks: what is trained, and the graphs that are exported from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gliascope.recipe import Recipe
from gliascope.training.networks.classic import small_resunet
from gliascope.training.networks.pretrained import start_from_imagenet
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


def build_networks(recipe: Recipe, *, pretrained: bool = True) -> NetworkSet:
    """Build the networks that a recipe asks for, with the weights that training starts from.

    Parameters
    ----------
    recipe : Recipe
    pretrained : bool
        False leaves ImageNet's weights out even where the recipe has them: for networks that are only described, or
        whose weights are put in afterwards.

    Returns
    -------
    NetworkSet

    Raises
    ------
    TrainingError
        If ImageNet's weights are asked for and cannot be had.
    """
    networks = _fresh_networks(recipe)
    if pretrained and recipe.network.weights == "imagenet":
        encoder = networks.graphs["trunk" if recipe.network.wiring == "shared" else "classifier"]
        start_from_imagenet(encoder, recipe.preparation.normalise)
    return networks


def _fresh_networks(recipe: Recipe) -> NetworkSet:
    size, channels, network = recipe.preparation.shape, recipe.preparation.channels, recipe.network
    if network.wiring == "shared":
        encoder = trunk(size, network, channels)
        mask_decoder = decoder(encoder, network)
        return NetworkSet(
            stages={"joint": joint(encoder, mask_decoder)},
            graphs={"trunk": encoder.exported, "decoder": mask_decoder.exported},
        )
    decision = classifier(size, network, channels)
    outline = small_resunet(size, network.filters, channels)
    return NetworkSet(
        stages={"classifier": decision.trained, "segmenter": outline.trained},
        graphs={"classifier": decision.exported, "segmenter": outline.exported},
    )
