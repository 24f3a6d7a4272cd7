"""Pages of courts and parliaments: transcripts with numbered lines, statutes with side notes."""

from __future__ import annotations

from random import Random

from benchmarks.page_templates.sheet import BOLD, ITALIC, TYPEWRITER, Sheet, Style
from benchmarks.page_templates.typesetting import Flow, Set, Slot, broken, fill


def transcript(rng: Random) -> Sheet:
    """One, two or four pages of a hearing on a sheet, each with 25 numbered lines; four are read down the
    left side, then down the right. Of each page: its head, its numbers, its text."""
    across, down = rng.choice(((1, 1), (2, 1), (2, 2), (2, 2)))
    width, gutter, pitch = rng.uniform(38, 46), rng.uniform(4, 7), rng.choice((1.25, 1.5, 2.0 / down))
    high = 25 * pitch + 7
    sheet = Sheet(rng, 8 + across * width + (across - 1) * gutter, 8 + down * high, TYPEWRITER)
    em, first = sheet.em, rng.randint(1, 300)
    if rng.random() < 0.6:
        sheet.put(
            f"{sheet.write.title(1, 2)} v. {sheet.write.title(1, 2)}",
            sheet.width / 2,
            2.5 * em,
            sheet.body.at(1, BOLD),
            "center",
        )
    gap = rng.uniform(1.0, 3.5)
    for column in range(across):
        for row in range(down):
            page = first + column * down + row
            _hearing(
                sheet,
                (4 + column * (width + gutter)) * em,
                (4 + row * high) * em,
                width * em,
                pitch,
                gap,
                page,
            )
    if rng.random() < 0.6:
        text = f"{sheet.write.name()} & Associates  {rng.randint(200, 999)}-{rng.randint(1000, 9999)}"
        sheet.put(text, sheet.width / 2, sheet.height - 1.5 * em, sheet.body, "center")
    return sheet


def _hearing(
    sheet: Sheet, left: float, top: float, width: float, pitch: float, gap: float, page: int
) -> None:
    rng, em = sheet.rng, sheet.em
    sheet.put(f"Page {page}", left + width, top + em, sheet.body, "right")
    edge = left + 2 * em
    start = edge + gap * em
    lines = _speech(sheet, left + width - start)[:25]
    count = len(lines) if rng.random() < 0.1 else 25
    levels = [top + 2.5 * em + (place + 1) * pitch * em for place in range(25)]
    for place in range(count):
        sheet.put(str(place + 1), edge, levels[place], sheet.body, "right")
    for text, level in zip(lines, levels, strict=False):
        inset = (len(text) - len(text.lstrip())) * 0.6 * em
        sheet.put(text.strip(), start + inset, level, sheet.body)


def _speech(sheet: Sheet, width: float) -> list[str]:
    """Questions and answers in lines, the first of each set in."""
    found: list[str] = []
    while len(found) < 25:
        who = sheet.rng.choice(("Q.", "A.", "Q.", "A.", f"MR. {sheet.write.rare().upper()}:", "THE COURT:"))
        said = (
            sheet.write.text(1, 2) if sheet.rng.random() < 0.6 else sheet.write.words(1, 4).capitalize() + "."
        )
        lines = broken(f"{who} {said}", sheet.body, width, indent=3 * sheet.em)
        found += [("     " if not place else "") + line.text for place, line in enumerate(lines)]
    return found


def statute(rng: Random) -> Sheet:
    """Sections of a law with notes in small print in the margin, on the left read before the text, on the
    right after it; some are numbered every five lines."""
    width, note = rng.uniform(34, 44), rng.uniform(7, 10)
    sheet = Sheet(rng, 10 + width + note, rng.uniform(62, 76))
    em, on_left, numbered = sheet.em, rng.random() < 0.4, rng.random() < 0.3
    small = sheet.body.at(rng.uniform(0.68, 0.82))
    text_left = (4 + (note + 2 if on_left else 0)) * em
    head = Flow(sheet, text_left, 2 * em, width * em)
    if rng.random() < 0.7:
        sheet.put(f"c. {rng.randint(1, 60)}", 4 * em, 3 * em, sheet.body)
        sheet.put(
            f"{sheet.write.title(1, 3)} Act {rng.randint(1890, 2025)}",
            sheet.width / 2,
            3 * em,
            sheet.body.at(1, ITALIC),
            "center",
        )
        sheet.put(str(rng.randint(1, 400)), sheet.width - 4 * em, 3 * em, sheet.body, "right")
        head.y += 4 * em
    head.line(f"PART {rng.choice(('I', 'II', 'III', 'IV'))}", sheet.body, "center").line(
        sheet.write.title(2, 3).upper(), sheet.body, "center"
    ).skip(1)
    sections = _sections(sheet, width * em, sheet.height - 5 * em - head.y)
    starts, y = [], head.y
    for lines in sections:
        starts.append(y + lines[0].above)
        y += sum(line.above + line.pitch for line in lines)
    note_left = (4 if on_left else 4 + width + 2) * em
    if on_left:
        _notes(sheet, starts, note_left, note * em, small)
    flow = Flow(sheet, text_left, head.y, width * em)
    for lines in sections:
        flow.place(lines)
    if not on_left:
        _notes(sheet, starts, note_left, note * em, small)
        if numbered:
            _fives(sheet, sections, head.y, text_left - 1.6 * em)
    if rng.random() < 0.4:
        sheet.put(str(rng.randint(1, 400)), sheet.width / 2, sheet.height - 2 * em, sheet.body, "center")
    return sheet


def _sections(sheet: Sheet, width: float, high: float) -> list[list[Set]]:
    rng, number, reached = sheet.rng, sheet.rng.randint(1, 80), 0.0
    found: list[list[Set]] = []
    leading = rng.uniform(1.15, 1.4)
    while True:
        white = rng.uniform(0.5, 1.0) * sheet.em if found else 0.0
        lines = broken(
            f"{number}. (1) {sheet.write.text(1, 3)}",
            sheet.body,
            width,
            leading=leading,
            indent=1.5 * sheet.em,
            above=white,
            justified=True,
        )
        for part in range(rng.randint(0, 3)):
            lines += broken(
                f"({'abc'[part]}) {sheet.write.sentence()}", sheet.body, width - 3 * sheet.em, leading=leading
            )
        reached += sum(line.above + line.pitch for line in lines)
        if reached > high:
            return found
        found.append(lines)
        number += 1


def _notes(sheet: Sheet, starts: list[float], left: float, width: float, style: Style) -> None:
    """A note beside the beginning of each section, cut short where the next one begins."""
    for start, end in zip(starts, [*starts[1:], sheet.height], strict=True):
        lines = broken(sheet.write.label(2, 6) + ".", style, width, leading=1.15)
        fill(sheet, [Slot(left, start + 0.2 * sheet.em, width, end - 0.3 * sheet.em)], lines)


def _fives(sheet: Sheet, sections: list[list[Set]], top: float, edge: float) -> None:
    """Every fifth line has its number in the other margin: these go before all, so they are moved there."""
    begun, y = len(sheet.runs), top
    for count, line in enumerate((line for lines in sections for line in lines), start=1):
        y += line.above + line.pitch
        if count % 5 == 0:
            sheet.put(str(count), edge, y - 0.25 * sheet.em, sheet.body.at(0.8), "right")
    first = next(place for place, run in enumerate(sheet.runs) if run.text.startswith(sections[0][0].text))
    sheet.runs[first:] = sheet.runs[begun:] + sheet.runs[first:begun]
