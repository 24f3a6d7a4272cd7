"""Publishing: the driver alone moves whole staged files into `pages/`, while it holds the lock."""

from __future__ import annotations

from actors.contracts import Receipt
from actors.errors import IncompleteError
from pipelines.ledger import PAGES
from pipelines.lock import RunLock
from pipelines.store import Store

STAGING = "_staging"


class Publisher:
    """Makes staged files part of the output. Ray hands the driver each receipt once, so that a repeated
    or late writer leaves rubbish in staging and never a page twice."""

    def __init__(self, store: Store, lock: RunLock, run_id: str) -> None:
        self._store = store
        self._lock = lock
        self._run_id = run_id

    def publish(self, receipt: Receipt) -> str:
        """Move the receipt's file into `pages/` and return its path there.

        Raises IncompleteError if the lock was lost, or if the staged file is gone.
        """
        if not self._lock.still_held():
            raise IncompleteError(
                "The run lost its lock on the output.",
                f"Another run holds {self._store.location('_lock.json')}, or this one was paused for too long.",
                "Nothing was published without it. Run the same command again when the other run is over.",
            )
        target = f"{PAGES}/{receipt.path.rpartition('/')[2]}"
        try:
            self._store.move(receipt.path, target)
        except FileNotFoundError as error:
            raise IncompleteError(
                f"The staged file {receipt.path} is gone.",
                "Somebody removed it, or workers and driver do not see the same output.path.",
                "On a cluster output.path must be a bucket or a disk that all nodes share.",
            ) from error
        return target

    def sweep(self) -> int:
        """Remove what earlier runs left in staging: whoever holds the lock is the only run. Returns how
        many files that were."""
        stale = self._store.list(STAGING)
        for entry in stale:
            self._store.delete(entry.path)
        return len(stale)
