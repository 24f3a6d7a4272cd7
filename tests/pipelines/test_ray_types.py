"""Ray's own Arrow types, as `import ray.data` registers them: their columns are refused unread."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli import ROOT, environ

pytestmark = pytest.mark.ray

_WRITE = """
import pathlib, sys, numpy as np, pyarrow as pa, pyarrow.parquet as pq
import ray.data
from ray.data.extensions import ArrowPythonObjectArray, ArrowTensorArray, ArrowVariableShapedTensorArray

folder = pathlib.Path(sys.argv[1])

class Evil:
    def __reduce__(self):
        return pathlib.Path.touch, (folder / "canary",)

pictures = [np.zeros((2, 2)), np.ones((2, 2))]
ragged = np.empty(2, dtype=object)
ragged[:] = [np.zeros((2, 2)), np.ones((3, 1))]
objects = ArrowPythonObjectArray.from_objects([Evil(), Evil()])
columns = {
    "object": objects,
    "list": pa.ListArray.from_arrays(pa.array([0, 1, 2], pa.int32()), objects),
    "struct": pa.StructArray.from_arrays([objects], ["inner"]),
    "tensor": ArrowTensorArray.from_numpy(np.stack(pictures)),
    "ragged": ArrowVariableShapedTensorArray.from_numpy(ragged),
}
for name, values in columns.items():
    pq.write_table(pa.table({"uri": ["a.png", "b.png"], "evil": values}), folder / f"{name}.parquet")
pq.write_table(pa.table({"uri": objects}), folder / "address.parquet")
(folder / "canary").unlink(missing_ok=True)
"""

_READ = """
import pathlib, sys
import ray.data, pyarrow.parquet as pq
from actors.errors import ConfigError
from pipelines.sources import list_documents
from pipelines.sources.config import SourceConfig
from pipelines.store import open_store
from pipelines.ledger import Ledger

folder = pathlib.Path(sys.argv[1])
for path in sorted(folder.glob("*.parquet")):
    try:
        list(list_documents(SourceConfig(path=str(path))))
    except ConfigError as error:
        assert "plain types" in error.why and error.remedy, error
    else:
        raise AssertionError(path)
    assert not (folder / "canary").exists(), path
    (folder / "out" / "pages").mkdir(parents=True, exist_ok=True)
    (folder / "out" / "rayocr.json").write_text("{}")
    (folder / "out" / "pages" / path.name).write_bytes(path.read_bytes())
_, troubles = Ledger.survey(open_store(str(folder / "out")))
assert len(troubles) == len(list((folder / "out" / "pages").iterdir())), troubles
assert not (folder / "canary").exists()
pq.read_table(folder / "object.parquet").to_pylist()
assert (folder / "canary").exists(), "what is refused would have run"
"""


def test_columns_of_rays_types_are_refused_unread(tmp_path: Path) -> None:
    """Both in processes of their own: types are registered for a whole process."""
    for code in (_WRITE, _READ):
        answer = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            cwd=ROOT,
            env=environ(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
