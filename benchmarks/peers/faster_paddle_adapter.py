"""faster-paddle: a Rust extension with ONNX Runtime in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.peers.adapter import Form, Found, Reader, Ready, box_polygon, one_by_one, serve


class FasterPaddleReader(Reader):
    """See Reader."""

    form: Form = "bytes"

    def __init__(self, options: Mapping[str, Any]) -> None:
        import faster_paddle

        size, self._batch = options["size"], options["batch"]
        self._engine = faster_paddle.OcrEngine(
            model_size=size, threads=options["threads"], **options["settings"]
        )
        told = [f"{name}={value}" for name, value in options["settings"].items()]
        call = f"ocr_batch of {self._batch}" if self._batch else "ocr"
        self.ready = Ready(
            precision="float32",
            weights=size,
            settings=", ".join([f"model_size={size}", call, *told]),
            packages=("faster-paddle",),
            versions={"build": str(faster_paddle.__runtime_build__)},
        )

    def read(self, pages: Sequence[Any]) -> list[Found]:
        """See Reader."""
        if not self._batch:
            return one_by_one(lambda page: _found(self._engine.ocr(page)), pages)
        return [_found(page) for page in self._engine.ocr_batch(list(pages), batch_size=self._batch)]


def _found(page: Mapping[str, Any]) -> Found:
    found = list(page["bounds"].values())
    return Found(
        page["text"],
        tuple(box_polygon(*box["topLeftCoord"], *box["bottomRightCoord"]) for box in found),
        texts=tuple(box["text"] for box in found),
        scores=tuple(box["confidence"] for box in found),
    )


if __name__ == "__main__":
    serve(FasterPaddleReader)
