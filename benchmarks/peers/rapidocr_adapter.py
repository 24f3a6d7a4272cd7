"""RapidOCR, on ONNX Runtime or on OpenVINO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.peers.adapter import Form, Found, Reader, Ready, one_by_one, serve


class RapidReader(Reader):
    """See Reader."""

    form: Form = "bgr"

    def __init__(self, options: Mapping[str, Any]) -> None:
        import cv2
        from rapidocr import EngineType, RapidOCR

        cv2.setNumThreads(options["threads"])
        runtime = options["runtime"]
        kind = EngineType.OPENVINO if runtime == "openvino" else EngineType.ONNXRUNTIME
        params: dict[str, Any] = {
            "Global.use_cls": False,
            "Global.log_level": "error",
            "Det.engine_type": kind,
            "Rec.engine_type": kind,
        }
        if runtime == "openvino":
            params["EngineConfig.openvino.inference_num_threads"] = options["threads"]
        else:
            params["EngineConfig.onnxruntime.intra_op_num_threads"] = options["threads"]
            params["EngineConfig.onnxruntime.inter_op_num_threads"] = 1
        params |= options["settings"]
        self._ocr = RapidOCR(params=params)
        # It would load its models with the first page: loading belongs to the start.
        self._ocr._load_det_model()
        self._ocr._load_rec_model()
        told = ", ".join(f"{name}={value}" for name, value in options["settings"].items())
        self.ready = Ready(
            precision=self._precision() if runtime == "openvino" else "float32",
            weights="small",
            settings=", ".join(filter(None, ["use_cls=False", told])),
            packages=("rapidocr", runtime, "opencv-python-headless"),
        )

    def read(self, pages: Sequence[Any]) -> list[Found]:
        """See Reader."""
        return one_by_one(self._read, pages)

    def _read(self, page: Any) -> Found:
        found = self._ocr(page)
        if not found.txts:
            return Found()
        boxes = tuple([[float(x), float(y)] for x, y in box] for box in found.boxes)
        scores = tuple(map(float, found.scores))
        return Found("\n".join(found.txts), boxes, texts=tuple(found.txts), scores=scores)

    def _precision(self) -> str:
        """What OpenVINO took without being told: bfloat16 where the processor has it."""
        model = self._ocr.text_rec.session.session.get_compiled_model()
        hint: str = model.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        return {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}.get(hint, hint)


if __name__ == "__main__":
    serve(RapidReader)
