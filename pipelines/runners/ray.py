"""The runner on Ray Data: a laptop, a cluster, or inside `ray job submit`, with the same code."""

from __future__ import annotations

import logging
import os
import queue
import signal
import sys
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from actors.contracts import DocRef, OcrEngine, Receipt
from actors.errors import ERROR_CODES, ConfigError, IncompleteError, RayocrError
from actors.governor import MOST_IN_VAIN, too_large_for_any_batch
from actors.journal import Deaths, Identity, MemoryJournal, SoFar
from actors.portions import Portion
from actors.watchdog import EXIT_CODE
from pipelines import ocr
from pipelines.job import Job
from pipelines.machine import Machine, Node, on_cluster
from pipelines.plan import Plan
from pipelines.progress import Progress
from pipelines.stages import Recogniser, receipts_from_table

if TYPE_CHECKING:
    import pyarrow as pa

    from actors.claim import CardUse, Claim
    from actors.gauge import Usage

_POLL_S = 0.5

_STARTS = 3
"""How often each engine may be begun before the first is ready: Ray restarts a dead actor for ever."""

_HANDED_OVER_S = 0.5
"""How long a process that leaves waits, so that its last task's answer is on its way; were it lost, Ray would
have the task done again."""

_STDERR = 2

_RAY_ENVIRONMENT = {
    # The raylet kills workers that idle for a second beyond one a CPU; with actors holding those, every
    # decode task would start a process, which cost a third of a two-core machine.
    "RAY_num_workers_soft_limit": "{soft_limit}",
    "RAY_idle_worker_killing_time_threshold_ms": "600000",
    "RAY_DATA_DISABLE_PROGRESS_BARS": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
}
"""Set before `ray.init` starts a Ray of our own."""

_NOTHING_TO_SHOW = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_metrics_collection": "0",
    "RAY_task_events_report_interval_ms": "0",
    "RAY_event_stats": "0",
}
"""Set where Ray is ours alone: figures and events for a dashboard, which it lacks, are 3 CPU s a minute."""


class RayRunner:
    """See Runner. The driver is this process; where Ray is our own, RayProcessRunner gives it another."""

    def receipts(self, refs: Sequence[DocRef], job: Job, plan: Plan, progress: Progress) -> Iterator[Receipt]:
        """See Runner."""
        import ray

        progress.phase("ray", "connecting to Ray" if on_cluster() else "starting Ray")
        with _no_chatter():
            joined = is_joined()
            connect(plan)
            try:
                progress.phase("engines", "starting engines")
                set_limits(job.start_timeout_s, engines_first=joined)
                journal = start_journal()
                arguments = {"job": job, "journal": ActorJournal(journal)}
                pages = ocr.pages(ocr.documents(refs, plan), job, plan)
                rows = ocr.rows(pages, plan, RayRecogniser, arguments)
                yield from _Stream(ocr.receipts(rows, job, plan), journal, job, plan, progress)
            except ray.exceptions.RayError as error:
                raise _explain(error) from error
            finally:
                disconnect()


