"""Files that are made once and kept, and made again if they were altered.

{folder}/{name}       the file
{folder}/card.json    its SHA-256
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path

from actors.models.cache import sha256_of

_CARD = "card.json"


def kept(folder: Path, name: str, make: Callable[[Path], None]) -> Path:
    """The file `name` of a folder, which `make` writes unless it is there and is what its card says.

    Processes that want it at once make it once. Raises what `make` raises; nothing is left of it then.
    """
    from filelock import FileLock

    if not _is_whole(folder, name):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{folder}.lock"):
            if not _is_whole(folder, name):
                _make(folder, name, make)
    return folder / name


def _is_whole(folder: Path, name: str) -> bool:
    try:
        card = json.loads((folder / _CARD).read_text("utf-8"))
        return bool(sha256_of(folder / name) == card["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _make(folder: Path, name: str, make: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as scratch:
        made = Path(scratch) / folder.name
        made.mkdir()
        make(made / name)
        (made / _CARD).write_text(json.dumps({"sha256": sha256_of(made / name)}), "utf-8")
        if folder.exists():
            folder.rename(Path(scratch) / "altered")
        made.rename(folder)
