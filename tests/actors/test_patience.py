"""One deadline for all of a message: who always has one more byte meets it as well."""

from __future__ import annotations

import os
import time

import pytest

from actors.deadline import deadline
from actors.patience import Patience
from actors.process_errors import ChildTimeoutError


def test_a_pipe_that_never_runs_dry() -> None:
    endless = os.open("/dev/zero", os.O_RDONLY)
    try:
        patience = Patience(endless, deadline(0.3))
        give_up = time.monotonic() + 20
        with pytest.raises(ChildTimeoutError):
            while time.monotonic() < give_up:
                patience.fill(memoryview(bytearray(1)))
    finally:
        os.close(endless)


def test_a_closed_pipe_is_an_end() -> None:
    here, there = os.pipe()
    os.close(there)
    try:
        with pytest.raises(EOFError):
            Patience(here, deadline(5)).fill(memoryview(bytearray(1)))
    finally:
        os.close(here)
