"""Made-up words, sentences, names, amounts and dates from a seed: what generated pages are filled with."""

from __future__ import annotations

from random import Random


def _list(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_ONSETS = _list("b br c ch d dr f fl g gr h j k l m n p pl pr qu r s sh st t tr v w y z")
_VOWELS = _list("a a e e e i i o o u ai ea ie oo ou")
_CODAS = _list("n r s t l m nd nt st ck ng rd sh p d th")
_COMMON = _list(
    "the of and to in a is that for it as was with be by on not he his but at are this have from or had "
    "an they which one were all their we him been has when who will more no if out so what up said its"
)
_FIRST = _list("Anna Ivo Marta Piet Olga Hugo Lena Karl Rosa Emil Vera Otto Nora Sven Ida Paul")
_LAST = _list("Halden Moser Brandt Okafor Lindqvist Costa Meyer Novak Holm Duarte Fischer Salonen Jansen")
_PLACES = _list(
    "Aarhus Bergen Cork Dundee Espoo Faro Ghent Ipswich Jena Kotka Lleida Malmo Namur Oulu Porto Riga "
    "Split Turku Umea Visby Wells York Zwolle Antwerp Basel Chester Derby Essen Fulda Graz"
)
_MONTHS = _list("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
_STREETS = ("Road", "Street", "Lane")
_JAPANESE = (
    "春朝港町静漁帰船三隻岸並老人網干孫昔話聞遠汽笛鳴二手止沖見花値段歩市魚山川田中日月火水木金土年時分"
    "のにをはがとでもからまでよりあいうえおかきくけこさしすせそたちつてなるれん"
)


class Writer:
    """Writes from a random generator: the same seed writes the same."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng

    def word(self) -> str:
        """One word: a common one in two of five, else one made of two or three syllables."""
        if self.rng.random() < 0.4:
            return self.rng.choice(_COMMON)
        return self.rare()

    def rare(self) -> str:
        """A made-up word."""
        rng = self.rng
        parts = [rng.choice(_ONSETS) + rng.choice(_VOWELS) for _ in range(rng.randint(1, 3))]
        return "".join(parts) + rng.choice(_CODAS)

    def words(self, low: int, high: int) -> str:
        """Between `low` and `high` words, in lower case."""
        return " ".join(self.word() for _ in range(self.rng.randint(low, high)))

    def title(self, low: int, high: int) -> str:
        """A few rare words with capitals."""
        return " ".join(self.rare().capitalize() for _ in range(self.rng.randint(low, high)))

    def label(self, low: int = 1, high: int = 2) -> str:
        """A label: one or more rare words, the first with a capital."""
        return " ".join(self.rare() for _ in range(self.rng.randint(low, high))).capitalize()

    def sentence(self) -> str:
        """A sentence of 6 to 18 words, now and then with a comma or a number."""
        rng = self.rng
        words = self.words(6, 18).split()
        if rng.random() < 0.4:
            words[len(words) // 2] += ","
        if rng.random() < 0.15:
            words[rng.randrange(1, len(words))] = str(rng.randint(2, 1999))
        return " ".join(words).capitalize() + "."

    def text(self, low: int, high: int) -> str:
        """Between `low` and `high` sentences."""
        return " ".join(self.sentence() for _ in range(self.rng.randint(low, high)))

    def name(self) -> str:
        """A person's first and last name."""
        return f"{self.rng.choice(_FIRST)} {self.rng.choice(_LAST)}"

    def place(self) -> str:
        """A town."""
        return self.rng.choice(_PLACES)

    def places(self, count: int) -> list[str]:
        """Different towns, up to thirty."""
        return self.rng.sample(_PLACES, min(count, len(_PLACES)))

    def street(self) -> str:
        """A street with its number."""
        return f"{self.rng.randint(1, 199)} {self.rare().capitalize()} {self.rng.choice(_STREETS)}"

    def amount(self, digits: int = 4) -> str:
        """An amount with two decimals, below ten to the power of `digits`."""
        return f"{self.rng.randint(100, 10 ** (digits + 2) - 1) / 100:,.2f}"

    def date(self) -> str:
        """A day of a month."""
        return f"{self.rng.randint(1, 28):02d} {self.rng.choice(_MONTHS)}"

    def full_date(self) -> str:
        """A date of numbers."""
        return f"{self.rng.randint(1, 28):02d}/{self.rng.randint(1, 12):02d}/{self.rng.randint(1990, 2026)}"

    def time(self) -> str:
        """A time of day."""
        return f"{self.rng.randint(0, 23):02d}:{self.rng.randint(0, 59):02d}"

    def code(self) -> str:
        """A part number."""
        return f"{self.rng.choice('ABCDKLMX')}{self.rng.choice('ABCDKLMX')}-{self.rng.randint(100, 9999)}"

    def months(self) -> list[str]:
        """The twelve months, in short."""
        return list(_MONTHS)

    def japanese(self, count: int) -> str:
        """Kanji and kana, now and then with a comma or full stop; `count` characters."""
        return "".join(
            self.rng.choice("、。") if index and self.rng.random() < 0.06 else self.rng.choice(_JAPANESE)
            for index in range(count)
        )
