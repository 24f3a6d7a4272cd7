"""Text that runs up or down a page: read from either end where it may be the other one.

A tall box is turned to the left, as vertical text and labels that run down want it; column headers and labels
of axes that run up are upside down then, which the model reads as other letters, or the same ones with gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from actors.contracts import Image
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.page_script import is_east_asian

_SURE = 0.95
"""Score from which two characters or more are the right way up. Upside down no text of the labelled sets
reached 0.90, the right way up nearly all reach 0.98."""

_VERTICAL = 0.9
"""The same for Chinese and Japanese, whose characters stand upright in vertical text."""

_EITHER_WAY = frozenset("01689-–—=+xXoOsSzZNHI|.,:/% ")
"""What may be read upside down: of a number of these both ways are looked at, however sure it is."""

Read = Callable[[Sequence[Image]], list[Reading]]


def read_both_ways(
    crops: Sequence[Crop], readings: Sequence[Reading], read: Read
) -> tuple[Sequence[Crop], Sequence[Reading]]:
    """The lines of a page and what they say, with those that were turned to the left turned to the right
    where they read better so; their polygons begin where the text does."""
    doubtful = [index for index, one in enumerate(zip(crops, readings, strict=True)) if _may_run_up(*one)]
    if not doubtful:
        return crops, readings
    crops, readings = list(crops), list(readings)
    upwards = [_upwards(crops[index]) for index in doubtful]
    for index, crop, reading in zip(doubtful, upwards, read([crop.image for crop in upwards]), strict=True):
        if reading.score > readings[index].score and len(reading.text.strip()) > 1:
            crops[index], readings[index] = crop, reading
    return crops, readings


def _may_run_up(crop: Crop, reading: Reading) -> bool:
    text = reading.text.strip()
    if not crop.turned or len(text) == 1:  # one character stands upright: see `lone_characters`
        return False
    if _EITHER_WAY.issuperset(text):
        return True
    return reading.score < (_VERTICAL if is_east_asian(text) else _SURE)


def _upwards(crop: Crop) -> Crop:
    import numpy as np

    image: Image = np.ascontiguousarray(np.rot90(crop.image, 2))
    return replace(crop, image=image, polygon=np.roll(crop.polygon, -2, axis=0), turned=3)
