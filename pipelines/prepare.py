"""What a run needs to know before it starts: documents, machine, weights, and the card of its settings."""

from __future__ import annotations

from collections.abc import Callable

from actors.contracts import DocRef
from actors.settings import DecodeConfig, EngineConfig, ModelsConfig
from pipelines.card import Card
from pipelines.config import Config
from pipelines.machine import Machine, on_cluster, this_machine, without_gpus
from pipelines.plan import located
from pipelines.sources.origin import Origin
from pipelines.view import View


def list_source(config: Config, say: Callable[[str], None] = lambda _: None) -> list[DocRef]:
    """All documents of the source; `say` hears what was left out by name. Raises ConfigError."""
    from pipelines.sources import list_documents

    silence_s = config.decode.read_timeout_s
    return list(list_documents(config.source, [config.output.path], say, silence_s))


def usable_machine(engine: EngineConfig, machine: Machine) -> Machine:
    """The machine, with `device: auto` without cards that the engine cannot use."""
    from actors.device import gpu_package_missing
    from actors.models.catalogue import find_model

    if not machine.gpus or engine.device != "auto" or engine.engine == "fake":
        return machine
    missing = gpu_package_missing(find_model(engine.model).format)
    return without_gpus(machine, f"a GPU is here, but not {missing}") if missing else machine


def machine_of(engine: EngineConfig) -> Machine:
    """What there is to compute with: the cluster that this process belongs to, or this machine."""
    if not on_cluster():
        return usable_machine(engine, this_machine())
    from pipelines.runners.ray import cluster_machine, connect

    connect()
    return usable_machine(engine, cluster_machine())


def check_engine(config: Config) -> None:
    """Raise ConfigError if no engine can be built with these settings, whatever is fetched: a runtime that is
    not installed, an int8 model that was not made."""
    from actors.engines import describe_engine

    describe_engine(located(config, machine_of(config.engine)), config.models)


def check_decoders(decode: DecodeConfig, view: View, *, always: bool = False) -> None:
    """Say what decoders are not kept from on this machine, or with `always` what they are. Raises ConfigError
    where `decode.sandbox` demands more."""
    from actors.decoding.start import no_box
    from actors.sandbox.box import possible

    if decode.sandbox == "off":
        view.say("decoders: not confined (decode.sandbox is off)")
        return
    held = possible()
    if held.lacking and decode.sandbox == "required":
        raise no_box(held.lacking)
    if held.lacking or always:
        view.say(f"decoders: {held}")


def ensure_models(engine: EngineConfig, models: ModelsConfig, view: View) -> None:
    """Have the weights here, verified, before anything is started."""
    if engine.engine == "fake":
        return
    from actors.engines import needed_models
    from actors.models.cache import ModelStore

    store = ModelStore(models)
    for name in needed_models(engine):
        store.ensure(name, view.say)


def card_of(config: Config) -> Card:
    """The card of an output that is made with these settings."""
    from actors.engines import describe_engine
    from actors.engines.fingerprint import fingerprint, settings_in_clear

    info = describe_engine(located(config, machine_of(config.engine)), config.models)
    settings = settings_in_clear(info, config.decode, config.layout)
    return Card(fingerprint(settings), settings, sources=(Origin.of(config.source),))
