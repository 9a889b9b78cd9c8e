"""Measure the embedded assessor on images that it was not fitted to; keep the figures in docs/evidence/assessor.json.

    python docs/measure_assessor.py EXTERNAL

EXTERNAL has the folders ``brats``, ``native`` and ``ood``: a volume without skull, a clinical study whose sequences
lie on grids of their own, and images of no brain. Phantoms are drawn with seeds that the fit does not use.
"""

from __future__ import annotations

import gzip
import json
import struct
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from gliascope.detect.assessable import assess, assess_slice
from gliascope.detect.assessor import Assessor, load_assessor
from gliascope.findings import Reason
from gliascope.phantom import make_phantom
from gliascope.prepare import to_uint8
from gliascope.read import find_cases, read_case
from gliascope.scan import Scan, Source
from gliascope.training.assessor.brain import head_sections
from gliascope.training.assessor.planes import Plane, cut_plane, places

TARGET: Final = Path(__file__).resolve().parent / "evidence" / "assessor.json"
LARGE: Final = 0.25
"""Axial slices are taken where the head or brain is at least this share of its largest section."""
MOST: Final = 30
"""Slices taken of one volume in one plane."""
PHANTOMS: Final = range(500, 504)
OTHERS: Final = {"t1": "T1", "t1ce": "T1 after contrast", "t1n": "T1", "t1c": "T1 after contrast", "t2w": "T2"}

Stack = NDArray[np.uint8]


@dataclass(frozen=True)
class Row:
    """Slices of one volume or image: how many are refused by themselves, and whether they are together."""

    what: str
    judged: bool
    slices: int
    refused_alone: int
    refused: bool
    reason: Reason | None


def measure(external: Path, assessor: Assessor) -> Iterator[Row]:
    """Measure everything in turn."""
    for seed in PHANTOMS:
        stack = np.ascontiguousarray(make_phantom(seed).scan.pixels[..., 1])
        yield row(f"phantom {seed}", True, list(stack[_large(stack)]), assessor)
    folder = next((external / "brats").iterdir())
    for path in sorted(folder.glob("*_flair.nii*")):
        yield from volume("brain without skull, FLAIR", *nifti(path), assessor)
    for name in ("t1", "t1ce"):
        stack = nifti(next(folder.glob(f"*_{name}.nii*")))[0]
        yield row(f"brain without skull, {OTHERS[name]}, axial", False, list(stack[_large(stack)]), assessor)
    folder = next((external / "native").iterdir())
    yield from volume("clinical, FLAIR", *nifti(folder / "t2f.nii.gz"), assessor)
    for name in ("t1n", "t1c", "t2w"):
        stack = nifti(folder / f"{name}.nii.gz")[0]
        yield row(f"clinical, {OTHERS[name]}, axial", False, list(stack[_large(stack)]), assessor)
    for path in sorted((external / "ood").glob("*.png")):
        (scan,) = read_case(find_cases([path])[0]).scans
        yield row(path.name, False, [to_uint8(scan.pixels)[0, ..., scan.sequences.index("flair")]], assessor)


def volume(what: str, stack: Stack, thickness: float, assessor: Assessor) -> Iterator[Row]:
    """An axial volume and both other planes of it."""
    yield row(f"{what}, axial", True, list(stack[_large(stack)]), assessor)
    heads = head_sections(stack)
    for plane in get_args(Plane):
        yield row(f"{what}, {plane}", False, cuts(stack, heads, plane, thickness), assessor)


def cuts(stack: Stack, heads: Stack, plane: Plane, thickness: float) -> list[Stack]:
    """Sections of a plane, where it cuts enough of the head (`gliascope.training.assessor.planes.LEAST`)."""
    rng = np.random.default_rng(0)
    found = [cut_plane(stack, plane, int(one), thickness, rng) for one in _some(places(heads, plane))]
    side = max(max(one.shape) for one in found)
    return [np.pad(one, [((side - n) // 2, side - n - (side - n) // 2) for n in one.shape]) for one in found]


def row(what: str, judged: bool, images: list[Stack], assessor: Assessor) -> Row:
    """Assess images one by one, and together as a volume."""
    alone = sum(bool(assess(scan_of(one[None]), assessor).refused[0]) for one in images)
    together = assess(scan_of(np.stack(images)), assessor)
    return Row(what, judged, len(images), alone, bool(together.refused.all()), together.reasons[0])


def scan_of(stack: Stack) -> Scan:
    """A grey volume, or a lone slice where there is only one."""
    sources = tuple(Source(None, one, len(stack), f"{one:064x}") for one in range(len(stack)))
    return Scan(np.ascontiguousarray(stack)[..., None], ("flair",), sources, is_volume=len(stack) > 1)


def nifti(path: Path) -> tuple[Stack, float]:
    """Grey levels (slice, row, column) of a NIfTI-1 file, and the distance of its slices in pixels."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    columns, rows, slices, kind = *struct.unpack("<3h", raw[42:48]), struct.unpack("<h", raw[70:72])[0]
    across, _, apart = struct.unpack("<3f", raw[80:92])
    start = int(struct.unpack("<f", raw[108:112])[0])
    values = np.frombuffer(raw, {4: "<i2", 16: "<f4"}[kind], columns * rows * slices, start)
    stack = values.reshape(slices, rows, columns, 1).astype(np.float32)
    return np.ascontiguousarray(to_uint8(stack)[..., 0]), apart / across


def milliseconds(assessor: Assessor, repeats: int = 3) -> float:
    """Processor time of one slice of 256 x 256 pixels: the least of some rounds over a phantom's slices."""
    stack = np.ascontiguousarray(make_phantom(PHANTOMS[0]).scan.pixels[..., 1])
    took = []
    for _ in range(repeats):
        begun = time.process_time()
        for image in stack:
            assess_slice(image, assessor)
        took.append((time.process_time() - begun) / len(stack))
    return 1000 * min(took)


def _large(stack: Stack) -> NDArray[np.intp]:
    area = head_sections(stack).sum(axis=(1, 2))
    return _some(np.flatnonzero(area >= LARGE * area.max()))


def _some(found: NDArray[np.intp]) -> NDArray[np.intp]:
    """Keep at most `MOST`, evenly spread."""
    return found[np.linspace(0, len(found) - 1, min(MOST, len(found))).astype(np.intp)]


def main(arguments: list[str]) -> int:
    """Measure, print and keep."""
    assessor = load_assessor()
    rows = list(measure(Path(arguments[0]), assessor))
    took = milliseconds(assessor)
    kept: dict[str, Any] = {"assessor": assessor.sha256, "rows": [asdict(one) for one in rows]}
    TARGET.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    for one in rows:
        print(f"{one.what:44} {one.refused_alone:3} of {one.slices:3} alone, together {one.reason or 'judged'}")
    print(f"{took:.1f} ms of a processor core for a slice")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
