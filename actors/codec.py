"""Declared dataclasses as JSON and raw buffers: parsed by their type hints, and nothing else is accepted.

A message is `["Name", [field, ...]]` with its fields in the order of the class. A picture is its shape in the
head and one buffer; a file's content is its size and one buffer. Nothing that is parsed names a class, a
module or a function to call, other than the declared messages themselves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from actors.wire import FrameError

if TYPE_CHECKING:
    from actors.wire import Buffer

_MOST_INT = 1 << 63
"""Integers are columns of 64 bits at most."""

_WRONG = (TypeError, ValueError, KeyError, IndexError, OverflowError, RecursionError)
"""What parsing raises on data of another form."""

Pack = Callable[[Any, list[memoryview]], Any]
Parse = Callable[[Any, "list[Buffer]"], Any]


@dataclass(frozen=True, slots=True)
class _Kind:
    """How values of one type hint are made into JSON, and made of it again."""

    pack: Pack
    parse: Parse


class Codec:
    """Encodes and decodes messages of the dataclasses that it was made for.

    Their fields may be: bool, int (64 bits), float, str, bytes, `Literal` of str, a page picture, `None` or
    one of these, `tuple[T, ...]`, `Mapping[str, T]`, and dataclasses of such. Raises TypeError for others.
    """

    def __init__(self, *messages: type) -> None:
        self._kinds = {message.__name__: (message, _kind_of(message)) for message in messages}

    def encode(self, message: Any) -> tuple[bytes, list[memoryview]]:
        """Head and buffers of a message. Raises TypeError for one that was not declared."""
        name = type(message).__name__
        declared, kind = self._kinds.get(name, (None, None))
        if kind is None or declared is not type(message):
            raise TypeError(f"{name} is no declared message")
        buffers: list[memoryview] = []
        value = kind.pack(message, buffers)
        return json.dumps([name, value], separators=(",", ":")).encode("ascii"), buffers

    def decode(self, head: bytes, buffers: list[Buffer]) -> Any:
        """The message. Raises FrameError for everything that `encode` cannot have made."""
        left = list(buffers)
        try:
            name, value = json.loads(head)
            _, kind = self._kinds[name]
            message = kind.parse(value, left)
        except _WRONG as error:
            raise FrameError(f"its head is no declared message ({type(error).__name__})") from error
        if left:
            raise FrameError("it has a buffer that belongs to no field")
        return message


def _kind_of(hint: Any) -> _Kind:
    if hint in _SCALARS:
        return _SCALARS[hint]
    return _record(hint) if is_dataclass(hint) else _compound(hint, get_origin(hint), get_args(hint))


def _compound(hint: Any, origin: Any, arguments: tuple[Any, ...]) -> _Kind:
    if origin is Annotated and arguments[0] is Any:  # contracts.Image, the one annotated hint
        return _Kind(_pack_picture, _parse_picture)
    if origin is Literal:
        return _literal(frozenset(arguments))
    if origin in (Union, UnionType):
        (inner,) = [argument for argument in arguments if argument is not NoneType]
        return _optional(_kind_of(inner))
    if origin is tuple and arguments[1:] == (...,):
        return _tuple(_kind_of(arguments[0]))
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(_kind_of(arguments[1]))
    raise TypeError(f"a message cannot hold {hint}")


def _checked(wanted: type, convert: Callable[[Any], Any]) -> _Kind:
    def pack(value: Any, _buffers: list[memoryview]) -> Any:
        return convert(value)  # numpy's scalars become Python's, with the same value

    def parse(value: Any, _buffers: list[Buffer]) -> Any:
        if type(value) is not wanted:
            raise TypeError
        return value

    return _Kind(pack, parse)


def _parse_int(value: Any, _buffers: list[Buffer]) -> int:
    if type(value) is not int or not -_MOST_INT <= value < _MOST_INT:
        raise TypeError
    return value


def _parse_float(value: Any, _buffers: list[Buffer]) -> float:
    if type(value) is not float and type(value) is not int:
        raise TypeError
    return float(value)


def _pack_bytes(value: bytes, buffers: list[memoryview]) -> int:
    buffers.append(memoryview(value))
    return len(value)


def _parse_bytes(value: Any, buffers: list[Buffer]) -> bytes:
    buffer = buffers.pop(0)
    if type(value) is not int or value != buffer.nbytes:
        raise TypeError
    return buffer.tobytes()


def _pack_picture(value: Any, buffers: list[memoryview]) -> list[int]:
    import numpy as np

    if value.dtype != np.uint8 or value.ndim != 3 or value.shape[2] != 3:
        raise TypeError(f"a page picture is H×W×3 uint8, not {value.shape} {value.dtype}")
    buffers.append(np.ascontiguousarray(value).data.cast("B"))
    return list(value.shape)


def _parse_picture(value: Any, buffers: list[Buffer]) -> Any:
    height, width, channels = value
    if any(type(side) is not int or side < 1 for side in value) or channels != 3:
        raise TypeError
    buffer = buffers.pop(0)
    if height * width * 3 != buffer.nbytes:  # before reshape, which takes -1 and overflows
        raise ValueError
    return buffer.reshape(height, width, 3)


def _literal(allowed: frozenset[Any]) -> _Kind:
    def parse(value: Any, _buffers: list[Buffer]) -> Any:
        if type(value) is not str or value not in allowed:
            raise TypeError
        return value

    return _Kind(lambda value, _buffers: str(value), parse)


def _optional(inner: _Kind) -> _Kind:
    return _Kind(
        lambda value, buffers: None if value is None else inner.pack(value, buffers),
        lambda value, buffers: None if value is None else inner.parse(value, buffers),
    )


def _tuple(inner: _Kind) -> _Kind:
    def parse(value: Any, buffers: list[Buffer]) -> tuple[Any, ...]:
        if type(value) is not list:
            raise TypeError
        return tuple([inner.parse(item, buffers) for item in value])

    return _Kind(lambda value, buffers: [inner.pack(item, buffers) for item in value], parse)


def _mapping(inner: _Kind) -> _Kind:
    def parse(value: Any, buffers: list[Buffer]) -> dict[str, Any]:
        if type(value) is not dict:
            raise TypeError
        return {key: inner.parse(item, buffers) for key, item in value.items()}

    return _Kind(
        lambda value, buffers: {str(key): inner.pack(item, buffers) for key, item in value.items()}, parse
    )


def _record(record: Any) -> _Kind:
    hints = get_type_hints(record, include_extras=True)
    parts = [(field.name, _kind_of(hints[field.name])) for field in fields(record)]

    def pack(value: Any, buffers: list[memoryview]) -> list[Any]:
        return [kind.pack(getattr(value, name), buffers) for name, kind in parts]

    def parse(value: Any, buffers: list[Buffer]) -> Any:
        if type(value) is not list or len(value) != len(parts):
            raise TypeError
        return record(*[kind.parse(item, buffers) for (_, kind), item in zip(parts, value, strict=True)])

    return _Kind(pack, parse)


_SCALARS: dict[Any, _Kind] = {
    bool: _checked(bool, bool),
    str: _checked(str, str),
    int: _Kind(lambda value, _buffers: int(value), _parse_int),
    float: _Kind(lambda value, _buffers: float(value), _parse_float),
    bytes: _Kind(_pack_bytes, _parse_bytes),
}
