"""Pages with drawings: text around charts, and slides."""

from __future__ import annotations

from random import Random

from benchmarks.page_templates.plots import bar_chart, pie_chart
from benchmarks.page_templates.sheet import BOLD, ITALIC, Sheet
from benchmarks.page_templates.typesetting import Flow, Slot, broken, fill, filler


def chart(rng: Random) -> Sheet:
    """A report's page: one column with charts between its paragraphs, two of them side by side, or two
    columns with a chart in one. A chart is its caption and its labels, one after the other."""
    columns = rng.choice((1, 2))
    width, gutter = (rng.uniform(44, 56), 0.0) if columns == 1 else (rng.uniform(22, 28), rng.uniform(2, 3.5))
    sheet = Sheet(rng, 8 + columns * width + (columns - 1) * gutter, rng.uniform(72, 90))
    em = sheet.em
    top = 4 * em
    if rng.random() < 0.6:
        sheet.put(sheet.write.title(2, 4), 4 * em, 3 * em, sheet.body.at(0.85))
        sheet.put(str(rng.randint(2, 90)), sheet.width - 4 * em, 3 * em, sheet.body.at(0.85), "right")
        top = 6 * em
    flow = Flow(sheet, 4 * em, top, sheet.width - 8 * em)
    flow.line(sheet.write.title(2, 5), sheet.body.at(1.6, BOLD)).skip(0.8)
    if columns == 1:
        _one_column(sheet, flow)
    else:
        _two_columns(sheet, flow.y, width * em, gutter * em)
    return sheet


def _one_column(sheet: Sheet, flow: Flow) -> None:
    rng, em, bottom = sheet.rng, sheet.em, sheet.height - 5 * sheet.em
    leading = rng.uniform(1.2, 1.45)
    drawn = False
    while flow.y < bottom - 20 * em or not drawn:
        flow.place(broken(sheet.write.text(2, 4), sheet.body, flow.width, leading=leading)).skip(0.8)
        if flow.y > bottom - 18 * em and drawn:
            break
        high, drawn = rng.uniform(11, 16) * em, True
        if rng.random() < 0.5:
            each = (flow.width - 4 * em) / 2
            flow.skip(0.8)
            ends = [
                _figure(sheet, flow.left + side * (each + 4 * em), flow.y, each, high) for side in range(2)
            ]
            flow.y = max(ends) + 1.2 * em
        else:
            flow.y = (
                _figure(sheet, flow.left + 2 * em, flow.y + 0.8 * em, flow.width - 4 * em, high) + 1.2 * em
            )


def _two_columns(sheet: Sheet, top: float, width: float, gutter: float) -> None:
    rng, em, bottom = sheet.rng, sheet.em, sheet.height - 5 * sheet.em
    slots = [Slot(4 * em + place * (width + gutter), top, width, bottom) for place in range(2)]
    text = filler(
        sheet,
        width,
        (bottom - top) * 2,
        sheet.body,
        justified=rng.random() < 0.5,
        leading=rng.uniform(1.15, 1.35),
    )
    place = rng.randrange(2)
    slot = slots[place]
    _, text = fill(sheet, slots[:place], text)
    middle = slot.top if rng.random() < 0.4 else slot.top + rng.uniform(0.3, 0.5) * (bottom - top)
    _, text = fill(sheet, [Slot(slot.left, slot.top, slot.width, middle)], text)
    end = _figure(sheet, slot.left, middle + 1.2 * em, slot.width, rng.uniform(12, 18) * em)
    fill(sheet, [Slot(slot.left, end + em, slot.width, bottom), *slots[place + 1 :]], text)