class RayRecogniser:
    """The pool's actor under Ray: takes the device that Ray gave it, then builds its engine.

    A process that has outgrown its memory ends when the next task comes, and Ray starts a fresh one, which
    gets that task. `ray.actor.exit_actor` would not do: such an actor is not started again, and what waits
    for it fails. Within a task it goes on, since a task that is cut off is done again from its beginning.
    """

    def __init__(self, job: Job, journal: ActorJournal) -> None:
        journal.engine_starts()
        try:
            self._portion = Portion(journal.portion())
            self._claim, engine = _engine(job)
            self._recogniser = Recogniser(job, engine, journal, self._portion)
        except RayocrError as error:
            journal.engine_is_refused(error)
            raise
        except Exception as error:
            journal.engine_is_refused(
                IncompleteError("The engine could not be built.", f"{type(error).__name__}: {error}")
            )
            raise
        journal.engine_is_ready()
        self._journal = journal
        self._halvings = 0
        self._task = ""
        self._fullest: Usage | None = None

    def __call__(self, pages: pa.Table) -> Iterator[pa.Table]:
        """Pages to rows, one a page, in order.

        An iterator, since Ray Data calls this in a thread of its own and iterates in the task's, which is the
        one that knows its task.
        """
        import ray

        task = ray.get_runtime_context().get_task_id() or ""
        if self._recogniser.outgrown and task != self._task:
            self._leave(self._recogniser.outgrown.calls)
        self._task = task
        rows = self._recogniser(pages)
        if self._portion.halvings > self._halvings:
            self._journal.batches_shrink(self._portion.halvings - self._halvings, self._portion.limit)
            self._halvings = self._portion.halvings
        self._tell_of_the_card()
        yield rows

    def _tell_of_the_card(self) -> None:
        """Note what the engine takes of its card, when that is more than it was."""
        import ray

        from actors.claim import card_use

        if self._recogniser.fullest is not self._fullest:
            self._fullest = self._recogniser.fullest
            name = ray.get_runtime_context().get_actor_id() or ""
            use = card_use(self._claim, name, self._fullest)
            if use is not None:
                self._journal.card_fills(use)

    def _leave(self, calls: int) -> NoReturn:
        """End this process: no page is noted as open now, so none is blamed."""
        try:
            self._journal.engine_leaves(calls)
            self._recogniser.close()
            time.sleep(_HANDED_OVER_S)
        finally:
            os._exit(EXIT_CODE)


def _engine(job: Job) -> tuple[Claim, OcrEngine]:
    """The engine of this worker, on the device that Ray gave it, within its share of it. Raises
    RayocrError."""
    import ray

    from actors.claim import claim_device, confirm, log_to_stderr
    from actors.engines import build_engine
    from actors.engines.fingerprint import check_fingerprint
    from actors.threads import limit_threads

    limit_threads(job.threads)
    log_to_stderr()
    accelerators = ray.get_runtime_context().get_accelerator_ids().get("GPU", [])
    config = job.engine.model_copy(update={"threads": job.threads})
    claim = claim_device(config, accelerators, job.memory.card_share)
    engine = build_engine(claim.engine, job.models, gpu_memory_mb=claim.cap_mb)
    confirm(claim)
    check_fingerprint(engine.info, job.decode, job.layout, job.fingerprint)
    return claim, engine


