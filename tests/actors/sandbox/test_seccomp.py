"""The filters' programs, interpreted: for both processors, whatever this machine is."""

from __future__ import annotations

import errno
import struct

import pytest

from actors.sandbox import seccomp
from actors.sandbox.calls import BY_ARGUMENT, DECODING, OUTWARD, number
from actors.sandbox.seccomp import Instruction

ALLOW, KILL = 0x7FFF0000, 0x80000000
REFUSE, UNKNOWN = 0x00050000 | errno.EPERM, 0x00050000 | errno.ENOSYS
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
MACHINES = ("x86_64", "aarch64")
PID = 4711


def answer(
    program: list[Instruction], machine: str, call: int, *arguments: int, audit: int | None = None
) -> int:
    """What the kernel would make of a call: classic BPF over struct seccomp_data."""
    given = (*arguments, *[0] * 6)[:6]
    data = struct.pack("<IIQ6Q", call, AUDIT[machine] if audit is None else audit, 0, *given)
    at = held = 0
    while True:
        code, yes, no, operand = program[at]
        at += 1
        match code:
            case 0x20:
                (held,) = struct.unpack_from("<I", data, operand)
            case 0x54:
                held &= operand
            case 0x15:
                at += yes if held == operand else no
            case 0x35:
                at += yes if held >= operand else no
            case 0x45:
                at += yes if held & operand else no
            case 0x06:
                return operand
            case _:
                raise AssertionError(f"instruction {code:#x}")


def call(machine: str, name: str) -> int:
    found = number({**DECODING, **BY_ARGUMENT, **OUTWARD}[name], machine)
    assert found is not None
    return found


@pytest.mark.parametrize("machine", MACHINES)
def test_what_decoding_needs_is_allowed_and_the_rest_is_not(machine: str) -> None:
    program = seccomp.decoder_filter(machine, PID)
    allowed = {found for entry in DECODING.values() if (found := number(entry, machine)) is not None}
    ruled = {found for entry in BY_ARGUMENT.values() if (found := number(entry, machine)) is not None}
    for one in range(600):
        if one not in ruled:
            assert answer(program, machine, one) == (ALLOW if one in allowed else REFUSE), one
    assert len(program) < 4096  # BPF_MAXINSNS


@pytest.mark.parametrize("machine", MACHINES)
def test_what_is_asked_for_decides(machine: str) -> None:
    program = seccomp.decoder_filter(machine, PID)

    def of(name: str, *arguments: int) -> int:
        return answer(program, machine, call(machine, name), *arguments)

    assert of("openat", 0, 0, 0) == ALLOW
    for flags in (1, 2, 0o100, 0o1000, 0o2000, 0o20000000, 1 | 0o100):
        assert of("openat", 0, 0, flags) == REFUSE
    assert of("kill", PID, 11) == of("tgkill", PID, PID, 6) == ALLOW
    for target in (0, 1, PID + 1, 2**32 - 1, 2**64 - 1):  # 0 and -1 are groups, and everybody
        assert of("kill", target, 9) == REFUSE
    assert of("clone", 0x3D0F00) == ALLOW and of("clone", 17) == REFUSE
    assert of("clone3") == UNKNOWN
    assert of("prlimit64", 0) == ALLOW and of("prlimit64", 1) == REFUSE
    assert of("fcntl", 3, 3) == ALLOW and of("fcntl", 3, 8) == REFUSE
    assert of("ioctl", 0, 0x5401) == ALLOW and of("ioctl", 0, 0x5412) == REFUSE  # TIOCSTI types for its user
    assert of("prctl", 15) == ALLOW and of("prctl", 22) == of("prctl", 4) == REFUSE


@pytest.mark.parametrize("machine", MACHINES)
def test_engines_keep_everything_that_does_not_reach_out(machine: str) -> None:
    program = seccomp.engine_filter(machine, PID)
    for entry in OUTWARD.values():
        found = number(entry, machine)
        assert found is None or answer(program, machine, found) == REFUSE
    assert answer(program, machine, call(machine, "openat"), 0, 0, 0o101) == ALLOW
    assert answer(program, machine, call(machine, "kill"), PID + 1, 9) == REFUSE
    assert answer(program, machine, call(machine, "clone"), 17) == REFUSE
    assert answer(program, machine, call(machine, "clone3")) == UNKNOWN


@pytest.mark.parametrize("build", [seccomp.decoder_filter, seccomp.engine_filter])
def test_other_tables_of_numbers_open_no_way_around(build: object) -> None:
    """A 32-bit call, and one of x32: socket is 41 there too, with a bit."""
    for machine in MACHINES:
        assert answer(build(machine, PID), machine, 0, audit=0x40000003) == KILL
    assert answer(build("x86_64", PID), "x86_64", 0x40000000 | 41) == UNKNOWN


@pytest.mark.parametrize("machine", MACHINES)
def test_no_call_is_in_two_tables(machine: str) -> None:
    numbers = [
        found
        for table in (DECODING, BY_ARGUMENT, OUTWARD)
        for entry in table.values()
        if (found := number(entry, machine)) is not None
    ]
    assert len(numbers) == len(set(numbers))
