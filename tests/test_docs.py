"""The documentation says what the code does: generated pages, links, and every YAML example."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
import yaml

from pipelines.config import Config, load_config
from tests.cli import ROOT

MARKDOWN = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def test_generated_pages_are_up_to_date() -> None:
    stale = runpy.run_path(str(ROOT / "docs" / "generate.py"))["stale"]
    assert list(stale()) == []


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.name)
def test_yaml_examples_are_valid(page: Path) -> None:
    for block in re.findall(r"```yaml\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        Config.model_validate(yaml.safe_load(block))


@pytest.mark.parametrize("page", MARKDOWN, ids=lambda page: page.name)
def test_settings_named_in_prose_exist(page: Path) -> None:
    sections = Config.model_fields
    for section, key in re.findall(r"`([a-z]+)\.([a-z_]+)[`=]", page.read_text("utf-8")):
        if section in sections and section not in {"decode", "ocr"}:  # those two are error codes as well
            annotation = sections[section].annotation
            assert key in getattr(annotation, "model_fields", {}), f"{section}.{key}"


@pytest.mark.parametrize("file", sorted(ROOT.glob("configs/*.yaml")), ids=lambda file: file.name)
def test_configs_are_valid(file: Path) -> None:
    load_config(str(file), environment={})
