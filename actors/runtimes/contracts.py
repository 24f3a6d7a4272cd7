"""What a runtime takes and gives: the one small interface below the fast engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array: TypeAlias = npt.NDArray[Any]
    Floats: TypeAlias = npt.NDArray[np.float32]
else:
    Array: TypeAlias = Any
    Floats: TypeAlias = Any

Precision = Literal["float32", "float16", "bfloat16", "int8", "int8+bfloat16"]
"""Arithmetic of a model; inputs and outputs are float32 in any case. `int8`: of its convolutions, the rest in
float32, or in bfloat16 as `int8+bfloat16`."""

Format = Literal["onnx", "openvino", "paddle"]


@dataclass(frozen=True, slots=True)
class Weights:
    """A model on this disk. `files`: one .onnx; OpenVINO's .xml and .bin; Paddle's .pdmodel (or .json) and
    .pdiparams."""

    format: Format
    files: tuple[Path, ...]


Shape: TypeAlias = tuple[int, int, int, int]
"""Rows, channels, height and width of an input."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """Bounds of a session's inputs, dimension by dimension, and the shape that should be fastest.

    More rows than `most` has are computed in pieces; heights and widths are always within.
    """

    least: Shape
    usual: Shape
    most: Shape


@dataclass(frozen=True, slots=True)
class Placement:
    """Where and how a model computes.

    `device`: "cpu", or "gpu" for the first card that this process sees; `threads`: of this session on the
    CPU; `gpu_memory_mb`: most memory that all sessions of the process together may take of the card, in
    MiB, None for no cap; `gpu_part`: this session's part of it (0..1), for runtimes that cap each by
    itself; `tensorrt`: let TensorRT build engines on an NVIDIA card; `cache`: folder in which the runtime
    keeps what it makes of a model (graphs for this kind of CPU, float16 graphs, TensorRT's engines), None to
    do without, or to make it each time; `shapes`: of the inputs, for a runtime that compiles for them or
    tries with them what it made; `cuda_graphs`: launch shapes that come often as CUDA graphs (ONNX Runtime
    on a card, without TensorRT).
    """

    device: Literal["cpu", "gpu"] = "cpu"
    precision: Precision = "float32"
    threads: int = 1
    gpu_memory_mb: int | None = None
    gpu_part: float = 1.0
    tensorrt: bool = False
    cache: Path | None = None
    shapes: Shapes | None = None
    cuda_graphs: bool = False

    @property
    def session_memory_mb(self) -> int | None:
        """Most memory that this session alone may take of the card, in MiB."""
        return None if self.gpu_memory_mb is None else int(self.gpu_memory_mb * self.gpu_part)


class Session(Protocol):
    """A loaded model. It belongs to the process, and to the thread, that loaded it."""

    def run(self, batch: Floats) -> tuple[Array, ...]:
        """The model's outputs for an N×3×H×W float32 batch. What is returned is the caller's own.

        Raises MemoryError where the batch does not fit, whatever the runtime itself raises.
        """
        ...

    def release(self) -> None:
        """Give working memory back where the runtime can; the model stays loaded."""
        ...


class LoadSession(Protocol):
    """What each runtime's module offers as `load`."""

    def __call__(self, weights: Weights, placement: Placement) -> Session:
        """See `actors.runtimes.load`."""
        ...
