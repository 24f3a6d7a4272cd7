"""So many of a kind, and the first of them by name: how reports speak of files and pages.

The names themselves stay as they are: what a person sees of them is inert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from actors.inert import inert


@dataclass(frozen=True, slots=True)
class Names:
    """How many there are, and the first of them."""

    count: int = 0
    first: tuple[str, ...] = ()

    @classmethod
    def of(cls, names: Sequence[str], most: int) -> Names:
        """Count them, keep the first."""
        return cls(len(names), tuple(names[:most]))

    @property
    def in_a_line(self) -> str:
        """The names, and how many more there are."""
        rest = self.count - len(self.first)
        return ", ".join([*map(inert, self.first), *([f"{rest:,} more"] if rest else [])])

    def listed(self, what: str) -> str:
        """A line that says what they are, and a line for each name; nothing if there are none."""
        if not self.count:
            return ""
        rest = self.count - len(self.first)
        return "\n".join(
            [what, *(f"  {inert(name)}" for name in self.first), *([f"  and {rest:,} more"] if rest else [])]
        )


def page_name(key: str, page: int) -> str:
    """How a page is called."""
    return f"{key} page {page}"
