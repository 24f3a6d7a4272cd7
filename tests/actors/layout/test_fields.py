"""The boxes of a form, field by field."""

from __future__ import annotations

from actors.layout.arrange import arrange
from tests.actors.layout.pages import PITCH, line

LABELS = (("Last name", "First name", "Born"), ("Street", "Town", "Code"))
VALUES = (("Meyer", "Ida", "03/11/1984"), ("4 Mill Lane", "", "90210"))


def form(label_height: float, label_letter: float) -> list:  # type: ignore[type-arg]
    """Two rows of three boxes: labels over values."""
    page = [line("Application", 40, 20, 220, 34)]
    for row, (labels, values) in enumerate(zip(LABELS, VALUES, strict=True)):
        top = 100 + row * 3 * PITCH
        for place, (label, value) in enumerate(zip(labels, values, strict=True)):
            left = 40 + 260 * place
            page.append(line(label, left, top, label_letter * len(label), label_height))
            if value:
                page.append(line(value, left + 4, top + 18, 12 * len(value), 22))
    return page


def test_a_field_is_its_label_and_its_value() -> None:
    text = arrange(form(12, 6.5)).text
    assert text.split("\n\n") == [
        "Application",
        *(
            f"{label}\n{value}".strip()
            for labels, values in zip(LABELS, VALUES, strict=True)
            for label, value in zip(labels, values, strict=True)
        ),
    ]


def test_the_head_of_a_table_in_small_print_stays_a_row() -> None:
    page = [
        line(text, 40 + 200 * place, 100, 7 * len(text), 12)
        for place, text in enumerate(("Name", "Town", "Sum"))
    ]
    for row in range(5):
        for place, text in enumerate((f"name{row}", f"town{row}", f"{row}.50")):
            page.append(line(text, 40 + 200 * place, 116 + row * PITCH, 12 * len(text), 22))
    assert arrange(page).text.replace("\n\n", "\n").splitlines()[:2] == [
        "Name\tTown\tSum",
        "name0\ttown0\t0.50",
    ]


def test_labels_as_large_as_their_values_are_a_row() -> None:
    assert "Last name\tFirst name\tBorn" in arrange(form(22, 12)).text
