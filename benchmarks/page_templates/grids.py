"""Pages of cells: forms with boxes, tables with headers that are turned up, scores, time tables."""

from __future__ import annotations

from random import Random

from benchmarks.page_templates.sheet import BOLD, Sheet, Style, measured
from benchmarks.page_templates.typesetting import Column, Flow, table


def form(rng: Random) -> Sheet:
    """Fields in boxes, each a label in small print over what was filled in, box by box; or labels on the left
    of their values, row by row. Some are left empty."""
    sheet = Sheet(rng, rng.uniform(56, 70), rng.uniform(60, 90))
    em = sheet.em
    flow = Flow(sheet, 4 * em, 2 * em, sheet.width - 8 * em)
    if rng.random() < 0.5:
        sheet.put(f"Form {sheet.write.code()}", sheet.width - 4 * em, 2 * em, sheet.body.at(0.8), "right")
    flow.line(sheet.write.title(2, 4), sheet.body.at(1.6, BOLD)).skip(0.5)
    if rng.random() < 0.6:
        flow.paragraph(sheet.write.text(1, 2), sheet.body.at(0.9)).skip(1)
    boxed = rng.random() < 0.6
    for number in range(rng.randint(2, 4)):
        flow.line(f"{number + 1}. {sheet.write.title(1, 3)}", sheet.body.at(1.1, BOLD)).skip(0.4)
        (_boxes if boxed else _sides)(sheet, flow)
        flow.skip(rng.uniform(1, 2))
    if rng.random() < 0.6:
        for place, label in enumerate(("Date", "Signature")):
            sheet.put(label, 4 * em + place * 24 * em, flow.y + 2 * em, sheet.body.at(0.8))
    return sheet


def _value(sheet: Sheet) -> str:
    write = sheet.write
    return sheet.rng.choice(
        (
            write.name,
            write.street,
            write.full_date,
            write.code,
            write.place,
            lambda: str(write.rng.randint(1, 99999)),
        )
    )()


def _boxes(sheet: Sheet, flow: Flow) -> None:
    """Rows of boxes; what stands in a row is on one level."""
    rng, em = sheet.rng, sheet.em
    small, high = sheet.body.at(rng.uniform(0.55, 0.72)), rng.uniform(2.8, 3.6)
    for _ in range(rng.randint(2, 4)):
        count = rng.randint(1, 4)
        step = flow.width / count
        for place in range(count):
            x = flow.left + place * step + 0.4 * em
            sheet.put(sheet.write.label(1, 2 if count > 2 else 3), x, flow.y + 0.9 * em, small)
            if rng.random() < 0.85:
                sheet.put(_value(sheet), x + rng.choice((0, 0.5)) * em, flow.y + 2.2 * em, sheet.body)
        flow.y += high * em


def _sides(sheet: Sheet, flow: Flow) -> None:
    """Labels on the left of their values, in one column of fields or in two."""
    rng, em, count = sheet.rng, sheet.em, sheet.rng.choice((1, 2, 2))
    step, pitch = flow.width / count, rng.uniform(1.6, 2.2)
    for _ in range(rng.randint(3, 6)):
        flow.y += pitch * em
        for place in range(count):
            sheet.put(f"{sheet.write.label(1, 2)}:", flow.left + place * step, flow.y, sheet.body)
            if rng.random() < 0.85:
                sheet.put(_value(sheet), flow.left + place * step + 0.45 * step, flow.y, sheet.body)


def quiz(rng: Random) -> Sheet:
    """Numbered questions with four answers each, in two columns whose lines are level."""
    width, gutter = rng.uniform(22, 28), rng.uniform(2.5, 5)
    sheet = Sheet(rng, 8 + 2 * width + gutter, rng.uniform(50, 70))
    em, write, high = sheet.em, sheet.write, rng.uniform(1.4, 1.7) * sheet.em
    flow = Flow(sheet, 4 * em, 2 * em, sheet.width - 8 * em)
    flow.line(write.title(2, 4), sheet.body.at(1.5, BOLD), "center").skip(1)
    each, number = rng.randint(2, 5), 0
    for side in range(2):
        y = flow.y
        left = 4 * em + side * (width + gutter) * em
        for _ in range(each if not side else rng.randint(2, each)):
            number += 1
            y += 1.2 * high
            sheet.put(f"{number}. {write.words(2, 4).capitalize()}?", left, y, sheet.body)
            for letter in "ABCD":
                y += high
                sheet.put(f"{letter}. {write.words(1, 3)}", left + 1.5 * em, y, sheet.body)
    return sheet


