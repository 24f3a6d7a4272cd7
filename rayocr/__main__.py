"""The command `rayocr`: runs a command, turns errors into three lines and an exit code."""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback

import click

from actors.inert import InertFormatter
from actors.signatures import without_queries
from pipelines.interrupt import EXIT_INTERRUPTED, ended_in_time
from rayocr.cli import commands, terminal

EXIT_BUG = 1


def main(arguments: list[str] | None = None) -> None:
    """Entry point. Exit codes: see docs/operating.md."""
    sys.exit(_exit_code(arguments))


def _exit_code(arguments: list[str] | None) -> int:
    if logging.lastResort is not None:  # what prints warnings of ours and of libraries
        logging.lastResort.setFormatter(InertFormatter())
    threading.excepthook = lambda told: _trace(told.exc_value)
    try:
        with ended_in_time():
            result = commands.main(args=arguments, prog_name="rayocr", standalone_mode=False)
    except click.exceptions.Abort:
        return EXIT_INTERRUPTED
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        return _show_usage(error)
    except BrokenPipeError:
        return _quiet_end()
    except Exception as error:  # noqa: BLE001 - the last resort of the program
        return _explain(error)
    return result if isinstance(result, int) else 0


def _show_usage(error: click.ClickException) -> int:
    """As click does; the message has what was typed, or pasted."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        terminal.lines(error.ctx.get_usage(), err=True)
        terminal.lines(f"Try '{error.ctx.command_path} --help' for help.\n", err=True)
    terminal.line(f"Error: {error.format_message()}", err=True)
    return 2


def _explain(error: Exception) -> int:
    from actors.errors import RayocrError
    from actors.shortage import in_words, shortage_of

    if (short := shortage_of(error)) is not None and not isinstance(error, RayocrError):
        error = short.error(in_words(error))
    if isinstance(error, RayocrError):
        for label, text in (("error", error.what), ("why", error.why), ("do", error.remedy)):
            if text:
                terminal.line(f"{label + ':':<7}{text}", err=True)
        return error.exit_code
    if os.environ.get("RAYOCR_DEBUG"):
        _trace(error)
        return EXIT_BUG
    terminal.line(f"error: {type(error).__name__}: {error}", err=True)
    terminal.line("why:   rayocr did not expect this: it is a bug, or a library's.", err=True)
    terminal.line("do:    run again with RAYOCR_DEBUG=1 and report what is printed.", err=True)
    return EXIT_BUG


def _trace(error: BaseException | None) -> None:
    """Print a traceback. Python's own prints a message as it stands, and the name of a file in it may command
    a terminal."""
    if error is not None:
        terminal.lines(without_queries("".join(traceback.format_exception(error))).rstrip(), err=True)


def _quiet_end() -> int:
    """The reader of our output went away (`rayocr schema | head`): nothing is wrong."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    main()
