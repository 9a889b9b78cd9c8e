"""Measure the embedded model on NIfTI volumes, and write reference/volumes.md.

    python docs/measure_volumes.py EXTERNAL LGG

EXTERNAL holds ``brats/`` and ``native/``, LGG is the folder ``kaggle_3m``. Takes some minutes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import SimpleITK
from numpy.typing import NDArray

from gliascope.dataset.layout import patients
from gliascope.measure.overlap import dice
from gliascope.pipeline import Analyser
from gliascope.read import find_cases, read_case
from gliascope.scan import Case, Scan, Sequence, Source
from markdown_table import table

PAGE: Final = Path(__file__).resolve().parent / "reference" / "volumes.md"
SETS: Final[dict[str, tuple[Sequence, ...]]] = {
    "FLAIR, T1 before and after contrast": ("pre", "flair", "post"),
    "FLAIR, T1 before contrast": ("pre", "flair"),
    "FLAIR, T1 after contrast": ("flair", "post"),
    "FLAIR alone": ("flair",),
}
TITLES: Final = ("what the networks got", "Dice", "volume, ml")
TEXT: Final = """# The embedded model on volumes, measured

Made by `python docs/measure_volumes.py EXTERNAL LGG` with the embedded bundle `{bundle}`, in float32. It saw neither
patient: both were held out of its training. One case of each kind shows that the way in and out is right; it is no
estimate of accuracy.

## A skull-stripped volume of 1 mm: BraTS2021_01476

155 slices of 240 x 240; the same patient as TCGA_CS_4942. Dice of the whole tumour (labels 1, 2 and 4 together,
{true:.1f} ml) in the volume's own grid.

{brats}

"One of n" leaves slices out and "mean of n" averages neighbours, as a thick slice does; the outline between them is
interpolated linearly. Every slice is analysed: it is not worse, and needs no interpolation.

## A scanner's own grids, skull on: native/TCGA-FG-6692

26 oblique slices of 5.5 mm; T1 before and after contrast lie on another grid and about 16 mm from FLAIR. The FLAIR is
the exam of TCGA_FG_6692 in the LGG data set: an affine registration of the data set's FLAIR to this one ends at a
correlation of {correlation:.3f}; other patients of the same institution with as many slices ({others}) reach at most
{best_other:.3f}.

Both have 26 slices, but not the same 26 in the same order: the data set holds a reformat. The registration turns its
slices by {turned:.0f} degrees against those here, so that each slice here runs through {crossed:.1f} of the data set's
within the middle half of its field, and none has a partner that shows the same section. A Dice slice against slice, in
the plane, can therefore not be given. A comparison in 3-D stands in for it: the data set's mask, moved along onto these
slices by interpolation, is the truth ({moved:.1f} ml), and the Dice is that of the whole volume.

{native}

