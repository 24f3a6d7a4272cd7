"""Single characters that stand upright: a 1 is as tall as a line of vertical text, and is cut out as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from actors.contracts import Image
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading

_TALLEST = 4.0
"""Height over width up to which a box may hold a single character: a 1 without serifs is 3 times as tall as
wide, and its box has a margin."""

_SURE = 0.9
"""Score from which vertical text of two characters or more is taken for that."""

Read = Callable[[Sequence[Image]], list[Reading]]


def stand_up(
    crops: Sequence[Crop], readings: Sequence[Reading], read: Read
) -> tuple[Sequence[Crop], Sequence[Reading]]:
    """Crops that were turned as vertical text, and are short, are read as they stand, too, unless they read
    well as two characters or more; the reading with the higher score counts, and its picture and polygon."""
    short = [index for index, one in enumerate(zip(crops, readings, strict=True)) if _may_stand(*one)]
    if not short:
        return crops, readings
    crops, readings = list(crops), list(readings)
    standing = [_as_it_stands(crops[index]) for index in short]
    again = read([crop.image for crop in standing])
    for index, crop, reading in zip(short, standing, again, strict=True):
        if reading.text and reading.score > readings[index].score:
            crops[index], readings[index] = crop, reading
    return crops, readings


def _may_stand(crop: Crop, reading: Reading) -> bool:
    height, width = crop.image.shape[:2]
    return (
        crop.turned
        and width <= _TALLEST * height
        and (reading.score < _SURE or len(reading.text.strip()) < 2)
    )


def _as_it_stands(crop: Crop) -> Crop:
    import numpy as np

    return replace(
        crop, image=np.rot90(crop.image, -1), polygon=np.roll(crop.polygon, 1, axis=0), turned=False
    )
