"""Pages of figures: an analyst's page with a sidebar, a bank statement with empty cells, an invoice."""

from __future__ import annotations

from random import Random

from benchmarks.page_templates.plots import bar_chart
from benchmarks.page_templates.sheet import BOLD, Sheet, Style
from benchmarks.page_templates.typesetting import Column, Flow, broken, spread_columns, table


def analyst(rng: Random) -> Sheet:
    """Text and tables of figures, or these alone, and beside them a narrow column of its own: a rating, key
    data, text, a chart, names. The two share no rows. The one on the left is read first."""
    main, side, gutter = rng.uniform(38, 48), rng.uniform(15, 20), rng.uniform(1.8, 4)
    sheet = Sheet(rng, 8 + main + side + gutter, rng.uniform(75, 95))
    em, on_left, figures = sheet.em, rng.random() < 0.3, rng.random() < 0.5
    whole = sheet.width - 8 * em
    sheet.put(f"{sheet.write.title(1, 2)} Research", 4 * em, 3 * em, sheet.body.at(1.1, BOLD))
    sheet.put(sheet.write.full_date(), sheet.width - 4 * em, 3 * em, sheet.body, "right")
    head = Flow(sheet, 4 * em, 5 * em, whole)
    head.line(sheet.write.title(2, 3), sheet.body.at(2.2, BOLD)).line(
        sheet.write.words(4, 7).capitalize(), sheet.body.at(1.4)
    )
    head.skip(rng.uniform(1, 2.5))
    main_left = (4 + (side + gutter if on_left else 0)) * em
    side_left = (4 if on_left else 4 + main + gutter) * em
    bottom = sheet.height - 9 * em
    if on_left:
        _sidebar(sheet, side_left, head.y, side * em, bottom)
    (_tables if figures else _analysis)(sheet, main_left, head.y, main * em, bottom)
    if not on_left:
        _sidebar(sheet, side_left, head.y, side * em, bottom)
    foot = Flow(sheet, 4 * em, sheet.height - 6.5 * em, whole)
    foot.paragraph(sheet.write.text(2, 3), sheet.body.at(0.7), leading=1.2)
    if rng.random() < 0.5:
        sheet.put(
            str(rng.randint(1, 30)),
            sheet.width - 4 * em,
            sheet.height - 1.5 * em,
            sheet.body.at(0.8),
            "right",
        )
    return sheet


def _analysis(sheet: Sheet, left: float, top: float, width: float, bottom: float) -> None:
    """Paragraphs with a table among them."""
    rng, em = sheet.rng, sheet.em
    flow = Flow(sheet, left, top, width)
    leading = rng.uniform(1.2, 1.4)
    place, number = rng.randint(0, 2), 0
    while flow.y < bottom - 8 * em:
        if number == place and flow.y < bottom - 24 * em:
            flow.y = _figures(sheet, left, flow.y, width) + 1.5 * em
        else:
            if rng.random() < 0.6:
                flow.line(sheet.write.title(2, 4), sheet.body.at(1.1, BOLD))
            lines = broken(sheet.write.text(2, 5), sheet.body, width, leading=leading)
            room = int((bottom - flow.y) / (leading * em))
            flow.place(lines[:room]).skip(rng.uniform(0.6, 1.2))
        number += 1


def _tables(sheet: Sheet, left: float, top: float, width: float, bottom: float) -> None:
    """Tables of figures one under the other."""
    y = top
    while y < bottom - 24 * sheet.em:
        y = _figures(sheet, left, y, width) + sheet.rng.uniform(0.8, 2.2) * sheet.em


