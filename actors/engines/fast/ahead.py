"""Batches through a model: one after the other, or with the host's work done while the device computes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any, Generic, Literal, Protocol, TypeVar

from actors.engines.fast.stages import Stages
from actors.runtimes.contracts import Array, Floats

T = TypeVar("T")
R = TypeVar("R")
B = TypeVar("B")
B_contra = TypeVar("B_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)

DEPTH = 2
"""Batches whose input is ready, or made, before their turn; and batches whose output is still worked on. With
the one that is computed there are never more in memory than 2 x DEPTH + 1."""


THREADS = "rayocr-ahead"
"""How the names of the threads begin."""


class Steps(Protocol[B_contra, R_co]):
    """What is done with batches of rows. `fill` and `finish` may run in any thread, several at once on
    different rows of one batch; `begin` and `run` only in the caller's."""

    def rows(self, batch: B_contra) -> int:
        """How many rows a batch has."""
        ...

    def begin(self, batch: B_contra) -> Floats:
        """Memory for the model's input, a row of it for each row of the batch; more may follow."""
        ...

    def fill(self, batch: B_contra, rows: slice, target: Floats) -> None:
        """Write these rows of the batch into `target`, which is those rows of the input."""
        ...

    def run(self, batch: Floats) -> Sequence[Array]:
        """The model's outputs: each has a row for each row of the input."""
        ...

    def finish(self, batch: B_contra, rows: slice, outputs: Sequence[Array]) -> Sequence[R_co]:
        """What is made of these rows of the batch, given those rows of the outputs."""
        ...


class Hands(Protocol):
    """Who does the host's work around a model. Results do not depend on it."""

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """The function's result for each item, in order."""
        ...

    def work(self, steps: Steps[B, R], batches: Iterable[B]) -> list[list[R]]:
        """For each batch, in order, what became of its rows. What a step raises is raised here."""
        ...

    def close(self) -> None:
        """End threads, if there are any."""
        ...


def hands_for(device: Literal["cpu", "gpu"], threads: int, stages: Stages) -> Hands:
    """On a card the CPUs of an engine are free while it computes, so they work ahead; on a CPU they are what
    computes, and everything is done in turn. `threads`: CPUs that the engine was given."""
    return Together(threads, stages) if device == "gpu" else InTurn()


class InTurn:
    """See Hands: everything in the caller's thread, one batch after the other."""

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """See Hands."""
        return [function(item) for item in items]

    def work(self, steps: Steps[B, R], batches: Iterable[B]) -> list[list[R]]:
        """See Hands."""
        return [self._one(steps, batch) for batch in batches]

    def close(self) -> None:
        """See Hands."""

    def _one(self, steps: Steps[B, R], batch: B) -> list[R]:
        rows = slice(0, steps.rows(batch))
        outputs = steps.run(self._input(steps, batch, rows))
        return list(steps.finish(batch, rows, [output[rows] for output in outputs]))

    def _input(self, steps: Steps[B, R], batch: B, rows: slice) -> Floats:
        target = steps.begin(batch)
        steps.fill(batch, rows, target[rows])
        return target


class Together:
    """See Hands: `threads` threads fill inputs and finish outputs while the caller's thread, to which the
    sessions belong, runs the model. OpenCV, numpy and the runtimes let other threads work meanwhile.

    Whatever is raised, in any thread, ends the work: what has not begun is dropped, what has is waited
    for, and then it is raised unchanged.
    """

    def __init__(self, threads: int, stages: Stages, depth: int = DEPTH) -> None:
        self._threads = max(1, threads)
        self._stages = stages
        self._depth = depth
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix=THREADS)

    def map(self, function: Callable[[T], R], items: Sequence[T]) -> list[R]:
        """See Hands."""
        with _Call(self._pool, self._stages) as call:
            return call.results([call.submit(function, item) for item in items])

    def work(self, steps: Steps[B, R], batches: Iterable[B]) -> list[list[R]]:
        """See Hands."""
        source, results = iter(batches), list[list[R]]()
        ahead, behind = deque[_Filling[B]](), deque[list[Future[Sequence[R]]]]()
        with _Call(self._pool, self._stages) as call:
            self._fill(steps, source, ahead, call)
            while ahead:
                batch, target = _filled(ahead.popleft(), call)
                self._fill(steps, source, ahead, call)
                outputs = steps.run(target)
                del target
                behind.append(self._finish(steps, batch, outputs, call))
                del outputs
                if len(behind) > self._depth:
                    results.append(_joined(behind.popleft(), call))
            results += [_joined(parts, call) for parts in behind]
        return results

    def close(self) -> None:
        """See Hands. Waits until the threads have ended."""
        self._pool.shutdown(cancel_futures=True)

    def _fill(self, steps: Steps[B, R], source: Iterator[B], ahead: deque[_Filling[B]], call: _Call) -> None:
        """Let inputs be filled as far ahead as may be."""
        for batch in islice(source, self._depth - len(ahead)):
            target = steps.begin(batch)
            rows = slices(steps.rows(batch), self._threads)
            parts = [call.submit(steps.fill, batch, some, target[some]) for some in rows]
            ahead.append(_Filling(batch, target, parts))

    def _finish(
        self, steps: Steps[B, R], batch: B, outputs: Sequence[Array], call: _Call
    ) -> list[Future[Sequence[R]]]:
        rows = slices(steps.rows(batch), self._threads)
        return [call.submit(steps.finish, batch, some, [output[some] for output in outputs]) for some in rows]


@dataclass(frozen=True, slots=True)
class _Filling(Generic[B]):
    """A batch whose input is being filled."""

    batch: B
    target: Floats
    parts: list[Future[None]]


class _Call:
    """One call's work in the pool: none of it is left once the call is over."""

    def __init__(self, pool: ThreadPoolExecutor, stages: Stages) -> None:
        self._pool = pool
        self._stages = stages
        self._open = set[Future[Any]]()

    def __enter__(self) -> _Call:
        return self

    def __exit__(self, *_: object) -> None:
        for future in self._open:
            future.cancel()
        wait(self._open)
        self._open.clear()

    def submit(self, function: Callable[..., R], *arguments: object) -> Future[R]:
        """Hand something over."""
        future = self._pool.submit(function, *arguments)
        self._open.add(future)
        return future

    def results(self, futures: Sequence[Future[R]]) -> list[R]:
        """What came of it. The time until it is there is time in which the device has nothing to do."""
        with self._stages.count("waiting"):
            found = [future.result() for future in futures]
        self._open.difference_update(futures)
        return found


def _filled(filling: _Filling[B], call: _Call) -> tuple[B, Floats]:
    call.results(filling.parts)
    return filling.batch, filling.target


def _joined(parts: Sequence[Future[Sequence[R]]], call: _Call) -> list[R]:
    return [one for part in call.results(parts) for one in part]


def slices(rows: int, parts: int) -> list[slice]:
    """So many rows in at most so many slices, none of them empty, whose lengths differ by one at most."""
    parts = min(rows, parts)
    edges = [rows * part // parts for part in range(parts + 1)] if parts else [0]
    return [slice(start, end) for start, end in pairwise(edges)]
