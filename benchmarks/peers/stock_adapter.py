"""Stock PaddleOCR, called as its documentation does, on ONNX Runtime with the small models."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.peers.adapter import Form, Found, Reader, Ready, one_by_one, serve

MODEL = "PP-OCRv6_small"


class StockReader(Reader):
    """See Reader."""

    form: Form = "bgr"

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._ocr = build(options["threads"])
        self.ready = Ready(
            precision="float32",
            weights="small",
            settings="defaults, no orientation models",
            packages=("paddleocr", "paddlex", "onnxruntime", "opencv-contrib-python"),
        )

    def read(self, pages: Sequence[Any]) -> list[Found]:
        """See Reader."""
        return one_by_one(lambda page: found(self._ocr.predict(page)[0]), pages)


def build(threads: int) -> Any:
    """A PaddleOCR object with its own defaults, but for threads and weights on this disk."""
    os.environ["PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK"] = "True"
    import cv2
    from paddleocr import PaddleOCR

    from actors.engines.inference_yml import write_model_folders
    from actors.models.cache import ModelStore
    from actors.settings import ModelsConfig

    cv2.setNumThreads(threads)
    files = ModelStore(ModelsConfig()).ensure(MODEL)
    with tempfile.TemporaryDirectory(prefix="compare-") as scratch:
        det, rec = write_model_folders(files, Path(scratch))
        return PaddleOCR(
            text_detection_model_name=f"{MODEL}_det",
            text_detection_model_dir=str(det),
            text_recognition_model_name=f"{MODEL}_rec",
            text_recognition_model_dir=str(rec),
            use_doc_orientation_classify=False,
            use_doc_unwarping=False,
            use_textline_orientation=False,
            device="cpu",
            engine="onnxruntime",
            engine_config={"intra_op_num_threads": threads, "inter_op_num_threads": 1},
        )


def found(page: Any) -> Found:
    """A result of PaddleOCR as ours."""
    polygons = tuple([[float(x), float(y)] for x, y in polygon] for polygon in page["rec_polys"])
    return Found("\n".join(page["rec_texts"]), polygons)


if __name__ == "__main__":
    serve(StockReader)
