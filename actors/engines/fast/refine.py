"""What is done with the lines of a page once they are read, but in `compat`: each step looks at few lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actors.engines.fast import (
    alike_characters,
    leaders,
    lone_characters,
    lone_shapes,
    marked_letters,
    radio_buttons,
    raised_signs,
    small_signs,
    spaces,
    tall_lines,
    ticks,
    wide_signs,
)
from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.line_turner import LineTurner
from actors.engines.fast.page_script import is_alphabetic_page
from actors.engines.fast.recognition import Recogniser

if TYPE_CHECKING:
    from actors.contracts import Image


def refined(
    page: Image,
    crops: Sequence[Crop],
    readings: Sequence[Reading],
    recogniser: Recogniser,
    line_turner: LineTurner | None,
) -> tuple[Sequence[Crop], Sequence[Reading]]:
    """The lines of a page (H×W×3 uint8 BGR) and what they say: tall ones read from the end where they begin,
    with the small signs of vertical text; single characters as they stand; letters, signs and spaces as their
    ink has them; powers and footnote marks set as such, radio buttons and check boxes with their signs."""
    crops, readings = tall_lines.read_both_ways(crops, readings, recogniser.read)
    readings = small_signs.with_small_signs(crops, readings, recogniser.read_alone)
    crops, readings = lone_characters.settle(crops, readings, recogniser.read_alone)
    if is_alphabetic_page(readings):
        readings = lone_shapes.settle_by_shape(crops, readings)
    readings = alike_characters.settle_by_column(crops, readings)
    readings = leaders.without_leaders(readings)
    if line_turner:
        crops, readings = line_turner.turned(crops, readings)
    readings = marked_letters.settle_marks(crops, readings)
    readings = wide_signs.settle_widths(crops, readings)
    readings = spaces.spaced(crops, readings)
    readings = raised_signs.set_apart(crops, readings, recogniser.read_alone)
    readings = radio_buttons.set_buttons(crops, readings)
    return ticks.set_ticks(page, crops, readings)