def _figures(sheet: Sheet, left: float, top: float, width: float) -> float:
    """Figures by year, with a heading."""
    rng, style = sheet.rng, sheet.body.at(rng_size := sheet.rng.uniform(0.8, 1.0))
    years = rng.randint(3, 5)
    first = rng.randint(2015, 2024)
    rows = [["Year to December", *(f"{first + year}{'E' if year > 1 else ''}" for year in range(years))]]
    for _ in range(rng.randint(5, 12)):
        rows.append([sheet.write.label(1, 3), *(sheet.write.amount(rng.randint(1, 4)) for _ in range(years))])
    flow = Flow(sheet, left, top, width).line(
        f"Table {rng.randint(1, 9)}: {sheet.write.words(2, 4)}", sheet.body.at(rng_size, BOLD)
    )
    columns = spread_columns(sheet, left, width, rows, style)
    if columns is None:
        rows = [row[:4] for row in rows]
        columns = spread_columns(sheet, left, width, rows, style, 0.8) or []
    return table(
        sheet, columns, rows, flow.y, style, leading=rng.uniform(1.3, 1.7), head=sheet.body.at(rng_size, BOLD)
    )


def _sidebar(sheet: Sheet, left: float, top: float, width: float, bottom: float) -> None:
    rng, em = sheet.rng, sheet.em
    style = sheet.body.at(rng.uniform(0.75, 0.9))
    bold = Style(BOLD, style.size)
    flow = Flow(sheet, left, top + rng.uniform(-0.3, 0.5) * em, width)
    flow.line(f"{rng.choice(('Buy', 'Hold', 'Sell'))}", sheet.body.at(1.6, BOLD)).skip(rng.uniform(0.3, 1))
    leading = rng.uniform(1.25, 1.6)
    for _ in range(rng.randint(1, 2) if flow.y < bottom - 50 * em else 1):
        flow.line(sheet.write.label(1, 2), bold)
        for _ in range(rng.randint(4, 9)):
            flow.y += leading * style.size
            sheet.put(sheet.write.label(1, 2), left, flow.y - 0.25 * em, style)
            sheet.put(sheet.write.amount(3), left + width, flow.y - 0.25 * em, style, "right")
        flow.skip(1)
    if rng.random() < 0.5 and flow.y < bottom - 32 * em:
        flow.line(sheet.write.label(1, 2), bold).paragraph(
            sheet.write.text(1, 4), style, leading=leading
        ).skip(1)
    if flow.y < bottom - 15 * em:
        flow.line(sheet.write.label(2, 2), bold)
        flow.y = bar_chart(sheet, left, flow.y + 0.5 * em, width, rng.uniform(8, 12) * em, style.at(0.85))
        flow.line(f"Source: {sheet.write.title(1, 1)}", style.at(0.85)).skip(1.2)
    while flow.y < bottom - 6 * em and rng.random() < 0.8:
        flow.line(sheet.write.name(), bold).line(
            f"+44 {rng.randint(10, 99)} {rng.randint(1000, 9999)}", style
        ).skip(0.8)


def statement(rng: Random) -> Sheet:
    """A bank statement: who and when, then entries whose debit, credit and number are often empty."""
    sheet = Sheet(rng, rng.uniform(68, 80), rng.uniform(85, 100))
    em, write = sheet.em, sheet.write
    sheet.put(f"{write.title(1, 2)} Bank", 4 * em, 4 * em, sheet.body.at(1.8, BOLD))
    if rng.random() < 0.5:
        sheet.put("Account statement", sheet.width - 4 * em, 4 * em, sheet.body.at(1.2), "right")
    top = rng.uniform(7, 10) * em
    flow = Flow(sheet, 4 * em, top, 30 * em)
    for text in (write.name(), write.street(), f"{write.place()} {rng.randint(10000, 99999)}"):
        flow.line(text, sheet.body)
    summary = top + rng.uniform(0.2, 1.0) * em
    pitch = rng.uniform(1.35, 1.9) * em
    rows = [
        ("Account", f"{rng.randint(100, 999)}-{rng.randint(10000, 99999)}"),
        ("Period ending", write.full_date()),
        ("Page", str(rng.randint(1, 9))),
        ("Branch", write.place()),
    ]
    for place, (label, value) in enumerate(rows[: rng.randint(2, 4)]):
        sheet.put(label, sheet.width - 30 * em, summary + (place + 1) * pitch, sheet.body)
        sheet.put(value, sheet.width - 4 * em, summary + (place + 1) * pitch, sheet.body, "right")
    _entries(sheet, max(flow.y, summary + 4 * pitch) + rng.uniform(2, 4) * em)
    foot = Flow(sheet, 4 * em, sheet.height - 6 * em, sheet.width - 8 * em)
    foot.paragraph(write.text(1, 2), sheet.body.at(0.75))
    return sheet


