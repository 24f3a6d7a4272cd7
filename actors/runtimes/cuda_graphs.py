"""CUDA graphs: a shape that comes often is launched as a whole, out of buffers that stay where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from actors.runtimes.binding import run_bound
from actors.runtimes.contracts import Array, Floats
from actors.runtimes.packages import import_onnxruntime

MOST_GRAPHS = 32
"""Graphs that a session captures at most. Each keeps its input on the card, up to 24 MB, and what CUDA needs
for the launches of some 300 operators."""

OFTEN = 3
"""How often a shape has come before it gets a graph: capturing takes several runs, and warming up is one."""

_MOST_SEEN = 4096
"""Shapes that are counted at most."""

_NO_GRAPH = -1
"""ONNX Runtime's gpu_graph_id for a run without a graph (onnxruntime_run_options_config_keys.h); 0 is its
own."""

Device = Literal["cpu", "cuda"]


@dataclass(frozen=True, slots=True)
class _Output:
    """What an output is like for a shape of the input."""

    name: str
    shape: tuple[int, ...]
    kind: Any


class GraphRuns:
    """Runs a session that was made with `enable_cuda_graph`. Used by one thread; graphs end with it."""

    def __init__(
        self, session: Any, device: Device = "cuda", most: int = MOST_GRAPHS, often: int = OFTEN
    ) -> None:
        self._session = session
        self._device: Device = device
        self._most = most
        self._often = often
        self._seen: dict[tuple[int, ...], int] = {}
        self._graphs: dict[tuple[int, ...], _Graph] = {}

    def run(self, batch: Floats) -> tuple[Array, ...]:
        """The session's outputs for a batch, in new arrays. Raises what the runtime raises; a shape whose
        graph could not be captured is counted anew."""
        graph = self._graphs.get(batch.shape)
        if graph is not None:
            return graph.run(batch)
        outputs = run_bound(self._session, batch, self._device, _options(_NO_GRAPH))
        if self._is_due(batch.shape):
            self._capture(batch, outputs)
        return outputs

    def _is_due(self, shape: tuple[int, ...]) -> bool:
        if len(self._graphs) >= self._most:
            return False
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[shape] = self._seen.get(shape, 0) + 1
        return self._seen[shape] >= self._often

    def _capture(self, batch: Floats, outputs: Sequence[Array]) -> None:
        """A run with a new id captures; the outputs that are there say what its buffers must be."""
        del self._seen[batch.shape]
        names = [output.name for output in self._session.get_outputs()]
        like = [
            _Output(name, output.shape, output.dtype) for name, output in zip(names, outputs, strict=True)
        ]
        graph = _Graph(self._session, self._device, len(self._graphs) + 1, batch, like)
        graph.run(batch)
        self._graphs[batch.shape] = graph


class _Graph:
    """One graph, with its buffers on the device: it reads and writes the same addresses in every run."""

    def __init__(
        self, session: Any, device: Device, number: int, batch: Floats, outputs: Sequence[_Output]
    ) -> None:
        import numpy as np

        values = import_onnxruntime().OrtValue

        self._session = session
        self._options = _options(number)
        self._input = values.ortvalue_from_shape_and_type(batch.shape, np.float32, device, 0)
        self._outputs = [
            values.ortvalue_from_shape_and_type(one.shape, one.kind, device, 0) for one in outputs
        ]
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(session.get_inputs()[0].name, self._input)
        for one, value in zip(outputs, self._outputs, strict=True):
            self._binding.bind_ortvalue_output(one.name, value)

    def run(self, batch: Floats) -> tuple[Array, ...]:
        self._input.update_inplace(batch)
        self._session.run_with_iobinding(self._binding, self._options)
        return tuple(self._binding.copy_outputs_to_cpu())


def _options(number: int) -> Any:
    onnxruntime = import_onnxruntime()

    options = onnxruntime.RunOptions()
    options.add_run_config_entry("gpu_graph_id", str(number))
    return options
