"""The fingerprint: one hash of everything that changes results, and nothing that only changes speed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from actors.contracts import EngineInfo
from actors.errors import ConfigError
from actors.layout.version import VERSION
from actors.settings import DecodeConfig, LayoutConfig

_DECODE = ("pdf_dpi", "pdf_max_megapixels", "max_megapixels", "max_file_mb", "max_pages")


def settings_in_clear(info: EngineInfo, decode: DecodeConfig, layout: LayoutConfig) -> dict[str, str]:
    """Everything that changes results, by name, as text: what is printed when two outputs differ."""
    settings = {
        "engine": info.engine,
        "engine version": info.version,
        "runtime": info.runtime,
        "precision": info.precision,
    }
    settings |= {f"weights of {name}": digest for name, digest in info.weights.items()}
    settings |= {f"engine.{name}": value for name, value in info.settings.items()}
    settings |= {f"decode.{name}": f"{getattr(decode, name):g}" for name in _DECODE}
    if decode.pages is not None:
        settings["decode.pages"] = decode.pages
    if decode.attachments != "ignore":
        settings["decode.attachments"] = decode.attachments
    if layout.order == "reading":  # else nothing is changed, and outputs from before it was there go on
        settings["layout.order"] = f"reading, version {VERSION}"
    return settings


def check_fingerprint(info: EngineInfo, decode: DecodeConfig, layout: LayoutConfig, expected: str) -> None:
    """Refuse an engine that is not the one that the driver planned with: another release on this node, say.

    Raises ConfigError.
    """
    settings = settings_in_clear(info, decode, layout)
    if fingerprint(settings) != expected:
        raise ConfigError(
            "A worker's engine differs from the driver's.",
            f"The worker has engine version {info.version}, runtime {info.runtime}, {info.precision}.",
            "Install the same versions of rayocr, PaddleOCR and the models on every node.",
        )


def fingerprint(settings: Mapping[str, str]) -> str:
    """SHA-256 over the canonical JSON of `settings_in_clear`."""
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
