"""The networks over one scan: the trunk for every slice, the decoder only where a tumour is suspected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from gliascope.bundle import Bundle
from gliascope.detect.calibration import neighbour_logits
from gliascope.detect.detector import Detector
from gliascope.engine.base import Engine, Tensors
from gliascope.findings import Detection, Segmentation
from gliascope.prepare import Prepared, neighbour_step
from gliascope.rules import OperatingPoint
from gliascope.scan import Scan
from gliascope.segment.postprocess import finish_outline
from gliascope.segment.segmenter import Segmenter
from gliascope.segment.soft import soft_areas


class Networks:
    """A bundle's networks behind an engine, at one operating point.

    A slice goes through trunk and decoder in one go, so that its features are let go at once; as many slices are on
    their way as the engine has lanes. An engine without lanes gets batches. Several threads may ask at a time; they
    share the lanes. Where neighbours turn a slice of a volume into a tumour slice that was none by itself, it goes
    through both once more.

    Parameters
    ----------
    engine : Engine
    bundle : Bundle
    point : OperatingPoint
    batch_size : int
        Slices run at once where the engine has no lanes.
    """

    def __init__(self, engine: Engine, bundle: Bundle, point: OperatingPoint, batch_size: int) -> None:
        self.point = point
        self._detector = Detector(engine, bundle.wiring, point.detection, batch_size, bundle.calibration)
        self._segmenter = Segmenter(engine, bundle.wiring, point.mask)
        self._distance = bundle.recipe.preparation.neighbour_distance
        self._batch_size = 1 if engine.lanes else batch_size
        self._pool = ThreadPoolExecutor(engine.lanes, "gliascope-slices") if engine.lanes > 1 else None

    def run(
        self,
        scan: Scan,
        prepared: Prepared,
        assessable: NDArray[np.bool_],
        probabilities: bool = False,
        *,
        refused: NDArray[np.bool_] | None = None,
    ) -> tuple[Detection, Segmentation]:
        """Detect and outline.

        Parameters
        ----------
        scan : Scan
        prepared : Prepared
            The same scan for the networks.
        assessable : ndarray, bool, shape (slice,)
            False where a slice is never called positive. Such slices that are alike are run once.
        probabilities : bool
            Keep each pixel's probability.
        refused : ndarray, bool, shape (slice,), optional
            True where a slice has no say in what its neighbours are called; by default none.

        Returns
        -------
        detection : Detection
        segmentation : Segmentation
        """
        run, result_of = distinct_frames(prepared.images, assessable)
        probability, raw = np.zeros((2, len(scan)), dtype=np.float32)
        positive = np.zeros(len(scan), dtype=np.bool_)
        mask = np.zeros(scan.pixels.shape[:3], dtype=np.bool_)
        pixels = np.zeros(mask.shape, dtype=np.float32)

        def look(chosen: NDArray[np.intp]) -> None:
            said = self._detector.look(prepared.images[chosen], assessable[chosen])
            probability[chosen], raw[chosen], positive[chosen] = said.probability, said.raw, said.positive
            if said.positive.any():
                outline(chosen[said.positive], said.features)

        def look_again(found: NDArray[np.intp]) -> None:
            outline(found, self._detector.features(prepared.images[found]))

        def outline(found: NDArray[np.intp], features: Tensors) -> None:
            outlined = self._segmenter.segment(prepared.images[found], features, prepared.inverse)
            mask[found], pixels[found] = outlined.mask, outlined.probability

        self._map(look, self._parts(run))
        raw, probability = raw[result_of], probability[result_of]
        beside = np.full(len(scan), np.nan)
        step = neighbour_step(scan, self._distance) if scan.is_volume else None
        if step is not None:
            alone = positive
            heard = raw if refused is None else np.where(refused, np.float32(np.nan), raw)
            beside = neighbour_logits(heard, step)
            probability, positive = self._detector.judge(raw, assessable, beside)
            self._map(look_again, self._parts(np.flatnonzero(positive & ~alone)))
            mask[alone & ~positive] = False
            pixels[alone & ~positive] = 0
        mask = finish_outline(mask, self.point, step)
        detection = Detection(probability, positive, self.point.detection, raw, beside)
        soft = {int(place): soft_areas(pixels[place], mask[place]) for place in np.flatnonzero(positive)}
        return detection, Segmentation(mask, pixels if probabilities else None, self.point.mask, soft)

    def _parts(self, places: NDArray[np.intp]) -> Iterable[NDArray[np.intp]]:
        return (places[start : start + self._batch_size] for start in range(0, len(places), self._batch_size))

    def _map(self, function: Callable[[NDArray[np.intp]], None], parts: Iterable[NDArray[np.intp]]) -> None:
        if self._pool is None:
            for part in parts:
                function(part)
            return
        waiting = [self._pool.submit(function, part) for part in parts]
        try:
            for one in waiting:
                one.result()
        finally:
            for one in waiting:
                one.cancel()


def distinct_frames(
    images: NDArray[np.float32], assessable: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the slices that need not be run because they are the same as one before, such as padding.

    Parameters
    ----------
    images : ndarray, float32, shape (slice, size, size, channel)
        Prepared slices.
    assessable : ndarray, bool, shape (slice,)
        Only slices for which it is False are compared: of others, hardly two are the same.

    Returns
    -------
    run : ndarray, int, shape (distinct slice,)
        Places of the slices to run, in order.
    result_of : ndarray, int, shape (slice,)
        The place whose result each slice has.
    """
    result_of = np.arange(len(images))
    known: dict[bytes, int] = {}
    for place in np.flatnonzero(~assessable):
        result_of[place] = known.setdefault(images[place].tobytes(), int(place))
    return np.flatnonzero(result_of == np.arange(len(images))), result_of
