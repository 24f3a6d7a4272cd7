"""This project's engine, with any settings of `actors.settings.EngineConfig`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from benchmarks.peers.adapter import Form, Found, Reader, Ready, serve

if TYPE_CHECKING:
    from actors.contracts import PageResult


class EngineReader(Reader):
    """See Reader."""

    form: Form = "rgb"

    def __init__(self, options: Mapping[str, Any]) -> None:
        from actors.engines import build_engine
        from actors.settings import EngineConfig
        from actors.threads import limit_threads

        limit_threads(options["threads"])
        settings = {"engine": "fast"} | options["settings"]
        config = EngineConfig.model_validate(settings | {"threads": options["threads"]})
        self._engine = build_engine(config)
        info = self._engine.info
        told = (f"{name}={value}" for name, value in settings.items())
        self.ready = Ready(
            precision=info.precision,
            weights=config.model.rpartition("_")[2],
            settings=", ".join([*told, f"on {info.runtime}"]),
            packages=("rayocr", *(name for name in ("onnxruntime", "openvino") if name == info.runtime)),
        )

    def read(self, pages: Sequence[Any]) -> list[Found]:
        """See Reader."""
        return [_found(result) for result in self._engine.recognize(pages)]


def _found(result: PageResult) -> Found:
    if result.fault is not None:
        return Found(error=f"{result.fault.code}: {result.fault.message}")
    polygons = ([[*pair] for pair in zip(*[iter(line.polygon)] * 2, strict=True)] for line in result.lines)
    return Found("\n".join(line.text for line in result.lines), tuple(polygons))


if __name__ == "__main__":
    serve(EngineReader)
