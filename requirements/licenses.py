"""Checks that each package here has a licence that is allowed: python requirements/licenses.py"""

from __future__ import annotations

import re
import sys
from importlib import metadata

_ALLOWED = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|ISC|ISCL|PSF|Python Software Foundation|PSFL|HPND|Zlib|Unlicense|MPL|"
    r"Mozilla Public License|CC0|MIT-CMU|OFL|BSL-1\.0|public domain)\b",
    re.IGNORECASE,
)
"""Licences that ask for attribution, or (MPL) for changes to their own files, and for nothing of ours."""

_FORBIDDEN = re.compile(r"\bA?GPL|GNU (Affero )?General Public", re.IGNORECASE)
_LESSER = re.compile(r"\bLGPL|GNU Lesser", re.IGNORECASE)

_EXCEPTIONS = {
    "crc32c": "LGPL: a library that is loaded as it comes, and can be replaced; only in tests (moto)",
    "python-bidi": "LGPL: a library that is loaded as it comes, and can be replaced; PaddleX asks for it",
    "pi-heif": "BSD, with libheif and libde265 under the LGPL as libraries of their own that can be replaced",
}
"""Packages that are allowed though their licence is not, with the reason."""


def licence_of(package: metadata.Distribution) -> str:
    """What a package says of its licence: an SPDX expression, else its classifiers, else its own words."""
    told = package.metadata
    classifiers = [line for line in told.get_all("Classifier", []) if line.startswith("License ::")]
    named = [line.rpartition("::")[2].strip() for line in classifiers]
    words = (told.get("License") or "").strip()
    return told.get("License-Expression") or "; ".join(named) or words[:200] or "none named"


def is_allowed(name: str, licence: str) -> bool:
    """Whether a package may be installed."""
    if name.lower().replace("_", "-") in _EXCEPTIONS:
        return True
    lesser_removed = _LESSER.sub("", licence)
    if _ALLOWED.search(lesser_removed) and re.search(r"\bOR\b", licence):
        return True  # the user may choose
    return bool(_ALLOWED.search(licence)) and not _FORBIDDEN.search(licence) and not _LESSER.search(licence)


def main() -> int:
    """Print what is not allowed; 1 if there is any."""
    found = sorted((one.name, licence_of(one)) for one in metadata.distributions() if one.name)
    refused = [(name, licence) for name, licence in found if not is_allowed(name, licence)]
    for name, licence in refused:
        print(f"{name}: {licence}")
    print(f"licences of {len(found)} packages: {len(refused)} not allowed")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
