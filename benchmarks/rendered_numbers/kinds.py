"""Kinds of numbers, drawn from a seed: each with equal digits side by side, or with none."""

from __future__ import annotations

import datetime
import random
import re
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_LETTERS = "ACEFHKLMNPRTUVWXY"
"""Letters of part numbers: none that a font may draw like a digit (B, D, G, I, O, Q, S, Z), and no J."""

_EQUAL = re.compile(r"(\d)\1")
_DIGIT = re.compile(r"\D")
_TRIES = 2000

# The codes of countries whose account numbers are digits alone, and how many digits follow the check digits.
_IBAN = {"DE": 18, "AT": 16, "ES": 20, "PL": 24, "FR": 23, "CH": 17}


@dataclass(frozen=True)
class Item:
    """What is written in one place. `kind`: a key of `KINDS`, or "word"; `equal`: whether equal digits stand
    side by side (None for words); `language`: of a word."""

    text: str
    kind: str
    equal: bool | None = None
    language: str | None = None

    @property
    def is_number(self) -> bool:
        """Whether it counts among the numbers."""
        return self.kind != "word"


class Digits:
    """Digits from a seed. `equal`: most stand in runs of two to five; else no two neighbors are alike."""

    def __init__(self, chance: random.Random, equal: bool) -> None:
        self.chance = chance
        self.equal = equal

    def take(self, count: int, first: str = string.digits) -> str:
        """`count` digits; the first is one of `first`."""
        found = self.chance.choice(first)
        while len(found) < count:
            digit = self.chance.choice(string.digits)
            if self.equal:
                run = self.chance.choice((1, 2, 3, 3, 4, 5))
                found += digit * run if self.chance.random() < 0.6 else found[-1] * run
            elif digit != found[-1]:
                found += digit
        return found[:count]

    def whole(self, least: int, most: int) -> str:
        """A whole number of `least` to `most` digits, round in a third of those with equal digits."""
        count = self.chance.randint(least, most)
        digits = self.take(count, string.digits[1:])
        if self.equal and count > 2 and self.chance.random() < 1 / 3:
            kept = self.chance.randint(1, count - 2)
            return digits[:kept] + "0" * (count - kept)
        return digits

    def cents(self) -> str:
        """Two digits after a decimal sign."""
        if self.equal:
            return self.chance.choice(("00", "00", "11", "33", "50", "55", "88", "99", "05"))
        return self.take(2)


def grouped(digits: str, sign: str, first: int = 3, then: int = 3) -> str:
    """Digits with `sign` between groups: the last of `first` digits, those before it of `then`."""
    head, parts = digits[:-first], [digits[-first:]]
    while head:
        parts.insert(0, head[-then:])
        head = head[:-then]
    return sign.join(parts)


def _us(digits: Digits) -> str:
    text = f"{grouped(digits.whole(4, 9), ',')}.{digits.cents()}"
    return digits.chance.choice(("", "", "$", "£")) + text


def _european(digits: Digits) -> str:
    text = f"{grouped(digits.whole(4, 9), '.')},{digits.cents()}"
    return text + digits.chance.choice(("", "", " €", " EUR"))


def _indian(digits: Digits) -> str:
    return f"{grouped(digits.whole(6, 9), ',', then=2)}.{digits.cents()}"


def _swiss(digits: Digits) -> str:
    return digits.chance.choice(("", "CHF ")) + f"{grouped(digits.whole(4, 8), chr(39))}.{digits.cents()}"


def _plain(digits: Digits) -> str:
    whole = digits.whole(3, 8)
    return digits.chance.choice((whole, f"{whole}.{digits.cents()}"))


def _date(digits: Digits) -> str:
    day = datetime.date(1990, 1, 1) + datetime.timedelta(digits.chance.randrange(16000))
    return day.strftime(digits.chance.choice(("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d-%m-%y", "%d/%m/%Y")))