What missing sequences cost other patients is on [the page of imitated scans](robustness.md).
"""


def with_sequences(case: Case, wanted: tuple[Sequence, ...]) -> Case:
    """Take channels away."""
    scans = []
    for scan in case.scans:
        kept = tuple(one for one in scan.sequences if one in wanted)
        pixels = scan.pixels[..., [scan.sequences.index(one) for one in kept]]
        scans.append(replace(scan, pixels=pixels, sequences=kept))
    return replace(case, scans=tuple(scans))


def truth_of(case: Case) -> NDArray[np.bool_]:
    """All true outlines, one behind the other."""
    return np.stack([one.pixels for one in case.truths if one is not None])


def brats_rows(analyser: Analyser, case: Case) -> Iterator[list[str]]:
    """The volume as it is, with sequences missing, and thinned."""
    truth = truth_of(case)
    for name, wanted in SETS.items():
        begun = time.perf_counter()
        found = analyser.analyse(with_sequences(case, wanted))
        yield _row(name, dice(found.mask, truth), found.mask, 1.0, time.perf_counter() - begun)
    for step in (2, 3, 5):
        for averaged in (False, True):
            begun = time.perf_counter()
            mask = thinned(analyser, case.scans[0], step, averaged=averaged)
            name = f"mean of {step} slices" if averaged else f"one slice of {step}"
            yield _row(name, dice(mask, truth), mask, 1.0, time.perf_counter() - begun)


def _row(name: str, overlap: float, mask: NDArray[np.bool_], mm3: float, seconds: float | None = None) -> list[str]:
    cells = [name, f"{overlap:.3f}", f"{np.count_nonzero(mask) * mm3 / 1000:.1f}"]
    return cells if seconds is None else [*cells, f"{seconds:.0f}"]


def thinned(analyser: Analyser, scan: Scan, step: int, *, averaged: bool) -> NDArray[np.bool_]:
    """Analyse fewer slices and interpolate the outline between them."""
    count = len(scan) // step
    if averaged:
        pixels = scan.pixels[: count * step].reshape(count, step, *scan.pixels.shape[1:]).mean(axis=1)
    else:
        pixels = scan.pixels[step // 2 :: step][:count]
    sources = tuple(Source(None, place, count, str(place)) for place in range(count))
    thick = Scan(pixels.astype(np.float32), scan.sequences, sources, is_volume=True)
    mask = analyser.analyse(Case("thin", (thick,), (None,) * count)).mask.astype(np.float32)
    at = (np.arange(len(scan)) - (step - 1) / 2 if averaged else np.arange(len(scan)) - step // 2) / step
    low = np.clip(np.floor(at).astype(int), 0, count - 2)
    share = np.clip(at - low, 0, 1)[:, np.newaxis, np.newaxis]
    return np.asarray((1 - share) * mask[low] + share * mask[low + 1] >= 0.5)


def image_of(values: NDArray[Any], spacing: tuple[float, ...]) -> Any:
    """Image of SimpleITK's with its axes along the world's."""
    image = SimpleITK.GetImageFromArray(values.astype(np.float32))
    image.SetSpacing([float(one) for one in spacing])
    return image


def lay_on(fixed: Any, moving: Any) -> tuple[Any, float]:
    """Register by an affine map; return it and the correlation reached."""
    begin = SimpleITK.CenteredTransformInitializer(
        fixed, moving, SimpleITK.AffineTransform(3), SimpleITK.CenteredTransformInitializerFilter.MOMENTS
    )
    motion = SimpleITK.AffineTransform(begin)
    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsCorrelation()
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.3, 1)
    method.SetInterpolator(SimpleITK.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(4.0, 0.001, 300, 0.7)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([4, 2, 1])
    method.SetSmoothingSigmasPerLevel([4, 2, 0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(motion, inPlace=True)
    method.Execute(fixed, moving)
    return motion, -float(method.GetMetricValue())


def lie_of_slices(motion: Any, fixed: Any, thickness: float) -> dict[str, float]:
    """How slices of the moving image lie to those of the fixed one.

    Returns
    -------
    dict
        ``turned``, the angle between them in degrees, and ``crossed``, how many of the moving image's one of the fixed
        image's runs through within the middle half of its field. Both are 0 where they are the same slices.
    """
    x, y, z = np.array(motion.GetMatrix()).reshape(3, 3)[2]
    edges, size = fixed.GetSpacing(), fixed.GetSize()
    rise = abs(x) * edges[0] * size[0] / 2 + abs(y) * edges[1] * size[1] / 2
    return {"turned": float(np.degrees(np.arctan2(np.hypot(x, y), z))), "crossed": float(rise / thickness)}


def native_rows(analyser: Analyser, folder: Path, lgg: Path) -> tuple[list[list[str]], dict[str, Any]]:
    """The scanner's grids, against the data set's mask moved onto them."""
    case = read_case(find_cases(folder)[0])
    scan = case.scans[0]
    edges = tuple(np.linalg.norm(scan.affine[:3, :3], axis=0))
    fixed = image_of(scan.pixels[..., scan.sequences.index("flair")], edges)
    reached = {}
    for one in patients(lgg):
        if one.institution == "FG" and len(one.files.images) == len(scan):
            other = read_case(one.files)
            flair = image_of(other.scans[0].pixels[..., 1], (0.9, 0.9, 5.5))
            motion, reached[one.patient] = lay_on(fixed, flair)
            if one.patient == "TCGA_FG_6692":
                lie = lie_of_slices(motion, fixed, 5.5)
                moved = SimpleITK.Resample(image_of(truth_of(other), (0.9, 0.9, 5.5)), fixed, motion)
                truth = SimpleITK.GetArrayFromImage(moved) >= 0.5
    mm3 = float(np.prod(edges))
    rows = []
    for name, wanted in SETS.items():
        mask = analyser.analyse(with_sequences(case, wanted)).mask
        rows.append(_row(name, dice(mask, truth), mask, mm3))
    same = reached.pop("TCGA_FG_6692")
    facts = {"correlation": same, "others": len(reached), "best_other": max(reached.values())}
    return rows, facts | lie | {"moved": np.count_nonzero(truth) * mm3 / 1000}


def main(external: Path, lgg: Path) -> None:
    """Write the page."""
    analyser = Analyser(device="cpu", precision="float32")
    brats = read_case(find_cases(external / "brats")[0])
    native, facts = native_rows(analyser, external / "native" / "TCGA-FG-6692", lgg)
    text = TEXT.format(
        bundle=analyser.bundle.name,
        true=np.count_nonzero(truth_of(brats)) / 1000,
        brats=table([*TITLES, "seconds"], brats_rows(analyser, brats)),
        native=table(TITLES, native),
        **facts,
    )
    PAGE.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
