"""Arithmetic of training: what the recipe asks for, and what this machine has instructions for."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Final

import keras

from gliascope.recipe import Training

BFLOAT16_FLAGS: Final = frozenset({"avx512_bf16", "amx_bf16"})
"""Processor flags, as Linux lists them, that make bfloat16 faster than float32."""

CPU_INFO: Final = Path("/proc/cpuinfo")
"""Where Linux lists the processor's flags."""


def choose_precision(training: Training) -> str:
    """Turn the recipe's ``precision`` into a Keras dtype policy.

    Parameters
    ----------
    training : Training

    Returns
    -------
    str
        ``float32``, ``mixed_bfloat16`` or ``mixed_float16``. ``auto`` gives bfloat16 on an accelerator and on
        processors with one of `BFLOAT16_FLAGS`, else float32.
    """
    if training.precision != "auto":
        return training.precision
    return "mixed_bfloat16" if _on_accelerator() or BFLOAT16_FLAGS & _cpu_flags() else "float32"


def _on_accelerator() -> bool:
    if keras.backend.backend() == "torch":  # Keras lists no devices for it
        return bool(import_module("torch").cuda.is_available())
    return any(not device.startswith("cpu") for device in keras.distribution.list_devices())


def _cpu_flags() -> frozenset[str]:
    try:
        lines = CPU_INFO.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(word for line in lines if line.startswith("flags") for word in line.split())
