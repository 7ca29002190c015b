"""Answers to a request of the proxy."""

from __future__ import annotations

import json
from typing import Any

from ..source import CallError

__all__ = ["error_answer", "result_answer"]

# What may be sent again after a pause; the proxy passes it on to clients.
_TEMPORARY = (429, 503)


def result_answer(result: Any, limit: int) -> bytes:
    """The answer with a result, which must be JSON already; null for none.

    Raises :class:`CallError` 413 if the result takes more than ``limit`` bytes.
    """
    data = _encoded(result)
    if len(data) > limit:
        raise CallError(413, f"the result is {len(data)} bytes; at most {limit} are allowed")
    return b'{"result":{"data":' + data + b"}}"


def error_answer(error: CallError, *, forwarded: bool) -> bytes:
    """The answer with an error.

    Centrifugo's errors have a code and a message. A centrirpc server that handed the call on
    (``forwarded``) is told the reason and the details too.
    """
    wire = error.wire()
    if not forwarded:
        wire = {"code": wire["code"], "message": wire["message"]}
    if error.code in _TEMPORARY:
        wire["temporary"] = True
    return _encoded({"error": wire})


def _encoded(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.encode()
