"""Fonts by language: those that rules were tuned with, and those that were held back for the final figure."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_FOLDER = Path("/usr/share/fonts")

_ALPHABETS = (
    ("DejaVuSans.ttf", "LiberationSerif-Regular.ttf", "FreeSans.ttf", "Roboto-Regular.ttf"),
    ("NimbusRoman-Regular.otf", "OpenSans-Regular.ttf", "LinLibertine_R.otf", "DejaVuSerif-Bold.ttf"),
)

_OTHERS = {
    "ar": (("DejaVuSans.ttf",), ("FreeSerif.ttf", "DejaVuSansMono.ttf")),
    "fa": (("DejaVuSans.ttf",), ("FreeSerif.ttf", "DejaVuSansMono.ttf")),
    "he": (("DejaVuSans.ttf", "FreeSans.ttf"), ("FreeSerif.ttf", "LinLibertine_R.otf")),
    "hi": (("FreeSans.ttf",), ("FreeSerif.ttf", "FreeSansBold.ttf")),
    "bn": (("FreeSans.ttf",), ("FreeSerif.ttf",)),
    "ta": (("FreeSerif.ttf",), ("FreeSerif.ttf",)),
    "th": (("FreeSerif.ttf",), ("FreeSerifBold.ttf", "FreeSerifItalic.ttf")),
    "ka": (("DejaVuSans.ttf", "FreeSans.ttf"), ("FreeSerif.ttf", "DejaVuSerif-Bold.ttf")),
    "hy": (("DejaVuSans.ttf",), ("FreeSerif.ttf", "DejaVuSerif-Bold.ttf")),
    "vi": (("DejaVuSans.ttf", "Roboto-Regular.ttf"), ("FreeSerif.ttf", "Lato-Regular.ttf")),
    "ko": (("wqy-zenhei.ttc",), ("wqy-zenhei.ttc",)),
    "zh": (("wqy-zenhei.ttc",), ("wqy-zenhei.ttc",)),
    "ja": (("ipag.ttf",), ("ipam.ttf",)),
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
    "fonts-wqy-zenhei",
    "fonts-ipafont",
)
"""Debian's, which bring them."""


def names_of(language: str, *, held_out: bool) -> tuple[str, ...]:
    """File names of the fonts of a language."""
    return _OTHERS.get(language, _ALPHABETS)[held_out]


@cache
def path_of(name: str) -> Path:
    """Where a font is. Raises FileNotFoundError with the packages that may bring it."""
    found = next(iter(sorted(_FOLDER.rglob(name))), None)
    if found is None:
        raise FileNotFoundError(f"no font {name}; Debian: apt-get install {' '.join(PACKAGES)}")
    return found
