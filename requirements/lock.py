"""Writes the lists of pinned packages with their hashes: python requirements/lock.py UV EXTRA,EXTRA...

The versions are those of constraints.txt, the hashes those of each file that the index has of a version: so
one list serves all platforms and Pythons. The index is that of pip's own settings, and is named in no list.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_FOLDER = Path("requirements")
_ALWAYS = [
    "--universal",
    "--python-version",
    "3.11",
    "--generate-hashes",
    "--no-annotate",
    "--no-header",
    "--quiet",
]
_HEADER = "# Made by `make hashes`. Install with pip's --require-hashes.\n"


def main(uv: str, extras: str) -> None:
    """Write every list."""
    chosen = [option for extra in extras.split(",") for option in ("--extra", extra)]
    _lock(uv, "install.txt", ["pyproject.toml", *chosen], pinned=True)
    _lock(uv, "quantize.txt", ["pyproject.toml", "--extra", "quantize"], pinned=True)
    _lock(uv, "build.txt", ["requirements/build.in"])
    _lock(uv, "tools.txt", ["requirements/tools.in"])


def _lock(uv: str, name: str, sources: list[str], *, pinned: bool = False) -> None:
    limits = ["--constraint", "constraints.txt"] if pinned else []
    # pip and setuptools, too, which uv leaves out unless told otherwise.
    command = [uv, "pip", "compile", *sources, *_ALWAYS, *limits, "--allow-unsafe", *_index()]
    made = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True).stdout
    (_ROOT / _FOLDER / name).write_text(_HEADER + made, "utf-8")


def _index() -> list[str]:
    """The index that pip is told of, if it is told of one."""
    command = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    found = subprocess.run(command, check=False, capture_output=True, text=True).stdout.strip()
    return ["--default-index", found] if found else []


if __name__ == "__main__":
    main(*sys.argv[1:])
