"""A store that refuses requests: what passes is tried again, what stays ends the run, which then resumes."""

from __future__ import annotations

import io
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli import rayocr
from tests.pictures import picture
from tests.stores.conftest import Bucket
from tests.stores.proxy import Proxy, proxy
from tests.stores.test_s3_run import rows

pytestmark = [pytest.mark.stores, pytest.mark.slow]

COUNT = 6
RUNNERS = ["inline", pytest.param("ray", marks=pytest.mark.ray)]


@pytest.fixture
def between(s3_endpoint: str) -> Iterator[Proxy]:
    with proxy(s3_endpoint) as made:
        yield made


@pytest.fixture
def job(bucket: Bucket, between: Proxy, tmp_path: Path) -> Path:
    """From bucket to bucket, past the proxy; a file for every page."""
    for number in range(COUNT):
        content = io.BytesIO()
        picture(number).save(content, "PNG")
        bucket.put(f"scans/{number}.png", content.getvalue())
    options = bucket.options | {"client_kwargs": {"endpoint_url": between.endpoint}}
    config: dict[str, Any] = {
        "source": {"path": f"{bucket.uri}/scans", "storage_options": options},
        "output": {"path": f"{bucket.uri}/out", "storage_options": options, "flush_seconds": 0.01},
        "engine": {"engine": "fake"},
        "resources": {"batch_pages": 1, "runner": "inline"},
    }
    file = tmp_path / "job.yaml"
    file.write_text(yaml.safe_dump(config))
    return file


def impatient(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """With the fewest tries that botocore makes, so that what is refused for good is known soon."""
    return rayocr(*arguments, AWS_MAX_ATTEMPTS="1")


def once(bucket: Bucket, status: str = "ok") -> None:
    found = rows(bucket)
    assert Counter(row["key"] for row in found) == Counter(f"{number}.png" for number in range(COUNT))
    assert {row["status"] for row in found} == {status}


def goes_on(bucket: Bucket, between: Proxy, job: Path) -> None:
    """The same command, once the store is well."""
    between.refuses = lambda *_: False
    answer = rayocr("run", job)
    assert answer.returncode == 0, answer.stderr
    once(bucket)
    keys = bucket.keys()
    left = [key for key in keys if not key.startswith(("scans/", "out/pages/", "out/runs/"))]
    assert left == ["out/rayocr.json"]
    assert rayocr("verify", job).returncode == 0


@pytest.mark.parametrize(
    ("status", "runner"), [(500, "inline"), (503, "inline"), pytest.param(503, "ray", marks=pytest.mark.ray)]
)
def test_every_fifth_request_is_refused(
    bucket: Bucket, between: Proxy, job: Path, status: int, runner: str
) -> None:
    """Of each method, so that the order of requests does not decide which are refused."""
    seen: Counter[str] = Counter()

    def every_fifth(_number: int, method: str, _path: str) -> bool:
        seen[method] += 1
        return seen[method] % 5 == 0

    between.status, between.refuses = status, every_fifth
    answer = rayocr("run", job, "--runner", runner)
    assert answer.returncode == 0, answer.stderr
    assert between.refused["GET"] and between.refused["PUT"]
    once(bucket)


@pytest.mark.parametrize("folder", ["pages", "_staging"])
@pytest.mark.parametrize("runner", RUNNERS)
def test_pages_are_refused_for_good(
    bucket: Bucket, between: Proxy, job: Path, runner: str, folder: str
) -> None:
    """Copies into `pages/`, or what is to be copied: after two pages."""
    written: list[str] = []

    def after_two(_: int, method: str, path: str) -> bool:
        if method != "PUT" or not path.endswith(".parquet") or f"/out/{folder}/" not in path:
            return False
        if path not in written:
            written.append(path)
        return path not in written[:2]

    between.refuses = after_two
    answer = impatient("run", job, "--runner", runner)
    assert answer.returncode == 4, answer.stderr
    what, why, remedy = answer.stderr.splitlines()[-3:]
    assert what.startswith(f"rayocr: The output {bucket.uri}/out ")
    assert why == "OSError: Please reduce your request rate."
    assert remedy.endswith("Run the same command again when the disk or the store is well.")
    assert "incomplete: the same command goes on" in answer.stdout
    published = rows(bucket)
    assert len(published) <= 2
    goes_on(bucket, between, job)
    assert [row for row in rows(bucket) if row["key"] in {one["key"] for one in published}] == published


@pytest.mark.parametrize("begins", [4, 20, 44, 60])
def test_everything_is_refused_from_some_moment_on(
    bucket: Bucket, between: Proxy, job: Path, begins: int
) -> None:
    between.status = 500
    between.refuses = lambda number, *_: number > begins
    answer = impatient("run", job)
    assert answer.returncode in (2, 4), answer.stderr
    said = [line for line in answer.stderr.splitlines() if not line.startswith("The lock was not released")]
    assert [line[:7] for line in said[-3:]] == ["error: ", "why:   ", "do:    "]
    goes_on(bucket, between, job)


def test_sources_are_refused_for_good(bucket: Bucket, between: Proxy, job: Path) -> None:
    """A document that is not given is a row that says why; a listing that is not given is an error."""
    between.refuses = lambda _, method, path: path.endswith("/scans/3.png")
    answer = impatient("run", job)
    assert answer.returncode == 3, answer.stderr
    assert {row["key"]: row["error_code"] for row in rows(bucket)} == {
        **{f"{number}.png": None for number in range(COUNT)},
        "3.png": "read.throttled",
    }
    between.refuses = lambda _, method, path: path.endswith("/scans") or "/scans/" in path
    answer = impatient("run", job)
    assert answer.returncode == 2
    assert answer.stderr.startswith(f"error: The source {bucket.uri}/scans cannot be reached.")
    between.refuses = lambda *_: False
    answer = rayocr("run", job, "--retry-failed", "read")
    assert answer.returncode == 0, answer.stderr
    once(bucket)
