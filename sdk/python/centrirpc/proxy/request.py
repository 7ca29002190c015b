"""A request of the proxy, decoded."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import Any

from ..source import CallError, Conn
from ..source.strict_json import InvalidJSON, decode
from .members import members
from .refusal import Refusal

__all__ = ["MAX_TIMEOUT_MS", "VERSION", "ProxyRequest"]

_log = logging.getLogger("centrirpc")

VERSION = 1
"""Of the member ``centrirpc``."""

MAX_TIMEOUT_MS = 86_400_000
"""A day, as in the wire's requests."""


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """Who calls what, and how. Made by :meth:`decode`."""

    method: str
    params: str
    """JSON, as it was sent."""
    conn: Conn
    forwarded: bool = False
    """Whether it is a call that a centrirpc server handed on: the member ``centrirpc``."""
    correlation_id: str = ""
    """Names the call for its user; empty if it is not forwarded."""
    timeout: float | None = None
    """Seconds; None if the request does not say."""
    traceparent: str = ""
    """W3C Trace Context; empty if there is none."""

    @classmethod
    def decode(cls, body: bytes) -> ProxyRequest:
        """Read a request's body.

        Raises :class:`Refusal` 400 for what is no request of the proxy, and
        :class:`CallError` 400 for one whose params cannot be read as JSON at all.
        """
        try:
            found = members(body.decode("utf-8"))
        except UnicodeDecodeError:
            raise Refusal(400, "the body is not UTF-8") from None
        except RecursionError:  # the client's params alone can be so
            raise _unreadable("the params are nested too deep") from None
        except ValueError as error:
            raise Refusal(400, f"the body is no request of an RPC proxy: {error}") from None
        text = _Members(found, "")
        method = text.string("method")
        if not method:
            raise Refusal(400, 'the body is no request of an RPC proxy: it has no "method"')
        if text.string("b64data"):
            _log.warning("params came as binary: switch off binary_encoding of the RPC proxy")
            raise _unreadable("the params are binary; send JSON")
        meta = text.value("meta")
        user, client, transport = map(text.string, ("user", "client", "transport"))
        params = found.get("data", "{}")
        if "centrirpc" not in found or found["centrirpc"] == "null":
            return cls(method, params, Conn(user, client, transport, meta=meta))
        try:
            ours = _Members(members(found["centrirpc"]), "centrirpc.")
        except ValueError as error:
            raise Refusal(400, f'"centrirpc" cannot be read: {error}') from None
        version = ours.integer("version", 1 << 31)
        if version != VERSION:
            raise Refusal(400, f'"centrirpc.version" is {version}; {VERSION} is known here')
        ours.boolean("idempotent")  # how the call came here; nothing to do about it
        timeout_ms = ours.integer("timeout_ms", MAX_TIMEOUT_MS)
        return cls(
            method,
            params,
            Conn(user, client, transport, info=ours.value("info"), meta=meta),
            forwarded=True,
            correlation_id=ours.string("correlation_id"),
            timeout=timeout_ms / 1000 if timeout_ms else None,
            traceparent=ours.string("traceparent"),
        )


_SURROGATE = re.compile("[\ud800-\udfff]")


class _Members:
    """Members by their type; null counts as absent. All raise :class:`Refusal` 400."""

    def __init__(self, found: dict[str, str], within: str) -> None:
        self._found = found
        self._within = within

    def value(self, name: str) -> Any:
        try:
            return decode(self._found.get(name, "null"))
        except InvalidJSON:
            raise self._wrong(name, "no JSON that every reader reads alike") from None

    def string(self, name: str) -> str:
        value = self.value(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(name, "no string")
        if not value.isascii() and _SURROGATE.search(value):
            raise self._wrong(name, "no valid Unicode")
        return value

    def integer(self, name: str, most: int) -> int:
        value = self.value(name)
        if value is not None and (type(value) is not int or not 0 <= value <= most):
            raise self._wrong(name, f"no integer from 0 to {most}")
        return value or 0

    def boolean(self, name: str) -> bool:
        value = self.value(name)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(name, "neither true nor false")
        return bool(value)

    def _wrong(self, name: str, what: str) -> Refusal:
        return Refusal(400, f'"{self._within}{name}" is {what}')


def _unreadable(message: str) -> CallError:
    return CallError(400, message, [{"field": "", "rule": "json", "message": message}])