def _entries(sheet: Sheet, top: float) -> None:
    rng, em, write = sheet.rng, sheet.em, sheet.write
    right = sheet.width / em - 4
    numbered = rng.random() < 0.6
    head = ["Date", "Check no", "Description", "Debit", "Credit", "Balance"]
    places = [
        (4.0, "left"),
        (11.0, "left"),
        (18.0, "left"),
        (right - 18, "right"),
        (right - 9, "right"),
        (right, "right"),
    ]
    if not numbered:
        del head[1], places[1]
    columns = [Column(x * em, align) for x, align in places]  # type: ignore[arg-type]
    rows = [head, [write.date(), *[""] * numbered, "Opening balance", "", "", write.amount(4)]]
    while (len(rows) + 1) * 1.5 * em < sheet.height - 9 * em - top and len(rows) < rng.randint(12, 40):
        debit = rng.random() < 0.65
        check = [str(rng.randint(1000, 9999)) if debit and rng.random() < 0.35 else ""] * numbered
        balance = write.amount(4) if rng.random() < 0.8 else ""
        rows.append(
            [
                write.date(),
                *check,
                write.label(1, 3),
                write.amount(3) if debit else "",
                "" if debit else write.amount(4),
                balance,
            ]
        )
        if rng.random() < 0.15:
            rows.append(["", *[""] * numbered, f"Ref {write.code()}", "", "", ""])
    rows.append(["", *[""] * numbered, "Closing balance", "", "", write.amount(4)])
    table(sheet, columns, rows, top, sheet.body, leading=rng.uniform(1.35, 1.6), head=sheet.body.at(1, BOLD))


def delivery(rng: Random) -> Sheet:
    """A delivery note: who sends it and its references, who gets it and where it goes, what it holds, and who
    signs. Blocks that stand side by side are read one after the other."""
    sheet = Sheet(rng, rng.uniform(58, 72), rng.uniform(70, 90))
    em, write, right = sheet.em, sheet.write, sheet.width - 4 * sheet.em
    sender = Flow(sheet, 4 * em, 3 * em, 26 * em)
    sender.line(f"{write.title(1, 2)} & Co", sheet.body.at(1.5, BOLD))
    for text in (write.street(), f"{rng.randint(1000, 99999)} {write.place()}")[: rng.randint(1, 2)]:
        sender.line(text, sheet.body)
    y = 3.5 * em + rng.uniform(0, 1.5) * em
    for label in ("Delivery note", "Order", "Date", "Customer")[: rng.randint(2, 4)]:
        y += rng.choice((1.3, 1.5)) * em
        sheet.put(label, right - 18 * em, y, sheet.body)
        sheet.put(str(rng.randint(1000, 99999)), right - 8 * em, y, sheet.body)
    top = max(sender.y, y) + rng.uniform(2, 3.5) * em
    ends = []
    for place in range(rng.randint(1, 2)):
        flow = Flow(sheet, 4 * em + place * rng.uniform(26, 30) * em, top, 22 * em)
        if rng.random() < 0.7:
            flow.line(("Consignee", "Place of delivery")[place], sheet.body.at(1, BOLD))
        lines = [
            write.name(),
            write.title(1, 2),
            write.street(),
            f"{rng.randint(1000, 99999)} {write.place()}",
        ]
        for text in lines if rng.random() < 0.5 else [lines[0], *lines[2:]]:
            flow.line(text, sheet.body)
        ends.append(flow.y)
    columns = [Column(4 * em), Column(9 * em), Column(right - 10 * em, "right"), Column(right - 7 * em)]
    rows = [["Pos", "Goods", "Quantity", "Unit"]]
    rows += [
        [str(number + 1), write.label(1, 4), str(rng.randint(1, 200)), rng.choice(("pcs", "box", "kg"))]
        for number in range(rng.randint(2, 10))
    ]
    y = max(ends) + rng.uniform(1.5, 3) * em
    y = table(sheet, columns, rows, y, sheet.body, leading=rng.uniform(1.4, 1.8), head=sheet.body.at(1, BOLD))
    for place, label in enumerate(("Received by", "Date")):
        sheet.put(label, 4 * em + place * 26 * em, y + 5 * em, sheet.body.at(0.85))
    return sheet


