"""Small signs of vertical text, as its stops and small kana, which the model loses: found by their ink.

A vertical line is read lying on its side. The model knows Chinese and Japanese characters so, but neither the
stops, which vertical text has at the upper right of their square, nor small kana; and it overlooks brackets
and bars. Ink that no character accounts for is read between its neighbors, as in horizontal text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from actors.engines.fast.crops import Crop
from actors.engines.fast.ctc import Reading
from actors.engines.fast.page_script import is_east_asian
from actors.engines.fast.upright_strips import lying_strip, upright_strip
from actors.engines.fast.vertical_ink import OpenInk, account

if TYPE_CHECKING:
    from actors.contracts import Image

_STOPS = frozenset("、。，．")
_SMALL_KANA = frozenset("っッゃゅょャュョぁぃぅぇぉァィゥェォ")
_PARTNER = dict(zip("「『（〈《【〔」』）〉》】〕", "」』）〉》】〕「『（〈《【〔", strict=True))
_BAR = "ー"
_LIKE_A_BAR = frozenset("ー一-—–―")
"""What is set, and nothing else: the reading of the line keeps all that it has. A bracket is only set where
the vertical lines of the page have the other one of its pair, too."""

_LARGE = dict(zip("つツやゆよヤユヨ", "っッゃゅょャュョ", strict=True))
_SMALL_SIZE = 0.84
"""Kana that have a small form of the same shape, and the size up to which they are these, over that of the
line's larger characters: in columns of three fonts small ones have 0.71 to 0.83, large ones 0.89 and more."""

_SURE = 0.8
"""Score that a sign has at least, with the characters beside it read as before."""

Read = Callable[[Sequence["Image"]], list[Reading]]


def with_small_signs(
    crops: Sequence[Crop], readings: Sequence[Reading], read_alone: Read
) -> Sequence[Reading]:
    """What the lines of a page say; vertical ones of Chinese and Japanese with the small signs that they
    lack. Needs readings with `places`."""
    vertical = [
        index
        for index, (crop, reading) in enumerate(zip(crops, readings, strict=True))
        if crop.turned == 1 and len(reading.places) == len(reading.text) > 1 and is_east_asian(reading.text)
    ]
    if not vertical:
        return readings
    readings = list(readings)
    signs: list[tuple[int, OpenInk]] = []
    for index in vertical:
        reading = _without_underscores(readings[index])
        ink = account(crops[index].image, reading)
        readings[index] = _with_small_kana(reading, ink.sizes)
        signs += ((index, sign) for sign in ink.open)
    strips = [upright_strip(crops[index].image, sign) for index, sign in signs]
    strips += [lying_strip(crops[index].image, sign) for index, sign in signs]
    answers = read_alone(strips)
    before = list(readings)
    both = list(zip(signs, answers[: len(signs)], answers[len(signs) :], strict=True))
    said = "".join(before[index].text for index in vertical)
    found = [_sign_in(before[index].text, sign, upright, lying) for (index, sign), upright, lying in both]
    said += "".join(text for text, _ in filter(None, found))
    for (index, sign), one in reversed(list(zip(signs, found, strict=True))):  # from the end: see `at`
        text, score = one or ("", 0.0)
        if _PARTNER.get(text, text) not in said:
            continue
        if text and readings[index].text[sign.at : sign.at + 1] + text != 2 * _BAR:  # a bar that is broken
            readings[index] = _with_sign(readings[index], sign, text, score, crops[index].image.shape[1])
    return readings


def _sign_in(text: str, sign: OpenInk, upright: Reading, lying: Reading) -> tuple[str, float] | None:
    """What a sign in a line with this text is, and its score: by what was read of it as it stands, or else as
    it lies."""
    found = _between(text, sign, upright)
    if found and sign.is_stop and found[0] in _STOPS:
        return found
    if found and not sign.is_stop:
        kana = _LARGE.get(found[0], found[0]) if sign.size <= _SMALL_SIZE else found[0]
        if kana in _SMALL_KANA:
            return kana, found[1]
    found = _between(text, sign, lying)
    if found and found[0] in _PARTNER:
        return found
    if found and found[0] in _LIKE_A_BAR and sign.at and "\u3041" <= text[sign.at - 1] <= "\u30ff":
        return _BAR, found[1]
    return None


def _between(text: str, sign: OpenInk, strip: Reading) -> tuple[str, float] | None:
    """What was read between the characters beside a sign, if these were read as before, and one for one."""
    inside = [index for index, character in enumerate(strip.text) if not character.isspace()]
    at = len(sign.before)
    if len(inside) != at + 1 + len(sign.behind) or len(strip.scores) != len(strip.text):
        return None
    found = [strip.text[index] for index in inside]
    if (at and found[at - 1] != text[sign.at - 1]) or (sign.behind and found[at + 1] != text[sign.at]):
        return None
    score = strip.scores[inside[at]]
    return (found[at], score) if score >= _SURE else None


def _with_sign(reading: Reading, sign: OpenInk, text: str, score: float, width: int) -> Reading:
    place = (sign.start + sign.end) / 2 / width
    return reading.with_part(slice(sign.at, sign.at), text, [place], [score])


def _without_underscores(reading: Reading) -> Reading:
    """A bracket that lies at the edge of its square is read as one; vertical text has none."""
    kept = [index for index, character in enumerate(reading.text) if character != "_"]
    if len(kept) == len(reading.text) or len(kept) < 2:
        return reading
    known = len(reading.scores) == len(reading.text)
    return replace(
        reading,
        text="".join(reading.text[index] for index in kept),
        steps=(),
        places=tuple(reading.places[index] for index in kept),
        scores=tuple(reading.scores[index] for index in kept) if known else (),
        gaps=(),
    )


def _with_small_kana(reading: Reading, sizes: Sequence[float]) -> Reading:
    """Kana whose small form is a letter of its own, by their size."""
    text = "".join(
        _LARGE[character] if character in _LARGE and 0 < size <= _SMALL_SIZE else character
        for character, size in zip(reading.text, sizes, strict=True)
    )
    return reading if text == reading.text else replace(reading, text=text)
