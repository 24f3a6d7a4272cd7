"""YAML as settings take it: plain values, bounded in size and depth, no key twice, and nothing quoted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from yaml import YAMLError, compose, parse
from yaml.constructor import SafeConstructor
from yaml.error import MarkedYAMLError
from yaml.events import CollectionEndEvent, CollectionStartEvent
from yaml.loader import SafeLoader
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

MAX_BYTES = 1 << 20
"""Size of a settings file. All settings with their comments take some 20 KiB."""
MAX_DEPTH = 32
"""Sections and lists inside each other. Settings have 5, options of a store's library a few more."""
MAX_VALUES = 100_000
"""Values, with each alias (`*name`) counted as all that it stands for."""

_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("null", "bool", "int", "float", "str", "seq", "map", "merge", "timestamp", "value")
)
"""Types of YAML 1.1 (yaml.org/type) that settings may have."""


def load_yaml(text: str) -> Any:
    """The value of a YAML text.

    Raises YAMLError for bad syntax, tags, a key that is there twice, and what is larger or deeper than
    settings are. `fault_of` tells it without a word of the text, which may hold a secret.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise MarkedYAMLError(problem=f"it has more than {MAX_BYTES >> 20} MiB")
    _check_depth(text)  # of events, one after the other: composing and constructing recurse
    root = compose(text, Loader=SafeLoader)
    if root is None:
        return None
    _weigh(root, {}, set())
    try:
        return SafeConstructor().construct_document(root)
    except (ValueError, OverflowError) as error:  # such as the date 2026-99-99
        raise _RefusedError("a value is not what it looks like", root.start_mark) from error


def fault_of(error: YAMLError) -> str:
    """What is wrong and where, by line and column from 1 on. Words of the text itself are left out."""
    words = error.problem if isinstance(error, _RefusedError) and error.problem else "it cannot be parsed"
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        problem = getattr(error, "problem", None) if type(error) is MarkedYAMLError else None
        return problem or words
    return f"{words} at line {mark.line + 1}, column {mark.column + 1}"


class _RefusedError(MarkedYAMLError):
    """A fault in our own words, at a place."""

    def __init__(self, problem: str, mark: Any) -> None:
        super().__init__(problem=problem, problem_mark=mark)


def _check_depth(text: str) -> None:
    depth = 0
    for event in parse(text, Loader=SafeLoader):
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise _RefusedError(f"more than {MAX_DEPTH} levels begin", event.start_mark)


def _weigh(node: Node, known: dict[int, int], inside: set[int]) -> int:
    """Number of values that a node stands for. Raises _RefusedError, also for a node that holds itself."""
    if id(node) in known:
        return known[id(node)]
    if id(node) in inside:
        raise _RefusedError("a value holds itself", node.start_mark)
    if node.tag not in _TAGS:
        raise _RefusedError("a tag that settings do not have stands", node.start_mark)
    inside.add(id(node))
    total = 1 + sum(_weigh(child, known, inside) for child in _children(node))
    inside.remove(id(node))
    if total > MAX_VALUES:
        raise _RefusedError(f"more than {MAX_VALUES} values, aliases written out, begin", node.start_mark)
    known[id(node)] = total
    return total


def _children(node: Node) -> Iterator[Node]:
    if isinstance(node, SequenceNode):
        yield from node.value
    elif isinstance(node, MappingNode):
        seen: set[tuple[str, str]] = set()
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                raise _RefusedError("a key that is no text stands", key.start_mark)
            if (key.tag, key.value) in seen:
                raise _RefusedError("a key stands there twice, the second time", key.start_mark)
            seen.add((key.tag, key.value))
            yield key
            yield value