def inspection(rng: Random) -> Sheet:
    """A checklist: headers turned up over narrow columns of single characters and short words, some empty."""
    count, rows = rng.randint(5, 9), rng.randint(5, 22)
    wide, each = rng.uniform(9, 14), rng.uniform(2.8, 4.5)
    sheet = Sheet(rng, 8 + wide + count * each, 18 + rows * 1.8)
    em, write = sheet.em, sheet.write
    flow = Flow(sheet, 4 * em, 2 * em, sheet.width - 8 * em)
    if rng.random() < 0.7:
        flow.line(write.title(2, 3), sheet.body.at(1.5, BOLD))
    labels = [write.label(1, 2) for _ in range(count)]
    foot = flow.y + max(measured(label, sheet.body).right for label in labels) + 1.2 * em
    for place, label in enumerate(labels):
        x = 4 * em + (wide + (place + 0.5) * each) * em
        sheet.put(label, x + 0.3 * em, foot, sheet.body, turn="up")
    signs = rng.choice(
        (
            ("ok", "ok", "low", "n/a", "5.1"),
            ("A", "B", "C", "1", "4"),
            ("X", "", "", "X"),
            ("1", "2", "7", "0", ""),
        )
    )
    columns = [
        Column(4 * em),
        *(Column(4 * em + (wide + (place + 0.5) * each) * em, "center") for place in range(count)),
    ]
    cells = [
        [f"{write.rare().capitalize()} {row + 1}", *(rng.choice(signs) for _ in range(count))]
        for row in range(rows)
    ]
    y = table(sheet, columns, cells, foot + 0.4 * em, sheet.body, leading=rng.uniform(1.5, 1.8))
    if rng.random() < 0.5:
        Flow(sheet, 4 * em, y + 1.5 * em, flow.width).paragraph(write.text(1, 1), sheet.body.at(0.85))
    return sheet


def scores(rng: Random) -> Sheet:
    """A league table of digits and single letters; beside it a column of notes, or below it another table."""
    sheet = Sheet(rng, rng.uniform(58, 72), rng.uniform(45, 60))
    em, write = sheet.em, sheet.write
    flow = Flow(sheet, 4 * em, 2 * em, sheet.width - 8 * em)
    flow.line(write.title(2, 4), sheet.body.at(1.7, BOLD)).skip(1)
    beside = rng.random() < 0.5
    width = flow.width * (rng.uniform(0.58, 0.66) if beside else 1.0)
    head = ["Pos", "Team", "P", "W", "D", "L", "Pts", "F"][: rng.randint(6, 8)]
    top = flow.y
    y = _league(sheet, head, 4 * em, width, top)
    if beside:
        notes = Flow(
            sheet, 4 * em + width + 3 * em, top + rng.uniform(0, 0.9) * em, flow.width - width - 3 * em
        )
        for _ in range(rng.randint(2, 3)):
            notes.line(write.title(1, 2), sheet.body.at(1.05, BOLD)).paragraph(
                write.text(1, 2), sheet.body
            ).skip(0.8)
    elif y < sheet.height - 16 * em:
        Flow(sheet, 4 * em, y + 2 * em, width).line(write.title(1, 3), sheet.body.at(1.2, BOLD))
        _league(sheet, head, 4 * em, width, y + 4.5 * em, 6)
    return sheet


def _league(sheet: Sheet, head: list[str], left: float, width: float, top: float, most: int = 18) -> float:
    rng, em = sheet.rng, sheet.em
    team = 3.5 * em
    step = (width - team - 11 * em) / (len(head) - 2)
    columns = [Column(left + em, "center"), Column(left + team)]
    columns += [
        Column(left + team + 11 * em + (place + 0.5) * step, "center") for place in range(len(head) - 2)
    ]
    rows = [head]
    for place in range(rng.randint(6, most)):
        figures = [str(rng.randint(0, 9)) if rng.random() < 0.9 else "" for _ in head[2:]]
        rows.append([str(place + 1), sheet.write.place(), *figures])
    return table(
        sheet, columns, rows, top, sheet.body, leading=rng.uniform(1.4, 1.8), head=sheet.body.at(1, BOLD)
    )


def timetable(rng: Random) -> Sheet:
    """Stations down the side, trains across with their times, many of them missing; one direction or both,
    and notes at the foot. Some have their trains' names turned up."""
    trains = rng.randint(5, 10)
    each = rng.uniform(4.0, 5.0)
    sheet = Sheet(rng, 20 + trains * each, rng.uniform(50, 70))
    em, write = sheet.em, sheet.write
    flow = Flow(sheet, 4 * em, 2 * em, sheet.width - 8 * em)
    flow.line(f"{write.place()} – {write.place()}", sheet.body.at(1.6, BOLD))
    if rng.random() < 0.5:
        flow.line(f"Valid from {write.full_date()}", sheet.body)
    turned = rng.random() < 0.3
    for _ in range(rng.randint(1, 2)):
        flow.skip(rng.uniform(1, 2))
        flow.y = _trains(sheet, flow.y, trains, each, turned)
    flow.skip(1.2)
    for sign in ("a", "b")[: rng.randint(0, 2)]:
        flow.line(f"{sign} {write.words(4, 9)}", sheet.body.at(0.8))
    return sheet


def _trains(sheet: Sheet, top: float, trains: int, each: float, turned: bool) -> float:
    rng, em, write = sheet.rng, sheet.em, sheet.write
    style = sheet.body
    names = [f"{rng.choice(('RE', 'IC', 'S'))} {rng.randint(1, 999)}" for _ in range(trains)]
    columns = [Column(4 * em), *(Column((16 + (place + 1) * each) * em, "right") for place in range(trains))]
    rows = [
        [place, *(write.time() if rng.random() < 0.82 else rng.choice(("", "", "-")) for _ in range(trains))]
        for place in write.places(rng.randint(5, 12))
    ]
    if not turned:
        return table(
            sheet,
            columns,
            [["Train", *names], *rows],
            top,
            style,
            leading=1.45,
            head=Style(BOLD, style.size * 0.9),
        )
    foot = top + 4.5 * em
    for column, name in zip(columns[1:], names, strict=True):
        sheet.put(name, column.x - 0.8 * em, foot, style, turn="up")
    return table(sheet, columns, rows, foot, style, leading=1.45)