class ActorJournal:
    """`Journal` over the small zero-CPU actor beside the driver, which outlives the engines' processes."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def engine_starts(self) -> None:
        """See MemoryJournal."""
        _get(self._actor.engine_starts.remote())

    def engine_is_ready(self) -> None:
        """See MemoryJournal."""
        _get(self._actor.engine_is_ready.remote())

    def engine_is_refused(self, error: RayocrError) -> None:
        """See MemoryJournal."""
        _get(self._actor.engine_is_refused.remote(error))

    def batches_shrink(self, times: int, limit: int | None) -> None:
        """See MemoryJournal."""
        _get(self._actor.batches_shrink.remote(times, limit))

    def portion(self) -> int | None:
        """See MemoryJournal."""
        pixels: int | None = _get(self._actor.portion.remote())
        return pixels

    def engine_leaves(self, calls: int) -> None:
        """See MemoryJournal."""
        _get(self._actor.engine_leaves.remote(calls))

    def card_fills(self, use: CardUse) -> None:
        """See MemoryJournal."""
        _get(self._actor.card_fills.remote(use))

    def note(self, pages: Sequence[Identity]) -> None:
        """See Journal."""
        _get(self._actor.note.remote(pages))

    def strike(self, pages: Sequence[Identity]) -> None:
        """See Journal."""
        _get(self._actor.strike.remote(pages))

    def deaths(self, pages: Sequence[Identity]) -> Mapping[Identity, Deaths]:
        """See Journal."""
        answer: Mapping[Identity, Deaths] = _get(self._actor.deaths.remote(pages))
        return answer

    def blame(self, pages: Sequence[Identity], cause: str, how: str = "") -> None:
        """See Journal."""
        _get(self._actor.blame.remote(pages, cause, how))


def is_joined() -> bool:
    """Whether a Ray is there that is not ours: a job's, one that the environment names, or one that this
    process started itself."""
    ray = sys.modules.get("ray")
    return on_cluster() or (ray is not None and bool(ray.is_initialized()))


def connect(plan: Plan | None = None) -> None:
    """Join the cluster that is there, or start a Ray of our own on this machine.

    In a job, or with an address in the environment, nothing but `ray.init()` works (a shape or an
    address given there fails the job).
    """
    import ray

    if ray.is_initialized():
        return
    quiet: dict[str, Any] = {"logging_level": "error", "log_to_driver": False}
    if on_cluster():
        try:
            ray.init(**quiet)
        except Exception as error:
            raise ConfigError(
                "The Ray cluster cannot be joined.",
                f"{type(error).__name__}: {error}".splitlines()[0],
                "Check RAY_ADDRESS and the token (docs/operating.md); unset it to use this machine.",
            ) from error
    else:
        for name, value in _environment(_RAY_ENVIRONMENT, plan).items():
            os.environ[name] = value
        from pipelines.machine import this_machine

        node = this_machine().nodes[0]
        shape = {"num_cpus": int(node.cpus), "object_store_memory": _object_store_bytes(node)}
        shape |= _gpu_shape()
        _start(address="local", include_dashboard=False, configure_logging=True, **shape, **quiet)
    _silence()


def own_environment(plan: Plan) -> dict[str, str]:
    """What the environment of a process lacks that drives a Ray of its own and nothing else. To be set before
    `ray` is imported there, which is when its core reads it."""
    return _environment(_RAY_ENVIRONMENT | _NOTHING_TO_SHOW, plan)


def _environment(settings: Mapping[str, str], plan: Plan | None) -> dict[str, str]:
    """Those that the environment does not have yet."""
    cpus = os.cpu_count() or 1
    workers = (plan.count("actors") + plan.count("decode_tasks") + 4) if plan else cpus + 4
    return {
        name: value.format(soft_limit=max(workers, cpus))
        for name, value in settings.items()
        if name not in os.environ
    }


def _gpu_shape() -> dict[str, int]:
    """GPUs of a Ray of our own: those that the plan counts. Ray by itself counts cards, and finds MIG slices
    only where they are named to it."""
    from pipelines.nvidia import visible_gpus, visible_slices

    gpus = visible_gpus()
    slices = visible_slices(gpus)
    if slices is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = slices
    return {"num_gpus": len(gpus)} if gpus else {}


def _start(**options: Any) -> None:
    """Start a Ray of our own. On a machine that is busy its processes may not be up within Ray's 30 s
    (ray/_private/node.py), so it gets a second chance. Raises IncompleteError."""
    import ray

    for last in (False, True):
        try:
            with _own_sigterm():
                ray.init(**options)
        except Exception as error:
            ray.shutdown()
            if last:
                raise IncompleteError(
                    "Ray could not be started on this machine.",
                    f"{type(error).__name__}: {error}".splitlines()[0],
                    "Run the same command again when the machine is less busy; --runner inline needs no Ray.",
                ) from error
        else:
            return


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Ray's handler of SIGTERM ends the process with what is in hand: not after this."""
    mine = threading.current_thread() is threading.main_thread()
    handler = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if mine:
            signal.signal(signal.SIGTERM, handler)


def disconnect() -> None:
    """Leave the cluster; a Ray of our own ends with it."""
    import ray

    ray.shutdown()


