"""A page that does not fit into an engine's memory, at half its sides, and its boxes at full size again."""

from __future__ import annotations

from dataclasses import replace

from actors.contracts import Image, Line, PageResult, Word


def halved(image: Image) -> Image:
    """The picture at half its width and height, rounded up: each pixel is the mean of four."""
    import numpy as np
    from PIL import Image as Pictures

    return np.array(Pictures.fromarray(image).reduce(2))


def scaled_back(result: PageResult, small: Image, full: Image) -> PageResult:
    """What was found on `small`, with polygons in pixels of `full`, whose smaller copy it is."""
    (small_height, small_width), (height, width) = small.shape[:2], full.shape[:2]
    factors = (width / small_width, height / small_height)
    if result.rotation in (90, 270):  # polygons are in the turned picture
        factors = (factors[1], factors[0])
    return replace(result, lines=tuple(_line(line, factors) for line in result.lines))


def _line(line: Line, factors: tuple[float, float]) -> Line:
    words = line.words and tuple(Word(word.text, _polygon(word.polygon, factors)) for word in line.words)
    return replace(line, polygon=_polygon(line.polygon, factors), words=words)


def _polygon(polygon: tuple[float, ...], factors: tuple[float, float]) -> tuple[float, ...]:
    return tuple(value * factors[index % 2] for index, value in enumerate(polygon))
