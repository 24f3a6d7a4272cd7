"""Progress counts what it is told, on a stream that is no terminal."""

from __future__ import annotations

import io
import time

import pytest

from pipelines.progress import Progress


def test_counts_and_line() -> None:
    stream = io.StringIO()
    progress = Progress(2, stream)
    progress.started(ago_s=10)
    progress.opened(3)
    progress.opened(13)
    progress.advance(4, failed=1)
    progress.published(4)
    assert progress.counts.total == 16
    assert progress.counts.published == 4
    line = progress.line()
    assert line.startswith("4/16 pages, 0.40 pages/s")
    assert "1 failed" in line
    assert "30 s left" in line or "29 s left" in line
    progress.close()


def test_the_total_is_pages_as_soon_as_they_are_known() -> None:
    progress = Progress(4, io.StringIO(), quiet=True)
    assert progress.line().startswith("0 pages of 4 documents")
    progress.opened(10)
    assert progress.line().startswith("0 of about 40 pages")
    progress.opened(2)
    assert progress.line().startswith("0 of about 24 pages")
    progress.known(4, 15)
    assert progress.line().startswith("0/15 pages")
    progress.advance(15)
    assert progress.line().startswith("15/15 pages")


def test_the_first_page_shows_although_nothing_else_happens() -> None:
    stream = io.StringIO()
    progress = Progress(40, stream)
    progress.opened(1)
    progress.advance(1)
    deadline = time.monotonic() + 5
    while "1 of about 40 pages" not in stream.getvalue() and time.monotonic() < deadline:
        time.sleep(0.05)
    progress.close()
    assert "1 of about 40 pages" in stream.getvalue()


def test_a_long_batch_shows_that_the_run_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.progress._LOG_AT_LEAST_S", 0.1)
    stream = io.StringIO()
    progress = Progress(4, stream)
    time.sleep(1.2)
    assert stream.getvalue() == "", "not before pages flow"
    progress.started()
    deadline = time.monotonic() + 5
    while stream.getvalue().count("0 pages of 4 documents") < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    progress.close()
    assert stream.getvalue().count("0 pages of 4 documents") >= 2


def test_replaced_engines_are_told_at_once_with_the_reason() -> None:
    stream = io.StringIO()
    progress = Progress(4, stream)
    progress.engine_replaced("was killed by SIGSEGV")
    progress.relieved(replaced=1)
    progress.engine_replaced("gave no answer within 2 s", 3)
    progress.close()
    assert stream.getvalue().splitlines()[:3] == [
        "rayocr: an engine was replaced: it was killed by SIGSEGV",
        "rayocr: an engine was replaced: it outgrew its memory",
        "rayocr: 3 engines were replaced: the last one gave no answer within 2 s",
    ]
    assert (progress.counts.restarted, progress.counts.replaced) == (4, 1)
    assert progress.line().endswith("5 engines replaced")


def test_whoever_asks_for_the_end_is_told_what_is_waited_for() -> None:
    stream = io.StringIO()
    progress = Progress(4, stream)
    progress.when_stopped(lambda counts: f"waits 5 s at most for {counts.at_work} pages")
    progress.working(3)
    progress.stopping()
    progress.close()
    said = "rayocr: stopping: waits 5 s at most for 3 pages. Ctrl-C again ends at once."
    assert said in stream.getvalue().splitlines()


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
    progress.known(2, 2)
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


def test_a_job_that_ended_before_anything_began_had_no_startup() -> None:
    progress = Progress(1, io.StringIO(), quiet=True)
    assert progress.startup() == {}
    progress.started()
    assert progress.startup() == {}
    progress.close()


def test_a_terminal_that_is_gone_hides_nothing_at_the_end() -> None:
    class Gone(io.StringIO):
        lost = False

        def isatty(self) -> bool:
            return True

        def write(self, text: str, /) -> int:
            if self.lost:
                raise OSError(5, "Input/output error")
            return super().write(text)

    stream = Gone()
    progress = Progress(1, stream)
    stream.lost = True
    with pytest.raises(ValueError, match="what failed first"):
        try:
            raise ValueError("what failed first")
        finally:
            progress.startup()
            progress.close()


def test_names_in_lines_are_inert() -> None:
    stream = io.StringIO()
    progress = Progress(1, stream)
    progress.phase("engine", "reading a\n\x1b[2J")
    progress.engine_replaced("was killed by \x1b]0;x\x07\nINJECTED")
    progress.close()
    assert stream.getvalue().splitlines() == [
        r"rayocr: reading a\n\x1b[2J",
        r"rayocr: an engine was replaced: it was killed by \x1b]0;x\x07\nINJECTED",
    ]
