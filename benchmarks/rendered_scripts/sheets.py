"""Pages in many languages, drawn from a seed: whole pages, paragraphs, forms, mixed with English."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.rendered_scripts.fonts import names_of, path_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

UNKNOWN = ("ru", "uk", "bg", "sr", "el", "ar", "fa", "he", "hi", "bn", "ta", "th", "ka", "hy", "vi", "ko")
"""Languages that the default model cannot read, or not without losing letters."""

KNOWN = (
    *("en", "de", "fr", "es", "it", "pt", "nl", "da", "sv", "fi"),
    *("pl", "cs", "sk", "hu", "ro", "tr", "hr", "lv", "zh", "ja"),
)
"""Languages that it reads."""

LAYOUTS = ("page", "paragraph", "form", "half", "word")
"""`half`: every other line is English; `word`: an English page with a single word of the language."""

SIZES = (16, 20, 26, 36)
"""Font sizes in pixels: a line of 10 points at 115, 145, 190 and 260 dpi."""

_RIGHT_TO_LEFT = frozenset({"ar", "fa", "he"})
_WITHOUT_SPACES = frozenset({"zh", "ja", "th"})
_TEXTS = Path(__file__).parent / "texts"


@dataclass(frozen=True)
class Sheet:
    """One page. `wear`: `clean`, or `worn` (out of focus, noise and JPEG)."""

    name: str
    language: str
    layout: str
    font: str
    size: int
    wear: str
    lines: tuple[tuple[str, str], ...]

    @property
    def is_foreign(self) -> bool:
        """Whether a noticeable part of it is in a script that the default model does not know."""
        return self.language in UNKNOWN and self.layout != "word"


HELD_OUT = 2
"""The part of texts and fonts that no rule was tuned with; the others are 0 and 1."""


def sentences(language: str, part: int) -> list[str]:
    """The texts of a language of one of three parts."""
    parts = (_TEXTS / f"{language}.txt").read_text("utf-8").strip().split("\n\n")
    return parts[part].splitlines()


def sheets(seed: int, part: int, languages: Sequence[str] = (*UNKNOWN, *KNOWN)) -> Iterator[Sheet]:
    """For each language every layout, in fonts, sizes and wear that follow from the seed."""
    for language in languages:
        chance = random.Random(f"{seed} {language}")
        sizes = chance.sample(SIZES, len(SIZES))
        for index, layout in enumerate(LAYOUTS):
            if layout in ("half", "word") and language == "en":
                continue
            size, wear = sizes[index % len(sizes)], chance.choice(("clean", "worn"))
            font = chance.choice(names_of(language, part))
            name = f"{language}-{layout}-{Path(font).stem}-{size}-{wear}-{seed}"
            lines = tuple(_lines(chance, language, layout, part))
            yield Sheet(name, language, layout, font, size, wear, lines)


def draw(sheet: Sheet) -> npt.NDArray[np.uint8]:
    """The sheet's picture, H×W×3 uint8 RGB."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFilter, ImageFont

    fonts = {
        language: ImageFont.truetype(
            str(path_of(sheet.font if language == sheet.language else "DejaVuSerif.ttf")), sheet.size
        )
        for language in {sheet.language, "en"}
    }
    width = 34 * sheet.size
    picture = Image.new("RGB", (width, round((len(sheet.lines) + 2) * 1.7 * sheet.size)), "white")
    pen = ImageDraw.Draw(picture)
    for row, (language, text) in enumerate(sheet.lines):
        font, top = fonts[language], round((1 + 1.7 * row) * sheet.size)
        for part, left in zip(text.split("\t"), (sheet.size, 13 * sheet.size), strict=False):
            shown = _fitting(part, font, width - left - sheet.size, language)
            if language in _RIGHT_TO_LEFT:
                place = width - left - font.getlength(shown, direction="rtl")
                pen.text((place, top), shown, (20, 20, 20), font, direction="rtl")
            else:
                pen.text((left, top), shown, (20, 20, 20), font)
    if sheet.wear == "clean":
        return np.asarray(picture)
    blurred = np.asarray(picture.filter(ImageFilter.GaussianBlur(sheet.size / 40)), np.float32)
    noise = np.random.default_rng(len(sheet.name)).normal(0, 8, blurred.shape)
    file = io.BytesIO()
    Image.fromarray(np.clip(0.85 * blurred + 24 + noise, 0, 255).astype(np.uint8)).save(
        file, "JPEG", quality=70
    )
    return np.asarray(Image.open(file).convert("RGB"))


def _fitting(text: str, font: object, width: float, language: str) -> str:
    """As many words of a text as fit."""
    gap = "" if language in _WITHOUT_SPACES else " "
    words = list(text) if language in _WITHOUT_SPACES else text.split(" ")
    while len(words) > 1 and font.getlength(gap.join(words)) > width:  # type: ignore[attr-defined]
        words.pop()
    return gap.join(words)


def _lines(chance: random.Random, language: str, layout: str, part: int) -> Iterator[tuple[str, str]]:
    own, english = (sentences(one, part) for one in (language, "en"))
    if layout == "page":
        yield from ((language, chance.choice(own)) for _ in range(32))
    elif layout == "paragraph":
        yield from ((language, chance.choice(own)) for _ in range(chance.randint(3, 5)))
    elif layout == "form":
        for _ in range(chance.randint(4, 6)):
            label = _words(chance, language, own, 2)
            yield (
                language,
                f"{label}:\t{chance.randint(1, 28)}.{chance.randint(1, 12)}.{chance.randint(1950, 2026)}",
            )
    elif layout == "half":
        for _ in range(6):
            yield language, chance.choice(own)
            yield "en", chance.choice(english)
    else:
        yield from (("en", chance.choice(english)) for _ in range(8))
        yield language, _words(chance, language, own, 1)
        yield from (("en", chance.choice(english)) for _ in range(8))


def _words(chance: random.Random, language: str, own: Sequence[str], count: int) -> str:
    sentence = chance.choice(own)
    if language in _WITHOUT_SPACES:
        return sentence[: 4 * count]
    words = [word for word in sentence.rstrip(".।։").split(" ") if len(word) > 3]
    return " ".join(words[:count])
