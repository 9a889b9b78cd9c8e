"""From a case to a finding: prepare, detect, segment, joined."""

from __future__ import annotations

import logging
import platform
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import gliascope
from gliascope.bundle import DEFAULT_POINT, Bundle, load_bundle
from gliascope.detect.assessable import Assessment, assess, blank_slices
from gliascope.detect.assessor import Assessor, load_assessor
from gliascope.detect.case import run_length, run_score
from gliascope.engine.base import Engine
from gliascope.engine.mirror import MirroredEngine
from gliascope.engine.onnx import OnnxEngine
from gliascope.errors import BundleError, DeviceError, InputError
from gliascope.findings import Finding
from gliascope.pipeline.infer import Networks
from gliascope.pipeline.inputs import Input, cases_of
from gliascope.pipeline.judge import (
    NO_FLAIR,
    Part,
    case_reason,
    case_verdict,
    refused_slice,
    remarks_on,
    remarks_on_refusal,
    slice_finding,
    uncertainty_of,
)
from gliascope.pipeline.volumes import with_volume
from gliascope.prepare import prepare
from gliascope.rules import OperatingPoint
from gliascope.scan import Case, Problem, Scan, Sequence

logger = logging.getLogger(__name__)


class Analyser:
    """Networks loaded once, used on any number of cases.

    Holds no state between cases: the same case gives the same finding, whatever was analysed before. Batches are
    made of one case's slices and never change its result. Can be pickled by its bundle's path; the copy checks that it
    found the same bundle there.

    Parameters
    ----------
    model : str, Path or Bundle, optional
        A bundle or its folder; by default the one that travels with the package.
    device : str
        ``auto`` or one of `gliascope.engine.onnx.PROVIDERS`.
    threads : int, optional
        By default as many as there are cores for this process.
    threshold : float, optional
        Slices are called tumour from this calibrated probability on; by default the operating point's.
    save_probabilities : bool
        Keep each pixel's probability in the findings.
    batch_size : int
        Slices run at once.
    force : bool
        Judge what is not assessable as well; the finding says why it should not be.
    assessor : str, Path or Assessor, optional
        What tells slices that can be judged (`gliascope.detect.assessor`), or its folder; by default the one that
        travels with the package. Not used where the bundle's recipe says that its networks are for other images.
    engine : Engine, optional
        Runs the graphs in place of ONNX Runtime, such as `gliascope.engine.fake.FakeEngine`.
    operating_point : str
        One of the bundle's operating points.
    precision : str
        ``auto``, ``float32`` or ``int8``; see `gliascope.engine.onnx.OnnxEngine`.
    flips : bool
        Run every slice mirrored from left to right as well, and take the means; costs twice the time.

    Raises
    ------
    BundleError
        If there is no bundle, it is incomplete, altered or too new, or has no such operating point; or the assessor
        is incomplete, altered or for another version.
    DeviceError
        If the device is not there.
    InputError
        If the threshold is outside 0 to 1, `threads` or `batch_size` is below 1, or the engine is not for the
        bundle's wiring.
    """

    def __init__(
        self,
        model: str | Path | Bundle | None = None,
        *,
        device: str = "auto",
        threads: int | None = None,
        threshold: float | None = None,
        save_probabilities: bool = False,
        batch_size: int = 8,
        force: bool = False,
        assessor: str | Path | Assessor | None = None,
        engine: Engine | None = None,
        operating_point: str = DEFAULT_POINT,
        precision: str = "auto",
        flips: bool = False,
    ) -> None:
        self.bundle = model if isinstance(model, Bundle) else load_bundle(model)
        self.operating_point = _operating_point(self.bundle, operating_point, threshold)
        self.save_probabilities = save_probabilities
        if engine is not None and set(engine.roles) != set(self.bundle.graphs):
            raise InputError(
                f"the engine must have the roles of the bundle, {sorted(self.bundle.graphs)}, "
                f"received {sorted(engine.roles)}"
            )
        plain: Engine = engine if engine is not None else OnnxEngine(self.bundle, device, threads, precision)
        self.flips = flips
        self.engine: Engine = MirroredEngine(plain) if flips else plain
        self._networks = Networks(self.engine, self.bundle, self.operating_point, batch_size)
        self._seen = self.bundle.seen()
        self.force = force
        self.assessor = _assessor(self.bundle, assessor)
        self._arguments: dict[str, Any] = {
            "model": model.path if isinstance(model, Bundle) else model,
            "device": device,
            "threads": threads,
            "threshold": threshold,
            "save_probabilities": save_probabilities,
            "batch_size": batch_size,
            "force": force,
            "assessor": assessor,
            "engine": engine,
            "operating_point": operating_point,
            "precision": precision,
            "flips": flips,
        }

    def __getstate__(self) -> dict[str, Any]:
        return {"arguments": self._arguments, "sha256": self.bundle.sha256}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Analyser.__init__(self, **state["arguments"])
        if self.bundle.sha256 != state["sha256"]:
            raise BundleError(
                f"{self.bundle.path}: the bundle must be the one that the analyser was made with "
                f"({state['sha256'][:12]}...), received {self.bundle.sha256[:12]}..."
            )

    @property
    def provenance(self) -> dict[str, Any]:
        """What a finding of this analyser comes from: versions, engine, device, bundle; JSON values."""
        engine = self.engine.describe()
        return {
            "gliascope": gliascope.__version__,
            "python": platform.python_version(),
            "engine": {key: engine[key] for key in ("name", "version", "device", "precision")},
            "bundle": {
                "name": self.bundle.name,
                "created": self.bundle.created,
                "sha256": self.bundle.sha256,
                "calibrated": self.bundle.calibration is not None,
            },
            **({"flips": True} if self.flips else {}),
            "assessor": {"sha256": None if self.assessor is None else self.assessor.sha256, "force": self.force},
        }

    def iter(
        self,
        inputs: Input | Iterable[Input],
        *,
        channels: tuple[Sequence, ...] | None = None,
        register: bool = False,
    ) -> Iterator[Finding]:
        """Analyse inputs one case at a time; only one case is held in memory.

        Parameters
        ----------
        inputs : path, array, Case, or iterable of these
            See `gliascope.pipeline.inputs.cases_of`.
        channels : tuple of str, optional
            The sequence of each channel; by default grey is FLAIR, and RGB is pre-contrast, FLAIR, post-contrast.
        register : bool
            Register the other sequences of NIfTI cases to FLAIR; see `gliascope.read.read_cases`.

        Returns
        -------
        iterator of Finding
            One a case, in order. What could not be read is among its ``problems``.

        Raises
        ------
        InputError
            At once if nothing was given, an input is of an unknown kind, or a path does not exist.
        """
        return (self.analyse(case) for case in cases_of(inputs, channels, register=register))

    def analyse(self, case: Case) -> Finding:
        """Analyse one case.

        Parameters
        ----------
        case : Case

        Returns
        -------
        Finding
            A case that fails in an unforeseen way has no slices and says so among its problems, so that one bad
            case does not end a series.

        Raises
        ------
        BundleError, DeviceError
            If the model or the device fails, as it would for every case.
        """
        try:
            return with_volume(self._analyse(case), case)
        except (BundleError, DeviceError):
            raise
        except InputError as error:
            message = str(error)
        except Exception as error:
            # One bad case must not end a series; it is reported as a problem.
            logger.debug("%s failed", case.name, exc_info=True)
            message = f"the analysis failed: {type(error).__name__}: {error}"
        return self._finding(case, [], case.warnings, (*case.problems, Problem(case.name, message)))

    def _analyse(self, case: Case) -> Finding:
        parts = [self._analyse_scan(scan) for scan in case.scans]
        warnings = [*case.warnings, *(one for part in parts for one in part.warnings), *remarks_on(parts, self._seen)]
        return self._finding(case, parts, tuple(dict.fromkeys(warnings)), case.problems)

    def _finding(
        self, case: Case, parts: list[Part], warnings: tuple[str, ...], problems: tuple[Problem, ...]
    ) -> Finding:
        slices = tuple(one for part in parts for one in part.slices)
        said = case_verdict(parts)
        return Finding(
            case.name,
            said.verdict,
            said.score,
            self.operating_point,
            slices,
            warnings,
            problems,
            self.provenance,
            reason=case_reason(parts),
            case_score=said.case_score,
            uncertainty=None if len(parts) != 1 else uncertainty_of(parts[0], self.bundle.uncertainty),
        )

    def _analyse_scan(self, scan: Scan) -> Part:
        blank = blank_slices(scan.pixels)
        assessment = self._assess(scan, blank)
        judged = ~blank if self.force else ~blank & ~assessment.refused
        shape = (scan.pixels.shape[1], scan.pixels.shape[2])
        whys = list(zip(scan.sources, assessment.reasons, assessment.measured, strict=True))
        if not judged.any():
            slices = [refused_slice(one, shape, why or "blank", how) for one, why, how in whys]
            return Part(slices, judged, tuple(remarks_on_refusal(slices)))
        prepared = prepare(scan, self.bundle.recipe.preparation)
        refused = None if self.force else assessment.refused
        detection, segmentation = self._networks.run(scan, prepared, judged, self.save_probabilities, refused=refused)
        run = run_length(scan, self.operating_point.run, self.bundle.recipe.preparation.neighbour_distance)
        score = run_score(detection.probability, judged, run)
        called = bool(score >= np.float32(detection.threshold))
        if not called:
            segmentation.mask[:] = False  # what is called free of tumour has no outline
            segmentation = replace(segmentation, soft={})
        slices = []
        for place, (one, why, how) in enumerate(whys):
            if why is None or self.force:
                finding = slice_finding(one, place, detection, segmentation)
                slices.append(replace(finding, reason=why, measured=how))
            else:
                slices.append(refused_slice(one, shape, why, how))
        no_flair = () if "flair" in scan.sequences else (NO_FLAIR,)
        warnings = (*prepared.warnings, *no_flair, *remarks_on_refusal(slices))
        return Part(slices, judged, warnings, score, called, scan.is_volume)

    def _assess(self, scan: Scan, blank: NDArray[np.bool_]) -> Assessment:
        """Why each slice is not assessable; a blank slice of a volume that can be judged is nothing to refuse."""
        if blank.all():
            return Assessment.whole("blank", len(scan))
        if self.assessor is None:
            return Assessment.whole(None, len(scan))
        return assess(scan, self.assessor)


