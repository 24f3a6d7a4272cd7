"""rayocr inside a Ray Data program of your own: documents or pictures in, page rows out, nothing written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from actors.contracts import DecodedPage, DocRef, Page, document_id
from actors.errors import ConfigError
from actors.settings import DecodeConfig, EngineConfig, LayoutConfig, ModelsConfig
from actors.signatures import published, revealed, without_secrets
from actors.transport import documents_to_table, pages_to_table
from pipelines.job import Job, make_job
from pipelines.plan import TASK_CPUS, Listing, Plan, located, make_plan

if TYPE_CHECKING:
    import pyarrow as pa
    from ray.data import Dataset

_INPUTS = ("uri", "bytes", "image")


def recognize_dataset(
    dataset: Dataset,
    engine: EngineConfig | None = None,
    *,
    decode: DecodeConfig | None = None,
    layout: LayoutConfig | None = None,
    models: ModelsConfig | None = None,
    resources: Mapping[str, Any] | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> Dataset:
    """Add recognition to a Dataset. Lazy, as every transformation of a Dataset is.

    The input has one of these columns: `uri` (str, a document to read), `bytes` (a document's content) or
    `image` (H×W×3 uint8 RGB). A `key` column (str) identifies the document, by default the uri, or the
    content's SHA-256. Other columns become `meta`, as strings. The output has the columns of
    `rayocr schema`, one row a page; `resources` are keys of the config's section of that name.

    Raises ConfigError if the input has none of these columns, or if the plan cannot run here.
    """
    from pipelines import ocr
    from pipelines.runners.ray import RayRecogniser, connect, set_limits
    from pipelines.runners.ray_journal import ActorJournal, start_journal

    if decode is not None and decode.attachments == "read":
        raise ConfigError(
            "A Dataset is recognised document by document, without those attached to them.",
            "decode.attachments is read, which needs an output that says what is done.",
            "Leave it at ignore; `rayocr run` reads attached documents.",
        )
    connect()
    column = _input_column(dataset)
    plan, job = _plan_and_job(engine, decode, layout, models, resources, storage_options)
    set_limits(job.start_timeout_s)
    if column == "uri":
        listed = dataset.map_batches(_refs, batch_format="pyarrow", batch_size=None, num_cpus=TASK_CPUS)
        pages = ocr.pages(listed, job, plan)
    else:
        make = partial(_pages, column=column, job=job)
        pages = dataset.map_batches(make, batch_format="pyarrow", batch_size=None, num_cpus=TASK_CPUS)
    return ocr.rows(pages, plan, RayRecogniser, {"job": job, "journal": ActorJournal(start_journal())})


def _input_column(dataset: Dataset) -> str:
    names = list(dataset.columns() or [])
    found = [name for name in _INPUTS if name in names]
    if len(found) != 1:
        raise ConfigError(
            "The dataset has no column to recognise." if not found else "The dataset has several inputs.",
            f"Its columns are {', '.join(names) or 'none'}.",
            "Give it exactly one of the columns uri, bytes and image.",
        )
    return found[0]


def _plan_and_job(
    engine: EngineConfig | None,
    decode: DecodeConfig | None,
    layout: LayoutConfig | None,
    models: ModelsConfig | None,
    resources: Mapping[str, Any] | None,
    storage_options: Mapping[str, Any] | None,
) -> tuple[Plan, Job]:
    from actors.engines import describe_engine
    from actors.engines.fingerprint import fingerprint, settings_in_clear
    from pipelines.config import Config
    from pipelines.prepare import usable_machine
    from pipelines.runners.ray import cluster_machine

    source = {"path": ".", "storage_options": dict(storage_options or {})}
    tree: dict[str, Any] = {"source": source, "output": {"path": "."}, "resources": dict(resources or {})}
    tree |= {"engine": engine or EngineConfig(), "decode": decode or DecodeConfig()}
    tree |= {"layout": layout or LayoutConfig()}
    config = Config.model_validate(tree | {"models": models or ModelsConfig()})
    machine = usable_machine(config.engine, cluster_machine())
    plan = make_plan(config, machine, Listing(documents=1000))
    info = describe_engine(located(config, machine), config.models)
    settings = settings_in_clear(info, config.decode, config.layout)
    return plan, make_job(config, plan, "", fingerprint(settings))


def _refs(table: pa.Table) -> pa.Table:
    """Rows with a `uri` to documents."""
    refs = []
    for row in table.to_pylist():
        uri, key = row.pop("uri"), row.pop("key", None)
        refs.append(_ref(str(key or uri), uri, row))
    return documents_to_table(refs)


def _pages(table: pa.Table, column: str, job: Job) -> Iterator[pa.Table]:
    """Rows with `bytes` or an `image` to pages."""
    values = table.column(column)
    for index, row in enumerate(table.drop_columns([column]).to_pylist()):
        key = row.pop("key", None)
        pages = _from_bytes if column == "bytes" else _from_image
        for page in pages(values[index], key, row, job):
            yield pages_to_table([page])


def _from_bytes(value: Any, key: str | None, meta: dict[str, Any], job: Job) -> Iterator[Page]:
    from pipelines.stages import warm_decoder

    data = value.as_py()
    digest = hashlib.sha256(data).hexdigest()
    ref = _ref(key or digest, "", meta)
    for decoded in warm_decoder(job.decode).pages(data):
        yield Page(ref, decoded, digest, len(data))


def _from_image(value: Any, key: str | None, meta: dict[str, Any], job: Job) -> Iterator[Page]:
    import numpy as np

    image = np.ascontiguousarray(value.as_py(), dtype=np.uint8)
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    decoded = DecodedPage(0, 1, None, image=image)
    yield Page(_ref(key or digest, "", meta), decoded, digest)


def _ref(key: str, uri: str, meta: Mapping[str, Any]) -> DocRef:
    carried = {str(name): without_secrets(str(value)) for name, value in meta.items() if value is not None}
    shown, secret = published(uri), uri if published(uri) != uri else None
    named = document_id(revealed(published(key), secret))
    return DocRef(named, published(key), shown, "unknown", None, carried, address=secret)
