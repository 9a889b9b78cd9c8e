from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

pytest.importorskip("keras")

import keras

from gliascope.training import determinism

pytestmark = pytest.mark.train

OUTSIDE = """
import tensorflow
from gliascope.training.determinism import make_deterministic
if {late}:
    tensorflow.zeros(1)
make_deterministic()
make_deterministic()
print(tensorflow.config.threading.get_inter_op_parallelism_threads())
"""


@pytest.mark.parametrize(("late", "threads", "warned"), [(False, "1", 0), (True, "0", 2)])
def test_tensorflow_is_told_or_the_user_is(
    late: bool, threads: str, warned: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(determinism.ONE_AT_A_TIME, raising=False)
    code = OUTSIDE.format(late=late)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == threads
    assert done.stderr.count("may differ from another in its last bits") == warned


def test_other_backends_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(determinism.ONE_AT_A_TIME, raising=False)
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    monkeypatch.setitem(sys.modules, "tensorflow", SimpleNamespace())
    determinism.make_deterministic()
