"""One validated tree of settings, the same from a YAML file, `--set`, the environment and Python."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from actors.errors import ConfigError
from actors.settings import DecodeConfig, EngineConfig, LayoutConfig, ModelsConfig, Settings
from pipelines.sources.config import SourceConfig

ENVIRONMENT_PREFIX = "RAYOCR_"


class OutputConfig(Settings):
    """Where the rows go, and how many may have failed."""

    path: str
    """Folder or URL of the output: `pages/*.parquet`, `runs/*.json` and `rayocr.json` appear in it."""

    flush_seconds: float = Field(default=60.0, gt=0)
    """Work that one file of rows holds, in seconds: what a crash may cost. `file_mb` may end it earlier."""

    file_mb: float = Field(default=64.0, gt=0)
    """Size in MiB of rows, before compression, at which their file is closed; with Ray by an estimate of
    their number."""

    max_failed_fraction: float = Field(default=0.05, ge=0, le=1)
    """Share of failed pages (0..1) up to which a complete run still exits 0; above it the run exits 3."""

    max_noticed_fraction: float | None = Field(default=None, ge=0, le=1)
    """Share of pages (0..1) with notices that something is lacking, above which a complete run exits 3. Null:
    notices are counted and named, and change no exit code."""

    dedup: bool = False
    """True: documents of equal content are recognised once, and the others get copies of the rows, which name
    the recognised one in `duplicate_of`. Files of equal size are read once more, by the driver."""

    storage_options: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Options of the fsspec filesystem of `path` (endpoint, credentials ...); never printed."""


class ResourcesConfig(Settings):
    """What the run may use. Everything left null is chosen by the plan, which says why."""

    runner: Literal["auto", "inline", "ray"] = "auto"
    """`inline`: child processes of this machine, no Ray; `ray`: Ray Data, here or on the cluster of the
    job; `auto`: Ray in a job or with a GPU, else whichever ends sooner."""

    actors: int | None = Field(default=None, ge=1)
    """Engines at work at once."""

    cpus_per_actor: float | None = Field(default=None, gt=0)
    """CPUs reserved for each engine; may be a fraction."""

    gpus_per_actor: float | None = Field(default=None, ge=0)
    """GPUs reserved for each engine; may be a fraction (0.25: four engines share a card, each capped at a
    quarter of its memory). Null: one card each, or what `actors` leaves to each."""

    batch_pages: int | None = Field(default=None, ge=1)
    """Pages handed to an engine at once. Null: on a card, as many as its share of the memory should hold."""

    engine_memory_mb: int | None = Field(default=None, ge=64)
    """Memory in MiB that the process of one engine may take. Above four fifths of it the engine gives memory
    back and gets smaller batches; above all of it a fresh process takes its place after the batch. Null: its
    share of the machine's memory, or of the container's."""

    decode_tasks: int | None = Field(default=None, ge=1)
    """Documents read and decoded at once."""

    probe: int | None = Field(default=None, ge=1)
    """Pages that one engine reads before the plan is made, which then counts with what they took instead of
    with estimates (24 are enough). Null: no probe."""

    actor_start_timeout_s: float = Field(default=600.0, gt=0)
    """Seconds within which engines must be up: all of them on a cluster, one of them on this machine (a model
    may have to be fetched). Seconds in which they had to wait for a CPU do not count."""


class OcrConfig(Settings):
    """Recognition, whichever engine does it."""

    timeout_s: float = Field(default=120.0, gt=0)
    """Seconds that an engine has for a page before it is ended and the page tried alone; then `ocr.timeout`.
    A batch has as many times that as it has pages. They pass while the engine computes, sleeps, or waits for
    a card, and not while it has to wait for a CPU since the machine is busy."""


class Config(Settings):
    """A whole run."""

    source: SourceConfig
    """What to read."""

    output: OutputConfig
    """Where the rows go."""

    decode: DecodeConfig = Field(default_factory=DecodeConfig)
    """How documents become page pictures."""

    engine: EngineConfig = Field(default_factory=EngineConfig)
    """What reads the pictures."""

    layout: LayoutConfig = Field(default_factory=LayoutConfig)
    """How lines become the page's text."""

    models: ModelsConfig = Field(default_factory=ModelsConfig)
    """Where weights come from."""

    resources: ResourcesConfig = Field(default_factory=ResourcesConfig)
    """What the run may use."""

    ocr: OcrConfig = Field(default_factory=OcrConfig)
    """Limits of recognition."""


