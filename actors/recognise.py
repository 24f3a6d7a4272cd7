"""The recognise stage: pages in, the same pages with their text out; no page takes others along."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from actors.contracts import Fault, OcrEngine, Page, PageResult
from actors.errors import ERROR_CODES, EngineDiedError, RayocrError
from actors.journal import Deaths, Identity, Journal
from actors.rows import Recognised

Guard = Callable[[Sequence[Identity]], AbstractContextManager[object]]
"""Watches an engine while it works on these pages (see actors.watchdog)."""


def unguarded(_pages: Sequence[Identity]) -> AbstractContextManager[object]:
    """The guard of an engine that watches over itself."""
    return nullcontext()


def recognise(
    pages: Sequence[Page], engine: OcrEngine, journal: Journal, guard: Guard = unguarded
) -> list[Recognised]:
    """Recognise pages; one result a page, in order. Pages that came with a fault keep it.

    Pages that were open in the journal when a process died are run alone, after the others; one that
    died alone too is quarantined (`ocr.crashed`, `ocr.timeout`). An engine that raises, or answers with
    another number of results than it got pages, is asked again page by page.
    """
    done = {
        index: Recognised(page, PageResult(), attempts=0)
        for index, page in enumerate(pages)
        if page.decoded.fault
    }
    while waiting := [index for index in range(len(pages)) if index not in done]:
        deaths = journal.deaths([pages[index].identity for index in waiting])
        group = [index for index in waiting if pages[index].identity not in deaths] or waiting[:1]
        history = deaths.get(pages[group[0]].identity, Deaths())
        identities = [pages[index].identity for index in group]
        if history.quarantined:  # it stays in the journal: a replay of this batch must not try it again
            given_up = _quarantined(history)
            done[group[0]] = Recognised(pages[group[0]], given_up, attempts=history.total)
            continue
        journal.note(identities)
        try:
            with guard(identities):
                answers = _attempt([pages[index] for index in group], engine, history.total + 1)
        except EngineDiedError as death:
            journal.blame(identities, death.cause)
            continue
        journal.strike(identities)
        done.update(zip(group, answers, strict=True))
    return [done[index] for index in range(len(pages))]


def _attempt(group: Sequence[Page], engine: OcrEngine, attempts: int) -> list[Recognised]:
    started = time.perf_counter()
    results = _ask(group, engine)
    if isinstance(results, Fault) and len(group) > 1:
        return [_attempt([page], engine, attempts + 1)[0] for page in group]
    if isinstance(results, Fault):
        results = [PageResult(fault=results)]
    share = (time.perf_counter() - started) * 1000 / len(group)
    return [Recognised(page, result, share, attempts) for page, result in zip(group, results, strict=True)]


def _ask(group: Sequence[Page], engine: OcrEngine) -> list[PageResult] | Fault:
    try:
        results = engine.recognize([image for page in group if (image := page.decoded.image) is not None])
    except (EngineDiedError, RayocrError):
        raise
    except MemoryError as error:
        return Fault("ocr.out_of_memory", f"the engine ran out of memory: {error}")
    except Exception as error:  # noqa: BLE001 - an engine's bug belongs to the page, not to the run
        return Fault("ocr.failed", f"{type(error).__name__}: {error}")
    if len(results) != len(group):
        return Fault("ocr.failed", f"the engine gave {len(results)} results for {len(group)} pages")
    return results


def _quarantined(history: Deaths) -> PageResult:
    meaning = ERROR_CODES[history.cause].meaning
    message = f"{meaning} It was started {history.total} times, {history.alone} of them alone."
    return PageResult(fault=Fault(history.cause, message))
