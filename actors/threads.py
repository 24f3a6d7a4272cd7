"""Threads of the libraries in a worker: as many as the CPUs that the worker was given."""

from __future__ import annotations

import os
import sys

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def thread_environment(threads: int) -> dict[str, str]:
    """Environment that makes native libraries use so many threads; they read it when they load."""
    return {name: str(threads) for name in _VARIABLES}


def limit_threads(threads: int) -> None:
    """Let every library in this process compute with so many threads, loaded ones included."""
    os.environ.update(thread_environment(threads))
    if "pyarrow" in sys.modules:
        import pyarrow as pa

        pa.set_cpu_count(threads)
    if "cv2" in sys.modules:
        import cv2

        cv2.setNumThreads(threads)