def invoice(rng: Random) -> Sheet:
    """Seller, number and date, two addresses side by side, items whose descriptions run on, totals, terms."""
    sheet = Sheet(rng, rng.uniform(62, 74), rng.uniform(85, 100))
    em, write, right = sheet.em, sheet.write, sheet.width - 4 * sheet.em
    seller = Flow(sheet, 4 * em, 3 * em, 28 * em)
    seller.line(f"{write.title(1, 2)} Ltd", sheet.body.at(1.7, BOLD))
    for text in (
        write.street(),
        f"{write.place()} {rng.randint(10000, 99999)}",
        f"VAT {rng.randint(10**8, 10**9 - 1)}",
    ):
        seller.line(text, sheet.body)
    meta = Flow(sheet, right - 20 * em, (3 + rng.uniform(0, 1.2)) * em, 20 * em)
    meta.line("INVOICE", sheet.body.at(1.8, BOLD), "right").skip(0.4)
    for label, value in (
        ("Invoice no", write.code()),
        ("Date", write.full_date()),
        ("Due", write.full_date()),
    )[: rng.randint(2, 3)]:
        meta.y += 1.45 * em
        sheet.put(label, meta.left, meta.y, sheet.body)
        sheet.put(value, right, meta.y, sheet.body, "right")
    y = max(seller.y, meta.y) + rng.uniform(2, 4) * em
    second = Flow(sheet, 4 * em + rng.uniform(24, 32) * em, y, 20 * em)
    first = Flow(sheet, 4 * em, y, 20 * em)
    for flow, title in ((first, "Bill to"), (second, "Ship to")):
        flow.line(title, sheet.body.at(1, BOLD))
        for text in (write.name(), write.street(), f"{rng.randint(1000, 99999)} {write.place()}"):
            flow.line(text, sheet.body)
    y = _items(sheet, first.y + rng.uniform(2, 4) * em)
    notes = Flow(sheet, 4 * em, y + 3 * em, sheet.width - 8 * em)
    notes.line("Terms", sheet.body.at(1, BOLD)).paragraph(write.text(1, 3), sheet.body)
    if rng.random() < 0.6:
        _bank(sheet)
    return sheet


def _items(sheet: Sheet, top: float) -> float:
    rng, em, write, right = sheet.rng, sheet.em, sheet.write, sheet.width - 4 * sheet.em
    columns = [
        Column(4 * em),
        Column(12 * em),
        Column(right - 20 * em, "right"),
        Column(right - 11 * em, "right"),
        Column(right, "right"),
    ]
    rows = [["Item", "Description", "Qty", "Price", "Amount"]]
    for _ in range(rng.randint(3, 12)):
        rows.append(
            [write.code(), write.label(1, 3), str(rng.randint(1, 40)), write.amount(2), write.amount(3)]
        )
        if rng.random() < 0.3:
            rows.append(["", write.words(2, 4), "", "", ""])
    y = (
        table(
            sheet, columns, rows, top, sheet.body, leading=rng.uniform(1.4, 1.9), head=sheet.body.at(1, BOLD)
        )
        + rng.uniform(0.5, 1.5) * em
    )
    for label in ("Subtotal", f"VAT {rng.randint(5, 25)}%", "Total due"):
        y += 1.5 * em
        sheet.put(label, right - 20 * em, y, sheet.body)
        sheet.put(write.amount(4), right, y, sheet.body, "right")
    return y


def _bank(sheet: Sheet) -> None:
    """Three blocks of small print at the foot."""
    em, write, small = sheet.em, sheet.write, sheet.body.at(0.75)
    step = (sheet.width - 8 * em) / 3
    for place in range(3):
        flow = Flow(sheet, 4 * em + place * step, sheet.height - 6 * em, step)
        for text in (write.title(1, 2), write.street(), f"{write.place()} {write.code()}"):
            flow.line(text, small, leading=1.25)