def _iban(digits: Digits) -> str:
    country = digits.chance.choice(sorted(_IBAN))
    account = digits.take(_IBAN[country])
    letters = "".join(str(ord(letter) - ord("A") + 10) for letter in country)
    check = 98 - int(f"{account}{letters}00") % 97  # ISO 13616: the whole, moved round, is 1 modulo 97
    text = f"{country}{check:02d}{account}"
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def _phone(digits: Digits) -> str:
    take, first = digits.take, string.digits[1:]
    return digits.chance.choice(
        (
            f"+49 {take(2, first)} {take(7, first)}",
            f"({take(3, first)}) {take(3, first)}-{take(4)}",
            f"+1-{take(3, first)}-{take(3, first)}-{take(4)}",
            f"0{take(2, first)} {take(3, first)} {take(2)} {take(2)}",
            f"{take(4, first)}-{take(6)}",
        )
    )


def _serial(digits: Digits) -> str:
    return digits.take(digits.chance.randint(8, 14))


def _part(digits: Digits) -> str:
    letters = "".join(digits.chance.sample(_LETTERS, 2))
    first, second = digits.take(4), digits.take(digits.chance.randint(2, 4))
    return digits.chance.choice(
        (f"{letters}-{first}-{second}", f"{first}-{letters}{second}", f"{letters}{first}")
    )


def _time(digits: Digits) -> str:
    hours, minutes, seconds = (digits.chance.randrange(limit) for limit in (24, 60, 60))
    return digits.chance.choice((f"{hours:02d}:{minutes:02d}", f"{hours:02d}:{minutes:02d}:{seconds:02d}"))


def _percent(digits: Digits) -> str:
    whole = digits.whole(1, 3)
    return digits.chance.choice((f"{whole}.{digits.cents()}%", f"{whole},{digits.cents()} %", f"{whole}%"))


def _negative(digits: Digits) -> str:
    whole, cents = digits.whole(4, 7), digits.cents()
    return digits.chance.choice(
        (f"-{grouped(whole, ',')}.{cents}", f"-{grouped(whole, '.')},{cents}", f"-{whole}.{cents}")
    )


def _bracketed(digits: Digits) -> str:
    return f"({grouped(digits.whole(4, 7), ',')}.{digits.cents()})"


KINDS: Mapping[str, Callable[[Digits], str]] = {
    "amount, US": _us,
    "amount, European": _european,
    "amount, Indian": _indian,
    "amount, Swiss": _swiss,
    "amount, plain": _plain,
    "amount, negative": _negative,
    "amount, bracketed": _bracketed,
    "date": _date,
    "IBAN": _iban,
    "phone": _phone,
    "serial number": _serial,
    "part number": _part,
    "time": _time,
    "percentage": _percent,
}


def has_equal_neighbors(text: str) -> bool:
    """Whether two equal digits stand side by side, nothing between them."""
    return bool(_EQUAL.search(text))


def has_no_equal_digits(text: str) -> bool:
    """Whether no two digits that follow each other are equal, whatever stands between them."""
    return not _EQUAL.search(_DIGIT.sub("", text))


def number(chance: random.Random, kind: str, equal: bool, known: Callable[[str], bool] = bool) -> Item | None:
    """A number of a kind whose text is `known` (to font and model); None where no such one is found."""
    fits = has_equal_neighbors if equal else has_no_equal_digits
    for _ in range(_TRIES):
        text = KINDS[kind](Digits(chance, equal))
        if fits(text) and known(text):
            return Item(text, kind, equal)
    return None


def numbers(chance: random.Random, kinds: Sequence[str], known: Callable[[str], bool] = bool) -> list[Item]:
    """One number of each of `kinds`, every second one with equal neighbors; of another kind where the font
    cannot write one."""
    found: list[Item] = []
    names = list(KINDS)
    for position, kind in enumerate(kinds):
        others = chance.sample(names, len(names))
        made = (number(chance, name, position % 2 == 0, known) for name in (kind, *others))
        found.append(next(item for item in made if item is not None))
    return found