def analyse(
    inputs: Input | Iterable[Input],
    *,
    channels: tuple[Sequence, ...] | None = None,
    register: bool = False,
    model: str | Path | Bundle | None = None,
    device: str = "auto",
    threads: int | None = None,
    threshold: float | None = None,
    save_probabilities: bool = False,
    batch_size: int = 8,
    operating_point: str = DEFAULT_POINT,
    precision: str = "auto",
    flips: bool = False,
    force: bool = False,
    assessor: str | Path | Assessor | None = None,
) -> list[Finding]:
    """Analyse images, folders or arrays; the networks are loaded for this call.

    Parameters
    ----------
    inputs, channels, register
        See `Analyser.iter`.
    model, device, threads, threshold, save_probabilities, batch_size, operating_point, precision, flips
        See `Analyser`.
    force, assessor
        See `Analyser`.

    Returns
    -------
    list of Finding
        One a case, in order.

    Raises
    ------
    InputError
        If nothing was given, an input is of an unknown kind, a path does not exist, or a value is out of range.
    BundleError
        If there is no bundle, it is incomplete, altered or too new, or has no such operating point.
    DeviceError
        If the device is not there.
    """
    cases = cases_of(inputs, channels, register=register)
    analyser = Analyser(
        model,
        device=device,
        threads=threads,
        threshold=threshold,
        save_probabilities=save_probabilities,
        batch_size=batch_size,
        operating_point=operating_point,
        precision=precision,
        flips=flips,
        force=force,
        assessor=assessor,
    )
    return [analyser.analyse(case) for case in cases]


def _assessor(bundle: Bundle, assessor: str | Path | Assessor | None) -> Assessor | None:
    if not bundle.recipe.assess:
        return None
    return assessor if isinstance(assessor, Assessor) else load_assessor(assessor)


def _operating_point(bundle: Bundle, name: str, threshold: float | None) -> OperatingPoint:
    point = bundle.operating_point(name)
    if threshold is None:
        return point
    if not 0 <= threshold <= 1:
        raise InputError(f"threshold must lie in 0 to 1, received {threshold}")
    return replace(point, name="custom", detection=float(threshold))
