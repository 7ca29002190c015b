"""The members of a JSON object, each as it is written."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]

__all__ = ["members"]

_SPACE = re.compile(r"[ \t\n\r]*")


def _refuse(name: str) -> None:
    raise ValueError(f"there is no number {name}")


# Finds where a value ends. The values are not kept: numbers may have any length.
_scan = json.JSONDecoder(
    parse_int=lambda text: 0, parse_float=lambda text: 0, parse_constant=_refuse
).raw_decode


def members(text: str) -> dict[str, str]:
    """The text of each member, so that it can be read again without loss of digits.

    Raises ``ValueError`` for what is no JSON object or has a member twice, and
    ``RecursionError`` for values that are nested too deep to be passed over.
    """
    at = _skip(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError("it is no JSON object")
    found: dict[str, str] = {}
    at = _skip(text, at + 1)
    if text[at : at + 1] == "}":
        return _ended(text, at + 1, found)
    while True:
        if text[at : at + 1] != '"':
            raise ValueError(f"the name of a member is missing at character {at}")
        name, at = scanstring(text, at + 1)
        if name in found:
            raise ValueError(f"the member {name!r:.64} is there twice")
        at = _skip(text, at)
        if text[at : at + 1] != ":":
            raise ValueError(f"a colon is missing at character {at}")
        start = _skip(text, at + 1)
        _, at = _scan(text, start)
        found[name] = text[start:at]
        at = _skip(text, at)
        ended = text[at : at + 1]
        if ended == "}":
            return _ended(text, at + 1, found)
        if ended != ",":
            raise ValueError(f"a comma is missing at character {at}")
        at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _ended(text: str, at: int, found: dict[str, str]) -> dict[str, str]:
    if _skip(text, at) != len(text):
        raise ValueError("there is more than one value")
    return found
