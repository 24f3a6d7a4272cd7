"""`rayocr bundle`: rayocr, its packages and models as files to carry to machines without an index."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rayocr.cli import terminal

if TYPE_CHECKING:
    from pipelines.bundle import Bundle

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}


def _bytes(context: click.Context, parameter: click.Parameter, text: str) -> int:
    """A size as `60M`, in bytes; K, M and G are thousands, millions and milliards."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMG]?)B?", text.strip().upper())
    if match is None:
        raise click.BadParameter(f"{text!r} is no size; write it as 60M or 1.5G.", context, parameter)
    return int(float(match[1]) * _UNITS[match[2]])


@click.command(short_help="Pack rayocr, its packages and models for machines without an index.")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--python", metavar="3.12", help="Python of the machines it is for; default: this one's.")
@click.option(
    "--platform",
    metavar="TAG",
    help="Their platform: linux_x86_64, linux_aarch64, or with the newest glibc they may need, "
    "manylinux_2_28_x86_64; default: this one's.",
)
@click.option(
    "--extra",
    "extras",
    multiple=True,
    default=("cpu",),
    show_default=True,
    metavar="NAME",
    help="Extra of rayocr, such as gpu-onnx; may be repeated.",
)
@click.option(
    "--with",
    "requirements",
    multiple=True,
    metavar="PACKAGE",
    help="What else is installed there, as pip takes it; may be repeated.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="NAME",
    help="Model; default: the default one. May be repeated.",
)
@click.option(
    "--parts",
    "part_bytes",
    callback=_bytes,
    metavar="SIZE",
    default="60M",
    show_default=True,
    help="Most bytes of a part (K, M, G).",
)
@click.option(
    "--constraints",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Versions, as pip's --constraint; default: constraints.txt of the checkout, if it runs from one.",
)
@click.option(
    "--cache",
    envvar="RAYOCR_MODELS__CACHE",
    metavar="FOLDER",
    help="Folder of the weights (models.cache); default $RAYOCR_MODELS or ~/.cache/rayocr/models.",
)
@click.option("--overwrite", is_flag=True, help="Replace a bundle that is in OUT.")
def command(
    out: Path,
    python: str | None,
    platform: str | None,
    extras: tuple[str, ...],
    requirements: tuple[str, ...],
    models: tuple[str, ...],
    part_bytes: int,
    constraints: Path | None,
    cache: str | None,
    overwrite: bool,
) -> int:
    """Collect rayocr, its packages and its models in the folder OUT: parts of bounded size, a manifest with
    the SHA-256 of everything, and install.py, which needs nothing but Python.

    \b
    rayocr bundle carry
    rayocr bundle carry --python 3.12 --platform linux_x86_64 --extra gpu-onnx --parts 60M
    python3.12 carry/install.py --into /opt/rayocr        (on the machine without an index)
    """
    from actors.settings import ModelsConfig
    from pipelines.bundle import Request, make_bundle

    request = Request(
        out=out,
        python=python,
        platform=platform,
        extras=extras,
        requirements=requirements,
        models=models,
        cache=ModelsConfig(cache=cache),
        part_bytes=part_bytes,
        constraints=constraints,
        overwrite=overwrite,
    )
    bundle = make_bundle(request, _say)
    _print_table(bundle)
    terminal.line(
        f"Carry the folder over; there: python{bundle.manifest.python} {bundle.folder.name}/install.py "
        "--into /opt/rayocr"
    )
    return 0


def _say(text: str) -> None:
    terminal.note(text)


def _print_table(bundle: Bundle) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in _rows(bundle):
        table.add_row(name, terminal.cell(value))
    terminal.table(table)


def _rows(bundle: Bundle) -> list[tuple[str, str]]:
    manifest = bundle.manifest
    wheels = [file.bytes for file in manifest.files if file.name.startswith("wheels/")]
    models = [file.bytes for file in manifest.files if file.name.startswith("models/")]
    glibc = "{}.{}".format(*manifest.glibc)
    return [
        ("bundle", str(bundle.folder)),
        ("for", f"Python {manifest.python} on {manifest.platform}, glibc {glibc} or newer"),
        ("installs", ", ".join(manifest.requirements)),
        ("packages", f"{len(wheels)}, {_size(sum(wheels))}"),
        ("models", f"{', '.join(manifest.models)}, {_size(sum(models))}"),
        ("parts", f"{len(manifest.parts)}, {_size(sum(part.bytes for part in manifest.parts))}"),
        ("installed", f"about {_size(manifest.installed_bytes)}, and as much again as the parts meanwhile"),
        ("manifest", f"SHA-256 {bundle.sha256}"),
    ]


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
