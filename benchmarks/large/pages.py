"""Pictures of unusual shape or size as people have them: screenshots, plans, rolls, panoramas."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from PIL import Image

from benchmarks.large.canvas import BLACK, Colour, Sheet

_INK: Colour = (34, 34, 40)
_GREY: Colour = (110, 110, 118)


def chat(seed: int) -> Sheet:
    """A scrolling screenshot of a chat: bubbles left and right, small times beside them."""
    sheet = Sheet(1080, 14000, seed, (236, 229, 221))
    y = 60.0
    while y < 13600:
        mine = sheet.chance.random() < 0.45
        lines = sheet.wrapped(sheet.words(2, 16), 640, "sans", 34)
        width = max(sheet.width_of(line, "sans", 34) for line in lines)
        x, fill = (1040 - width - 60, (220, 248, 198)) if mine else (40, (255, 255, 255))
        height = len(lines) * 46 + 60
        sheet.pen.rounded_rectangle((x, y, x + width + 60, y + height), 24, fill)
        for number, line in enumerate(lines):
            sheet.text(x + 30, y + 14 + number * 46, line, "sans", 34, _INK)
        time = f"{sheet.chance.randint(0, 23):02}:{sheet.chance.randint(0, 59):02}"
        sheet.text(x + width - 40, y + height - 36, time, "sans", 22, _GREY)
        y += height + sheet.chance.randint(14, 40)
    return sheet


def article(seed: int) -> Sheet:
    """A scrolling screenshot of an article on a phone: headings, paragraphs, captions."""
    sheet = Sheet(720, 9600, seed)
    y = 40.0
    while y < 9300:
        for line in sheet.wrapped(sheet.words(3, 7), 660, "bold", 40):
            sheet.text(30, y, line, "bold", 40)
            y += 54
        y += 12
        for _ in range(sheet.chance.randint(1, 4)):
            for line in sheet.wrapped(sheet.words(20, 60), 660, "serif", 26):
                sheet.text(30, y, line, "serif", 26, _INK)
                y += 38
            y += 22
        sheet.pen.rectangle((30, y, 690, y + 220), (214, 222, 230))
        sheet.text(30, y + 228, " ".join(sheet.words(4, 8)), "humanist", 19, _GREY)
        y += 290
    return sheet


def code(seed: int) -> Sheet:
    """A long screenshot of code, light on dark."""
    sheet = Sheet(1240, 8000, seed, (30, 30, 36))
    y, number = 24, 0
    while y < 7950:
        number += 1
        indent = sheet.chance.randint(0, 3) * 4
        name, other = sheet.chance.choice(("read", "write", "open", "close", "merge")), sheet.words(1, 2)
        text = (
            f"{name}_{'_'.join(other)}({sheet.chance.randint(0, 999)}, limit={sheet.chance.randint(1, 64)})"
        )
        sheet.text(30, y, f"{number:3}", "code", 19, (110, 118, 129))
        sheet.text(110 + indent * 12, y, text, "code", 19, (201, 209, 217))
        y += 30
    return sheet


def panorama(seed: int) -> Sheet:
    """A wide photograph: signs of several sizes spread over a noisy ground."""
    sheet = Sheet(11000, 700, seed)
    noise = np.random.default_rng(seed).normal(0, 5, (700, 11000, 1))
    slope = np.linspace(205, 160, 700)[:, None, None] + 22 * np.sin(np.linspace(0, 31, 11000))[None, :, None]
    ground = np.clip(slope + noise + [[[-12, 4, 18]]], 0, 255).astype(np.uint8)
    sheet.picture.paste(Image.fromarray(ground))
    for _ in range(90):
        size = sheet.chance.choice((20, 24, 30, 44))
        text = " ".join(sheet.words(2, 4))
        width = sheet.width_of(text, "sans", size)
        x, y = sheet.chance.uniform(30, 10970 - width), sheet.chance.uniform(30, 600)
        room = (x - 24, y - 20, x + width + 24, y + size * 1.4 + 12)
        if any(_meet(room, label.box) for label in sheet.labels):
            continue
        if sheet.chance.random() < 0.6:
            sheet.pen.rectangle((x - 12, y - 8, x + width + 12, y + size * 1.4), (240, 240, 232))
        sheet.text(x, y, text, "sans", size, _INK)
    return sheet


def timeline(seed: int) -> Sheet:
    """A wide time line: years along an axis, cards of three lines above and below it."""
    sheet = Sheet(16000, 900, seed)
    sheet.pen.line((0, 450, 16000, 450), _INK, 4)
    for number in range(58):
        x = 120 + number * 272
        sheet.pen.line((x, 430, x, 470), _INK, 4)
        sheet.text(x - 26, 478 if number % 2 else 398, str(1800 + 4 * number), "bold", 22)
        y = 120 + sheet.chance.randint(0, 120) if number % 2 else 560 + sheet.chance.randint(0, 120)
        sheet.pen.rectangle((x - 100, y, x + 140, y + 120), (246, 243, 235), _GREY)
        for row, line in enumerate(sheet.wrapped(sheet.words(6, 12), 220, "humanist", 22)[:3]):
            sheet.text(x - 90, y + 12 + row * 32, line, "humanist", 22, _INK)
    return sheet


def roll(seed: int) -> Sheet:
    """A till roll of 1,000 x 60,000 pixels."""
    sheet = Sheet(1000, 60000, seed, mode="L")
    y = 40
    while y < 59900:
        words, price = (
            " ".join(sheet.words(1, 4)),
            f"{sheet.chance.randint(1, 999)}.{sheet.chance.randint(0, 99):02}",
        )
        sheet.text(60, y, words, "mono", 30)
        sheet.text(940 - sheet.width_of(price, "mono", 30), y, price, "mono", 30)
        y += sheet.chance.choice((44, 44, 44, 52, 120))
    return sheet


def drawing(seed: int) -> Sheet:
    """An A0 sheet at some 100 dpi: circles, dimension lines, labels of 2.5, 3.5 and 5 mm, a title block."""
    sheet = Sheet(4757, 3364, seed)
    _plan(sheet, labels=60, sizes=(14, 19, 28), circles=60, width=2)
    return sheet


def plan(seed: int) -> Sheet:
    """A plan of 13,000 x 13,000 pixels of one bit: the same at 300 dpi, with more on it."""
    sheet = Sheet(13000, 13000, seed, mode="1")
    _plan(sheet, labels=400, sizes=(34, 46, 70), circles=160, width=3)
    return sheet


def newspaper(seed: int) -> Sheet:
    """Half a newspaper page at 600 dpi: a title, headlines, five narrow columns, an advertisement in small
    print."""
    sheet = Sheet(6600, 5000, seed, mode="L")
    sheet.text(300, 120, "The Harbour Observer", "slab", 520)
    y = 900
    sheet.pen.line((200, y, 6400, y), 0, 8)
    for column in range(5):
        x, top = 220 + column * 1250, y + 60
        for line in sheet.wrapped(sheet.words(4, 7), 960, "bold", 140):
            sheet.text(x, top, line, "bold", 140)
            top += 190
        size, font = (75, "serif") if column < 4 else (46, "narrow")
        while top < 4800:
            for line in sheet.wrapped(sheet.words(30, 60), 1130, font, size):
                if top < 4850:
                    sheet.text(x, top, line, font, size)
                top += round(size * 1.22)
            top += size // 2
    return sheet


def _plan(sheet: Sheet, labels: int, sizes: tuple[int, ...], circles: int, width: int) -> None:
    """Fill a sheet with what stands on a plan; labels don't touch each other."""
    across, down = sheet.size
    ink, small = BLACK if sheet.picture.mode == "RGB" else 0, sizes[0]
    sheet.pen.rectangle((small, small, across - small, down - small), outline=ink, width=width)
    for _ in range(circles):
        x, y = sheet.chance.uniform(0.05, 0.8) * across, sheet.chance.uniform(0.05, 0.75) * down
        radius = math.exp(sheet.chance.uniform(math.log(small), math.log(across / 24)))
        sheet.pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=ink, width=width)
    title = ("TITLE: PUMP HOUSE, FOUNDATION PLAN", "SCALE 1:50 SHEET 7 OF 12", "DRAWN: K. LINDQVIST")
    for row, line in enumerate((*title, "CHECKED: P. MBEKI", "ALL DIMENSIONS IN MILLIMETRES")):
        sheet.text(across * 0.82, down * 0.88 + row * small * 2, line, "sans", small)
    for _ in range(labels):
        _label(sheet, sheet.chance.choice(sizes), ink, width)


