"""Training that gives the same bits again."""

from __future__ import annotations

import logging
import os
from importlib import import_module
from typing import Final

import keras

logger = logging.getLogger(__name__)

ONE_AT_A_TIME: Final = "TF_NUM_INTEROP_THREADS"
"""Environment variable for the number of operations that TensorFlow runs side by side, read when it starts."""


def make_deterministic() -> None:
    """Let TensorFlow run one operation after another, each still on all cores.

    Side by side, sums of float32 come out in one of several orders, and two runs of one recipe part in their last bits
    within a few steps; `tf.config.experimental.enable_op_determinism` does not prevent that on a CPU. Must come before
    TensorFlow's first operation; where it comes too late, a warning is logged. Where `ONE_AT_A_TIME` is set,
    the user has decided already. JAX and PyTorch are left as they are.
    """
    if keras.backend.backend() != "tensorflow" or ONE_AT_A_TIME in os.environ:
        return
    threading = import_module("tensorflow").config.threading
    if threading.get_inter_op_parallelism_threads() == 1:
        return
    try:
        threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        logger.warning(
            "TensorFlow was already running: this run may differ from another in its last bits; set %s=1 before it "
            "starts",
            ONE_AT_A_TIME,
        )