def set_limits(start_timeout_s: float, *, engines_first: bool = True) -> None:
    """Let Ray Data end what would otherwise hang: a stream that stands still, engines that never start.

    `engines_first`: nothing else starts until all engines are ready, so that on a cluster no task takes the
    only node that an engine fits on, and nobody else need watch their start. In a Ray of our own all fit at
    once (see `check_cpu_rule`), and decoders start beside engines whose start the run watches.
    """
    import ray.data

    context = ray.data.DataContext.get_current()
    context.wait_for_min_actors_s = int(start_timeout_s) if engines_first else -1
    context.execution_no_progress_timeout_s = int(start_timeout_s) + 3600


def cluster_machine() -> Machine:
    """The nodes of the cluster that this process is connected to."""
    import ray

    nodes = []
    for node in ray.nodes():
        if node["Alive"]:
            resources = node["Resources"]
            memory_mb = int(resources.get("memory", 0)) >> 20
            nodes.append(Node(resources.get("CPU", 0.0), memory_mb, resources.get("GPU", 0.0)))
    return Machine(tuple(nodes), cluster=True)


def _object_store_bytes(node: Node) -> int:
    """A quarter of the memory, at most 8 GB and at most what /dev/shm can hold."""
    import shutil

    wanted = min(node.memory_mb << 18, 8 << 30)
    try:
        wanted = min(wanted, int(shutil.disk_usage("/dev/shm").free * 0.9))
    except OSError:
        return max(wanted, 80 << 20)
    return max(wanted, 80 << 20)


def _silence() -> None:
    """Leave the chatter of Ray's Python in its log files."""
    import ray.data

    warnings.filterwarnings("ignore", module=r"(ray|pipelines)\.")
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False


@contextmanager
def _no_chatter() -> Iterator[None]:
    """Keep what Ray's threads and its C++ code print off our streams; the progress line holds its own.

    Descriptor 2 is silenced only where this program does not print on it itself (see
    rayocr.cli.console.own_stderr).
    """
    kept = os.dup(_STDERR) if _prints_elsewhere() else None
    try:
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
            if kept is not None:
                os.dup2(nowhere.fileno(), _STDERR)
            yield
    finally:
        if kept is not None:
            os.dup2(kept, _STDERR)
            os.close(kept)


def _prints_elsewhere() -> bool:
    try:
        return sys.stderr.fileno() not in (_STDERR, -1)
    except (OSError, ValueError):  # a stream without a descriptor, as in a notebook or under pytest
        return False


def start_journal() -> Any:
    """Start the run's journal as a zero-CPU actor; it lives as long as somebody holds what is returned."""
    import ray

    return ray.remote(num_cpus=0, max_restarts=0)(MemoryJournal).remote()


def _get(reference: Any) -> Any:
    import ray

    return ray.get(reference)


