"""Short blocks of one make side by side."""

from __future__ import annotations

import pytest

from actors.contracts import Line
from actors.layout.arrange import arrange
from tests.actors.layout.pages import PITCH, line

BILL = ["Bill to", "Ida Costa", "4 Mill Road", "57836 Porto"]
SHIP = ["Ship to", "Vera Halden", "12 Quay Street", "97014 Dundee"]
ITEMS = [
    ["Item", "Text", "Sum"],
    ["A-1", "Bench", "39.00"],
    ["B-2", "Lamp", "12.50"],
    ["C-3", "Seeds", "3.20"],
]


def at(rows: list[list[str]], places: list[float], top: float) -> list[Line]:
    return [
        line(text, left, top + number * PITCH, 10.0 * len(text))
        for number, row in enumerate(rows)
        for left, text in zip(places, row, strict=True)
    ]


def test_addresses_are_read_one_after_the_other_and_the_table_below_in_rows() -> None:
    page = at([list(row) for row in zip(BILL, SHIP, strict=True)], [40, 400], 100)
    page += at(ITEMS, [40, 200, 600], 260)
    assert arrange(page).text.split("\n\n") == [
        "\n".join(BILL),
        "\n".join(SHIP),
        "\n".join("\t".join(row) for row in ITEMS),
    ]


@pytest.mark.parametrize(
    "right",
    [
        ["Riga", "Cork", "Faro", "Oulu"],
        ["4.20", "3.10", "8.90", "5.15"],
        ["12 May", "3 May", "7 Jun", "9 Jul"],
    ],
)
def test_a_small_table_stays_in_rows(right: list[str]) -> None:
    left = ["Screw M3", "Bus 11", "Hinge", "Van 4"]
    page = at([list(row) for row in zip(left, right, strict=True)], [40, 400], 100)
    assert arrange(page).text.splitlines() == [
        f"{one}\t{other}" for one, other in zip(left, right, strict=True)
    ]
