"""JSON as RFC 8259 has it, and of which no two readers disagree what it says."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

__all__ = ["MAX_DEPTH", "InvalidJSON", "decode"]

MAX_DEPTH = 200
"""How deep values may be nested; Pydantic reads no deeper ones."""


class InvalidJSON(Exception):
    """The text is not JSON, or JSON that cannot be trusted to mean one thing.

    ``location`` leads to the key at fault, as in Pydantic's errors; empty if it is the whole.
    ``value`` is what was decoded as far as that, to name the key by.
    """

    def __init__(self, reason: str, location: tuple[int | str, ...] = (), value: Any = None):
        super().__init__(reason)
        self.reason = reason
        self.location = location
        self.value = value


class _Twice(dict[str, Any]):
    """An object that has a key twice."""

    key = ""


def decode(text: str | bytes) -> Any:
    """The value of a text; :class:`InvalidJSON` if it is none.

    Refused are also: another encoding than UTF-8, NaN and infinities, numbers that a double
    cannot hold, integers of more digits than Python reads (4300), a key that is there twice,
    values nested more than :data:`MAX_DEPTH` deep, and long keys around many values.
    """
    try:
        characters = text if isinstance(text, str) else str(text, "utf-8")
        value = _decoder.decode(characters)
    except UnicodeDecodeError as error:
        raise InvalidJSON(f"are not valid UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        reason = f"are not valid JSON: {error.msg} at character {error.pos}"
        raise InvalidJSON(reason) from None
    except RecursionError:
        raise InvalidJSON(_TOO_DEEP) from None
    except ValueError:
        raise InvalidJSON("have an integer of too many digits") from None
    _walk(value, _PATHS_PER_CHARACTER * len(characters) + _MIN_PATHS)
    return value


_TOO_DEEP = f"are nested more than {MAX_DEPTH} deep"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    decoded = dict(pairs)
    if len(decoded) == len(pairs):
        return decoded
    twice, seen = _Twice(decoded), set()
    for key, _ in pairs:
        if key in seen:
            twice.key = key
        seen.add(key)
    return twice


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise InvalidJSON("have a number that no double can hold")
    return number


def _constant(name: str) -> NoReturn:
    raise InvalidJSON(f"are not valid JSON: there is no number {name}")


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)


# The paths of all values together may be so many characters for each one of the text, and so
# many more: each of Pydantic's errors has a path, so that a few long keys around many values
# would take gigabytes.
_PATHS_PER_CHARACTER = 64
_MIN_PATHS = 64 << 10

_PATHS = (
    "have keys that are too long, or too many, for the number of values within; shorten the keys, "
    "or send fewer values at once"
)


def _walk(value: Any, may_visit: int) -> None:
    """Refuse what is nested too deep, a key that is there twice, and paths that are too long."""
    layer: list[tuple[Any, Any, int]] = [(value, None, 0)]  # a value, its way, that one's length
    for _ in range(MAX_DEPTH):
        below: list[tuple[Any, Any, int]] = []
        for node, way, length in layer:
            if isinstance(node, _Twice):
                location = (*_location(way), node.key)
                raise InvalidJSON("is there twice", location, value)
            if isinstance(node, dict):
                may_visit -= len(node) * length + sum(map(len, node))
                for key, child in node.items():
                    if _holds(child):
                        below.append((child, (way, key), length + len(key)))
            elif isinstance(node, list):
                may_visit -= len(node) * (length + 1)
                below += [(c, (way, n), length + 1) for n, c in enumerate(node) if _holds(c)]
            if may_visit < 0:
                raise InvalidJSON(_PATHS)
        if not below:
            return
        layer = below
    raise InvalidJSON(_TOO_DEEP)


def _holds(value: Any) -> bool:
    return isinstance(value, dict | list)


def _location(way: Any) -> tuple[int | str, ...]:
    parts = []
    while way is not None:
        way, part = way
        parts.append(part)
    return tuple(reversed(parts))
