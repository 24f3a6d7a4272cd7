"""A whole run from one bucket's prefix into another, through the command line, with and without Ray."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from tests.cli import rayocr
from tests.pictures import picture
from tests.stores.conftest import Bucket

pytestmark = [pytest.mark.stores, pytest.mark.slow]

NAMES = ["a b.png", "a#b.png", "a%20b.png", "ünï/c+d.png", "x/[y]*.png", "-dash.png"]


def rows(bucket: Bucket) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    listed = bucket.keys()
    for key in listed:
        if key.startswith("out/pages/"):
            content = bucket.client().get_object(Bucket=bucket.name, Key=key)["Body"].read()
            found += pq.read_table(pa.BufferReader(content)).to_pylist()
    return sorted(found, key=lambda row: row["key"])


@pytest.mark.parametrize("runner", ["inline", pytest.param("ray", marks=pytest.mark.ray)])
def test_from_bucket_to_bucket(bucket: Bucket, tmp_path: Path, runner: str) -> None:
    for number, name in enumerate(NAMES):
        content = io.BytesIO()
        picture(number).save(content, "PNG")
        bucket.put(f"scans/{name}", content.getvalue())
    bucket.put("scans/", b"")
    bucket.put("scans/notes.txt", b"a sidecar")
    config = {
        "source": {"path": f"{bucket.uri}/scans", "storage_options": bucket.options},
        "output": {"path": f"{bucket.uri}/out", "storage_options": bucket.options},
        "engine": {"engine": "fake"},
    }
    file = tmp_path / "job.yaml"
    file.write_text(yaml.safe_dump(config))
    answer = rayocr("run", file, "--runner", runner)
    assert answer.returncode == 0, answer.stderr
    assert "hunter2" not in answer.stdout + answer.stderr
    found = rows(bucket)
    assert [row["key"] for row in found] == sorted(NAMES)
    assert {row["status"] for row in found} == {"ok"}
    assert {row["uri"] for row in found} == {f"{bucket.uri}/scans/{name}" for name in NAMES}
    again = rayocr("run", file, "--runner", runner)
    assert again.returncode == 0, again.stderr
    assert "nothing was left to do" in again.stdout
    listed = bucket.keys()
    left = [key for key in listed if not key.startswith(("scans/", "out/pages/", "out/runs/"))]
    assert left == ["out/rayocr.json"]


def test_a_bucket_that_is_not_there_is_said_in_three_lines(bucket: Bucket, tmp_path: Path) -> None:
    config = {
        "source": {"path": f"{bucket.uri}x/scans", "storage_options": bucket.options},
        "output": {"path": str(tmp_path / "out")},
        "engine": {"engine": "fake"},
    }
    file = tmp_path / "job.yaml"
    file.write_text(yaml.safe_dump(config))
    answer = rayocr("run", file)
    assert answer.returncode == 2, answer.stderr
    assert len(answer.stderr.strip().splitlines()) <= 3
    assert "Traceback" not in answer.stderr
