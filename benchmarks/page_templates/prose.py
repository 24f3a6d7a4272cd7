"""Pages of running text in columns: newspaper, magazine, dictionary, and a book scanned two pages at once."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from benchmarks.page_templates.sheet import BOLD, ITALIC, Sheet
from benchmarks.page_templates.typesetting import Flow, Set, Slot, broken, fill, filler


def newspaper(rng: Random) -> Sheet:
    """A masthead over stories; each has a heading over its own columns, and is read to its end."""
    count, width, gutter = rng.randint(3, 5), rng.uniform(14, 19), rng.uniform(1.2, 2.0)
    sheet = Sheet(rng, 6 + count * width + (count - 1) * gutter, rng.uniform(80, 110))
    em, step = sheet.em, (width + gutter) * sheet.em
    head = Flow(sheet, 3 * em, 2 * em, sheet.width - 6 * em)
    head.line(f"The {sheet.write.title(1, 2)}", sheet.body.at(3.5, BOLD), "center").skip(0.8)
    head.y += 1.3 * em
    for text, share, align in (
        (f"No. {rng.randint(100, 9999)}", 0.0, "left"),
        (sheet.write.full_date(), 0.5, "center"),
        (sheet.write.place(), 1.0, "right"),
    ):
        sheet.put(text, 3 * em + share * head.width, head.y, sheet.body, align)  # type: ignore[arg-type]
    top, bottom = head.y + 2 * em, sheet.height - 5 * em
    rail = rng.random() < 0.5
    split = top + rng.uniform(0.4, 0.65) * (bottom - top)
    main = count - rail
    _story(sheet, 3 * em, step, gutter * em, main, top, split - 2 * em, 2.4)
    first = rng.randint(1, main - 1) if main > 2 and rng.random() < 0.6 else main
    _story(sheet, 3 * em, step, gutter * em, first, split, bottom, 1.7)
    if first < main:
        _story(sheet, 3 * em + first * step, step, gutter * em, main - first, split, bottom, 1.7)
    if rail:
        _story(sheet, 3 * em + main * step, step, gutter * em, 1, top, bottom, 1.5)
    if rng.random() < 0.5:
        sheet.put(str(rng.randint(1, 60)), sheet.width / 2, sheet.height - 2 * em, sheet.body, "center")
    return sheet


def _story(
    sheet: Sheet, left: float, step: float, gutter: float, count: int, top: float, bottom: float, size: float
) -> None:
    """A heading over `count` columns, and its text in them, perhaps around a picture with a caption."""
    rng, em = sheet.rng, sheet.em
    whole = count * step - gutter
    head = Flow(sheet, left, top, whole)
    head.paragraph(sheet.write.title(2, 4 if count == 1 else 7), sheet.body.at(size, BOLD), leading=1.15)
    head.skip(rng.uniform(0.4, 1.2))
    width = step - gutter
    slots = [Slot(left + place * step, head.y, width, bottom) for place in range(count)]
    text = filler(
        sheet,
        width,
        (bottom - head.y) * count,
        sheet.body,
        justified=rng.random() < 0.7,
        leading=rng.uniform(1.15, 1.3),
    )
    if rng.random() < 0.6:
        text = [Set(f"By {sheet.write.name()}", sheet.body.at(1.0, BOLD), pitch=1.3 * em), *text]
    if rng.random() < 0.5:
        text = _with_headings(sheet, text)
    if count > 1 and rng.random() < 0.6:
        _around_picture(sheet, slots, text)
    else:
        fill(sheet, slots, text)


def _with_headings(sheet: Sheet, text: list[Set]) -> list[Set]:
    """A heading within the text where a paragraph begins, every thirty lines or so."""
    found: list[Set] = []
    since = 0
    for line, after in zip(text, [*text[1:], None], strict=True):
        found.append(line)
        since += 1
        if after is not None and line.width is None and since > sheet.rng.randint(15, 40):
            found.append(
                Set(
                    sheet.write.title(1, 2),
                    sheet.body.at(1.1, BOLD),
                    above=0.7 * sheet.em,
                    pitch=1.4 * sheet.em,
                )
            )
            since = 0
    return found


def _around_picture(sheet: Sheet, slots: list[Slot], text: list[Set]) -> None:
    """Columns of which one begins or ends with a picture and its caption, read where it stands."""
    place, high = sheet.rng.randrange(len(slots)), sheet.rng.uniform(8, 14) * sheet.em
    slot, at_top = slots[place], sheet.rng.random() < 0.5
    _, text = fill(sheet, slots[:place], text)
    caption = broken(sheet.write.words(6, 16).capitalize() + ".", sheet.body.at(0.85, ITALIC), slot.width)
    below = sum(line.pitch for line in caption) + 1.2 * sheet.em
    if at_top:
        fill(sheet, [Slot(slot.left, slot.top + high, slot.width, slot.bottom)], caption)
        _, text = fill(sheet, [Slot(slot.left, slot.top + high + below, slot.width, slot.bottom)], text)
    else:
        _, text = fill(sheet, [Slot(slot.left, slot.top, slot.width, slot.bottom - high - below)], text)
        fill(
            sheet,
            [Slot(slot.left, slot.bottom - below + 0.5 * sheet.em, slot.width, slot.bottom + 9 * sheet.em)],
            caption,
        )
    fill(sheet, slots[place + 1 :], text)


def magazine(rng: Random) -> Sheet:
    """A title and a deck over two or three columns, some with a large first letter, a pull quote within a
    column or between two, and a photo's caption at a column's end."""
    count, width, gutter = rng.randint(2, 3), rng.uniform(17, 24), rng.uniform(1.6, 2.6)
    sheet = Sheet(rng, 8 + count * width + (count - 1) * gutter, rng.uniform(75, 95))
    em = sheet.em
    if rng.random() < 0.6:
        sheet.put(sheet.write.title(1, 2), 4 * em, 3 * em, sheet.body.at(0.9, BOLD))
    head = Flow(sheet, 4 * em, rng.uniform(5, 16) * em, sheet.width - 8 * em)
    head.paragraph(sheet.write.title(2, 5), sheet.body.at(rng.uniform(2.5, 4), BOLD), leading=1.1).skip(0.8)
    head.paragraph(sheet.write.sentence(), sheet.body.at(1.3, ITALIC)).skip(0.6)
    head.line(f"Words {sheet.write.name()}", sheet.body.at(0.95, BOLD)).skip(rng.uniform(1, 3))
    step, bottom = (width + gutter) * em, sheet.height - 6 * em
    slots = [Slot(4 * em + place * step, head.y, width * em, bottom) for place in range(count)]
    text = filler(
        sheet,
        width * em,
        (bottom - head.y) * count,
        sheet.body,
        justified=rng.random() < 0.6,
        leading=rng.uniform(1.2, 1.45),
    )
    kind = rng.choice(("within", "between", "none", "within"))
    if kind != "between" and rng.random() < 0.4:
        text = _large_letter(sheet, slots[0], text)
    if kind == "within":
        _quote_within(sheet, slots, text)
    elif kind == "between":
        _quote_between(sheet, slots, text)
    else:
        fill(sheet, slots, text)
    sheet.put(f"{rng.randint(2, 140)}", 4 * em, sheet.height - 2.5 * em, sheet.body)
    if rng.random() < 0.5:
        sheet.put(sheet.write.title(1, 2), sheet.width - 4 * em, sheet.height - 2.5 * em, sheet.body, "right")
    return sheet


def _large_letter(sheet: Sheet, slot: Slot, text: list[Set]) -> list[Set]:
    """A first paragraph whose first letter is two lines high, and the rest of the text."""
    pitch = text[0].pitch
    letter = sheet.body.at(1.25 + pitch / sheet.em, BOLD)
    sheet.put(sheet.write.rare()[0].upper(), slot.left, slot.top + 2 * pitch - 0.25 * sheet.em, letter)
    inset, leading = 0.85 * letter.size, pitch / sheet.em
    words = sheet.write.text(3, 5)
    first = broken(words, sheet.body, slot.width - inset, leading=leading)[:2]
    rest = words.split()[sum(len(line.text.split()) for line in first) :]
    return [
        *(replace(line, indent=inset) for line in first),
        *broken(" ".join(rest), sheet.body, slot.width, leading=leading),
        *text,
    ]


def _quote(sheet: Sheet, width: float) -> list[Set]:
    style = sheet.body.at(sheet.rng.uniform(1.4, 1.9), sheet.rng.choice((ITALIC, BOLD)))
    return broken(f"“{sheet.write.words(6, 11).capitalize()}”", style, width, leading=1.25)


def _quote_within(sheet: Sheet, slots: list[Slot], text: list[Set]) -> None:
    """A quote as wide as a column, in the middle of one: it is read where it stands."""
    place = sheet.rng.randrange(len(slots))
    slot = slots[place]
    quote = _quote(sheet, slot.width)
    high = sum(line.pitch for line in quote)
    middle = slot.top + sheet.rng.uniform(0.3, 0.6) * (slot.bottom - slot.top)
    _, text = fill(sheet, [*slots[:place], Slot(slot.left, slot.top, slot.width, middle)], text)
    fill(sheet, [Slot(slot.left, middle + 1.2 * sheet.em, slot.width, slot.bottom)], quote)
    rest = Slot(slot.left, middle + high + 2.6 * sheet.em, slot.width, slot.bottom)
    fill(sheet, [rest, *slots[place + 1 :]], text)


def _quote_between(sheet: Sheet, slots: list[Slot], text: list[Set]) -> None:
    """A quote between the first two columns, whose lines are shorter beside it: both columns are read first,
    then the quote, then what follows."""
    em, rng = sheet.em, sheet.rng
    one, two = slots[:2]
    cut = 0.28 * one.width
    left, right = one.left + one.width - cut + 1.2 * em, two.left + cut - 1.2 * em
    quote = _quote(sheet, right - left)
    high = sum(line.pitch for line in quote) + 1.6 * em
    pitch = text[0].pitch
    begin = one.top + pitch * round(rng.uniform(0.25, 0.5) * (one.bottom - one.top) / pitch)
    end = begin + pitch * (int(high / pitch) + 1)
    words = " ".join(line.text for line in text)
    spread = any(line.width is not None for line in text)
    for slot, inset in ((one, 0.0), (two, cut)):
        parts = (
            (0.0, slot.width, slot.top, begin),
            (inset, slot.width - cut, begin, end),
            (0.0, slot.width, end, slot.bottom),
        )
        for indent, wide, top, bottom in parts:
            lines = broken(words, sheet.body, wide, justified=spread, leading=pitch / sheet.em)
            room = int((bottom - top) / pitch + 0.01)
            fill(sheet, [Slot(slot.left + indent, top, wide, top + (room + 0.5) * pitch)], lines[:room])
            words = " ".join(line.text for line in lines[room:])
    fill(sheet, [Slot(left, begin + 0.8 * em, right - left, end + 9 * em)], quote)
    fill(sheet, slots[2:], broken(words, sheet.body, one.width, justified=spread, leading=pitch / sheet.em))


def dictionary(rng: Random) -> Sheet:
    """Two or three narrow columns of entries that hang from their headword, under two guide words."""
    count, width, gutter = rng.randint(2, 3), rng.uniform(15, 22), rng.uniform(1.2, 2.2)
    sheet = Sheet(rng, 6 + count * width + (count - 1) * gutter, rng.uniform(70, 90))
    em, step = sheet.em, (width + gutter) * sheet.em
    bold = sheet.body.at(1.1, BOLD)
    sheet.put(sheet.write.rare(), 3 * em, 3 * em, bold)
    middle = rng.random() < 0.5
    if middle:
        sheet.put(str(rng.randint(10, 990)), sheet.width / 2, 3 * em, sheet.body, "center")
    sheet.put(sheet.write.rare(), sheet.width - 3 * em, 3 * em, bold, "right")
    top, bottom = rng.uniform(4.8, 6) * em, sheet.height - 5 * em
    slots = [Slot(3 * em + place * step, top, width * em, bottom) for place in range(count)]
    hang, leading = rng.uniform(0.8, 1.5) * em, rng.uniform(1.15, 1.3)
    white = rng.choice((0.0, 0.0, 0.3)) * em
    text: list[Set] = []
    while sum(line.pitch + line.above for line in text) < (bottom - top) * count:
        kind = rng.choice(("n.", "v.", "adj.", "n. pl."))
        entry = f"{sheet.write.rare()} ({sheet.write.rare()}) {kind} {sheet.write.text(1, 3)}"
        text += broken(entry, sheet.body, width * em, leading=leading, hang=hang, above=white)
    fill(sheet, slots, text)
    if not middle:
        sheet.put(str(rng.randint(10, 990)), sheet.width / 2, sheet.height - 2 * em, sheet.body, "center")
    return sheet


def index(rng: Random) -> Sheet:
    """The index of a book: short entries in the order of the alphabet, in two to four columns on one grid of
    lines, under a title and over a page number."""
    count, width, gutter = rng.randint(2, 4), rng.uniform(12, 17), rng.uniform(1.5, 3)
    sheet = Sheet(rng, 6 + count * width + (count - 1) * gutter, rng.uniform(55, 80))
    em, step, high = sheet.em, (width + gutter) * sheet.em, rng.uniform(1.2, 1.4) * sheet.em
    if rng.random() < 0.5:
        sheet.put("Index", 3 * em, 4 * em, sheet.body.at(rng.uniform(1.5, 2.2), BOLD))
    top, room = 6.5 * em, int((sheet.height - 12 * em) / high)
    room -= rng.randint(0, room // 3)
    entries = iter(sorted(sheet.write.rare() for _ in range(4 * room)))
    names = rng.random() < 0.6
    for place in range(count):
        left = 3 * em + place * step
        last = place == count - 1
        for row in range(rng.randint(room // 2, room) if last else room):
            inside = row and rng.random() < 0.15
            pages = ", ".join(str(rng.randint(1, 400)) for _ in range(rng.randint(1, 3)))
            entry = sheet.write.word() if inside else next(entries)
            text = f"{entry.capitalize() if names else entry}, {pages}"
            sheet.put(text, left + (1.2 * em if inside else 0), top + row * high, sheet.body)
    sheet.put(str(rng.randint(90, 900)), sheet.width / 2, sheet.height - 2 * em, sheet.body, "center")
    return sheet


def spread(rng: Random) -> Sheet:
    """Two pages of a book side by side, each with its running head and number, of one or two columns."""
    width, gutter, count = rng.uniform(28, 40), rng.uniform(5, 9), rng.choice((1, 1, 2))
    sheet = Sheet(rng, 6 + 2 * width + gutter, rng.uniform(50, 62))
    em, number = sheet.em, 2 * rng.randint(2, 200)
    top_number = rng.random() < 0.4
    leading = rng.uniform(1.2, 1.45)
    for side in range(2):
        left, shift = (3 + side * (width + gutter)) * em, rng.uniform(-0.6, 0.6) * em
        _book_page(sheet, left, shift, width * em, count, number + side, side, top_number, leading)
    return sheet


def _book_page(
    sheet: Sheet,
    left: float,
    shift: float,
    width: float,
    count: int,
    number: int,
    side: int,
    top_number: bool,
    leading: float,
) -> None:
    em, rng = sheet.em, sheet.rng
    head, y = sheet.write.title(1, 3).upper(), 3 * em + shift
    small = sheet.body.at(0.9)
    if top_number and not side:
        sheet.put(str(number), left, y, small)
    sheet.put(head, left + width / 2, y, small, "center")
    if top_number and side:
        sheet.put(str(number), left + width, y, small, "right")
    top, bottom = y + rng.uniform(1.6, 2.4) * em, sheet.height - 5 * em + shift
    if rng.random() < 0.3:
        flow = Flow(sheet, left, top + rng.uniform(3, 8) * em, width)
        flow.line(f"Chapter {rng.randint(1, 30)}", sheet.body.at(1.5, BOLD), "center").skip(1.5)
        top = flow.y
    if rng.random() < 0.2:
        bottom -= rng.uniform(5, 20) * em
    step = (width + 1.6 * em) / count
    slots = [Slot(left + place * step, top, step - 1.6 * em, bottom) for place in range(count)]
    fill(
        sheet,
        slots,
        filler(sheet, step - 1.6 * em, (bottom - top) * count, sheet.body, justified=True, leading=leading),
    )
    if not top_number:
        sheet.put(str(number), left + width / 2, sheet.height - 2.5 * em + shift, small, "center")
