"""Time a graph by one of ONNX Runtime's execution providers beside the processor's own.

    python -m benchmarks.provider GRAPH OpenVINOExecutionProvider

Providers come in builds of ONNX Runtime of their own, which exclude one another: run it in an environment that holds
``onnxruntime-openvino`` (or another) and NumPy, and nothing of gliascope.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import onnxruntime

PROCESSOR = "CPUExecutionProvider"


def main() -> None:
    """Print the median time of a slice on one thread by each provider, asked in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("graph")
    parser.add_argument("provider")
    parser.add_argument("--repeats", type=int, default=30)
    options = parser.parse_args()
    if options.provider not in onnxruntime.get_available_providers():
        parser.exit(1, f"no {options.provider} here: {', '.join(onnxruntime.get_available_providers())}\n")
    sessions = {name: _open(options.graph, name) for name in (PROCESSOR, options.provider)}
    random = np.random.default_rng(0)
    inputs = sessions[PROCESSOR].get_inputs()
    feed = {one.name: random.random((1, *one.shape[1:]), dtype=np.float32) for one in inputs}
    times: dict[str, list[float]] = {name: [] for name in sessions}
    for _ in range(options.repeats + 3):
        for name, session in sessions.items():
            start = time.process_time()
            session.run(None, feed)
            times[name].append(1e3 * (time.process_time() - start))
    for name, some in times.items():
        values = np.array(some[3:])
        print(f"{name}: {np.median(values):.1f} ms ({values.min():.1f} to {values.max():.1f})")


def _open(graph: str, provider: str) -> onnxruntime.InferenceSession:
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    extra = {} if provider == PROCESSOR else {"device_type": "CPU", "num_of_threads": "1"}
    session = onnxruntime.InferenceSession(graph, settings, providers=[(provider, extra)])
    if provider not in session.get_providers():
        raise SystemExit(f"{graph}: {provider} did not take it")
    return session


if __name__ == "__main__":
    main()
