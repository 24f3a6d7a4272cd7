"""What is said and refused before a run: the box of decoders."""

from __future__ import annotations

import pytest

from actors.errors import ConfigError
from actors.sandbox.box import Confinement
from actors.settings import DecodeConfig
from pipelines.prepare import check_decoders
from pipelines.view import Silence


class Heard(Silence):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


@pytest.fixture
def poor_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.sandbox.box.landlock.version", lambda: 0)


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.sandbox.box.possible", Confinement)


@pytest.mark.usefixtures("poor_kernel")
def test_required_is_refused_where_the_kernel_lacks_something() -> None:
    with pytest.raises(ConfigError) as caught:
        check_decoders(DecodeConfig(sandbox="required"), Heard())
    assert caught.value.exit_code == 2 and len(str(caught.value).splitlines()) == 3


@pytest.mark.usefixtures("poor_kernel")
def test_what_does_not_hold_is_said() -> None:
    heard = Heard()
    check_decoders(DecodeConfig(), heard)
    (line,) = heard.lines
    assert "not whole" in line


@pytest.mark.usefixtures("whole")
@pytest.mark.parametrize("sandbox", ["auto", "required"])
def test_a_whole_box_is_said_by_a_plan_alone(sandbox: str) -> None:
    heard = Heard()
    check_decoders(DecodeConfig(sandbox=sandbox), heard)
    assert heard.lines == []
    check_decoders(DecodeConfig(sandbox=sandbox), heard, always=True)
    assert len(heard.lines) == 1 and "no network" in heard.lines[0]


def test_no_box_is_said() -> None:
    heard = Heard()
    check_decoders(DecodeConfig(sandbox="off"), heard)
    assert heard.lines == ["decoders: not confined (decode.sandbox is off)"]
