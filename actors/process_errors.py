"""How a child process can fail its parent: it died, it is late, or its answer is none."""

from __future__ import annotations

import signal


class ChildDiedError(Exception):
    """The child ended without an answer. `exit_code` is negative for a signal, as in subprocess."""

    def __init__(self, exit_code: int | None, stderr_tail: str) -> None:
        super().__init__(describe_exit(exit_code))
        self.exit_code = exit_code
        self.stderr_tail = stderr_tail


class ChildTimeoutError(Exception):
    """The child gave no answer in time; it is still running and should be killed."""


class ChildAnswerError(ChildDiedError):
    """The child sent something that is no answer. It is ended, and counts as having died of it."""

    def __init__(self, why: str) -> None:
        super().__init__(None, "")
        self.why = why

    def __str__(self) -> str:
        return f"gave an answer that cannot be read: {self.why}"


def describe_exit(exit_code: int | None) -> str:
    """Say in words how a process ended: "Its process ..."."""
    if exit_code is None:
        return "closed its pipe"
    if exit_code < 0:
        try:
            return f"was killed by {signal.Signals(-exit_code).name}"
        except ValueError:
            return f"was killed by signal {-exit_code}"
    return f"exited with code {exit_code}"
