"""Recognition inside a Ray Data program of one's own: uris, bytes or pictures in, page rows out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import ROOT, environ
from tests.pictures import folder_of_pictures, tiff

pytestmark = [pytest.mark.ray, pytest.mark.slow]

PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
from PIL import Image
import ray
import ray.data
from rayocr import EngineConfig, RayocrError, recognize_dataset

files = sorted(Path(sys.argv[1]).iterdir())
engine = EngineConfig(engine="fake")
ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False)

def keys(ds):
    names = ("key", "page_index", "status", "text")
    rows = ds.take_all()
    metas = ({one["key"]: one["value"] for one in row["meta"]} for row in rows)
    return sorted([*(row[name] for name in names), meta] for row, meta in zip(rows, metas))

by_uri = ray.data.from_items([{"uri": str(f), "key": f.name, "shelf": 7} for f in files])
by_bytes = ray.data.from_items([{"bytes": f.read_bytes(), "key": f.name} for f in files])
by_image = ray.data.from_items([{"image": np.asarray(Image.open(f)), "key": f.name} for f in files[:2]])
found = {"uri": keys(recognize_dataset(by_uri, engine)),
         "bytes": keys(recognize_dataset(by_bytes, engine)),
         "image": keys(recognize_dataset(by_image, engine))}
try:
    recognize_dataset(ray.data.from_items([{"x": 1}]), engine)
except RayocrError as error:
    found["error"] = error.what
print("FOUND" + json.dumps(found))
"""


def test_uris_bytes_and_pictures(tmp_path: Path) -> None:
    source = folder_of_pictures(tmp_path / "in", 3)
    tiff(source / "two.tif", 2, seed=40)
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, source],
        capture_output=True,
        text=True,
        env=environ(),
        cwd=ROOT,
        timeout=240,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-4000:]
    found = json.loads(answer.stdout.partition("FOUND")[2])
    names = [["page-000.png", 0], ["page-001.png", 0], ["page-002.png", 0], ["two.tif", 0], ["two.tif", 1]]
    assert [row[:2] for row in found["uri"]] == names
    assert {row[2] for row in found["uri"]} == {"ok"}
    assert found["uri"][0][4] == {"shelf": "7"}
    assert [row[:4] for row in found["bytes"]] == [row[:4] for row in found["uri"]]
    assert [row[:4] for row in found["image"]] == [row[:4] for row in found["uri"][:2]]
    assert "no column" in found["error"]
