"""Small pictures for tests, made on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def picture(seed: int, width: int = 60, height: int = 40, corner: str | None = None) -> Image.Image:
    """Noise of its own for every seed; `corner`: hex colour of the top left pixel, for the fake engine."""
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    pixels[0, 0] = list(bytes.fromhex(corner)) if corner else (1, 2, 3)
    return Image.fromarray(pixels)


def folder_of_pictures(folder: Path, count: int, corners: dict[int, str] | None = None) -> Path:
    """`count` PNG files of one page each; `corners` gives some of them a colour that the engine knows."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        picture(number, corner=(corners or {}).get(number)).save(folder / f"page-{number:03}.png")
    return folder


def tiff(path: Path, pages: int, seed: int = 0) -> Path:
    """A TIFF of several pages."""
    first, *rest = [picture(seed + number) for number in range(pages)]
    first.save(path, save_all=True, append_images=rest)
    return path
