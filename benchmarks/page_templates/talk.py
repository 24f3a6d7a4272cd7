"""Pages that go from side to side, and are read by height: chats, time lines; and recipes, which are not."""

from __future__ import annotations

from random import Random

from benchmarks.page_templates.sheet import BOLD, ITALIC, Sheet, measured
from benchmarks.page_templates.typesetting import Flow, broken


def chat(rng: Random) -> Sheet:
    """Messages of two people, on the left and on the right, from top to bottom; some with names and times."""
    sheet = Sheet(rng, rng.uniform(26, 40), rng.uniform(50, 75))
    em, write = sheet.em, sheet.write
    y = 3.0 * em
    if rng.random() < 0.6:
        sheet.put(write.name(), sheet.width / 2, y, sheet.body.at(1.2, BOLD), "center")
        y += 2 * em
    width = rng.uniform(0.45, 0.7) * sheet.width
    stamped, named, narrow = rng.random() < 0.5, rng.random() < 0.3, rng.random() < 0.6
    mine = rng.random() < 0.5
    while y < sheet.height - 8 * em:
        mine = not mine if rng.random() < 0.75 else mine
        text = write.sentence() if rng.random() < 0.6 else write.words(1, 5).capitalize()
        lines = broken(text, sheet.body, width - 2 * em, leading=1.3)
        extent = max(measured(line.text, sheet.body).right for line in lines)
        left = 1.5 * em if not mine else sheet.width - 1.5 * em - (extent if narrow else width - 2 * em)
        flow = Flow(sheet, left, y, width)
        if named and not mine:
            flow.line(write.name(), sheet.body.at(0.8, BOLD))
        flow.place(lines)
        if stamped:
            flow.line(write.time(), sheet.body.at(0.7))
        y = flow.y + rng.uniform(1.1, 2.2) * em
    return sheet


def timeline(rng: Random) -> Sheet:
    """Years down the middle with what happened, in turns on the left and on the right of a line."""
    sheet = Sheet(rng, rng.uniform(50, 66), rng.uniform(55, 85))
    em, write = sheet.em, sheet.write
    Flow(sheet, 4 * em, 2 * em, sheet.width - 8 * em).line(
        write.title(2, 4), sheet.body.at(1.9, BOLD), "center"
    )
    y, left, year = 6.5 * em, rng.random() < 0.5, rng.randint(1700, 1950)
    width = sheet.width / 2 - 7 * em
    ragged = rng.random() < 0.5
    while y < sheet.height - 10 * em:
        flow = Flow(sheet, 4 * em if left else sheet.width / 2 + 3 * em, y, width)
        align = "right" if left and ragged else "left"
        flow.line(str(year), sheet.body.at(1.2, BOLD), align)  # type: ignore[arg-type]
        for line in broken(write.text(1, 2), sheet.body, width, leading=1.3):
            flow.line(line.text, sheet.body, align)  # type: ignore[arg-type]
        y, left, year = flow.y + rng.uniform(0.6, 1.8) * em, not left, year + rng.randint(1, 20)
    return sheet


def recipe(rng: Random) -> Sheet:
    """A title, a row of facts, what is needed on the left, what to do on the right, and a tip."""
    sheet = Sheet(rng, rng.uniform(56, 70), rng.uniform(60, 80))
    em, write = sheet.em, sheet.write
    flow = Flow(sheet, 4 * em, rng.uniform(2, 16) * em, sheet.width - 8 * em)
    flow.line(write.title(2, 4), sheet.body.at(rng.uniform(2, 2.8), BOLD))
    if rng.random() < 0.7:
        flow.paragraph(write.text(1, 2), sheet.body.at(1.0, ITALIC)).skip(0.6)
    facts = [
        f"Serves {rng.randint(2, 8)}",
        f"Prep {rng.randint(5, 60)} min",
        f"Cook {rng.randint(5, 99)} min",
    ]
    flow.y += 1.6 * em
    for place, fact in enumerate(facts):
        sheet.put(fact, 4 * em + place * flow.width / 3, flow.y, sheet.body.at(1, BOLD))
    flow.skip(rng.uniform(1, 2))
    share, gutter = rng.uniform(0.26, 0.36), rng.uniform(2, 4) * em
    left = Flow(sheet, 4 * em, flow.y, share * flow.width)
    left.line("Ingredients", sheet.body.at(1.2, BOLD)).skip(0.3)
    pitch = rng.uniform(1.3, 1.7)
    for _ in range(rng.randint(6, 16)):
        unit = rng.choice(("g", "ml", "tbsp", "tsp", "cups", ""))
        left.place(
            broken(
                f"{rng.randint(1, 500)} {unit} {write.words(1, 4)}".replace("  ", " "),
                sheet.body,
                left.width,
                leading=pitch,
                hang=em,
            )
        )
    right = Flow(sheet, 4 * em + share * flow.width + gutter, flow.y, (1 - share) * flow.width - gutter)
    right.line("Method", sheet.body.at(1.2, BOLD)).skip(0.3)
    for step in range(rng.randint(4, 8)):
        lines = broken(
            f"{step + 1}. {write.text(1, 3)}",
            sheet.body,
            right.width,
            leading=1.35,
            hang=rng.choice((0, 1.4)) * em,
        )
        if right.y + len(lines) * 1.35 * em > sheet.height - 9 * em:
            break
        right.place(lines).skip(0.5)
    tip = Flow(sheet, 4 * em, max(left.y, right.y) + 2 * em, flow.width)
    tip.line("Tip", sheet.body.at(1.1, BOLD)).paragraph(write.text(1, 2), sheet.body)
    return sheet