def load_config(
    file: str | None = None,
    overrides: Iterable[str] = (),
    flags: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Config:
    """Build the config; later wins: file, `RAYOCR_SECTION__KEY` variables, `--set a.b=value`, flags.

    `flags` maps dotted keys to values, None meaning not given. Raises ConfigError, naming every fault.
    """
    tree = _read_yaml(file) if file else {}
    for dotted, value in _environment_values(os.environ if environment is None else environment):
        _assign(tree, dotted, value)
    for override in overrides:
        dotted, separator, text = override.partition("=")
        if not separator or not dotted.strip():
            raise ConfigError(
                f"--set {_name_in(override)!r} is not understood.",
                "It has no `key=value` form.",
                "Write --set engine.model=PP-OCRv6_small",
            )
        _assign(tree, dotted.strip(), _parse(dotted.strip(), text))
    for dotted, value in (flags or {}).items():
        if value is not None:
            _assign(tree, dotted, value)
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise _explain(error, file) from error


def _read_yaml(file: str) -> dict[str, Any]:
    import yaml

    from pipelines.settings_file import MAX_BYTES, fault_of, load_yaml

    try:
        with Path(file).open("rb") as stream:
            tree = load_yaml(stream.read(MAX_BYTES + 1).decode("utf-8"))
    except FileNotFoundError as error:
        raise ConfigError(
            f"The config file {file} does not exist.", "", "Check the path, or use --input and --output."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"No UTF-8 from byte {error.start} on."
        raise ConfigError(
            f"The config file {file} cannot be read.", reason or type(error).__name__, "Check the path."
        ) from error
    except yaml.YAMLError as error:
        # No cause: a traceback would show the line, which may hold a secret.
        raise ConfigError(
            f"The config file {file} is no valid YAML.",
            f"{fault_of(error)}.".capitalize(),
            "Mend that line; names need quotes if odd.",
        ) from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(
            f"The config file {file} is not a tree of settings.", f"It holds a {type(tree).__name__}.", ""
        )
    return tree


def _environment_values(environment: Mapping[str, str]) -> Iterable[tuple[str, Any]]:
    for name, text in sorted(environment.items()):
        section, separator, _ = name.removeprefix(ENVIRONMENT_PREFIX).partition("__")
        if name.startswith(ENVIRONMENT_PREFIX) and separator and section.lower() in Config.model_fields:
            dotted = name.removeprefix(ENVIRONMENT_PREFIX).lower().replace("__", ".")
            yield dotted, _parse(dotted, text)


def _parse(dotted: str, text: str) -> Any:
    """A value as YAML reads it; where the key wants text (a path, a name), the text as it stands."""
    import yaml

    from pipelines.settings_file import load_yaml

    if _is_text(tuple(dotted.split("."))) and text not in ("", "null"):
        return text
    try:
        return load_yaml(text) if text else text
    except yaml.YAMLError:
        return text


def _is_text(location: tuple[str, ...]) -> bool:
    model = _model_at(location[:-1])
    field = model.model_fields.get(location[-1]) if model else None
    return field is not None and field.annotation in (str, str | None)


def _name_in(override: str) -> str:
    """The key at its start: what follows may be a secret."""
    found = re.match(r"[\w.]*", override)
    return found[0] if found else ""


def _assign(tree: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, leaf = dotted.split(".")
    node = tree
    for name in parents:
        child = node.setdefault(name, {})
        if child is None:
            child = node[name] = {}
        if not isinstance(child, dict):
            raise ConfigError(f"{dotted} cannot be set.", f"{name} is a value, not a section.", "")
        node = child
    node[leaf] = value


def _explain(error: ValidationError, file: str | None) -> ConfigError:
    faults = [_fault(detail) for detail in error.errors()]
    where = f"The config file {file}" if file else "The configuration"
    return ConfigError(
        f"{where} has {len(faults)} fault{'s' if len(faults) > 1 else ''}.",
        "; ".join(faults),
        "All keys with their defaults: docs/config.md",
    )


_FLAGS = {"source": "source.path (--input)", "output": "output.path (--output)"}
"""Sections that cannot be left out, as the key and the option that give them."""

_WORDS = {
    "tuple_type": 'should be a list, such as ["a", "b"]',
    "bool_parsing": "should be true or false",
    "bool_type": "should be true or false",
}
"""For pydantic's words where they speak of Python."""


def _fault(detail: Any) -> str:
    location = tuple(str(part) for part in detail["loc"])
    dotted = ".".join(location)
    if detail["type"] == "extra_forbidden":
        near = difflib.get_close_matches(location[-1], _keys_at(location[:-1]), n=1, cutoff=0.5)
        hint = f", did you mean {'.'.join([*location[:-1], near[0]])}?" if near else ""
        return f"unknown key {dotted}{hint}"
    if detail["type"] == "missing":
        return f"{_FLAGS.get(dotted, dotted)} is missing"
    return f"{dotted}: {_WORDS.get(detail['type'], detail['msg'])}"


def _keys_at(location: tuple[str, ...]) -> list[str]:
    model = _model_at(location)
    return list(model.model_fields) if model else []


def _model_at(location: tuple[str, ...]) -> type[BaseModel] | None:
    """The settings model of a section, None if there is no such section."""
    model: type[BaseModel] = Config
    for name in location:
        field = model.model_fields.get(name)
        if field is None or not isinstance(field.annotation, type):
            return None
        if not issubclass(field.annotation, BaseModel):
            return None
        model = field.annotation
    return model
