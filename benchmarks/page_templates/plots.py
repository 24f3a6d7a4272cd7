"""Labels of charts: titles, axes, legends and values, with the white of the drawing between them."""

from __future__ import annotations

from benchmarks.page_templates.sheet import Sheet, Style


def bar_chart(sheet: Sheet, left: float, top: float, width: float, height: float, style: Style) -> float:
    """Values up the left side, names along the foot, perhaps a legend over it and an axis title that is
    turned up. The lower edge is given back. Labels are read as rows from the top."""
    rng, size = sheet.rng, style.size
    steps, names = rng.randint(4, 6), max(3, min(rng.randint(4, 7), int(width / (3.2 * size))))
    unit = rng.choice((1, 5, 10, 20, 50))
    if rng.random() < 0.5:
        x = left + 3 * size
        for _ in range(rng.randint(2, 3)):
            x = sheet.put(sheet.write.label(1, 1), x, top + size, style) + 2.5 * size
        top += 2.2 * size
    if rng.random() < 0.25:
        label = sheet.write.label(1, 2)
        sheet.put(label, left - 0.4 * size, top + height / 2 + 0.25 * size * len(label), style, turn="up")
        left += 1.4 * size
    foot = top + height - 1.6 * size
    for step in range(steps):
        y = top + 0.8 * size + (foot - top - size) * step / (steps - 1)
        sheet.put(f"{(steps - 1 - step) * unit}", left + 2 * size, y, style, "right")
    each = (width - 3 * size) / names
    shown = (
        sheet.write.months()[:names] if rng.random() < 0.5 else [str(2010 + place) for place in range(names)]
    )
    for place, name in enumerate(shown):
        sheet.put(name, left + 3 * size + (place + 0.5) * each, foot + 1.4 * size, style, "center")
    return foot + 2 * size


def pie_chart(sheet: Sheet, left: float, top: float, width: float, height: float, style: Style) -> float:
    """Shares around a circle, each a name over its percentage, from the top down."""
    rng = sheet.rng
    places = [(0.5, 0.04), (0.86, 0.3), (0.84, 0.66), (0.48, 0.94), (0.12, 0.62), (0.14, 0.26)]
    chosen = sorted(rng.sample(range(6), rng.randint(4, 6)), key=lambda one: places[one][1])
    for one in chosen:
        x, y = left + places[one][0] * width, top + places[one][1] * (height - 2 * style.size) + style.size
        sheet.put(sheet.write.label(1, 1), x, y, style, "center")
        sheet.put(f"{rng.randint(2, 40)} %", x, y + 1.25 * style.size, style, "center")
    return top + height + style.size
