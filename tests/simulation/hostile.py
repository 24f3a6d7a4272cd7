"""What others put into an output while drivers work: foreign files, which stay, and odd ones of our names."""

from __future__ import annotations

import json
import random
from functools import partial

from tests.simulation.world import World

FOREIGN = (
    "_staging/thesis.tex",
    "_staging/20261201T000000-00000001/notes.txt",
    "_staging/.tmp-mine",
    "_swap/evil.json",
    "_swap/notes.txt",
    "_swap/20261201T000000-00000001.json",
    "_lock/evil.json",
    "_lock/notes.txt",
    "pages/1.jpg",
    "pages/.mine",
    "runs/mine.json",
    "victim/precious.txt",
    "_staging",
)
"""Names that rayocr gives to nothing."""

_RUN = "20250101T000000-0000000a"
_LATEST_S = 150.0


def add_hostile(world: World, rng: random.Random) -> None:
    """Foreign objects at any moment, an odd lock before the first driver, odd claims and rubbish of a dead
    run, and an odd journal that somebody removes after a while: until then every command refuses."""
    for path in rng.sample(FOREIGN, rng.randint(1, 4)):
        world.clock.at(
            rng.choice((0.0, world.clock.now + rng.uniform(0, _LATEST_S))), _foreign(world, path, rng)
        )
    if rng.random() < 0.4:
        world.bucket.objects["_lock.json"] = rng.choice(_locks(world.clock.now))
    for number in range(rng.randint(0, 2)):
        path = rng.choice((f"_lock/{number:016x}.json", f"_staging/{_RUN}/{_RUN}-{number:032x}.parquet"))
        world.clock.at(world.clock.now + rng.uniform(0, _LATEST_S), partial(_put, world, path, b"{"))
    if rng.random() < 0.3:
        _odd_journal(world, rng)


def _foreign(world: World, path: str, rng: random.Random) -> partial[None]:
    content = rng.choice((b"", b"mine", _journal(world), json.dumps({"expires": 4e9}).encode()))

    def keep() -> None:
        world.laws.foreign[path] = content
        world.bucket.objects[path] = content

    return partial(keep)


def _odd_journal(world: World, rng: random.Random) -> None:
    """It names what no command staged, or files of others: nothing of it may be done."""
    path = f"_swap/{_RUN}-1.json"
    content = rng.choice((b"", b"[" * 5000, b"[{}]", _journal(world)))
    began = world.clock.now + rng.uniform(0, 60)
    world.clock.at(began, partial(_put, world, path, content))
    world.clock.at(began + rng.uniform(1, 60), lambda: world.bucket.objects.pop(path, None))


def _journal(world: World) -> bytes:
    """A plausible one, that takes files of rows away and brings a file of others."""
    rows = sorted(path for path in world.bucket.objects if path.startswith("pages/"))
    swaps = [{"old": path, "staged": "victim/precious.txt", "new": "pages/x.parquet"} for path in rows]
    return json.dumps([*swaps, {"old": "victim/precious.txt", "staged": None, "new": None}]).encode()


def _locks(now: float) -> list[bytes]:
    owner = {"run_id": "dead", "host": "other", "pid": 1, "pids": "other", "expires": now + 30.0}
    trees: list[object] = [
        owner | {"more": {}},
        owner | {"pid": -1},
        owner | {"expires": round(now) + 20},
        [],
        1,
    ]
    return [b"", b"{", b"[" * 5000, *(json.dumps(tree).encode() for tree in trees)]


def _put(world: World, path: str, content: bytes) -> None:
    world.bucket.objects[path] = content
