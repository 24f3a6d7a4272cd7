"""An engine in a child process of its own: the inline runner's engine, which may crash or hang alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

from actors.contracts import EngineInfo, Image, OcrEngine, PageResult
from actors.deadline import deadline
from actors.engines.messages import CODEC, Answer, Failure, Refused, bounds, check
from actors.errors import EngineDiedError, IncompleteError, RayocrError
from actors.governor import (
    MOST_IN_VAIN,
    UNLIMITED,
    Governor,
    MemoryLimits,
    Relief,
    Relieved,
    nothing_to_do,
    too_large_for_any_batch,
)
from actors.process import (
    ChildAnswerError,
    ChildDiedError,
    ChildProcess,
    ChildTimeoutError,
    receive_object,
    send_message,
    watch_parent,
)
from actors.sandbox.box import begin_engine, confine_engine
from actors.sandbox.environment import engine_environment
from actors.settings import EngineConfig, ModelsConfig
from actors.shortage import (
    MEMORY,
    ShortageMetError,
    despite_shortage,
    in_words,
    shortage_in,
    shortage_of,
)
from actors.wire import FrameError

Lost = Callable[[str], None]
"""Is told how an engine's process ended ("was killed by SIGSEGV")."""


class ChildEngine:
    """`OcrEngine` over a `ChildProcess`: raises EngineDiedError where the engine's process is lost.

    The next call starts a fresh process. `timeout_s` is for one page, a batch has as many times
    that; `start_timeout_s` is for loading the model; both count what the child had for its work (see
    actors.deadline). A child that outgrows `limits` is replaced once its
    results are here; `relieved` is told what its governor found, `lost` how a child's process ended.
    Raises what the engine's own constructor raised, if that is a RayocrError, and ShortageError where the
    machine has too little for a process, or for what goes to and from it.
    """

    def __init__(
        self,
        config: EngineConfig,
        models: ModelsConfig,
        threads: int,
        timeout_s: float,
        start_timeout_s: float = 600.0,
        limits: MemoryLimits = UNLIMITED,
        relieved: Relieved = nothing_to_do,
        lost: Lost = lambda _how: None,
    ) -> None:
        self._config = config
        self._models = models
        self._threads = threads
        self._timeout_s = timeout_s
        self._start_timeout_s = start_timeout_s
        self._limits = limits
        self._relieved = relieved
        self._lost = lost
        self._in_vain = 0
        self._child: ChildProcess | None = None
        self._closed = False
        self._info = self._live().info

    @property
    def info(self) -> EngineInfo:
        """See OcrEngine."""
        return self._info

    @property
    def pid(self) -> int | None:
        """Process id of the present child, None between two."""
        child = self._child
        return child.pid if child is not None else None

    def recognize(self, pages: Sequence[Image]) -> list[PageResult]:
        """See OcrEngine. Raises EngineDiedError."""
        answer = self._ask(self._live().child, list(pages), self._timeout_s * max(1, len(pages)))
        relief = answer.relief
        if relief.leave:
            self._in_vain = self._in_vain + 1 if relief.calls <= 1 else 0
            self._let_go()
        self._relieved(relief)
        if answer.failure is not None:
            failure = answer.failure.error
            # of memory, a smaller batch takes less
            short = None if isinstance(failure, MemoryError) else shortage_in(str(failure))
            raise failure if short is None else short.error(str(failure))
        return list(answer.results)

    def release(self) -> None:
        """See OcrEngine."""
        if self._child is not None:
            with contextlib.suppress(EngineDiedError):  # a dead child has given back everything
                self._ask(self._child, None, self._start_timeout_s)

    def close(self) -> None:
        """See OcrEngine."""
        self._closed = True
        self._drop()

    def _ask(self, child: ChildProcess, pages: list[Image] | None, timeout_s: float) -> Answer:
        try:
            end = deadline(timeout_s, child.pid)
            child.send_by(pages, end)
            answer = child.receive_message(CODEC, bounds(len(pages or ())), end)
            if not isinstance(answer, Answer):
                raise ChildAnswerError("it is not what was asked for")
            check(answer)
        except ChildTimeoutError as error:
            self._drop()
            self._lost(str(error))
            raise EngineDiedError("ocr.timeout", str(error)) from error
        except ChildDiedError as error:
            self._drop()
            if not self._closed:
                self._lost(str(error))
            raise EngineDiedError("ocr.crashed", str(error)) from error
        except MemoryError as error:  # it is this process that has none: the engine's own comes as an answer
            self._drop()
            raise MEMORY.error("The driver has none for pages, or for what was found on them.") from error
        except FrameError as error:
            self._drop()
            self._lost(str(ChildAnswerError(str(error))))
            raise EngineDiedError("ocr.crashed", str(ChildAnswerError(str(error)))) from error
        return answer

    def _let_go(self) -> None:
        """Let the child end by itself and give everything back; the next call starts a fresh one."""
        child, self._child = self._child, None
        if child is not None:
            child.close()

    def _drop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child = None

    def abort(self) -> None:
        """Make whatever goes on in the child fail, and let no other child start; from any thread."""
        self._closed = True
        child = self._child
        if child is not None:
            child.stop()

    def _live(self) -> _Live:
        if self._closed:
            raise RuntimeError("the engine was closed")
        if self._child is not None:
            return _Live(self._child, self._info)
        if self._in_vain >= MOST_IN_VAIN:
            raise too_large_for_any_batch(self._limits.most_mb)
        live = despite_shortage(self._start, at_start=True)
        self._child, self._info = live.child, live.info
        return live

    def _start(self) -> _Live:
        from actors.threads import thread_environment

        try:
            child = ChildProcess(
                "actors.engines.child:serve",
                (self._config, self._models, self._threads, self._limits),
                env=thread_environment(self._threads),
                base=engine_environment(os.environ),
                watches_itself=True,
            )
        except ChildDiedError as error:
            raise _not_started(error) from error
        try:
            answer = child.receive_message(CODEC, bounds(1), deadline(self._start_timeout_s, child.pid))
        except (ChildDiedError, ChildTimeoutError) as error:
            child.kill()
            raise _not_started(error) from error
        except BaseException:
            child.kill()
            raise
        if not isinstance(answer, EngineInfo):
            child.kill()
            raise answer.error if isinstance(answer, Refused) else RuntimeError("no engine answers so")
        return _Live(child, answer)


