"""`rayocr bundle` as its users meet it: what it refuses, and one that is carried to a closed machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.bundle.install import MANIFEST, Manifest, sha256_of
from pipelines.bundle.own import own_wheel
from pipelines.bundle.parts import part_name
from tests.cli import rayocr
from tests.models import require_model
from tests.pictures import folder_of_pictures

PART_BYTES = 40_000_000


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--platform", "win_amd64"], "There is no rayocr for the platform win_amd64."),
        (["--python", "3.14"], "There is no rayocr for Python 3.14."),
        (["--parts", "1K"], "Parts of 1,000 bytes are too small."),
        (["--model", "PP-OCRv6_smal"], "There is no model 'PP-OCRv6_smal'."),
        (["--with", "not a package"], "not a package is not what pip would install."),
    ],
)
def test_mistakes_are_told_in_three_lines(tmp_path: Path, arguments: list[str], said: str) -> None:
    answer = rayocr("bundle", tmp_path / "out", *arguments)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert [line.split()[0] for line in answer.stderr.splitlines()] == ["error:", "why:", "do:"]
    assert answer.stderr.splitlines()[0] == f"error: {said}"
    assert list(tmp_path.iterdir()) == []


def test_a_size_that_is_none(tmp_path: Path) -> None:
    answer = rayocr("bundle", tmp_path / "out", "--parts", "many")
    assert answer.returncode == 2
    assert "'many' is no size" in answer.stderr


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear", "utf-8")
    answer = rayocr("bundle", tmp_path, "--overwrite")
    assert answer.returncode == 2
    assert "holds something else than a bundle" in answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["letter"]


def closed(home: Path) -> dict[str, str]:
    """The environment of a machine that reaches no index, and on which nothing of ours is."""
    ours = ("PIP_", "PYTHON", "RAYOCR_", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    nowhere = "http://127.0.0.1:9"
    return {
        **kept,
        "HOME": str(home),
        "PIP_NO_INDEX": "1",
        "PIP_INDEX_URL": f"{nowhere}/simple",
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), nowhere),
    }


def call(home: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        env=closed(home),
        cwd=home,
        timeout=400,
    )


@pytest.mark.slow
@pytest.mark.models
@pytest.mark.timeout(900)
def test_from_this_checkout_to_a_machine_without_an_index(tmp_path: Path) -> None:
    """Make it, damage a part, mend it, kill the installer in the middle, install, read pages."""
    require_model()
    home, out, env = tmp_path / "home", tmp_path / "carry", tmp_path / "env"
    home.mkdir()
    made = rayocr("bundle", out, "--extra", "cpu", "--parts", str(PART_BYTES), timeout=600)
    assert made.returncode == 0, made.stderr
    manifest = Manifest.read(out)
    assert {path.name for path in out.iterdir()} == {
        "install.py",
        MANIFEST,
        *(part_name(number + 1) for number in range(len(manifest.parts))),
    }
    assert [part.bytes for part in manifest.parts[:-1]] == [PART_BYTES] * (len(manifest.parts) - 1)
    install = (sys.executable, out / "install.py", "--into", env)

    damaged = out / part_name(2)
    sound = damaged.read_bytes()
    damaged.write_bytes(sound[:1000] + b"?" + sound[1001:])
    refused = call(home, *install)
    assert refused.returncode == 2
    assert f"{part_name(2)} is damaged" in refused.stderr
    assert not env.exists()
    damaged.write_bytes(sound)

    with subprocess.Popen(
        list(map(str, install)), env=closed(home), cwd=home, stdout=subprocess.DEVNULL
    ) as process:
        packages = env / "lib" / f"python{manifest.python}" / "site-packages"
        while process.poll() is None and not (packages / "pydantic").is_dir():
            time.sleep(0.05)
        process.kill()
    assert process.returncode == -9
    assert (env / ".rayocr-install").read_text("utf-8") == "created"

    deadline = time.monotonic() + 300
    done = call(home, *install)
    while "Another installation" in done.stderr and time.monotonic() < deadline:
        time.sleep(1)  # the pip of the killed one goes on
        done = call(home, *install)
    assert done.returncode == 0, done.stderr
    assert not list(env.glob(".rayocr*"))

    version = call(home, env / "bin" / "rayocr", "--version")
    assert version.stdout == f"rayocr, version {manifest.rayocr}\n"
    verified = call(home, env / "bin" / "rayocr", "models", "verify")
    assert (verified.returncode, verified.stdout) == (0, "PP-OCRv6_small: ok\ntext_image_orientation: ok\n")
    assert (home / ".cache" / "rayocr" / "models" / "PP-OCRv6_small" / "det.onnx").is_file()
    assert call(home, env / "bin" / "python", "-m", "pip", "check").returncode == 0
    assert (packages / "pipelines" / "bundle" / "install.py").is_file()
    pages = folder_of_pictures(tmp_path / "pages", 2)
    for engine in ("fast", "fake"):
        read = call(
            home,
            *(env / "bin" / "rayocr", "run", "-i", pages, "-o", tmp_path / engine, "--runner", "inline"),
            *("--set", f"engine.engine={engine}"),
        )
        assert read.returncode == 0, read.stderr
        assert len(list((tmp_path / engine / "pages").glob("*.parquet"))) == 1

    (tmp_path / "again").mkdir()
    again = own_wheel(tmp_path / "again", lambda text: None)
    digests = {file.name: file.sha256 for file in manifest.files}
    assert sha256_of(again) == digests[f"wheels/{again.name}"]
