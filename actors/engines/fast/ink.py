"""Where a line's picture has ink: what differs from its background."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy.typing as npt

if TYPE_CHECKING:
    import numpy as np

    from actors.contracts import Image

_DARK = 0.3
"""Share of the picture's range from its background from which a pixel is ink."""

_RULE = 0.9
"""Share of a row's pixels from which it is a drawn line and no writing."""


def shares(image: Image) -> list[float]:
    """How much each column of a picture (H×W×3 uint8) differs from its background, 0..1."""
    difference = _difference(image)
    ink: list[float] = (difference.mean(axis=0) / max(1.0, float(difference.max()))).tolist()
    return ink


def mask(image: Image) -> npt.NDArray[np.bool_]:
    """Which pixels of a picture (H×W×3 uint8) are ink, H×W. A line along an edge, as of a table, is none."""
    import numpy as np

    difference = _difference(image)
    found: npt.NDArray[np.bool_] = difference > _DARK * max(1.0, float(np.percentile(difference, 99)))
    found[found.mean(axis=1) > _RULE] = False
    return found


def runs(columns: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First index and the one beyond the last of each run of columns that are true."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[False], columns, [False]]).astype(np.int8)))
    return [(start, end) for start, end in edges.reshape(-1, 2).tolist()]


def _difference(image: Image) -> npt.NDArray[np.float32]:
    import cv2
    import numpy as np

    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    difference: npt.NDArray[np.float32] = np.abs(grey - np.median(grey))
    return difference
