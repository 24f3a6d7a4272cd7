"""rayocr: OCR for more pages than patience. The public names of the Python API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "Config",
    "EngineConfig",
    "RayocrError",
    "arrange",
    "build_engine",
    "load_config",
    "markdown",
    "recognize_dataset",
    "run",
]

_HOMES = {
    "Config": "pipelines.config",
    "load_config": "pipelines.config",
    "run": "pipelines.run",
    "recognize_dataset": "pipelines.dataset",
    "EngineConfig": "actors.settings",
    "RayocrError": "actors.errors",
    "build_engine": "actors.engines",
    "arrange": "actors.layout.arrange",
    "markdown": "actors.layout.markdown",
}

if TYPE_CHECKING:
    from actors.engines import build_engine
    from actors.errors import RayocrError
    from actors.layout.arrange import arrange
    from actors.layout.markdown import markdown
    from actors.settings import EngineConfig
    from pipelines.config import Config, load_config
    from pipelines.dataset import recognize_dataset
    from pipelines.run import run


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import rayocr` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rayocr' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)
