"""Fonts by language, in three parts: two that rules were tuned with, and one that was held back."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path("/usr/share/fonts")

_ALPHABETS = (
    ("DejaVuSans.ttf", "LiberationSerif-Regular.ttf", "FreeSans.ttf", "Roboto-Regular.ttf"),
    ("NimbusRoman-Regular.otf", "OpenSans-Regular.ttf", "LinLibertine_R.otf", "DejaVuSerif-Bold.ttf"),
    ("LiberationSans-Regular.ttf", "RobotoCondensed-Regular.ttf", "Carlito-Regular.ttf", "FreeSerif.ttf"),
)

_OTHERS = {
    "ar": (("DejaVuSans.ttf",), ("FreeSerif.ttf", "DejaVuSansMono.ttf"), ("FreeSerifBold.ttf",)),
    "fa": (("DejaVuSans.ttf",), ("FreeSerif.ttf", "DejaVuSansMono.ttf"), ("FreeSerifBold.ttf",)),
    "he": (
        ("DejaVuSans.ttf", "FreeSans.ttf"),
        ("FreeSerif.ttf", "LinLibertine_R.otf"),
        ("FreeSansBold.ttf", "FreeMono.ttf"),
    ),
    "hi": (("FreeSans.ttf",), ("FreeSerif.ttf", "FreeSansBold.ttf"), ("FreeSerifBold.ttf",)),
    "bn": (("FreeSans.ttf",), ("FreeSerif.ttf",), ("FreeSansOblique.ttf", "FreeSerifItalic.ttf")),
    "ta": (("FreeSerif.ttf",),) * 3,
    "th": (("FreeSerif.ttf",), ("FreeSerifBold.ttf", "FreeSerifItalic.ttf"), ("FreeSerif.ttf",)),
    "ka": (
        ("DejaVuSans.ttf", "FreeSans.ttf"),
        ("FreeSerif.ttf", "DejaVuSerif-Bold.ttf"),
        ("DejaVuSansMono.ttf", "FreeSansBold.ttf"),
    ),
    "hy": (
        ("DejaVuSans.ttf",),
        ("FreeSerif.ttf", "DejaVuSerif-Bold.ttf"),
        ("DejaVuSansMono.ttf", "DejaVuSerif.ttf"),
    ),
    "vi": (
        ("DejaVuSans.ttf", "Roboto-Regular.ttf"),
        ("FreeSerif.ttf", "Lato-Regular.ttf"),
        ("RobotoCondensed-Regular.ttf", "DejaVuSerif.ttf"),
    ),
    "ko": (("wqy-zenhei.ttc",),) * 3,
    "zh": (("wqy-zenhei.ttc",),) * 3,
    "ja": (("ipag.ttf",), ("ipam.ttf",), ("ipagp.ttf", "DotGothic16-Regular.ttf")),
}

PACKAGES = (
    "fonts-dejavu-core",
    "fonts-dejavu-extra",
    "fonts-freefont-ttf",
    "fonts-liberation",
    "fonts-roboto-unhinted",
    "fonts-urw-base35",
    "fonts-open-sans",
    "fonts-linuxlibertine",
    "fonts-lato",
    "fonts-crosextra-carlito",
    "fonts-dotgothic16",
    "fonts-wqy-zenhei",
    "fonts-ipafont",
)
"""Debian's, which bring them."""


def names_of(language: str, part: int) -> tuple[str, ...]:
    """File names of the fonts of a language; `part`: 0 to 2. Where there is one font it is in all parts."""
    return _OTHERS.get(language, _ALPHABETS)[part]


@cache
def path_of(name: str) -> Path:
    """Where a font is. Raises FileNotFoundError with the packages that may bring it."""
    found = next(iter(sorted(_FOLDER.rglob(name))), None)
    if found is None:
        raise FileNotFoundError(f"no font {name}; Debian: apt-get install {' '.join(PACKAGES)}")
    return found
