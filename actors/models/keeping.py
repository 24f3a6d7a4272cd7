"""Files that are derived from a model once and kept, and made again if they are not what was made.

{cache}/{kind}/{identity}/{name}       the file
{cache}/{kind}/{identity}/card.json    its SHA-256, and the recipe that it was made by

The card lies beside the file, so it proves nothing against someone who may write both. Hence: what others may
write is not used, and `rayocr models verify` makes each file anew and compares.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from actors.models.cache import sha256_of
from actors.models.private import make_private, why_not_private

CARD = "card.json"

Recipe = Mapping[str, str]
"""What a file was made of and by: names of models, hashes, versions of our code and of libraries."""

_CANNOT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS)

_log = logging.getLogger(__name__)


def kept(folder: Path, name: str, make: Callable[[Path], None], recipe: Recipe) -> Path:
    """The file `name` of `folder`, which `make` writes unless it is there and is what its card says.

    Processes that want it at once make it once. Where others may write to the cache (`folder` lies two below
    it), or this user may not, the file is made for this process alone, which is said once. Raises what
    `make` raises; nothing is left of it then.
    """
    from filelock import FileLock

    try:
        make_private(folder.parent)
        for above in (folder.parent.parent.resolve(), folder.parent):
            if (why := why_not_private(above)) is not None:
                return _made_for_this_process(folder, name, make, recipe, f"{above} {why}")
        if not _is_whole(folder, name, recipe):
            with FileLock(f"{folder}.lock", mode=0o600):
                if not _is_whole(folder, name, recipe):
                    _make(folder, name, make, recipe)
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise
        return _made_for_this_process(folder, name, make, recipe, f"{folder.parent} cannot be written")
    return folder / name


def identity_of(recipe: Recipe) -> str:
    """16 hex digits that stand for a recipe; a folder is called by them."""
    text = "\n".join(f"{key}={value}" for key, value in recipe.items())
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read_recipe(folder: Path) -> Recipe | None:
    """The recipe on a folder's card; None if it has none that can be read."""
    try:
        recipe = json.loads((folder / CARD).read_text("utf-8"))["recipe"]
        return {str(key): str(value) for key, value in recipe.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _is_whole(folder: Path, name: str, recipe: Recipe) -> bool:
    try:
        if any(why_not_private(path) for path in (folder, folder / name, folder / CARD)):
            return False
        card = json.loads((folder / CARD).read_text("utf-8"))
        return bool(card["recipe"] == dict(recipe) and sha256_of(folder / name) == card["sha256"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def _make(folder: Path, name: str, make: Callable[[Path], None], recipe: Recipe) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as scratch:
        made = Path(scratch) / folder.name
        made.mkdir(mode=0o700)
        make(made / name)
        card = {"sha256": sha256_of(made / name), "recipe": dict(recipe)}
        (made / CARD).write_text(json.dumps(card, indent=1), "utf-8")
        for file in made.iterdir():
            file.chmod(0o600)  # also where the umask lets a group write
        if folder.is_symlink() or folder.exists():
            folder.rename(Path(scratch) / "altered")
        made.rename(folder)


def _made_for_this_process(
    folder: Path, name: str, make: Callable[[Path], None], recipe: Recipe, why: str
) -> Path:
    _say_once(why)
    own = Path(_folder_of_this_process().name) / folder.parent.name / folder.name
    own.parent.mkdir(exist_ok=True)
    if not _is_whole(own, name, recipe):
        _make(own, name, make, recipe)
    return own / name


@cache
def _folder_of_this_process() -> tempfile.TemporaryDirectory[str]:
    """It is gone when the process ends."""
    return tempfile.TemporaryDirectory(prefix="rayocr-derived-")


@cache
def _say_once(why: str) -> None:
    _log.warning(
        "Graphs derived from models are made anew by each process: %s. For a cache that is kept, take a "
        "folder that this user alone may write (models.cache), or: chmod go-w FOLDER",
        why,
    )
