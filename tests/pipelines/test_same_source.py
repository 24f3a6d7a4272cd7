"""What counts as another source, and what an output notes of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from actors.errors import ConfigError
from pipelines.card import CARD, Card, read_card
from pipelines.config import Config, OutputConfig
from pipelines.ledger import Ledger
from pipelines.same_source import settle_source
from pipelines.sources import list_documents
from pipelines.sources.config import SourceConfig
from pipelines.sources.origin import Origin
from pipelines.stores.local import LocalStore
from tests.pipelines.outputs import Row, publish


class Output:
    """An output of some documents, each of its own name as content, and folders to run it on."""

    def __init__(self, folder: Path, keys: Sequence[str]) -> None:
        self.folder = folder
        self.store = LocalStore(str(folder / "out"))
        self.card = Card("fingerprint", {}, sources=(Origin(str(folder / "in")),))
        self.store.put(CARD, self.card.to_json())
        publish(self.store, "all", [Row(key, content=_content(key)) for key in keys])
        self.said: list[str] = []

    def settle(self, place: str, keys: Sequence[str], *, add: bool = False, **settings: object) -> Card:
        """A run on the folder of this name, with these files in it."""
        for key in keys:
            (self.folder / place).mkdir(exist_ok=True)
            (self.folder / place / key.partition("=")[0]).write_bytes(_content(key))
        source = SourceConfig(path=str(self.folder / place), **settings)
        config = Config(source=source, output=OutputConfig(path=self.store.root))
        refs, ledger = list(list_documents(source)), Ledger.load(self.store)
        self.card = settle_source(self.store, self.card, ledger, config, refs, self.said.append, add=add)
        assert read_card(self.store) == self.card
        return self.card

    def paths(self) -> list[str]:
        return [Path(one.path).name for one in self.card.sources]


def _content(key: str) -> bytes:
    """Ten bytes of it; `a=b` is a document `a` with the content of `b`."""
    return key.rpartition("=")[2].ljust(10, ".").encode()


@pytest.fixture
def output(tmp_path: Path) -> Output:
    return Output(tmp_path, ["a", "b", "c"])


def test_the_same_folder_goes_on_whatever_is_in_it(output: Output) -> None:
    """A tray into which new scans are put, and from which old ones are taken."""
    output.settle("in", ["x", "y"])
    assert output.paths() == ["in"] and not output.said


def test_patterns_that_changed_are_noted(output: Output) -> None:
    output.settle("in", ["a", "b"], include=["a*"])
    assert output.card.sources[0].include == ("a*",)


def test_all_documents_elsewhere_are_a_move(output: Output) -> None:
    output.settle("new", ["a", "b", "c", "d"])
    assert output.paths() == ["new"]
    assert "3 documents are in both, 0 only in the output, 1 only in the source (d)" in output.said[0]


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        (["x"], "0 documents are in both, 3 only in the output"),
        (["a", "b"], "2 documents are in both, 1 only in the output"),
        (["a=x", "b=y", "c=z"], r"3 documents are in both \(3 of them with other content\)"),
    ],
)
def test_another_source_is_refused(output: Output, keys: list[str], told: str) -> None:
    """In the last case names and sizes are equal: only a look inside tells."""
    with pytest.raises(ConfigError, match=told):
        output.settle("new", keys)
    assert output.paths() == ["in"]


def test_some_that_changed_on_the_way_are_a_move(output: Output) -> None:
    output.settle("new", ["a=something else", "b", "c"])
    assert "(1 of them with other content)" in output.said[0]


def test_a_part_elsewhere_is_the_source_only_if_only_a_part_was_asked_for(output: Output) -> None:
    output.settle("new", ["a", "b", "c"], limit=2)
    assert output.paths() == ["new"]


def test_one_that_is_meant_is_added(output: Output) -> None:
    output.settle("new", ["x"], add=True)
    assert output.paths() == ["in", "new"]
    output.settle("in", ["a"])
    output.settle("new", ["x", "y"])
    assert output.paths() == ["in", "new"]


def test_one_that_is_meant_and_holds_most_takes_the_place(output: Output) -> None:
    output.settle("new", ["a", "b"], add=True)
    assert output.paths() == ["new"]


def test_equal_names_of_other_content_are_not_added(output: Output) -> None:
    with pytest.raises(ConfigError, match="made of another source") as error:
        output.settle("new", ["a=x", "b=y", "c=z"], add=True)
    assert "source.name" in error.value.remedy
    output.settle("new", ["a=x", "b=y", "c=z"], add=True, name="n")
    assert output.paths() == ["in", "new"]


def test_a_named_source_moves_alone(output: Output) -> None:
    publish(output.store, "named", [Row("n/a", content=_content("a=1"))])
    output.settle("one", ["a=1"], add=True, name="n")
    output.settle("two", ["a=1"], name="n")
    assert output.paths() == ["in", "two"]


def test_an_output_of_before_notes_a_source_that_has_all_of_it(output: Output) -> None:
    output.card = Card("fingerprint", {})
    output.store.put(CARD, output.card.to_json())
    output.settle("other", ["x"])
    assert not output.card.sources
    output.settle("in", ["a", "b", "c", "d"])
    assert output.paths() == ["in"]


def test_what_is_remembered_holds_no_secret() -> None:
    source = SourceConfig(path="https://me:word@example.org/a/list.txt?token=x", storage_options={"key": "x"})
    tree = Origin.of(source).tree()
    assert tree["path"] == "https://example.org/a/list.txt"
    assert "storage_options" not in tree
