"""A network, a user and shared memory of its own: nothing is there that could be reached."""

from __future__ import annotations

from actors.sandbox import kernel

_CLONE_NEWIPC, _CLONE_NEWUSER, _CLONE_NEWNET = 0x08000000, 0x10000000, 0x40000000
"""include/uapi/linux/sched.h"""


def leave_network() -> bool:
    """Enter a network namespace in which there is not even a loopback; whether the kernel lets us.

    To be called before this process has a second thread: a user namespace is entered alone, or not at all.
    Who has the right needs no user namespace, and where that is forbidden may still have the right.
    """
    for flags in (_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWIPC, _CLONE_NEWNET | _CLONE_NEWIPC):
        try:
            kernel.unshare(flags)
        except OSError:
            continue
        return True
    return False