def _figure(sheet: Sheet, left: float, top: float, width: float, height: float) -> float:
    """A chart with its caption over or under it."""
    rng, style = sheet.rng, sheet.body.at(sheet.rng.uniform(0.65, 0.85))
    caption = broken(
        f"Figure {rng.randint(1, 30)}: {sheet.write.words(3, 9)}",
        sheet.body.at(0.85, rng.choice((BOLD, ITALIC))),
        width,
    )
    draw = bar_chart if rng.random() < 0.7 else pie_chart
    if rng.random() < 0.5:
        flow = Flow(sheet, left, top, width).place(caption)
        return draw(sheet, left, flow.y + 0.5 * sheet.em, width, height, style)
    end = draw(sheet, left, top, width, height, style)
    return Flow(sheet, left, end + 0.3 * sheet.em, width).place(caption).y


def slide(rng: Random) -> Sheet:
    """A title over points, in one column, in two, or beside a chart or a picture with labels."""
    sheet = Sheet(rng, rng.uniform(48, 60), rng.uniform(28, 36))
    em, write = sheet.em, sheet.write
    kind = rng.choice(("points", "two", "chart", "boxes"))
    flow = Flow(sheet, 3 * em, 1.5 * em, sheet.width - 6 * em)
    flow.line(
        write.title(2, 5), sheet.body.at(rng.uniform(1.6, 2.2), BOLD), rng.choice(("left", "center"))
    ).skip(rng.uniform(1, 2))
    bottom = sheet.height - 4 * em
    if kind == "points":
        _points(sheet, flow, bottom)
    elif kind == "two":
        half = (flow.width - 3 * em) / 2
        for side in range(2):
            column = Flow(sheet, flow.left + side * (half + 3 * em), flow.y, half)
            column.line(write.title(1, 2), sheet.body.at(1.15, BOLD)).skip(0.3)
            _points(sheet, column, bottom)
    elif kind == "chart":
        half = flow.width * rng.uniform(0.4, 0.5)
        _points(sheet, Flow(sheet, flow.left, flow.y, half), bottom)
        bar_chart(
            sheet,
            flow.left + half + 4 * em,
            flow.y,
            flow.width - half - 4 * em,
            bottom - flow.y,
            sheet.body.at(0.65),
        )
    else:
        _boxes(sheet, flow)
    if rng.random() < 0.7:
        sheet.put(
            f"{write.title(1, 2)} {rng.randint(2015, 2026)}", 3 * em, sheet.height - em, sheet.body.at(0.6)
        )
        sheet.put(
            str(rng.randint(2, 60)), sheet.width - 3 * em, sheet.height - em, sheet.body.at(0.6), "right"
        )
    return sheet


def _points(sheet: Sheet, flow: Flow, bottom: float) -> None:
    rng, em = sheet.rng, sheet.em
    sign = rng.choice(("•", "-", "•"))
    for _ in range(rng.randint(3, 6)):
        text = broken(
            f"{sign} {sheet.write.words(4, 14).capitalize()}", sheet.body, flow.width, hang=em, leading=1.3
        )
        if flow.y + len(text) * 1.3 * em > bottom:
            break
        flow.place(text)
        for _ in range(rng.choice((0, 0, 1, 2))):
            more = broken(
                f"- {sheet.write.words(3, 6)}", sheet.body.at(0.8), flow.width - 3 * em, hang=em, leading=1.3
            )
            if flow.y + len(more) * 1.1 * em < bottom:
                flow.y = Flow(sheet, flow.left + 2 * em, flow.y, flow.width - 2 * em).place(more).y
        flow.skip(rng.uniform(0.3, 0.8))


def _boxes(sheet: Sheet, flow: Flow) -> None:
    """Three or four boxes side by side, each with a heading and some lines: box by box."""
    rng, em, count = sheet.rng, sheet.em, sheet.rng.randint(3, 4)
    step = flow.width / count
    top = flow.y + rng.uniform(1, 5) * em
    for place in range(count):
        box = Flow(sheet, flow.left + place * step + 0.8 * em, top, step - 2.4 * em)
        box.line(sheet.write.rare().capitalize(), sheet.body.at(1.1, BOLD)).skip(0.4)
        box.paragraph(sheet.write.words(8, 20).capitalize() + ".", sheet.body.at(0.85), leading=1.3)
