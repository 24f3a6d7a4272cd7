"""What runtimes raise where they get no memory, as the one exception that means it: MemoryError."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

_WORDS = re.compile(
    r"failed to allocate|cannot allocate|could not allocate|unable to allocate|insufficient memory"
    r"|out[ _]?of[ _]?memory|bad[ _]alloc|resource[ _]?exhausted|smaller than requested bytes|alloc_failed",
    re.IGNORECASE,
)
"""Their words, since their types say nothing: ONNX Runtime (Fail, RuntimeException: "Failed to allocate
memory for requested buffer", "Available memory of 1 is smaller than requested bytes of 2", CUDA's "out of
memory", CUDNN_STATUS_ALLOC_FAILED), OpenVINO and oneDNN (RuntimeError: "bad_alloc", "out_of_memory"), Paddle
("ResourceExhaustedError: Out of memory error on GPU 0"), TensorRT ("OutOfMemory"), OpenCV (cv2.error:
"Insufficient memory")."""


def is_allocation_failure(error: BaseException) -> bool:
    """Whether this is how a runtime says that it got no memory."""
    return isinstance(error, MemoryError) or bool(_WORDS.search(f"{type(error).__name__}: {error}"))


@contextmanager
def allocation_failures() -> Iterator[None]:
    """Raise MemoryError, with the runtime's words, for what failed for lack of memory; the rest as it is."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        if is_allocation_failure(error):
            raise MemoryError(" ".join(str(error).split())) from error
        raise