class _Stream:
    """Receipts as Ray delivers them, while somebody watches the clock and the stop button."""

    def __init__(self, staged: Any, journal: Any, job: Job, plan: Plan, progress: Progress) -> None:
        self._staged = staged
        self._journal = journal
        self._job = job
        self._progress = progress
        self._messages: queue.Queue[pa.Table | BaseException | None] = queue.Queue()
        self._silence_s = job.page_timeout_s * plan.count("batch_pages") * 3 + job.start_timeout_s
        self._most_starts = plan.count("actors") * _STARTS
        self._most_in_vain = plan.count("actors") * MOST_IN_VAIN
        self._begun = self._last_sign = time.monotonic()
        self._struck = 0
        self._relief = (0, 0)

    def __iter__(self) -> Iterator[Receipt]:
        import ray

        threading.Thread(target=self._consume, name="ray-data", daemon=True).start()
        while not self._progress.stop.is_set() or not self._messages.empty():
            try:
                message = self._messages.get(timeout=_POLL_S)
            except queue.Empty:
                try:
                    self._watch()
                except (ray.exceptions.RayError, TimeoutError) as error:
                    raise self._explain(error) from error
                continue
            if message is None:
                self._watch_memory(self._so_far())
                return
            if isinstance(message, BaseException):
                raise self._explain(message) from message
            self._last_sign = time.monotonic()
            for receipt in receipts_from_table(message):
                self._progress.at_least(self._progress.counts.published + receipt.rows)
                self._progress.advance(0, failed=receipt.failed)
                yield receipt

    def _consume(self) -> None:
        try:
            batches = self._staged.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0)
            for batch in batches:
                self._messages.put(batch)
            self._messages.put(None)
        except BaseException as error:  # noqa: BLE001 - it is raised again in the driver's own thread
            self._messages.put(error)

    def _watch(self) -> None:
        """Show what the journal counts, and end a run of which nothing was heard for too long."""
        so_far = self._so_far()
        if so_far.working_s:
            self._progress.started(ago_s=so_far.working_s)
        if so_far.struck != self._struck:
            self._struck, self._last_sign = so_far.struck, time.monotonic()
            self._progress.at_least(so_far.struck)
        self._watch_memory(so_far)
        self._watch_starts(so_far)
        if time.monotonic() - self._last_sign > self._silence_s:
            raise IncompleteError(
                f"Nothing was heard of the run for {self._silence_s:.0f} s.",
                "No page was recognised and no file was staged; a worker or a node hangs.",
                "Run the same command again: it goes on where it stopped. Ray's logs say more.",
            )

    def _explain(self, error: BaseException) -> RayocrError:
        """In the engine's own words if it could not be built, else in ours."""
        import ray

        try:
            refusal: RayocrError | None = ray.get(self._journal.refusal.remote(), timeout=10)
        except (ray.exceptions.RayError, TimeoutError):
            refusal = None
        return refusal or _explain(error)

    def _watch_starts(self, so_far: SoFar) -> None:
        """End a run whose engines die while they are built, or of which none is ever ready. One that hangs
        beside others that work is waited for: they do its share."""
        if so_far.starts > self._most_starts:
            raise IncompleteError(
                "No engine can be started.",
                f"Their processes died {self._most_starts} times while they built it.",
                "Check memory and the runtime; --runner inline shows what they print last.",
            )
        if not so_far.ready and time.monotonic() - self._begun > self._job.start_timeout_s:
            late = IncompleteError(
                f"No engine was ready within {self._job.start_timeout_s:g} s.",
                f"Starts of an engine so far: {so_far.starts}; it takes long, hangs, or its process dies.",
                "Give them longer (resources.actor_start_timeout_s), or see why with --runner inline.",
            )
            raise self._explain(late)

    def _so_far(self) -> SoFar:
        import ray

        told: SoFar = ray.get(self._journal.so_far.remote(), timeout=60)
        return told

    def _watch_memory(self, so_far: SoFar) -> None:
        """Count what was done for lack of memory, and end a run whose engines never have enough."""
        shrunk, replaced = self._relief
        self._progress.relieved(so_far.shrunk - shrunk, so_far.replaced - replaced)
        self._relief = (so_far.shrunk, so_far.replaced)
        if self._job.memory.card_share:
            self._progress.cards(so_far.cards)
        if so_far.in_vain >= self._most_in_vain:
            raise too_large_for_any_batch(self._job.memory.most_mb)


def _explain(error: BaseException) -> RayocrError:
    """Ray's error in our words: the engine's own cause if there is one, no traceback."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, RayocrError):
            return cause
        inner = getattr(cause, "cause", None)
        cause = inner if isinstance(inner, BaseException) else cause.__cause__
    text = str(error).strip()
    lines = [line for line in text.splitlines() if line.strip()]
    return IncompleteError(
        f"Ray ended the run: {type(error).__name__}.",
        lines[-1].strip() if lines else ERROR_CODES["ocr.crashed"].meaning,
        "Run the same command again: it goes on where it stopped. Ray's logs say more.",
    )
