"""The recipe: everything that decides how a network is prepared for, built and trained.

Written by people as TOML, kept inside a bundle as JSON. Unknown keys are refused.
"""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from gliascope.errors import RecipeError
from gliascope.scan import SEQUENCES, Sequence


def _ordered(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError("the lower end must stand first")
    return ends


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


Normalise = Literal["zscore", "zscore_slice", "unit"]
"""Ways to scale intensities."""

STEP: Final = 32
"""The networks halve their input five times."""

LARGEST: Final = 1024
"""Most pixels along a side of the networks' input."""


def _sides(given: Any) -> Any:
    """Refuse what is no size, in one sentence."""
    sides = given if isinstance(given, list | tuple) else [given]
    whole = all(isinstance(one, int) and not isinstance(one, bool) for one in sides)
    if not (whole and 1 <= len(sides) <= 2 and all(STEP <= one <= LARGEST and one % STEP == 0 for one in sides)):
        raise ValueError(
            f"a size must be a multiple of {STEP} from {STEP} to {LARGEST}, or rows and columns of that kind"
        )
    return tuple(sides) if len(sides) == 2 else sides[0]


_Channels = Annotated[int, Field(ge=1, le=4096)]
_Range = Annotated[tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]], AfterValidator(_ordered)]


def _each_once(names: tuple[Sequence, ...]) -> tuple[Sequence, ...]:
    if len(set(names)) < len(names):
        raise ValueError("a sequence must be named once")
    return tuple(one for one in SEQUENCES if one in names)


class Clahe(_Section):
    """Contrast-limited adaptive histogram equalisation, for each channel by itself."""

    enabled: bool = True
    """Whether the enhancement is applied at all."""
    clip_limit: float = Field(2.0, gt=0, le=40)
    """OpenCV's clip limit: a tile's histogram is cut at this many times its mean bin height."""
    tile_grid: int = Field(8, ge=1, le=64)
    """Number of tiles along each side of the image."""
    blend: float = Field(1.0, ge=0, le=1)
    """Share of the enhanced image in what the networks see; the rest is the unenhanced image."""
    sequences: Annotated[tuple[Sequence, ...], Field(min_length=1), AfterValidator(_each_once)] = SEQUENCES
    """Sequences that are enhanced for the networks; the others stay as they are."""


class Preparation(_Section):
    """What is done to the pixels before a network sees them, in training and in use."""

    size: Annotated[int | tuple[int, int], BeforeValidator(_sides)] = 160
    """Rows and columns of the networks' input, in pixels, or one number for a square: multiples of 32 from 32 to
    1024."""
    crop: bool = True
    """Cut to the head before resizing, in the proportions of `size`."""
    crop_margin: float = Field(0.03, ge=0, le=0.5)
    """Margin around the head, as a share of the box's longer side."""
    normalise: Normalise = "zscore"
    """`zscore`: mean 0 and deviation 1 over the head, per channel, over the volume where slices belong
    together, else per slice. `zscore_slice`: always per slice. `unit`: divided by 255."""
    clip: float = Field(5.0, gt=0)
    """Values beyond this many deviations are cut (not with `unit`)."""
    neighbours: int = Field(0, ge=0, le=2)
    """How many slices on either side the networks see beside each slice, in FLAIR alone; a slice without such a
    neighbour gets its own FLAIR in its place."""
    neighbour_distance: float = Field(5.0, gt=0)
    """Distance from one neighbour to the next in mm, where the spacing of the slices is known; else the next slice."""
    clahe: Clahe = Clahe()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the networks' input."""
        return self.size if isinstance(self.size, tuple) else (self.size, self.size)

    @property
    def channels(self) -> int:
        """Channels of the networks' input: pre, flair, post, and the neighbours' FLAIR."""
        return len(SEQUENCES) + 2 * self.neighbours


class Network(_Section):
    """Which networks are built."""

    wiring: Literal["shared", "separate"] = "shared"
    """`shared`: the ResUNet's encoder is the classifier's ResNet-50, run once. `separate`: two networks."""
    weights: Literal["none", "imagenet"] = "none"
    """Start of the ResNet-50. `imagenet` downloads weights and needs a network connection."""
    decoder: tuple[_Channels, ...] = Field((128, 64, 48, 32, 16), min_length=5, max_length=5)
    """Channels of the ResUNet's decoder stages, coarse to fine (`shared` only)."""
    filters: tuple[_Channels, ...] = Field((16, 32, 64, 128, 256), min_length=2, max_length=6)
    """Channels of the small ResUNet's stages, fine to coarse; each but the first halves the side (`separate` only)."""
    dropout: float = Field(0.0, ge=0, lt=1)
    """Dropout before the classification head's last layer."""
    deep_supervision: bool = False
    """Train the two decoder stages before the last on the mask as well (`shared` only)."""


