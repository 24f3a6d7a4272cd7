"""Publishing: the driver alone moves whole staged files into `pages/`, while it holds the lock."""

from __future__ import annotations

from actors.contracts import Receipt
from actors.errors import ConfigError, IncompleteError, RayocrError
from actors.shortage import despite_shortage
from pipelines.ledger import PAGES
from pipelines.lock import RunLock
from pipelines.lock_file import LOCK
from pipelines.own_names import is_staged
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
        """Move the receipt's file into `pages/` and return its path there; nothing happens if it was moved.

        Raises IncompleteError if the lock was lost, if the store fails, if the staged file is gone, or if
        another file has its name: nothing that is published is ever overwritten.
        """
        staged = receipt.path
        target = f"{PAGES}/{staged.rpartition('/')[2]}"
        try:
            despite_shortage(lambda: self._publish(staged, target))
        except FileNotFoundError as error:
            raise IncompleteError(
                f"The staged file {staged} is gone.",
                "Somebody removed it, or workers and driver do not see the same output.path.",
                "On a cluster output.path must be a bucket or a disk that all nodes share.",
            ) from error
        except RayocrError:
            raise
        except Exception as error:
            raise self._store_failed(error) from error
        return target

    def _publish(self, staged: str, target: str) -> None:
        """One try; whatever an earlier one did, a further one ends it."""
        self._check_lock()
        if not self._store.exists(target):
            self._store.move(staged, target)
        elif self._store.exists(staged):
            self._finish_move(staged, target)

    def sweep(self) -> int:
        """Remove what earlier runs left in staging: while this one holds the lock, theirs are over. What has
        no name of theirs stays.

        Returns how many files that were. Raises IncompleteError if the lock is not held, or the store fails.
        """
        self._check_lock()
        own = f"{STAGING}/{self._run_id}/"
        try:
            staged = [entry.path for entry in self._store.list(STAGING)]
            stale = [path for path in staged if is_staged(path) and not path.startswith(own)]
            for path in stale:
                self._store.delete(path)
        except Exception as error:
            raise self._store_failed(error) from error
        return len(stale)

    def _check_lock(self) -> None:
        try:
            held = self._lock.still_held()
        except ConfigError:
            raise
        except Exception as error:
            raise self._store_failed(error) from error
        if not held:
            raise IncompleteError(
                "The run lost its lock on the output.",
                f"Another run holds {self._store.location(LOCK)}, or this one was paused for too long.",
                "Nothing was published without it. Run the same command again when the other run is over.",
            )

    def _finish_move(self, staged: str, target: str) -> None:
        """A move that was cut off between copy and delete left both; anything else is no move of ours."""
        if self._store.read(staged) != self._store.read(target):
            raise another_file(self._store, target)
        self._store.delete(staged)

    def _store_failed(self, error: Exception) -> IncompleteError:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return IncompleteError(
            f"The output {self._store.location('')} does not let files be published.",
            f"{type(error).__name__}: {reason}",
            "What is published stays. Run the same command again when the disk or the store is well.",
        )


def another_file(store: Store, path: str) -> IncompleteError:
    """The error where a file that is to be published has the name of another one."""
    return IncompleteError(
        f"{store.location(path)} exists and is another file.",
        "A published file is never overwritten.",
        "Look at both files, remove the wrong one, and run again.",
    )
