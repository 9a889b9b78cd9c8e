"""Draw the example figures of the documentation from a phantom, into docs/images/.

The predicted outline on them is the true one, bent on purpose so that the two can be told apart: no network drew it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gliascope.cli.app import main as gliascope
from gliascope.phantom import Phantom, make_phantom
from gliascope.present.canvas import PREDICTION, TRUTH
from gliascope.present.display import display_window, plane
from gliascope.present.figure import slice_figure
from gliascope.present.images import write_image
from gliascope.present.sheet import SheetSlice, contact_sheet

IMAGES = Path(__file__).resolve().parent / "images"
SEED = 0
SLICE = 12


def bent(truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Move an outline in and out by a few pixels, smoothly along its course."""
    wave = cv2.GaussianBlur(np.random.default_rng(SEED).normal(size=truth.shape), (0, 0), 10)
    inside = truth.astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.asarray(distance + 5.0 * wave / wave.std() > 0) if truth.any() else truth


def draw_enhancement(phantom: Phantom, folder: Path) -> Path:
    """The figure of `gliascope enhance --figure`."""
    image = folder / f"{phantom.name}_{SLICE + 1}.tif"
    write_image([phantom.scan.pixels[SLICE]], image)
    try:
        gliascope(["enhance", str(image), "-o", str(folder / "out"), "--figure", "--quiet"])
    except SystemExit as end:
        if end.code:
            raise
    return folder / "out" / "figures" / f"{image.stem}_enhancement.png"


def draw_slice(phantom: Phantom, folder: Path) -> Path:
    """The picture of one tumour slice, with truth."""
    path = folder / "slice.png"
    truth = phantom.truth[SLICE]
    scan = phantom.scan
    slice_figure(
        scan.pixels[SLICE],
        truth,
        bent(truth),
        probability=0.97,
        title=f"{phantom.name}_{SLICE + 1}.tif",
        sequence_names=scan.sequences,
        path=path,
        note="Phantom; the predicted outline is bent on purpose",
        window=display_window([plane(one, scan.sequences) for one in scan.pixels]),
    )
    return path


def draw_sheet(phantom: Phantom, folder: Path) -> Path:
    """The contact sheet of the whole scan."""
    path = folder / "sheet.png"
    slices = [
        SheetSlice(plane(image, phantom.scan.sequences), f"{number + 1}", 0.97 if truth.any() else 0.03,
                   positive=bool(truth.any()), mask=bent(truth), truth=truth)
        for number, (image, truth) in enumerate(zip(phantom.scan.pixels, phantom.truth, strict=True))
    ]  # fmt: skip
    summary = "tumour, highest slice probability 0.970 (phantom; probabilities and outlines are made up)"
    contact_sheet(slices, title=phantom.name, summary=summary, path=path)
    return path


def palette() -> Image.Image:
    """Greys, and mixtures of greys with the two colours of outlines."""
    greys = np.linspace(0, 255, 128)[:, None].repeat(3, axis=1)
    mixed = [
        share * np.array(colour) + (1 - share) * grey
        for colour in (PREDICTION, TRUTH)
        for share in np.linspace(0.125, 1, 8)
        for grey in np.linspace(0, 255, 8)
    ]
    holder = Image.new("P", (1, 1))
    holder.putpalette(np.rint(np.concatenate([greys, mixed])).astype(np.uint8).tobytes())
    return holder


def main() -> None:
    """Draw all of them, in 256 colours so that the repository stays small."""
    phantom = make_phantom(SEED)
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        drawn = {
            "enhancement": (draw_enhancement(phantom, folder), 0.8),
            "slice": (draw_slice(phantom, folder), 1.0),
            "contact-sheet": (draw_sheet(phantom, folder), 0.6),
        }
        for stem, (path, scale) in drawn.items():
            with Image.open(path) as picture:
                size = (round(picture.width * scale), round(picture.height * scale))
                small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
            small.quantize(palette=palette(), dither=Image.Dither.NONE).save(IMAGES / f"{stem}.png", optimize=True)


if __name__ == "__main__":
    main()
