"""Children that lie, drip, and send pickles: what a parser must not fall for."""

from __future__ import annotations

import os
import pickle
import struct
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from actors.attached import Attached
from actors.codec import Codec
from actors.contracts import DecodedPage
from actors.decoding import messages as decoder
from actors.decoding.messages import Idle, Opened
from actors.engines import messages as engine
from actors.engines.messages import Answer
from actors.governor import Relief
from actors.process import receive_object, send_message
from actors.settings import DecodeConfig
from actors.wire import frame_parts


def framed(codec: Codec, message: object) -> bytes:
    return b"".join(frame_parts(*codec.encode(message)))


class Bomb:
    """Makes a file where it is unpickled."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (self._path,)


def explode(conn: Connection, how: str, path: str) -> None:
    bomb = pickle.dumps(Bomb(path), protocol=5)
    idle = framed(decoder.CODEC, Idle(1, 1))
    if how == "pickle":
        os.write(conn.fileno(), bomb)
    if how == "as before":  # what multiprocessing and this project sent until now
        conn.send((bomb, []))
    if how == "in a frame":
        os.write(conn.fileno(), b"".join(frame_parts(bomb, [])))
    if how == "half a frame":
        os.write(conn.fileno(), idle[:-1])
    if how == "drop by drop":
        os.write(conn.fileno(), struct.pack("!4sIIQ", b"rayo", 0, 1, 1 << 29))
        while True:
            os.write(conn.fileno(), bytes(64))  # always something to read, and no end of it
    if how == "rows of others":
        os.write(conn.fileno(), framed(engine.CODEC, Answer((), Relief())))
    pause(60)


def pause(seconds: float = 0.01) -> None:
    time.sleep(seconds)


def deaf(conn: Connection) -> None:
    pause(600)


def lie(conn: Connection, _settings: DecodeConfig) -> None:
    def say(*said: object) -> None:
        for message in said:
            send_message(conn, decoder.CODEC, message)

    def page(index: int, count: int = 3) -> DecodedPage:
        return DecodedPage(index, count, "png", image=np.zeros((2, 2, 3), np.uint8))

    idle, opened = Idle(1, 1), Opened(3, "png")
    while True:
        say(idle)
        data, skip = receive_object(conn)
        skipped = [page(index) for index in range(3) if index not in skip]
        match bytes(data).decode():
            case "twice":
                say(opened, skipped[0], *skipped, idle)
            case "skip":
                say(opened, *skipped[1:], idle)
            case "early":
                say(opened, *skipped[:-1])
            case "other":
                say(opened, page(7), idle)
            case "more":
                say(opened, page(min(set(range(3)) - set(skip)), 2), idle)
            case "idle first":
                say(idle)
            case "unasked":
                say(Attached())
            case "bytes":
                os.write(conn.fileno(), b"garbage" * 10)
        pause(0.01)


def serve_on_an_old_kernel(conn: Connection, settings: DecodeConfig) -> None:
    """A decoder where the kernel has no Landlock."""
    from actors.decoding.child import serve
    from actors.sandbox import landlock

    landlock.version = lambda: 0
    serve(conn, settings)
