"""One run of an ONNX Runtime session with its input and outputs bound to a device: each is copied once."""

from __future__ import annotations

from typing import Any, Literal

from actors.runtimes.contracts import Array, Floats


def run_bound(
    session: Any, batch: Floats, device: Literal["cpu", "cuda"], options: Any = None
) -> tuple[Array, ...]:
    """The session's outputs for a batch, in new arrays of this process.

    The input goes to the device straight from the batch's own memory, which is fast where that is
    page-locked (`host_memory`); the outputs stay there until all are computed, and come into numpy's memory
    without a stop in the runtime's. `options`: RunOptions. What was bound is given back to the session.
    """
    import numpy as np

    binding = session.io_binding()
    binding.bind_cpu_input(session.get_inputs()[0].name, np.ascontiguousarray(batch))
    for output in session.get_outputs():
        binding.bind_output(output.name, device, 0)
    binding.synchronize_inputs()
    session.run_with_iobinding(binding, options)
    binding.synchronize_outputs()
    return tuple(binding.copy_outputs_to_cpu())