class Augmentation(_Section):
    """Random changes made to a training slice; a probability `p_...` for each kind."""

    flip: float = Field(0.5, ge=0, le=1)
    """Probability of a left-right mirror image."""
    flip_vertical: float = Field(0.0, ge=0, le=1)
    """Probability of an upside-down image."""
    p_affine: float = Field(0.8, ge=0, le=1)
    """Probability of a rotation, scaling and shift together."""
    rotate: float = Field(25.0, ge=0, le=180)
    """Largest rotation, in degrees."""
    scale: _Range = (0.8, 1.25)
    """Range of the scaling; the lower end first."""
    shift: float = Field(0.06, ge=0, le=0.5)
    """Largest shift, as a share of the side."""
    p_elastic: float = Field(0.0, ge=0, le=1)
    """Probability of a smooth elastic deformation."""
    p_intensity: float = Field(0.8, ge=0, le=1)
    """Probability of a change of gain, offset and gamma for each channel by itself."""
    gain: float = Field(0.2, ge=0, lt=1)
    """Largest relative change of contrast."""
    offset: float = Field(0.2, ge=0)
    """Largest shift of brightness, in deviations."""
    gamma: _Range = (0.7, 1.4)
    """Range of the exponent applied to the intensities scaled to 0..1; the lower end first."""
    p_contrast: float = Field(0.0, ge=0, le=1)
    """Probability that each channel's intensities go through a smooth rising curve of its own."""
    contrast: float = Field(0.6, ge=0, le=1)
    """How far that curve may leave the straight line; 1 lets it lie flat for a third of the range."""
    p_noise: float = Field(0.15, ge=0, le=1)
    """Probability of Gaussian noise."""
    noise: float = Field(0.15, ge=0)
    """Largest deviation of the noise, in deviations of the image."""
    p_rician: float = Field(0.0, ge=0, le=1)
    """Probability of Rician noise, which magnitude images have: as Gaussian noise in tissue, brighter in air."""
    rician: float = Field(0.25, ge=0)
    """Largest deviation of the Rician noise in tissue, in deviations of the image."""
    p_blur: float = Field(0.15, ge=0, le=1)
    """Probability of a Gaussian blur."""
    p_low_resolution: float = Field(0.1, ge=0, le=1)
    """Probability of a lower resolution, of all channels alike."""
    low_resolution: float = Field(0.5, gt=0, le=1)
    """Lowest resolution, as a share of the pixels along a side."""
    p_anisotropic: float = Field(0.0, ge=0, le=1)
    """Probability of a lower resolution along one axis only, for each channel by itself, down to `low_resolution`."""
    p_jpeg: float = Field(0.0, ge=0, le=1)
    """Probability of rounding to 256 grey levels and compression as JPEG."""
    p_bias_field: float = Field(0.2, ge=0, le=1)
    """Probability of a smooth multiplicative bias field."""
    bias_field: float = Field(0.25, ge=0, lt=0.8)
    """Largest relative change by the bias field at one of its knots."""
    p_channel_shift: float = Field(0.0, ge=0, le=1)
    """Probability of small movements of the other channels against FLAIR and the mask."""
    channel_shift: float = Field(0.012, ge=0, le=0.1)
    """Largest shift of a channel, as a share of the side: 0.012 are 3 of 256 pixels."""
    channel_rotate: float = Field(2.0, ge=0, le=20)
    """Largest rotation of a channel, in degrees."""
    p_skull_strip: float = Field(0.0, ge=0, le=1)
    """Probability that everything but the brain is removed, where a brain is found, and the slice brought to the
    scale of a scan without a skull (for `zscore`)."""
    p_lone_slice: float = Field(0.0, ge=0, le=1)
    """Probability that the slice is normalised by itself, as a lone image is (for `zscore`)."""
    p_flair_only: float = Field(0.0, ge=0, le=1)
    """Probability that both channels beside FLAIR are left out together."""
    drop_pre: float = Field(0.15, ge=0, le=1)
    """Probability that the pre-contrast channel is left out."""
    drop_post: float = Field(0.15, ge=0, le=1)
    """Probability that the post-contrast channel is left out."""
    drop_neighbours: float = Field(0.15, ge=0, le=1)
    """Probability that the slice's own FLAIR stands in its neighbours' place, as in a lone image; so it does wherever
    the slice is normalised by itself (`p_lone_slice`)."""
    swap_neighbours: float = Field(0.5, ge=0, le=1)
    """Probability that the neighbours before and after a slice change places."""


class Sampling(_Section):
    """Which slices an epoch holds."""

    tumour: float = Field(1.0, gt=0)
    """How often each tumour slice occurs in an epoch."""
    empty_per_tumour: float = Field(1.0, ge=0)
    """Tumour-free slices in an epoch for each tumour slice, drawn anew every epoch; at most all of them."""
    segment_tumour_only: bool = False
    """Train the segmenter on tumour slices alone (`separate` only)."""


