"""The recognise stage: pages in, the same pages with their text out; no page takes others along."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from actors.contracts import Fault, Image, OcrEngine, Page, PageResult
from actors.errors import ERROR_CODES, EngineDiedError, RayocrError
from actors.journal import Deaths, Identity, Journal
from actors.portions import Portion
from actors.rows import Recognised
from actors.shortage import MEMORY, in_words, shortage_of

_OUT_OF_MEMORY = "ocr.out_of_memory"

Guard = Callable[[Sequence[Identity]], AbstractContextManager[object]]
"""Watches an engine while it works on these pages (see actors.watchdog)."""


def unguarded(_pages: Sequence[Identity]) -> AbstractContextManager[object]:
    """The guard of an engine that watches over itself."""
    return nullcontext()


def recognise(
    pages: Sequence[Page],
    engine: OcrEngine,
    journal: Journal,
    guard: Guard = unguarded,
    portion: Portion | None = None,
) -> list[Recognised]:
    """Recognise pages; one result a page, in order. Pages that came with a fault keep it.

    Pages that were open in the journal when a process died are run alone, after the others; one that
    died alone too is quarantined (`ocr.crashed`, `ocr.timeout`). An engine that raises, or answers with
    another number of results than it got pages, is asked again page by page. Pages that do not fit together
    are halved, and `portion` learns from it; one that does not fit alone is tried again once the engine has
    given its memory back, then at half its sides, and then failed (`ocr.out_of_memory`).
    """
    portion = portion or Portion()
    tries = [0] * len(pages)
    done = {
        index: Recognised(page, PageResult(), attempts=0)
        for index, page in enumerate(pages)
        if page.decoded.fault
    }
    while waiting := [index for index in range(len(pages)) if index not in done]:
        deaths = journal.deaths([pages[index].identity for index in waiting])
        group = [index for index in waiting if pages[index].identity not in deaths] or waiting[:1]
        history = deaths.get(pages[group[0]].identity, Deaths())
        if history.quarantined:  # it stays in the journal: a replay of this batch must not try it again
            given_up = _quarantined(history)
            done[group[0]] = Recognised(pages[group[0]], given_up, attempts=history.total + tries[group[0]])
            continue
        group = group[: portion.first([pages[index] for index in group])]
        together = [pages[index] for index in group]
        identities = [page.identity for page in together]
        journal.note(identities)
        try:
            with guard(identities):
                answers = _attempt(together, engine)
        except EngineDiedError as death:
            journal.blame(identities, death.cause, str(death))
            continue
        except MemoryError:
            portion.refused(together)
            for index in group:
                tries[index] += 1
            journal.strike(identities)
            continue
        journal.strike(identities)
        if all(answer.attempts == 1 for answer in answers):
            portion.fitted(together)
        for index, answer in zip(group, answers, strict=True):
            done[index] = replace(answer, attempts=answer.attempts + history.total + tries[index])
    return [done[index] for index in range(len(pages))]


def _attempt(group: Sequence[Page], engine: OcrEngine, attempts: int = 1) -> list[Recognised]:
    """What one call gives; page by page if the engine errs. Raises MemoryError if several do not fit."""
    started = time.perf_counter()
    results = _ask([image for page in group if (image := page.decoded.image) is not None], engine)
    if isinstance(results, Fault) and len(group) > 1:
        if results.code == _OUT_OF_MEMORY:
            raise MemoryError(results.message)
        return [_attempt([page], engine, attempts + 1)[0] for page in group]
    if isinstance(results, Fault):
        results = [PageResult(fault=results)]
    shares = _shares(results, (time.perf_counter() - started) * 1000)
    return [
        _smaller(Recognised(page, result, share, attempts), engine)
        for page, result, share in zip(group, results, shares, strict=True)
    ]


def _shares(results: Sequence[PageResult], took_ms: float) -> list[float]:
    """What of a call's time is each page's: as the engine says, the way to it and back in proportion; evenly
    where it cannot tell."""
    told = [result.took_ms for result in results]
    known = [one for one in told if one is not None]
    if len(known) < len(told) or sum(known) <= 0:
        return [took_ms / len(results)] * len(results)
    return [took_ms * one / sum(known) for one in known]


def _smaller(one: Recognised, engine: OcrEngine) -> Recognised:
    """The page as it is recognised after a release, since memory may have been there, though in pieces; if it
    does not fit then either, at half its sides. What fitted is given back as it is."""
    from actors.smaller import halved, scaled_back

    fault, image = one.result.fault, one.page.decoded.image
    if fault is None or fault.code != _OUT_OF_MEMORY or image is None:
        return one
    started = time.perf_counter()
    engine.release()
    results, small, tries = _ask([image], engine), image, one.attempts + 1
    if _refused(results):
        try:
            small = halved(image)
        except MemoryError:
            return one
        results, tries = _ask([small], engine), tries + 1
    took = one.ocr_ms + (time.perf_counter() - started) * 1000
    if isinstance(results, Fault) or _refused(results):
        failed = Fault(_OUT_OF_MEMORY, f"{fault.message} Nor was it recognised at half its sides.")
        return Recognised(one.page, PageResult(fault=failed), took, tries)
    found = results[0] if small is image else scaled_back(results[0], small, image)
    return Recognised(one.page, found, took, tries)


def _refused(results: list[PageResult] | Fault) -> bool:
    """Whether what was asked of a single page failed."""
    return isinstance(results, Fault) or results[0].fault is not None


def _ask(images: Sequence[Image], engine: OcrEngine) -> list[PageResult] | Fault:
    try:
        results = engine.recognize(images)
    except (EngineDiedError, RayocrError):
        raise
    except MemoryError as error:
        return Fault(_OUT_OF_MEMORY, f"The engine ran out of memory: {error}.")
    except Exception as error:
        short = shortage_of(error)
        if short is not None and short is not MEMORY:  # nor does what the machine lacks
            raise short.error(in_words(error)) from error
        return Fault("ocr.failed", f"{type(error).__name__}: {error}")
    if len(results) != len(images):
        return Fault("ocr.failed", f"the engine gave {len(results)} results for {len(images)} pages")
    return results


def _quarantined(history: Deaths) -> PageResult:
    meaning = ERROR_CODES[history.cause].meaning
    message = f"{meaning} It was started {history.total} times, {history.alone} of them alone"
    message += f"; the last time its process {history.how}." if history.how else "."
    return PageResult(fault=Fault(history.cause, message))
