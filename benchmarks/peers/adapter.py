"""What all adapters share: pages in memory before the clock starts, JSON lines, costs of a request.

An adapter is a long-lived process in a system's own environment. It says once what it is (`Ready`), then
answers each request `{"pages": [path, ...]}` with texts, errors and costs. Needs numpy and Pillow only.
"""

from __future__ import annotations

import io
import json
import os
import platform
import resource
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

Form = Literal["rgb", "bgr", "bytes", "file"]
"""How a system takes a page: an array (height, width, 3), the bytes of a picture file, or its path."""

Polygon = list[list[float]]


@dataclass(frozen=True)
class Found:
    """What a system read on one page; `error` where it could not. `texts`, `scores`: of `lines`, one by one,
    where a system tells them."""

    text: str = ""
    lines: tuple[Polygon, ...] = ()
    error: str | None = None
    texts: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()


@dataclass(frozen=True)
class Ready:
    """What an adapter is: arithmetic, weights, settings that matter, versions."""

    precision: str
    weights: str
    settings: str
    packages: tuple[str, ...]
    versions: Mapping[str, str] | None = None


class Reader(ABC):
    """A system, built and ready."""

    form: Form
    ready: Ready

    @abstractmethod
    def read(self, pages: Sequence[Any]) -> list[Found]:
        """Read pages given in `form`; same length and order."""

    def peak_rss_mb(self) -> float:
        """Peak resident memory so far, in MB."""
        return peak_rss_mb("self")


class Channel:
    """JSON lines over what was stdout; from here on prints of libraries go to stderr."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def requests(self) -> Iterator[dict[str, Any]]:
        """One request after the other, until the other side closes."""
        for line in sys.stdin:
            yield json.loads(line)

    def send(self, answer: Mapping[str, Any]) -> None:
        """One line."""
        self._out.write(json.dumps(answer) + "\n")
        self._out.flush()


def options() -> dict[str, Any]:
    """What the adapter was started with: a JSON object as its only argument."""
    found: dict[str, Any] = json.loads(sys.argv[1])
    return found


def serve(build: Callable[[Mapping[str, Any]], Reader]) -> None:
    """Build the system, say what it is, answer requests."""
    channel = Channel()
    started = time.monotonic()
    try:
        reader = build(options())
    except Exception as error:  # noqa: BLE001 - the other side reports the last line of stderr
        raise SystemExit(describe(error)) from None
    channel.send(introduction(reader.ready, cpu_s(), time.monotonic() - started))
    with tempfile.TemporaryDirectory(prefix="compare-") as scratch:
        for request in channel.requests():
            pages = [load(Path(path), reader.form, Path(scratch)) for path in request["pages"]]
            channel.send(answer(reader, request["pages"], pages))


def introduction(ready: Ready, start_cpu_s: float, start_wall_s: float) -> dict[str, Any]:
    """The first line of an adapter."""
    versions = {name: metadata.version(name) for name in ready.packages} | dict(ready.versions or {})
    return {
        "precision": ready.precision,
        "weights": ready.weights,
        "settings": ready.settings,
        "versions": versions | {"python": platform.python_version()},
        "start_cpu_s": start_cpu_s,
        "start_wall_s": start_wall_s,
    }


def answer(reader: Reader, names: Sequence[str], pages: Sequence[Any]) -> dict[str, Any]:
    """Read pages under the clock."""
    cpu, wall = cpu_s(), time.monotonic()
    try:
        found = reader.read(pages)
    except Exception as error:  # noqa: BLE001 - whatever a peer raises belongs to these pages
        found = [Found(error=describe(error))] * len(pages)
    return {
        "pages": [{"file": name} | asdict(page) for name, page in zip(names, found, strict=True)],
        "cpu_s": cpu_s() - cpu,
        "wall_s": time.monotonic() - wall,
        "peak_rss_mb": reader.peak_rss_mb(),
    }


def one_by_one(read: Callable[[Any], Found], pages: Sequence[Any]) -> list[Found]:
    """Read pages one at a time; an exception belongs to its page."""
    found = []
    for page in pages:
        try:
            found.append(read(page))
        except Exception as error:  # noqa: BLE001 - see above
            found.append(Found(error=describe(error)))
    return found


def describe(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def load(path: Path, form: Form, scratch: Path) -> Any:
    """A page as a system wants it, upright, in RGB, without compression that it would have to undo."""
    import numpy as np
    from PIL import Image, ImageOps

    with Image.open(path) as file:
        dpi = file.info.get("dpi")
        picture = ImageOps.exif_transpose(file).convert("RGB")
    if form in ("rgb", "bgr"):
        pixels = np.asarray(picture)
        return np.ascontiguousarray(pixels[:, :, ::-1] if form == "bgr" else pixels)
    if form == "bytes":
        stream = io.BytesIO()
        picture.save(stream, "BMP")
        return stream.getvalue()
    target = scratch / f"{path.stem}.tif"
    # Pillow keeps the compression of the file that was opened, and fax codes are for pictures of 1 bit.
    picture.save(target, "TIFF", compression="raw", **({"dpi": dpi} if dpi else {}))
    return target


def box_polygon(left: float, top: float, right: float, bottom: float) -> Polygon:
    """An upright box as a polygon."""
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def cpu_s() -> float:
    """User and system seconds of this process and of all children that it waited for."""
    kinds = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, kinds))


def peak_rss_mb(pid: int | str) -> float:
    """Peak resident memory of a process in MB, 0 if it has gone.

    Not ru_maxrss, which a process inherits from the one that started it.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return max(
        (int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), default=0.0
    )
