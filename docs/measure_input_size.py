"""What a true outline loses on its way to the networks' input and back, by the input's rows and columns.

``python docs/measure_input_size.py DATA [ROWSxCOLUMNS ...]`` reads a data set in the LGG layout. Each mask is cut to
the head's box, resized, made binary and brought back; the table has the mean, median and lowest Dice with the original
over patients, each over its whole volume.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

import numpy as np

from gliascope.dataset.layout import patients
from gliascope.measure.overlap import dice
from gliascope.prepare import HALF, prepare, prepare_mask
from gliascope.read import read_case
from gliascope.recipe import Clahe, Preparation

SIZES: Final = ("160x160", "160x128", "192x160", "128x128", "128x96")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("sizes", nargs="*", default=SIZES)
    options = parser.parse_args()
    preparations = {one: _preparation(one) for one in options.sizes}
    found: dict[str, list[float]] = {one: [] for one in preparations}
    for folder in patients(options.data):
        case = read_case(folder.files)
        truth = np.stack([one.pixels for one in case.truths if one is not None])
        for name, preparation in preparations.items():
            inverse = prepare(case.scans[0], preparation).inverse
            back = inverse.restore(prepare_mask(truth, inverse)) >= HALF
            found[name].append(dice(back, truth))
    print("| rows x columns | mean | median | lowest |\n| --- | --- | --- | --- |")
    for name, values in found.items():
        print(f"| {name.replace('x', ' x ')} | {np.mean(values):.4f} | {np.median(values):.4f} | {min(values):.4f} |")


def _preparation(size: str) -> Preparation:
    rows, columns = (int(one) for one in size.split("x"))
    return Preparation(size=(rows, columns), clahe=Clahe(enabled=False))


if __name__ == "__main__":
    main()
