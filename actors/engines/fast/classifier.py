"""The text line classifier: pictures of lines in, how sure it is that each is upside down out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.runtimes.contracts import Floats, Shapes

if TYPE_CHECKING:
    from actors.contracts import Image
    from actors.runtimes.contracts import Session

MODEL = "textline_cls_v2"
"""Its name in the catalogue."""

_HEIGHT, _WIDTH = 48, 192
"""Pixels of its input (PaddleOCR tools/infer/utility.py: cls_image_shape 3, 48, 192)."""

_ROWS = 8
"""Lines that go through it at once."""

INPUTS = tuple((rows, 3, _HEIGHT, _WIDTH) for rows in range(_ROWS, 0, -1))
"""All shapes of its input."""

SHAPES = Shapes((1, 3, _HEIGHT, _WIDTH), (_ROWS, 3, _HEIGHT, _WIDTH), (_ROWS, 3, _HEIGHT, _WIDTH))


class LineClassifier:
    """Tells lines that are upside down. Lines are H×W×3 uint8 BGR, of any size, longer than high."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def upside_down(self, lines: Sequence[Image]) -> list[float]:
        """For each line, 0..1: how sure it is. Of a long line its beginning is looked at."""
        import numpy as np

        found: list[float] = []
        for start in range(0, len(lines), _ROWS):
            chunk = lines[start : start + _ROWS]
            batch = np.stack([_picture(line) for line in chunk])
            found += self._session.run(batch)[0][:, 1].tolist()
        return found


def _picture(line: Image) -> Floats:
    """3×48×192 float32 in -1..1, 0 where a line is padded (PaddleOCR tools/infer/predict_cls.py)."""
    import cv2
    import numpy as np

    longest = max(1, line.shape[0] * _WIDTH // _HEIGHT)
    line = line[:, :longest]
    width = max(1, min(_WIDTH, round(_HEIGHT * line.shape[1] / line.shape[0])))
    resized = cv2.resize(line, (width, _HEIGHT)).astype(np.float32)
    picture = np.zeros((3, _HEIGHT, _WIDTH), np.float32)
    picture[:, :, :width] = resized.transpose(2, 0, 1) / np.float32(127.5) - np.float32(1)
    return picture
