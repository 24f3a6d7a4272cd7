"""What was measured of an int8 model, as a table and in sentences, before anybody uses it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from actors.runtimes.cpu import cpu_flags
from pipelines.quantise.measure import Cost, Measured
from pipelines.quantise.scores import Accuracy, Agreement, accuracy, agreement

REFERENCE = "float32"
INT8 = "int8"

_WORTH_IT = 0.95
"""Share of float32's CPU time above which int8 is not called faster."""

_ENOUGH_LINES = 100
"""Lines that a calibration should have; the recipe was measured with some 400."""

_INT8_FLAGS = ("avx512_vnni", "avx_vnni", "asimddp", "i8mm")
"""Instructions that multiply int8 numbers, as Linux names them (the last two are ARM's). AMX is not used."""


@dataclass(frozen=True, slots=True)
class Column:
    """One engine in the report."""

    name: str
    runtime: str
    precision: str
    cost: Cost
    agreement: Agreement | None
    accuracy: Accuracy | None


@dataclass(frozen=True, slots=True)
class Pages:
    """What it was calibrated and measured on. `separate`: on other pages than it was calibrated on."""

    calibration: int
    lines: int
    measured: int
    separate: bool


@dataclass(frozen=True, slots=True)
class Detection:
    """Of the lines that float32 detection found, those that int8 detection found, too. `kept`: whether the
    model has it; `asked`: whether it was to have it."""

    found: int
    total: int
    kept: bool
    asked: bool

    @property
    def share(self) -> float:
        """0..1."""
        return self.found / max(1, self.total)


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that is told of an int8 model. The first column is float32, the last one int8."""

    columns: tuple[Column, ...]
    pages: Pages
    detection: Detection

    def rows(self) -> list[tuple[str, ...]]:
        """The table: a quantity, then its value for each column."""
        return [
            (label, *(value(column) for column in self.columns))
            for label, value in _ROWS.items()
            if any(value(column) for column in self.columns)
        ]

    def header(self) -> tuple[str, ...]:
        """Of the table."""
        return ("", *(f"{column.name}\n{column.runtime}" for column in self.columns))

    def sentences(self) -> list[str]:
        """What the table does not say by itself."""
        return [self._pages(), self._detection(), self._speed(), *self._other(), *self._truth()]

    def in_card(self) -> dict[str, Any]:
        """For the card of the model."""
        return asdict(self)

    @property
    def ratio(self) -> float:
        """CPU time of int8 over that of float32, all shapes known."""
        return self.columns[-1].cost.page / max(1e-9, self.columns[0].cost.page)

    def _pages(self) -> str:
        pages = self.pages
        made = f"Calibrated on {_count(pages.lines, 'line')} of {_count(pages.calibration, 'page')}"
        few = "" if pages.lines >= _ENOUGH_LINES else " These are few lines: give more pages."
        if pages.separate:
            return f"{made}; measured on {pages.measured} others, one thread.{few}"
        return (
            f"{made}, and measured on the same pages, since there are few: expect somewhat less accuracy on "
            f"others.{few}"
        )

    def _detection(self) -> str:
        found = self.detection
        if not found.asked:
            return "Detection stays in float32, as asked."
        told = f"int8 detection finds {found.share:.1%} of the {_count(found.total, 'line')} of float32"
        return f"{told}." if found.kept else f"{told}: too few, so detection stays in float32."

    def _speed(self) -> str:
        has = sorted(cpu_flags().intersection(_INT8_FLAGS))
        cpu = f"this CPU multiplies int8 numbers ({', '.join(has)})" if has else "this CPU has no VNNI"
        if self.ratio < _WORTH_IT:
            return f"int8 takes {self.ratio:.2f} of float32's CPU time here ({cpu})."
        return (
            f"int8 is not faster than float32 here: it takes {self.ratio:.2f} of its CPU time ({cpu}). "
            "Do not use it on such machines."
        )

    def _other(self) -> list[str]:
        """What a run would take by itself, if that is neither float32 nor int8, and is no slower."""
        cost = self.columns[-1].cost.page
        return [
            f"{column.precision}, which a run takes here by itself, needs {column.cost.page / cost:.2f} of "
            "int8's CPU time: there is no use for int8 on such machines."
            for column in self.columns[1:-1]
            if column.cost.page <= cost
        ]

    def _truth(self) -> list[str]:
        known = self.columns[-1].accuracy
        if known is None:
            return ["Accuracy is not known: give --truth with what some of the pages say."]
        return [f"Accuracy is over the {_count(known.pages, 'measured page')} whose text is known."]


def make_report(
    measured: Mapping[str, Measured], truths: Sequence[str | None], pages: Pages, detection: Detection
) -> Report:
    """Put together what was measured; `measured` has REFERENCE first and INT8 last."""
    reference = measured[REFERENCE]
    columns = tuple(
        Column(
            name=name,
            runtime=one.runtime,
            precision=one.precision,
            cost=one.cost,
            agreement=None if name == REFERENCE else agreement(one.read, reference.read),
            accuracy=accuracy(one.read, truths),
        )
        for name, one in measured.items()
    )
    return Report(columns, pages, detection)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _seconds(value: float) -> str:
    return f"{value:.3f}"


_ROWS: dict[str, Callable[[Column], str]] = {
    "CPU s a page": lambda column: _seconds(column.cost.page),
    "  of it detection's model": lambda column: _seconds(column.cost.det),
    "  of it recognition's model": lambda column: _seconds(column.cost.rec),
    "CPU s a page, shapes not seen before": lambda column: _seconds(column.cost.first),
    "character error rate against float32": lambda column: (
        f"{column.agreement.cer:.2%}" if column.agreement else ""
    ),
    "lines with float32's text": lambda column: f"{column.agreement.equal:.1%}" if column.agreement else "",
    "lines of float32 found": lambda column: f"{column.agreement.found:.1%}" if column.agreement else "",
    "word F1 against the truth": lambda column: f"{column.accuracy.word_f1:.4f}" if column.accuracy else "",
    "character error rate against the truth": lambda column: (
        f"{column.accuracy.cer:.2%}" if column.accuracy else ""
    ),
}
"""Label of each row, and its text for a column; a row that is empty for all is left out."""
