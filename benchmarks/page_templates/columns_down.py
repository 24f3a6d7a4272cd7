"""Pages of vertical text, whose columns go from right to left, under a caption or a running head."""

from __future__ import annotations

from random import Random

from benchmarks.page_templates.sheet import SANS, Sheet


def vertical(rng: Random) -> Sheet:
    """Part of a page: a picture's caption across over columns of equal length, read first."""
    count, length = rng.randint(3, 14), rng.randint(8, 22)
    pitch = rng.uniform(1.5, 2.1)
    sheet = Sheet(rng, 8 + count * pitch, 12 + length, SANS)
    em = sheet.em
    caption = f"図{rng.randint(1, 9)} {sheet.write.japanese(rng.randint(6, max(7, int(count * pitch) - 4)))}"
    style, x = sheet.body.at(rng.uniform(0.7, 1.2)), rng.uniform(3, 5) * em
    for part in _parts(rng, caption):
        sheet.put(part, x, 3 * em, style, width=len(part) * style.size)
        x += len(part) * style.size + em
    for place in range(count):
        last = place == count - 1
        text = sheet.write.japanese(rng.randint(2, length) if last else length)
        sheet.put(text, sheet.width - (4 + place * pitch) * em, 5.5 * em, sheet.body, turn="down")
    return sheet


def _parts(rng: Random, caption: str) -> list[str]:
    return caption.split(" ") if rng.random() < 0.5 else [caption.replace(" ", "")]


def novel(rng: Random) -> Sheet:
    """A whole page: a running head across, one or two tiers of columns with paragraphs, a page number."""
    tiers, count = rng.randint(1, 2), rng.randint(12, 20)
    length, pitch = rng.randint(14, 30) // tiers, rng.uniform(1.5, 1.9)
    sheet = Sheet(rng, 8 + count * pitch, 12 + tiers * (length + 2.5), SANS)
    em = sheet.em
    head = sheet.write.japanese(rng.randint(4, 9))
    small = sheet.body.at(0.8)
    on_left = rng.random() < 0.5
    wide = len(head) * small.size
    sheet.put(head, 4 * em if on_left else sheet.width - 4 * em - wide, 3 * em, small, width=wide)
    for tier in range(tiers):
        top = (5.5 + tier * (length + 2.5)) * em
        for place in range(count):
            inset = 1 if rng.random() < 0.25 else 0
            end = rng.randint(3, length) if rng.random() < 0.2 else length
            text = sheet.write.japanese(max(2, end - inset))
            sheet.put(text, sheet.width - (4 + place * pitch) * em, top + inset * em, sheet.body, turn="down")
    number = str(rng.randint(2, 400))
    sheet.put(number, 4 * em if on_left else sheet.width - 6 * em, sheet.height - 2.5 * em, small)
    return sheet
