"""An output from a stranger is data: no command leaves it, deletes what is foreign, or calls it a bug.

`python -m pytest tests/rayocr/test_hostile_outputs.py --hypothesis-seed=1` draws other outputs than CI does.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.own_names import is_claim, is_journal, is_pages, is_staged, is_temporary
from pipelines.stage import parquet_bytes
from rayocr.__main__ import _exit_code
from tests.cli import rayocr
from tests.pictures import folder_of_pictures
from tests.pipelines.outputs import OTHER_RUN, RUN, document, rows_name, table

EXAMPLES = 12
_FAKE = ("--set", "engine.engine=fake", "--set", "models.offline=true")
OWN_ROOT = ("rayocr.json", "_lock.json")

NAMES = (
    "rayocr.json",
    "_lock.json",
    "_lock/0123456789abcdef.json",
    "_lock/notes",
    f"_staging/{RUN}/{rows_name(1)}.parquet",
    f"_staging/{RUN}/thesis.tex",
    f"_staging/.probe-{1:032x}",
    "_staging/thesis.tex",
    f"_swap/{rows_name(2)}.json",
    f"_swap/{RUN}-1.json",
    "_swap/evil.json",
    f"pages/{rows_name(1)}.parquet",
    "pages/mine.parquet",
    "pages/1.jpg",
    f"runs/{OTHER_RUN}.json",
    "victim.txt",
)
FOLDERS = ("_staging", f"_staging/{RUN}", "_swap", "_lock", "pages", "pages/sub", "runs")
LINKS = ("../canary", "../canary/x", "../../canary", "../../canary/x", "nowhere")
PATHS = (*NAMES, "../canary/x", "/etc/hostname", "pages/../victim.txt", "canary/x")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(PATHS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
swaps = st.lists(
    st.fixed_dictionaries(
        {"old": st.sampled_from(PATHS)},
        optional={
            "staged": st.none() | st.sampled_from(PATHS),
            "new": st.none() | st.sampled_from(PATHS),
            "more": json_values,
        },
    ),
    max_size=3,
)
locks = st.fixed_dictionaries(
    {"expires": st.sampled_from([0, 1e300, 4e9, float("nan"), float("inf"), True]) | json_values},
    optional=dict.fromkeys(("run_id", "host", "pid", "pids", "more"), json_values),
)
cards = st.fixed_dictionaries(
    {"schema_version": st.integers(-1, 4) | json_values, "fingerprint": st.just("f") | json_values},
    optional=dict.fromkeys(("settings", "deviations", "sources", "more"), json_values),
)
contents = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([b"", b"PAR1PAR1", b"[" * 50_000, b"null"]),
    *(one.map(lambda tree: json.dumps(tree).encode()) for one in (json_values, swaps, locks, cards)),
    st.lists(st.sampled_from("ab"), max_size=2).map(
        lambda keys: parquet_bytes(table([row for key in keys for row in document(key, 2)]), "fingerprint")
    ),
)
objects = st.lists(
    st.tuples(st.sampled_from(NAMES), contents)
    | st.tuples(st.sampled_from((*NAMES, *FOLDERS)), st.sampled_from(LINKS)),
    min_size=1,
    max_size=4,
)
COMMANDS: dict[str, tuple[str, ...]] = {
    "run": ("run", "-i", "in", "-o", "out", "--runner", "inline", *_FAKE),
    "forget": ("run", "-i", "in", "-o", "out", "--forget", "--runner", "inline", *_FAKE),
    "retry": ("run", "-i", "in", "-o", "out", "--runner", "inline", *_FAKE, "--retry-failed"),
    "add": ("run", "-i", "in2", "-o", "out", "--add-source", "--runner", "inline", *_FAKE),
    "fresh": ("run", "-i", "in", "-o", "out", "--fresh-output", "--runner", "inline", *_FAKE),
    "plan": ("plan", "-i", "in", "-o", "out", *_FAKE),
    "verify": ("verify", "-i", "in", "-o", "out"),
    "compact": ("compact", "-o", "out"),
    "show": ("show", "page-000.png", "-o", "out"),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source, another one, an output that is complete, and files that are none of rayocr's business."""
    folder = tmp_path_factory.mktemp("prepared")
    folder_of_pictures(folder / "in", 1)
    folder_of_pictures(folder / "in2", 1)
    (folder / "canary" / "below").mkdir(parents=True)
    for name in ("x", "below/y", f"{rows_name(1)}.parquet"):
        (folder / "canary" / name).write_bytes(b"precious")
    answer = rayocr("run", "-i", folder / "in", "-o", folder / "out", "--runner", "inline", *_FAKE)
    assert answer.returncode == 0, answer.stderr
    return folder


@pytest.mark.parametrize("command", COMMANDS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(things=objects, with_pages=st.booleans())
def test_nothing_of_others_changes(
    prepared: Path, tmp_path: Path, command: str, things: list[tuple[str, bytes | str]], with_pages: bool
) -> None:
    work = tmp_path / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(prepared, work)
    if not with_pages:
        shutil.rmtree(work / "out")
    for name, what in things:
        _put(work / "out" / name, what)
    before, foreign = tree(work, ("in", "in2", "canary")), _foreign(work / "out")
    code, told = _answer(work, COMMANDS[command])
    assert code in (0, 2, 3, 4), told
    assert "it is a bug" not in told
    assert tree(work, ("in", "in2", "canary")) == before
    after = _foreign(work / "out")
    assert {name: after.get(name) for name in foreign} == foreign


def _put(file: Path, what: bytes | str) -> None:
    """A file, or a link: in the place of what is there, if no link is on the way."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        if any(one.is_symlink() for one in file.parents):
            return
        if file.is_symlink() or file.is_file():
            file.unlink()
        elif file.is_dir():
            shutil.rmtree(file)
        if isinstance(what, bytes):
            file.write_bytes(what)
        else:
            file.symlink_to(what)


def tree(work: Path, folders: tuple[str, ...]) -> dict[str, bytes | str | None]:
    """Everything below these folders; links by where they lead."""
    return {str(one.relative_to(work)): _content(one) for folder in folders for one in _below(work / folder)}


def _foreign(out: Path) -> dict[str, bytes | str | None]:
    own: tuple[Callable[[str], bool], ...] = (is_claim, is_journal, is_pages, is_staged, is_temporary)
    found = {one.relative_to(out).as_posix(): _content(one) for one in _below(out) if not _is_folder(one)}
    return {
        name: what
        for name, what in found.items()
        if name not in OWN_ROOT and not name.startswith("runs/") and not any(is_own(name) for is_own in own)
    }


def _below(folder: Path) -> Iterator[Path]:
    for one in sorted(folder.iterdir()) if folder.is_dir() else ():
        yield one
        if _is_folder(one):
            yield from _below(one)


def _is_folder(one: Path) -> bool:
    return one.is_dir() and not one.is_symlink()


def _content(one: Path) -> bytes | str | None:
    if one.is_symlink():
        return str(one.readlink())
    return one.read_bytes() if one.is_file() else None


def _answer(work: Path, command: tuple[str, ...]) -> tuple[int, str]:
    """The command's exit code and what it says, in this process."""
    with (
        tempfile.TemporaryFile("w+") as told,
        contextlib.chdir(work),
        contextlib.redirect_stdout(told),
        contextlib.redirect_stderr(told),
    ):
        code = _exit_code(list(command))
        told.seek(0)
        return code, told.read()
