"""Rows on their way from the inline engines to their driver: bounded in bytes, and without pictures."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.rows import Recognised, Stamp, rows_table

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class RowBatch:
    """The rows of a batch of pages. `failed`: how many of them have an error; `size`: bytes in memory."""

    table: pa.Table
    failed: int
    size: int

    @property
    def rows(self) -> int:
        """How many there are."""
        return int(self.table.num_rows)


def row_batch(recognised: Sequence[Recognised], stamp: Stamp) -> RowBatch:
    """What was recognised, as rows. Whoever keeps these alone lets the pictures go."""
    failed = sum(one.page.decoded.fault is not None or one.result.fault is not None for one in recognised)
    table = rows_table(recognised, stamp)
    return RowBatch(table, failed, int(table.nbytes))


@dataclass(frozen=True, slots=True)
class Ended:
    """A thread is done; `error` is what ended it, None if its work did."""

    error: BaseException | None = None


class Outbox:
    """What threads have for the driver. Rows wait for room: a slow store holds up engines, fills no memory.

    A batch larger than the whole budget passes when no other waits.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._messages: deque[RowBatch | Ended] = deque()
        self._bytes = 0
        self._closed = False
        self._changed = threading.Condition()

    @property
    def empty(self) -> bool:
        """Whether nothing waits for the driver."""
        return not self._messages

    def put(self, batch: RowBatch) -> bool:
        """Wait for room, then leave a batch; False if nobody will take it any more."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self._bytes or self._bytes + batch.size <= self._max_bytes
            )
            if self._closed:
                return False
            self._messages.append(batch)
            self._bytes += batch.size
            self._changed.notify_all()
            return True

    def end(self, ended: Ended) -> None:
        """Say that a thread ended; never waits."""
        with self._changed:
            self._messages.append(ended)
            self._changed.notify_all()

    def take(self, timeout_s: float) -> RowBatch | Ended | None:
        """What came first, None if nothing comes within `timeout_s` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._messages, timeout_s):
                return None
            message = self._messages.popleft()
            if isinstance(message, RowBatch):
                self._bytes -= message.size
                self._changed.notify_all()
            return message

    def close(self) -> None:
        """Nobody takes any more: whoever waits for room goes on without."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
