"""The manifest beside the parts: what is in them, and for which machine. Reading it is the installer's."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipelines.bundle.install import FORMAT, MANIFEST, Manifest


def write_manifest(manifest: Manifest, folder: Path) -> Path:
    """Write it; the same manifest gives the same bytes."""
    path = folder / MANIFEST
    path.write_text(json.dumps(_as_json(manifest), indent=1) + "\n", "utf-8")
    return path


def _as_json(manifest: Manifest) -> dict[str, Any]:
    glibc = "{}.{}".format(*manifest.glibc)
    return {"format": FORMAT, **asdict(manifest), "glibc": glibc}
