"""What happens to paper before it is read: scanners, fax machines and telephones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

Point = tuple[float, float]


def scanned(
    page: Image.Image, rng: np.random.Generator, degrees: float = 0.4, noise: float = 6
) -> Image.Image:
    """A grey scan: a little crooked, a little soft, a little grainy."""
    turned = page.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=244)
    soft = turned.filter(ImageFilter.GaussianBlur(0.5))
    grain = rng.normal(0, noise, (page.height, page.width))
    return Image.fromarray(np.clip(np.asarray(soft, dtype=np.float64) + grain, 0, 255).astype(np.uint8))


def faxed(page: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Black and white, one bit a pixel, with a few specks."""
    grey = np.asarray(scanned(page, rng, degrees=-0.3, noise=12))
    black = grey < 150
    black |= rng.random(black.shape) < 0.0002
    return Image.fromarray(np.where(black, 0, 255).astype(np.uint8)).convert("1", dither=Image.Dither.NONE)


def photographed(page: Image.Image, rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """A colour photo of the page on a wooden table: perspective, a lamp on the left, shadow, grain."""
    width, height = size
    corners = [(0.09, 0.06), (0.93, 0.10), (0.96, 0.94), (0.05, 0.90)]
    target = [(x * width, y * height) for x, y in corners]
    source = [(0, 0), (page.width, 0), (page.width, page.height), (0, page.height)]
    coefficients = _perspective(target, [(float(x), float(y)) for x, y in source])
    transform = Image.Transform.PERSPECTIVE
    ink = page.transform(size, transform, coefficients, Image.Resampling.BICUBIC)
    inside = Image.new("L", page.size, 255).transform(size, transform, coefficients)

    ys, xs = np.mgrid[0:height, 0:width].astype(np.float64)
    grain = np.sin(xs / 23 + 2.5 * np.sin(ys / 190)) * 9 + rng.normal(0, 4, (height, width))
    table = np.stack([118 + grain, 84 + grain * 0.8, 56 + grain * 0.6], axis=-1)
    paper = np.asarray(ink, dtype=np.float64)[..., None] * np.array([1.0, 0.985, 0.93])
    mask = np.asarray(inside, dtype=np.float64)[..., None] / 255
    light = 1.06 - 0.42 * (xs / width) - 0.16 * (ys / height)
    shadow = 1 - 0.22 / (1 + np.exp(-(xs - 0.55 * ys - width * 0.42) / 60))
    lit = (table * (1 - mask) + paper * mask) * (light * shadow)[..., None]
    noisy = lit + rng.normal(0, 5, (height, width, 3))
    photo = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8), "RGB")
    return photo.filter(ImageFilter.GaussianBlur(0.7))


def _perspective(target: Sequence[Point], source: Sequence[Point]) -> list[float]:
    """The eight numbers by which Pillow maps a pixel of the result to one of the page."""
    rows: list[list[float]] = []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    wanted = [value for point in source for value in point]
    return [float(value) for value in np.linalg.solve(np.array(rows), np.array(wanted))]