def _not_started(error: ChildDiedError | ChildTimeoutError) -> Exception:
    """Why the engine's process did not begin: for a shortage, which may pass, or for good."""
    tail = error.stderr_tail.splitlines()[-1:] if isinstance(error, ChildDiedError) else []
    why = " ".join([f"The engine's process {error}.", *tail])
    shortage = shortage_in(error.stderr_tail) if isinstance(error, ChildDiedError) else None
    if shortage is not None:
        return ShortageMetError(shortage, why)
    return IncompleteError(
        "The engine could not be started.", why, "Check memory, and try another engine.runtime."
    )


@dataclass(frozen=True, slots=True)
class _Live:
    """A child that is ready, and what it said of its engine."""

    child: ChildProcess
    info: EngineInfo


def serve(
    conn: Connection, config: EngineConfig, models: ModelsConfig, threads: int, limits: MemoryLimits
) -> None:
    """The child's side: build the engine, on the cards that this process was made to see if it has a share of
    one, and on none else; then answer batches until the pipe closes. None in place of a batch asks for a
    release."""
    from actors.claim import claim_device, confirm
    from actors.engines import build_engine
    from actors.gauge import Gauge
    from actors.threads import limit_threads

    begin_engine(on_card=config.device != "cpu" and bool(limits.card_share))
    watch_parent()
    limit_threads(threads)
    try:
        settings = config.model_copy(update={"threads": threads})
        claim = claim_device(settings, _visible() if limits.card_share else (), limits.card_share)
        engine = build_engine(claim.engine, models, gpu_memory_mb=claim.cap_mb)
        confirm(claim)
        governor = Governor(engine, limits, Gauge(limits.card_share))
    except RayocrError as error:
        send_message(conn, CODEC, Refused.of(error))
        return
    except Exception as error:  # noqa: BLE001 - whatever a library raises must reach the parent in words
        words = in_words(error)
        short = shortage_of(error, at_start=True)
        refusal = short.error(words) if short else IncompleteError("The engine could not be built.", words)
        send_message(conn, CODEC, Refused.of(refusal))
        return
    if not limits.card_share:  # what a card's driver and its libraries call was never looked at
        confine_engine()
    send_message(conn, CODEC, engine.info)
    with contextlib.closing(engine):
        while True:
            send_message(conn, CODEC, _answer(engine, governor, receive_object(conn)))


def _visible() -> list[str]:
    """The cards that are named for this process; none where it would see all of the machine's."""
    names = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return [name.strip() for name in names if name.strip()]


def _answer(engine: OcrEngine, governor: Governor, pages: Sequence[Image] | None) -> Answer:
    if pages is None:
        engine.release()
        return Answer((), Relief())
    results, failure = _results(engine, pages)
    del pages
    return Answer(tuple(results), governor.look(), failure)


def _results(engine: OcrEngine, pages: Sequence[Image]) -> tuple[list[PageResult], Failure | None]:
    try:
        return engine.recognize(pages), None
    except MemoryError as error:
        return [], Failure(True, str(error))
    except Exception as error:  # noqa: BLE001 - the parent decides what an engine's error means
        return [], Failure(False, f"{type(error).__name__}: {error}")
