"""Signs of two widths in Chinese and Japanese lines are as wide as they are printed."""

from __future__ import annotations

import numpy as np
import pytest

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.wide_signs import settle_widths, with_equal_brackets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("周敏（分机 5520)。", "周敏（分机 5520）。"),
        ("周敏(分机）", "周敏（分机）"),
        ("周敏(分机)", "周敏(分机)"),
        ("第(三)次（A(1)）", "第(三)次（A(1)）"),
        ("（甲］", "（甲］"),
        ("1)项（乙", "1)项（乙"),
    ],
)
def test_brackets_of_a_pair_are_equally_wide(text: str, expected: str) -> None:
    assert with_equal_brackets(text) == expected


@pytest.mark.parametrize(("room", "sign"), [(9, "￥"), (3, "¥")])
def test_a_wide_yen_has_room(room: int, sign: str) -> None:
    picture = np.full((40, 200, 3), 255, np.uint8)
    x = 10
    for width, behind in ((30, 3), (30, 20), (18, room), (14, 3), (14, 3)):
        picture[5:35, x : x + width] = 0
        x += width + behind
    crop = Crop(picture, np.zeros((4, 2), np.float32))
    reading = Reading("价格¥10", 0.9, places=(0.12, 0.3, 0.51, 0.62, 0.7))
    assert settle_widths([crop], [reading])[0].text == f"价格{sign}10"
    alone = Reading("¥10", 0.9, places=(0.51, 0.62, 0.7))
    assert settle_widths([crop], [alone]) == [alone]
