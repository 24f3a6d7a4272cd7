"""`rayocr show`: a page's text as it is read, and its picture with numbered blocks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from actors.signatures import without_query
from rayocr.cli import terminal

if TYPE_CHECKING:
    from pipelines.config import Config
    from pipelines.show import Shown


@click.command(short_help="Show a page: its text, and its picture with numbered blocks.")
@click.argument("page", metavar="PAGE")
@click.option(
    "--output", "-o", metavar="PATH|URL", help="Show what a run wrote there; PAGE is a document's key."
)
@click.option(
    "--page", "-p", "index", type=click.IntRange(min=0), default=0, help="Which page of it, from 0."
)
@click.option(
    "--picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the picture goes [NAME-PAGE.blocks.png].",
)
@click.option("--markdown", is_flag=True, help="Print Markdown: headings, lists, tables, paragraphs.")
@click.option(
    "--set", "-s", "overrides", multiple=True, metavar="KEY=VALUE", help="Set any key of the config."
)
def command(
    page: str,
    output: str | None,
    index: int,
    picture: Path | None,
    markdown: bool,
    overrides: tuple[str, ...],
) -> int:
    """Print the text of one page as it is read, and draw its blocks, numbered in that order, into a picture.
    PAGE is a file or URL, which is read now; or, with --output, a document that a run has read.

    \b
    rayocr show receipt.jpg
    rayocr show letters/0042.pdf --page 3 --output ~/scans-text --markdown
    """
    from pipelines.show import page_of_document, page_of_output

    _check_can_be_drawn(picture)
    config = _config(page, output, overrides)
    shown = (page_of_output if output else page_of_document)(config, page, index)
    terminal.lines(_markdown(shown) if markdown else shown.text)
    for code in shown.notices:
        terminal.note(f"{code}: {_meaning(code)}")
    if not shown.lines and not shown.notices:
        terminal.note("no text was found on this page")
    target = picture or Path(
        f"{Path(without_query(shown.name)).stem}-{index}.blocks.png"
    )  # no name that a scan may have
    _draw(shown, target)
    terminal.note(f"the page with its blocks is {target}")
    return 0


def _meaning(code: str) -> str:
    from actors.notices import NOTICE_CODES

    return NOTICE_CODES[code].meaning if code in NOTICE_CODES else "A newer rayocr knows what this says."


def _check_can_be_drawn(picture: Path | None) -> None:
    """Raises ConfigError where a picture's name is of no known kind, before time goes into the page."""
    import PIL.Image

    from actors.errors import ConfigError

    if picture and picture.suffix.lower() not in PIL.Image.registered_extensions():
        raise ConfigError(
            f"No picture can be written as {picture}.",
            f"No format of pictures has the ending {picture.suffix!r}.",
            "Give a name that ends in .png or .jpg.",
        )


def _draw(shown: Shown, target: Path) -> None:
    """Write the picture. Raises ConfigError."""
    from actors.errors import ConfigError
    from actors.layout.picture import numbered

    try:
        numbered(shown.picture, shown.lines).save(target)
    except (OSError, ValueError) as error:  # ValueError: more pixels than the format can hold
        raise ConfigError(
            f"The picture {target} cannot be written.",
            str(error),
            "Give another place with --picture, a .png in a folder that exists and may be written to.",
        ) from error


def _config(page: str, output: str | None, overrides: tuple[str, ...]) -> Config:
    from pipelines.config import load_config

    flags: dict[str, Any] = {"source.path": page, "output.path": output or "."}
    return load_config(None, overrides, flags)


def _markdown(shown: Shown) -> str:
    from actors.layout.arrange import arrange
    from actors.layout.markdown import markdown

    return markdown(arrange(shown.lines))
