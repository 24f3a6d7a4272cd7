"""Progress counts what it is told, on a stream that is no terminal."""

from __future__ import annotations

import io

from pipelines.progress import Progress


def test_counts_and_line() -> None:
    stream = io.StringIO()
    progress = Progress(10, stream)
    progress.started(ago_s=10)
    progress.advance(4, failed=1, discovered=6)
    progress.published(4)
    assert progress.counts.total == 16
    assert progress.counts.published == 4
    line = progress.line()
    assert line.startswith("4/16 pages, 0.40 pages/s")
    assert "1 failed" in line
    assert "30 s left" in line or "29 s left" in line
    progress.close()


def test_nothing_is_promised_in_the_first_second() -> None:
    progress = Progress(10, io.StringIO())
    progress.started()
    progress.advance(1)
    assert progress.counts.remaining_s is None


def test_quiet_prints_nothing() -> None:
    stream = io.StringIO()
    progress = Progress(1, stream, quiet=True)
    progress.phase("engines", "starting")
    progress.advance(1)
    assert stream.getvalue() == ""


def test_known_total_only_grows() -> None:
    progress = Progress(2, io.StringIO())
    progress.at_least(5)
    progress.at_least(3)
    assert progress.counts.pages == 5
    assert progress.counts.total == 5


def test_start_up_is_told_by_part() -> None:
    progress = Progress(1, io.StringIO())
    progress.phase("ray", "starting Ray")
    progress.phase("engines", "starting engines")
    progress.started()
    progress.started(ago_s=1000)
    parts = progress.startup()
    assert list(parts) == ["ray", "engines"]
    assert all(0 <= seconds < 5 for seconds in parts.values())
