"""The runner on Ray Data: a laptop, a cluster, or inside `ray job submit`, with the same code."""

from __future__ import annotations

import logging
import os
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
from actors.errors import ConfigError, IncompleteError, RayocrError
from actors.portions import Portion
from actors.pulse import Pulse
from actors.shortage import in_words
from actors.watchdog import EXIT_CODE
from pipelines import ocr
from pipelines.job import Job
from pipelines.machine import Machine, Node, on_cluster
from pipelines.plan import Plan
from pipelines.progress import Progress
from pipelines.runners.ray_journal import ActorJournal, start_journal
from pipelines.runners.ray_shortage import shortage_at_start
from pipelines.runners.ray_stream import Stream, explain
from pipelines.stages import Recogniser

if TYPE_CHECKING:
    import pyarrow as pa

    from actors.claim import Claim
    from actors.gauge import Usage

_PATIENCE = 10.0
"""Ray's own limits know only the clock, and are the net below the driver's, which knows better."""

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

        progress.when_stopped(lambda counts: f"leaves Ray, and the {counts.at_work} pages at engines, now")
        progress.phase("ray", "connecting to Ray" if on_cluster() else "starting Ray")
        with _no_chatter():
            joined = is_joined()
            connect(plan)
            try:
                progress.phase("engines", "starting engines")
                set_limits(job.start_timeout_s, engines_first=joined, patience=_PATIENCE)
                actor = start_journal()
                journal = ActorJournal(actor)
                pages = ocr.pages(ocr.documents(refs, plan), job, plan, journal.document_opens)
                rows = ocr.rows(pages, plan, RayRecogniser, {"job": job, "journal": journal})
                yield from Stream(ocr.receipts(rows, job, plan), actor, job, plan, progress)
            except ray.exceptions.RayError as error:
                raise explain(error) from error
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
        self._pulse = Pulse(journal)
        self._pulse.start()
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
        self._pulse.idle = True
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
        self._pulse.idle = False
        rows = self._recogniser(pages)
        self._pulse.idle = True
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
                if (short := shortage_at_start(error)) is not None:
                    raise short.error(in_words(error)) from error
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


def set_limits(start_timeout_s: float, *, engines_first: bool = True, patience: float = 1.0) -> None:
    """Let Ray Data end what would otherwise hang: a stream that stands still, engines that never start.

    `engines_first`: nothing else starts until all engines are ready, so that on a cluster no task takes the
    only node that an engine fits on, and nobody else need watch their start. In a Ray of our own all fit at
    once (see `check_cpu_rule`), and decoders start beside engines whose start the run watches. `patience`:
    how many times as long Ray waits, by the clock, where somebody counts better than it.
    """
    import ray.data

    context = ray.data.DataContext.get_current()
    context.wait_for_min_actors_s = int(start_timeout_s * patience) if engines_first else -1
    context.execution_no_progress_timeout_s = int((start_timeout_s + 3600) * patience)


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
    rayocr.cli.streams).
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
