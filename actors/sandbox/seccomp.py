"""Filters of system calls, as programs of classic BPF: an allow-list for decoders, a deny-list for engines.

What is refused answers EPERM, so that a library that only tried goes on; `clone3` answers ENOSYS, for the C
library then takes `clone`, whose flags a filter can see. Sources: seccomp(2), seccomp_filter.rst.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from actors.sandbox import kernel
from actors.sandbox.calls import BY_ARGUMENT, DECODING, OUTWARD, SECCOMP, Machine, Numbers, number

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
"""Instructions of classic BPF: BPF_LD|W|ABS, BPF_JMP|JEQ|K, |JGE|K, |JSET|K, BPF_ALU|AND|K, BPF_RET|K."""

_NUMBER_AT, _MACHINE_AT, _ARGUMENTS_AT = 0, 4, 16
"""Places in struct seccomp_data; of an argument's 64 bits the lower half comes first on both machines."""

_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""AUDIT_ARCH_X86_64 and AUDIT_ARCH_AARCH64: other numbers of calls hold for a 32-bit program."""

_X32 = 0x40000000
"""Calls of the x32 table have this bit, and other numbers behind it."""

_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_REFUSE, _UNKNOWN = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS

_SET_FILTER, _ALL_THREADS, _ACTION_KNOWN = 1, 1, 2

_CLONE_THREAD = 0x00010000
_WRITING = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | os.O_APPEND | 0o20000000
"""Flags with which a file is opened to be changed; the last is __O_TMPFILE."""

_TERMINAL_AND_INHERITANCE = (0x5401, 0x5450, 0x5451)
"""TCGETS (Python asks it of what it opens), FIONCLEX, FIOCLEX."""

_FD_FLAGS = (0, 1, 2, 3, 1030)
"""F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC. F_SETOWN would send signals to others."""

_NAMES = (15, 16, 0x53564D41)
"""PR_SET_NAME, PR_GET_NAME, PR_SET_VMA (the C library names its memory)."""

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, operand."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """Allow a call by one argument: it is one of `values`, or has all bits of `needs`, or none of `lacks`."""

    argument: int
    values: Sequence[int] = ()
    needs: int = 0
    lacks: int = 0

    def program(self) -> list[Instruction]:
        load: Instruction = (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * self.argument)
        allow: Instruction = (_RETURN, 0, 0, _ALLOW)
        refuse: Instruction = (_RETURN, 0, 0, _REFUSE)
        if self.lacks:
            return [load, (_ANY_BIT, 1, 0, self.lacks), allow, refuse]
        if self.needs:
            return [load, (_AND, 0, 0, self.needs), (_EQUAL, 0, 1, self.needs), allow, refuse]
        tests = [part for value in self.values for part in ((_EQUAL, 0, 1, value), allow)]
        return [load, *tests, refuse]


def decoder_filter(machine: Machine, pid: int) -> list[Instruction]:
    """Everything is refused but what decoding needs. Files can be opened to be read (see landlock), threads
    be started (libheif does), and memory be made executable (ctypes does, for pdfium to call Python)."""
    rules = {
        **_own_process(pid),
        "openat": _Rule(2, lacks=_WRITING),
        "open": _Rule(1, lacks=_WRITING),
        "clone": _Rule(0, needs=_CLONE_THREAD),
        "fcntl": _Rule(1, _FD_FLAGS),
        "ioctl": _Rule(1, _TERMINAL_AND_INHERITANCE),
        "prctl": _Rule(0, _NAMES),
    }
    return [
        *_prologue(machine),
        *_listed(DECODING, machine, _ALLOW),
        *_ruled(rules, machine),
        *_clone3(machine),
        (_RETURN, 0, 0, _REFUSE),
    ]


def engine_filter(machine: Machine, pid: int) -> list[Instruction]:
    """What reaches out of the process is refused, everything else is allowed: runtimes start threads, and
    read and write files."""
    rules = {**_own_process(pid), "clone": _Rule(0, needs=_CLONE_THREAD)}
    return [
        *_prologue(machine),
        *_listed(OUTWARD, machine, _REFUSE),
        *_ruled(rules, machine),
        *_clone3(machine),
        (_RETURN, 0, 0, _ALLOW),
    ]


def available(machine: Machine) -> bool:
    """Whether the kernel has filters. Changes nothing."""
    action = ctypes.c_uint32(_REFUSE & 0x7FFF0000)
    try:
        kernel.syscall(SECCOMP[machine], _ACTION_KNOWN, 0, ctypes.byref(action))
    except OSError:
        return False
    return True


def install(program: Sequence[Instruction], machine: Machine) -> None:
    """Put a filter on all threads of this process, for ever. Needs NO_NEW_PRIVS. Raises OSError."""
    code = b"".join(struct.pack("<HBBI", *instruction) for instruction in program)
    held = ctypes.create_string_buffer(code, len(code))
    head = _Program(len(program), ctypes.cast(held, ctypes.c_void_p))
    answer = kernel.syscall(SECCOMP[machine], _SET_FILTER, _ALL_THREADS, ctypes.byref(head))
    if answer:
        raise OSError(errno.EBUSY, f"the thread {answer} has a filter of its own")


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def _prologue(machine: Machine) -> list[Instruction]:
    """End a process that calls by another table of numbers, and leave the number of the call."""
    other_table = [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _UNKNOWN)] if machine == "x86_64" else []
    return [
        (_LOAD, 0, 0, _MACHINE_AT),
        (_EQUAL, 1, 0, _AUDIT[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        *other_table,
    ]


def _listed(calls: Numbers, machine: Machine, answer: int) -> list[Instruction]:
    numbers = [found for entry in calls.values() if (found := number(entry, machine)) is not None]
    return [part for one in numbers for part in ((_EQUAL, 0, 1, one), (_RETURN, 0, 0, answer))]


def _own_process(pid: int) -> dict[str, _Rule]:
    """Signals and limits for this process alone: abort() and os.kill of oneself must still end it."""
    return {
        "kill": _Rule(0, (pid,)),
        "tgkill": _Rule(0, (pid,)),
        "prlimit64": _Rule(0, (0, pid)),
    }


def _ruled(rules: dict[str, _Rule], machine: Machine) -> list[Instruction]:
    program: list[Instruction] = []
    for name, rule in rules.items():
        found = number(BY_ARGUMENT[name], machine)
        if found is not None:
            block = rule.program()
            program += [(_EQUAL, 0, len(block), found), *block]
    return program


def _clone3(machine: Machine) -> list[Instruction]:
    return _listed({"clone3": BY_ARGUMENT["clone3"]}, machine, _UNKNOWN)
