"""Draw docs/images/phantom.png: one phantom's three channels and outline, and its FLAIR from skull base to vertex."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from gliascope.phantom import Phantom, make_phantom

TARGET = Path(__file__).resolve().parent / "images" / "phantom.png"
SEED = 30
LEVELS = 24
GREYS = 40
"""Few greys keep the noisy picture small."""


def tile(phantom: Phantom, index: int, channel: int, *, outline: bool = False) -> NDArray[np.uint8]:
    """One slice, cut to the head and brightened as viewers do."""
    channel_pixels = phantom.scan.pixels[..., channel]
    white = np.percentile(channel_pixels[channel_pixels > 20], 94)
    image = np.clip(channel_pixels[index] / white, 0, 1)
    if outline:
        inside = phantom.truth[index]
        image[ndimage.binary_dilation(inside) & ~inside] = 1
    levels = np.rint(image[8:248, 32:224] * (GREYS - 1)) * 255 / (GREYS - 1)
    return np.asarray(levels, dtype=np.uint8)


def main() -> None:
    """Write the picture."""
    phantom = make_phantom(SEED, slices=LEVELS)
    largest = int(np.argmax(np.count_nonzero(phantom.truth, axis=(1, 2))))
    above = [tile(phantom, largest, channel) for channel in range(3)] + [tile(phantom, largest, 1, outline=True)]
    below = [tile(phantom, index, 1) for index in (1, 6, 14, 19)]
    TARGET.parent.mkdir(exist_ok=True)
    Image.fromarray(np.vstack([np.hstack(above), np.hstack(below)])).quantize(GREYS).save(TARGET, optimize=True)
    print(f"{TARGET}: {TARGET.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