class Loss(_Section):
    """What is minimised."""

    mask: Literal["dice_ce", "focal_tversky"] = "dice_ce"
    """`dice_ce`: soft Dice over the batch plus cross-entropy. `focal_tversky`: Abraham & Khan 2019."""
    tversky_alpha: float = Field(0.7, ge=0, le=1)
    """Weight of missed pixels in the Tversky index; extra pixels weigh 1 - alpha."""
    tversky_gamma: float = Field(0.75, gt=0)
    """Exponent of the focal Tversky loss."""
    slice_weight: float = Field(0.3, ge=0)
    """Weight of the slice's cross-entropy beside the mask's loss (`shared` only)."""
    label_smoothing: float = Field(0.0, ge=0, lt=0.5)
    """Smoothing of the slice labels."""


class Training(_Section):
    """How the networks are trained."""

    epochs: int = Field(40, ge=1)
    """Number of epochs; for `separate`, of each network."""
    steps: int = Field(0, ge=0)
    """Steps of the whole run, for `separate` of each network, spread evenly over the epochs, so that runs on
    different data cost the same; 0: an epoch is one pass over its slices."""
    batch_size: int = Field(16, ge=1)
    """Slices in a batch."""
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    """The optimiser; `sgd` is Nesterov's with momentum 0.99."""
    learning_rate: float = Field(1e-3, gt=0)
    """Highest learning rate."""
    weight_decay: float = Field(1e-4, ge=0)
    """Decoupled weight decay (`adamw`)."""
    warmup_epochs: float = Field(1.0, ge=0)
    """Epochs of linear warm-up."""
    schedule: Literal["cosine", "poly", "constant"] = "cosine"
    """Decay of the learning rate after the warm-up, by step."""
    ema: float = Field(0.0, ge=0, lt=1)
    """Momentum of the moving average of the weights that is validated and exported; 0 switches it off."""
    keep: Literal["best", "last"] = "best"
    """Which epoch is kept: the best on the validation patients, or the last one, whatever they say. Where a few
    patients choose among many epochs, chance chooses."""
    clip_norm: float = Field(1.0, ge=0)
    """Largest norm of the gradient over all weights; 0 switches the clipping off."""
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    """Arithmetic of training; `auto` takes bfloat16 where the processor has instructions for it."""
    seed: int = Field(0, ge=0)
    """Seed of weights, sampling and augmentation."""

    @model_validator(mode="after")
    def _a_step_an_epoch(self) -> Self:
        if 0 < self.steps < self.epochs:
            raise ValueError(f"steps must be 0 or at least the number of epochs, {self.epochs}")
        return self


class Recipe(_Section):
    """One recipe, complete: every value that was not written takes its default."""

    name: str = "default"
    """Name shown in reports and kept in the bundle."""
    assess: bool = True
    """Whether `analyse` refuses what is no axial section of a head with FLAIR's contrast; `false` for networks that
    are trained for other images."""
    preparation: Preparation = Preparation()
    network: Network = Network()
    augmentation: Augmentation = Augmentation()
    sampling: Sampling = Sampling()
    loss: Loss = Loss()
    training: Training = Training()


def load_recipe(name_or_path: str | Path) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    name_or_path : str or Path
        ``default`` or ``classic`` (they travel with the package), or a TOML file.

    Returns
    -------
    Recipe

    Raises
    ------
    RecipeError
        If the file cannot be read, is no TOML, has an unknown key or a value outside its range.
    """
    if str(name_or_path) in builtin_recipes():
        source = resources.files("gliascope") / "recipes" / f"{name_or_path}.toml"
        return parse_recipe(source.read_text(encoding="utf-8"), str(name_or_path))
    path = Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(builtin_recipes())
        raise RecipeError(f"{path}: a recipe must be a TOML file or one of {known}, received {error}") from error
    return parse_recipe(text, str(path))


def builtin_recipes() -> tuple[str, ...]:
    """Names of the recipes that travel with the package."""
    folder = resources.files("gliascope") / "recipes"
    return tuple(sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml")))


def parse_recipe(text: str, origin: str) -> Recipe:
    """Check a recipe's TOML text; `origin` names it in error messages.

    Raises
    ------
    RecipeError
        If the text is no TOML, has an unknown key or a value outside its range.
    """
    try:
        return recipe_from_dict(tomllib.loads(text), origin)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{origin}: a recipe must be TOML, received {error}") from error


def recipe_from_dict(values: dict[str, Any], origin: str) -> Recipe:
    """Check a recipe given as nested values, as it stands in a bundle's JSON.

    Raises
    ------
    RecipeError
        If a key is unknown or a value outside its range; every fault is named.
    """
    try:
        return Recipe.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}, received {one['input']!r}" for one in error.errors()
        )
        raise RecipeError(f"{origin}: {faults}") from error


def with_steps(recipe: Recipe, steps: int | None) -> Recipe:
    """Give a recipe another number of steps; None leaves it as it is.

    Raises
    ------
    RecipeError
        If there are fewer steps than epochs.
    """
    if steps is None:
        return recipe
    values = recipe.model_dump(mode="json")
    return recipe_from_dict(values | {"training": values["training"] | {"steps": steps}}, recipe.name)
