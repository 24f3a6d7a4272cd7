"""The lists of pinned packages, and what looks at them."""

from __future__ import annotations

import importlib.util
import json
import re
from types import ModuleType

import pytest

from tests.cli import ROOT

FOLDER = ROOT / "requirements"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pinned(name: str) -> dict[str, str]:
    lines = (FOLDER / name).read_text().splitlines()
    found = [re.match(r"([\w.-]+)(?:\[[\w,-]+\])?==([^ ;]+)", line) for line in lines]
    return {match[1].lower().replace("_", "-"): match[2] for match in found if match}


@pytest.mark.parametrize("name", ["build.txt", "install.txt", "quantize.txt", "tools.txt"])
def test_every_pin_has_hashes_and_no_index_is_named(name: str) -> None:
    text = (FOLDER / name).read_text()
    blocks = re.split(r"\n(?=[a-zA-Z])", text)[1:]
    assert len(blocks) == len(pinned(name)) > 2
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks)
    assert "://" not in text and "index-url" not in text


@pytest.mark.parametrize("name", ["install.txt", "quantize.txt"])
def test_versions_are_those_of_the_constraints(name: str) -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    wanted = dict(line.split("==") for line in lines if "==" in line)
    wanted = {key.lower().replace("_", "-").replace(".", "-"): version for key, version in wanted.items()}
    ours = {key.replace(".", "-"): version for key, version in pinned(name).items()}
    assert {key: ours[key] for key in ours if key in wanted} == {
        key: wanted[key] for key in ours if key in wanted
    }


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("BSD License", True),
        ("MPL-2.0", True),
        ("GPL-3.0-only", False),
        ("GNU Affero General Public License v3", False),
        ("LGPL-2.1-or-later", False),
        ("MIT AND GPL-2.0", False),
        ("MIT OR GPL-2.0", True),
        ("none named", False),
        ("Proprietary", False),
    ],
)
def test_licences(licence: str, allowed: bool) -> None:
    gate = load("licenses")
    assert gate.is_allowed("some-package", licence) is allowed
    assert gate.is_allowed("crc32c", "LGPL-2.1-or-later")


def test_an_audit_without_its_database_claims_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    audit = load("audit")
    skipped = {"name": "x", "skip_reason": "no answer of the database"}
    assert (
        audit.report("a.txt", json.dumps({"dependencies": [skipped]}), "No known vulnerabilities found") == 3
    )
    told = capsys.readouterr().out
    assert "NOT AUDITED" in told and "no answer of the database" in told and "No known" not in told
    assert audit.report("a.txt", "", "cannot connect") == 3
    whole = {"name": "x", "version": "1", "vulns": []}
    assert audit.report("a.txt", json.dumps({"dependencies": [whole]}), "") == 0
    hole = whole | {"vulns": [{"id": "CVE-1"}]}
    assert audit.report("a.txt", json.dumps({"dependencies": [hole]}), "") == 1
    assert audit.report("a.txt", json.dumps({"dependencies": [hole, skipped]}), "") == 3
