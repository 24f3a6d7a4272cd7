"""Engines: whatever turns page pictures into lines. `build_engine` is the only constructor."""

from __future__ import annotations

from actors.contracts import EngineInfo, OcrEngine
from actors.errors import ConfigError
from actors.settings import EngineConfig, ModelsConfig


def build_engine(
    config: EngineConfig | None = None,
    models: ModelsConfig | None = None,
    *,
    gpu_memory_mb: int | None = None,
) -> OcrEngine:
    """Build an engine in this process, which then owns it.

    Missing weights are fetched (unless `models.offline`), and verified. The device is `config.device`: the
    first card that this process sees for "gpu", the CPU for "auto" (`actors.device` decides in workers).
    `gpu_memory_mb`: memory in MiB that the engine's runtime may take of that card, beside CUDA's context
    (`actors.share`); the fake engine takes none.

    Raises ConfigError (ModelError) for what cannot work: a runtime that is not installed, a model that is
    unknown or altered.
    """
    config, models = config or EngineConfig(), models or ModelsConfig()
    if config.engine == "fake":
        from actors.engines.fake import FakeEngine

        return FakeEngine(config)
    if config.engine == "fast":
        from actors.engines.fast.engine import FastEngine

        return FastEngine(config, models, gpu_memory_mb)
    if config.engine == "stock":
        from actors.engines.stock import StockEngine

        return StockEngine(config, models, gpu_memory_mb)
    raise ConfigError(f"There is no engine {config.engine}.", "", "Use fast, stock or fake.")


def needed_models(config: EngineConfig) -> tuple[str, ...]:
    """Names in the catalogue of all models that an engine loads."""
    if config.engine == "fake":
        return ()
    if config.engine == "stock":
        return (config.model,)
    from actors.engines.fast.describe import judges

    return (config.model, *judges(config))


def describe_engine(config: EngineConfig, models: ModelsConfig | None = None) -> EngineInfo:
    """What `build_engine(config, models).info` says, without loading a model or an OCR library."""
    if config.engine == "fake":
        from actors.engines.fake import describe as describe_fake

        return describe_fake(config)
    if config.engine == "fast":
        from actors.engines.fast.describe import describe as describe_fast

        return describe_fast(config, models or ModelsConfig())
    from actors.engines.stock import describe

    return describe(config, models or ModelsConfig())
