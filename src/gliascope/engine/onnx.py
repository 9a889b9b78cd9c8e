"""ONNX Runtime: one engine, many devices by execution provider."""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from gliascope.bundle import Bundle
from gliascope.engine.base import Tensors
from gliascope.engine.memory import return_memory
from gliascope.errors import BundleError, DeviceError, InputError
from gliascope.precision import PRECISIONS, Precision, automatic_precision, processor_features

logger = logging.getLogger(__name__)

PROVIDERS: Final[dict[str, str]] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "rocm": "ROCMExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
"""Names of devices as they are asked for, and ONNX Runtime's execution provider of each."""

AUTOMATIC: Final = ("cuda", "rocm", "directml", "cpu")
"""What ``auto`` tries, in order. Providers that may compute in less than float32 are left to be asked for."""

OPTIONS: Final[dict[str, dict[str, str]]] = {
    "cuda": {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"},
}
"""Options that keep a provider at float32 and its choice of algorithms repeatable."""

_QUIET: Final = 3
"""ONNX Runtime's severity from which it logs: errors."""


class OnnxEngine:
    """Runs a bundle's graphs in ONNX Runtime (`gliascope.engine.base.Engine`).

    On a CPU every slice is run by itself and by one thread, as many slices side by side as there are threads: a batch
    is hardly faster there, slices need not wait for one another as the parts of one do, and neither the batch nor the
    number of threads can change how a kernel rounds. Can be pickled: the copy opens the graphs at the same paths.

    Parameters
    ----------
    bundle : Bundle
    device : str
        ``auto`` or one of `PROVIDERS`.
    threads : int, optional
        By default as many as there are cores for this process (`available_cores`).
    precision : str
        ``float32``, ``int8`` (on a processor, where the bundle has such graphs), or ``auto``: what the bundle's table
        says for this processor, and float32 on every other device.

    Raises
    ------
    BundleError
        If ONNX Runtime cannot load a graph, or a graph takes images of other channels than the recipe makes.
    DeviceError
        If the device is unknown, not in the installed ONNX Runtime or cannot be started.
    """

    def __init__(
        self, bundle: Bundle, device: str = "auto", threads: int | None = None, precision: str = "auto"
    ) -> None:
        if threads is not None and threads < 1:
            raise InputError(f"threads must be at least 1, received {threads}")
        self._arguments = (bundle, device, threads, precision)
        self._threads = threads or available_cores()
        _check_precision(bundle, device, precision)
        candidates = ("cpu",) if precision == "int8" else _candidates(device)
        self._sessions, self._device = _open_sessions(
            lambda one: _graphs(bundle, precision_used(bundle, one, precision)), candidates, self._threads
        )
        return_memory()  # of widening and laying out the weights
        self._precision = precision_used(bundle, self._device, precision)
        _check_channels(bundle, self._sessions)
        self._pool = ThreadPoolExecutor(self._threads, "gliascope-onnx")

    def __reduce__(self) -> tuple[type[OnnxEngine], tuple[Bundle, str, int | None, str]]:
        return OnnxEngine, self._arguments

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that can be run."""
        return tuple(self._sessions)

    @property
    def lanes(self) -> int:
        """On a CPU the number of threads, else 0."""
        return self._threads if self._device == "cpu" else 0

    def run(
        self, role: str, inputs: Mapping[str, NDArray[np.float32]], outputs: Sequence[str] | None = None
    ) -> Tensors:
        """Run one graph; see `gliascope.engine.base.Engine.run`.

        Raises
        ------
        InputError
            If the bundle has no such role.
        """
        if role not in self._sessions:
            raise InputError(f"role must be one of {', '.join(self.roles)}, received {role!r}")
        session = self._sessions[role]
        names = list(outputs) if outputs is not None else [one.name for one in session.get_outputs()]
        count = len(next(iter(inputs.values())))
        if self._device != "cpu" or count <= 1:
            return dict(zip(names, session.run(names, dict(inputs)), strict=True))
        slices = [{name: values[at : at + 1] for name, values in inputs.items()} for at in range(count)]
        parts = list(self._pool.map(lambda one: session.run(names, one), slices))
        return {name: np.concatenate([part[place] for part in parts]) for place, name in enumerate(names)}

    def describe(self) -> dict[str, Any]:
        """Say what computes; JSON values."""
        return {
            "name": "onnxruntime",
            "version": onnxruntime.__version__,
            "device": self._device,
            "precision": self._precision,
            "providers": next(iter(self._sessions.values())).get_providers(),
            "threads": self._threads,
        }


def available_devices() -> tuple[str, ...]:
    """Names of the devices that the installed ONNX Runtime was built for, in the order of `PROVIDERS`."""
    installed = onnxruntime.get_available_providers()
    return tuple(name for name, provider in PROVIDERS.items() if provider in installed)


def available_cores() -> int:
    """Count the cores that this process may really use: its affinity, cut by a container's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(Path("/sys/fs/cgroup"))
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def _quota(cgroup: Path) -> float | None:
    """Read a container's processor quota in cores, from version 2 or 1 of Linux's control groups."""
    try:
        if (cgroup / "cpu.max").is_file():
            limit, period = (cgroup / "cpu.max").read_text(encoding="ascii").split()
        else:
            limit, period = (
                (cgroup / "cpu" / f"cpu.cfs_{one}_us").read_text(encoding="ascii").strip()
                for one in ("quota", "period")
            )
        return float(limit) / float(period) if float(limit) > 0 else None
    except (OSError, ValueError):
        return None


def _candidates(device: str) -> tuple[str, ...]:
    available = available_devices()
    if device == "auto":
        return tuple(one for one in AUTOMATIC if one in available)
    if device not in PROVIDERS:
        raise DeviceError(f"device must be auto or one of {', '.join(PROVIDERS)}, received {device!r}")
    if device not in available:
        raise DeviceError(
            f"device {device!r} is not in the installed onnxruntime {onnxruntime.__version__}, "
            f"which has {', '.join(available)}"
        )
    return (device,)


def precision_used(bundle: Bundle, device: str, asked: str = "auto") -> Precision:
    """Tell what a bundle's graphs are computed in.

    Parameters
    ----------
    bundle : Bundle
    device : str
        One of `PROVIDERS`.
    asked : str
        One of `gliascope.precision.PRECISIONS`.

    Returns
    -------
    str
    """
    if asked == "int8":
        return "int8"
    if asked == "float32" or device != "cpu":
        return "float32"
    return automatic_precision(bundle.quantised, processor_features())


def _check_precision(bundle: Bundle, device: str, precision: str) -> None:
    if precision not in PRECISIONS:
        raise InputError(f"precision must be one of {', '.join(PRECISIONS)}, received {precision!r}")
    if precision == "int8" and bundle.quantised is None:
        raise BundleError(f"{bundle.path}: the bundle has no graphs in int8; `gliascope quantise` makes them")
    if precision == "int8" and device not in ("auto", "cpu"):
        raise DeviceError(f"int8 is for the device cpu, received device {device!r}")


def _graphs(bundle: Bundle, precision: Precision) -> dict[str, Path]:
    """The graph of each role; one that has none in int8 is computed in float32."""
    small = bundle.quantised.graphs if precision == "int8" and bundle.quantised is not None else {}
    return bundle.graphs | small


def _open_sessions(
    graphs_for: Callable[[str], Mapping[str, Path]], candidates: Sequence[str], threads: int
) -> tuple[dict[str, onnxruntime.InferenceSession], str]:
    """Open every graph on the first device that starts; a device that ONNX Runtime left silently counts as failed."""
    for device in candidates:
        sessions = {role: _open(path, device, threads) for role, path in graphs_for(device).items()}
        if all(PROVIDERS[device] in one.get_providers() for one in sessions.values()):
            return sessions, device
        logger.warning("device %s is installed and could not be started", device)
    raise DeviceError(
        f"device {candidates[0]!r} could not be started (is its driver installed?); "
        f"available: {', '.join(one for one in available_devices() if one not in candidates)}"
    )


def _check_channels(bundle: Bundle, sessions: Mapping[str, onnxruntime.InferenceSession]) -> None:
    wanted = bundle.recipe.preparation.channels
    for role, session in sessions.items():
        for one in session.get_inputs():
            if one.name == "images" and one.shape[-1] != wanted:
                raise BundleError(
                    f"{bundle.graphs[role]}: by the bundle's recipe, images must have {wanted} channels, "
                    f"received a graph for {one.shape[-1]}"
                )


def _open(path: Path, device: str, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1 if device == "cpu" else threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    options.log_severity_level = _QUIET
    providers: list[Any] = [(PROVIDERS[device], OPTIONS.get(device, {}))]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime raises a class of its own for each fault, without a common base
        raise BundleError(f"{path}: onnxruntime cannot load the graph: {error}") from error
