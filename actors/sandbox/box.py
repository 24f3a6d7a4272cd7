"""Puts a child into its box, and says what the kernel does not hold it to.

A decoder: before it loads a library it leaves the network; once its libraries are loaded it loses its
privileges, can read fonts and program files alone, and can do what decoding needs and nothing else. An
engine keeps its files and threads, and loses the network, other programs and other processes.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from actors.sandbox import kernel, landlock, seccomp
from actors.sandbox.calls import Machine
from actors.sandbox.namespaces import leave_network
from actors.sandbox.privileges import drop_privileges, hide_memory

_FONTS = (
    "/usr/share/fonts",
    "/usr/share/X11/fonts",
    "/usr/local/share/fonts",
)
"""Where pdfium looks for the fonts that a PDF does not bring along (fx_linux_impl.cpp)."""

_OTHER_SYSTEM = "this system or processor has none of it (Linux on x86-64 and arm64 have)"
_NO_FILTER = "the kernel filters no system calls (seccomp)"
_NO_FILES = "the kernel cannot say which files may be read (Landlock)"
_PRIVILEGES = "privileges cannot be dropped"


@dataclass(frozen=True, slots=True)
class Confinement:
    """What does not hold of the box, in words: nothing where it is whole."""

    lacking: tuple[str, ...] = ()

    def __str__(self) -> str:
        """For a line of the plan."""
        if not self.lacking:
            return "no network, no other program or process, no file but fonts and libraries, none written"
        return "not whole: " + "; ".join(self.lacking)


def possible() -> Confinement:
    """What a decoder's box on this machine would lack. Changes nothing of this process."""
    machine = _machine()
    if machine is None:
        return Confinement((_OTHER_SYSTEM,))
    lacking = []
    if not seccomp.available(machine):
        lacking.append(_NO_FILTER)
    if not landlock.version():
        lacking.append(_NO_FILES)
    return Confinement(tuple(lacking))


def confine_decoder(warm_up: Callable[[], None], watch: Callable[[], None]) -> Confinement:
    """Close the box around this process. `warm_up` loads all that it will need; `watch` starts its threads.

    The order matters. Namespaces are entered while there is one thread; libraries are loaded while files can
    be read and memory be made executable; Landlock holds for threads that are started later, so the watch's
    is; the filter comes last, for it forbids all of this.
    """
    machine = _machine()
    if machine is None:
        warm_up()
        watch()
        return Confinement((_OTHER_SYSTEM,))
    from actors.sandbox.limits import limit_files

    leave_network()
    warm_up()
    lacking = []
    if not _done(drop_privileges, machine) or not _done(hide_memory):
        lacking.append(_PRIVILEGES)
    if not _done(landlock.allow_reading, _readable()):
        lacking.append(_NO_FILES)
    watch()
    limit_files()
    if not _done(seccomp.install, seccomp.decoder_filter(machine, os.getpid()), machine):
        lacking.append(_NO_FILTER)
    return Confinement(tuple(lacking))


def begin_engine(*, on_card: bool) -> None:
    """Before an engine's process starts a thread: no privileges, no core files, nobody who looks into it.

    On a card it may still be looked into, since the card's own tools do.
    """
    machine = _machine()
    if machine is None:
        return
    from actors.sandbox.limits import forbid_core_files

    forbid_core_files()
    _done(drop_privileges, machine)
    if not on_card:
        _done(hide_memory)


def confine_engine() -> None:
    """Once an engine on the CPU has loaded its models: no network, no other program or process."""
    machine = _machine()
    if machine is not None:
        _done(seccomp.install, seccomp.engine_filter(machine, os.getpid()), machine)


def _done(step: Callable[..., None], *arguments: object) -> bool:
    """Whether the kernel did it: an old one, or one within another box, may not."""
    try:
        step(*arguments)
    except OSError:
        return False
    return True


def _machine() -> Machine | None:
    return cast("Machine | None", kernel.machine())


def _readable() -> list[Path]:
    """Fonts, and where Python, its packages and ours lie. Never the working directory: it may be a user's."""
    places = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    here = Path(__file__).resolve().parents[1]
    return [*map(Path, _FONTS), *map(Path, places), Path(sys.base_prefix, "lib"), here]