def _label(sheet: Sheet, size: int, ink: Colour | int, width: int) -> None:
    across, down = sheet.size
    kind = sheet.chance.choice(("name", "length", "upwards"))
    text = f"{sheet.chance.randint(100, 99999)}"
    if kind == "name":
        name = sheet.chance.choice(("SUMP", "DRAIN", "COLUMN", "PIPE", "BEAM"))
        text = f"{name} {sheet.chance.randint(10, 999)} x {sheet.chance.randint(10, 4000)}"
    long = sheet.width_of(text, "sans", size)
    for _ in range(200):
        x, y = int(sheet.chance.uniform(0.03, 0.78) * across), int(sheet.chance.uniform(0.04, 0.84) * down)
        room = (x - size, y - size, x + (1.6 * size if kind == "upwards" else long + size), y + long + size)
        if kind != "upwards":
            room = (*room[:3], y + 2.2 * size)
        if not any(_meet(room, label.box) for label in sheet.labels):
            break
    blank = (255, 255, 255) if sheet.picture.mode == "RGB" else 255
    sheet.pen.rectangle(room, fill=blank)
    if kind == "upwards":
        sheet.turned(x, y, text, "sans", size)
        return
    sheet.text(x, y, text, "sans", size)
    if kind == "length":
        sheet.pen.line((x - size, y + 1.6 * size, x + long + size, y + 1.6 * size), ink, width)


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


KINDS: dict[str, Callable[[int], Sheet]] = {
    "chat": chat,
    "article": article,
    "code": code,
    "panorama": panorama,
    "timeline": timeline,
    "roll": roll,
    "drawing": drawing,
    "plan": plan,
    "newspaper": newspaper,
}
"""What is drawn, by name."""
