"""`rayocr schema`: show the columns of the output."""

from __future__ import annotations

import click

from rayocr.cli import terminal


@click.command(short_help="Show the columns of the output.")
@click.option("--json", "as_json", is_flag=True, help="Print name, type and meaning as JSON.")
def command(as_json: bool) -> int:
    """Show the columns of `pages/*.parquet`: one row a page, primary key (document_id, page_index)."""
    from actors.schema import COLUMNS, SCHEMA_VERSION, page_row_schema

    schema = page_row_schema()
    if as_json:
        columns = [{"name": f.name, "type": str(f.type), "meaning": COLUMNS[f.name]} for f in schema]
        terminal.json({"schema_version": SCHEMA_VERSION, "columns": columns})
        return 0
    terminal.line(f"schema version {SCHEMA_VERSION}")
    for field in schema:
        terminal.lines(f"{field.name:<16} {_short(str(field.type))}\n{'':<16} {COLUMNS[field.name]}")
    return 0


def _short(type_name: str) -> str:
    return type_name.replace("fixed_size_list<element: float>[8]", "float[8]").replace("element: ", "")
