"""The JSON inside publications, and the names it travels under. PROTOCOL.md specifies it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from .rpc_errors import ServerError, server_error

REQUESTS_CHANNEL = "rpc.requests"
"""Where requests are published; nobody can subscribe to it."""

MAX_USER_ID_LENGTH = 128
"""Bound of a user id, in bytes."""

DEFAULT_MAX_REQUEST_SIZE = 65536
"""The frame size a server accepts when it does not say, in bytes."""

MAX_CHANNEL_NAME = 255
"""Bound of a channel's name, in bytes."""

MAX_TIMEOUT_MS = 86_400_000
"""The longest timeout that a request can say: 24 hours."""

COMMAND_OVERHEAD = 256
"""What the publish command around an envelope, and sending it again, may add, in bytes."""

_FORBIDDEN_IN_USER_ID = re.compile(r"[^!-~]|[:,#*$/]")
_PARAMETER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_FORBIDDEN_IN_PARAMETER = re.compile(r"[^!-~]|[:,#*$/{}]")
_VALUE = r'([!"%-)+\-.0-9;-z|~]+?)'
_STORE = re.compile(r"[ -~]{1,64}")
_TRACEPARENT = re.compile(
    r"(?!ff|00-.{53})[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-"
    r"(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[ -~]*)?"
)
MAX_TRACEPARENT_LENGTH = 128
"""Bound of a traceparent, in bytes."""

_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check_user_id(user_id: str) -> None:
    """Raise ``ValueError`` unless the id can stand in a channel name."""
    if not user_id:
        raise ValueError("the user id is empty")
    if len(user_id.encode("utf-8", "surrogatepass")) > MAX_USER_ID_LENGTH:
        raise ValueError(f"the user id is longer than {MAX_USER_ID_LENGTH} bytes")
    found = _FORBIDDEN_IN_USER_ID.search(user_id)
    if found:
        raise ValueError(
            f"the user id {user_id!r} holds the character {found.group()!r}; characters with a "
            "meaning in channel names (: , # * $ /), spaces, control and non-ASCII characters "
            "are not allowed"
        )


def reply_channel(user_id: str, session: str | None) -> str:
    """The channel a user's replies are published on; with a session, one of its own."""
    check_user_id(user_id)
    if session is None:
        return f"user#{user_id}"
    if not _SESSION.fullmatch(session):
        raise ValueError(f'the session {session!r} is not 1 to 64 letters, digits, "-" and "_"')
    return f"user.{session}#{user_id}"


def channel_name(pattern: str, values: Mapping[str, str | int]) -> str:
    """The channel of a pattern such as ``tasks:{project_id}``, its parameters filled in.

    Raises ``ValueError`` for a value that is empty or holds what has a meaning in channel
    names, and so could name another channel than the pattern's; where the server would read
    other values out of the name, as ``a.b`` and ``c`` for ``{x}.{y}``; and for a name longer
    than 255 bytes.
    """
    texts: list[tuple[str, str]] = []

    def filled(match: re.Match[str]) -> str:
        name = match.group(1)
        value = str(values[name])
        found = _FORBIDDEN_IN_PARAMETER.search(value)
        if not value:
            raise ValueError(f"the parameter {name} of the channel {pattern} is empty")
        if found:
            raise ValueError(
                f"the parameter {name} of the channel {pattern} is {value!r}, which holds the "
                f"character {found.group()!r}; characters with a meaning in channel names "
                "(: , # * $ / { }), spaces, control and non-ASCII characters are not allowed"
            )
        texts.append((name, value))
        return value

    channel = _PARAMETER.sub(filled, pattern)
    if texts and len(channel) > MAX_CHANNEL_NAME:
        raise ValueError(
            f"with these parameters the name of the channel {pattern} is {len(channel)} bytes "
            f"long; at most {MAX_CHANNEL_NAME} are allowed"
        )
    if len(texts) > 1:
        # The server reads each value as short as can be.
        literals = [re.escape(text) for text in _PARAMETER.split(pattern)[::2]]
        read = re.fullmatch(_VALUE.join(literals), channel)
        for i, (name, value) in enumerate(texts, 1):
            if read is None or read.group(i) != value:
                raise ValueError(
                    f"the parameter {name} of the channel {pattern} is {value!r}, which holds "
                    "what stands behind it: nothing would tell where it ends"
                )
    return channel


def user_id_of_token(token: str) -> str | None:
    """The ``sub`` claim of a JWT, unverified: the server checks the token, not the client.

    A JWT is three parts of which the second is a JSON object; what is none, or no token at
    all, gives None. Raises ``ValueError`` for a JWT without a ``sub`` that can be used.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(claims, dict):
        return None
    sub = claims.get("sub")
    if not isinstance(sub, str) or not sub:
        raise ValueError(
            'no user id given, and the token has no "sub" that is a non-empty string; pass user_id'
        )
    return sub


@dataclass(frozen=True, slots=True)
class ServerSays:
    """What our server tells of itself in the data of its connect reply; None where it does not."""

    max_message_size: int | None
    user_id: str | None
    store: str | None
    """Names the life of the server's call store."""


def read_connect_data(data: Any) -> ServerSays:
    """Read a connect reply's data, in which another server's application may put anything."""
    ours = data.get("centrirpc") if isinstance(data, dict) else None
    said = ours if isinstance(ours, dict) else {}
    size, user_id, store = said.get("max_message_size"), said.get("user_id"), said.get("store")
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
        size = None
    if not isinstance(store, str) or not _STORE.fullmatch(store):
        store = None
    return ServerSays(size, user_id if isinstance(user_id, str) and user_id else None, store)


def encode(what: str, value: Any) -> str:
    """``value`` as the JSON that travels; ``TypeError`` names ``what`` if it is none."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{what} cannot be written as JSON: {error}") from error


def is_traceparent(text: object) -> TypeGuard[str]:
    """Whether ``text`` is a traceparent as W3C Trace Context has it, and not too long."""
    return (
        isinstance(text, str)
        and len(text) <= MAX_TRACEPARENT_LENGTH
        and _TRACEPARENT.fullmatch(text) is not None
    )


def call_request(
    method: str, params: Any, correlation_id: str, reply_to: str, timeout_ms: int
) -> dict[str, Any]:
    """The envelope of a call. No timeout above a day can be said."""
    return {
        "method": method,
        "params": params,
        "correlation_id": correlation_id,
        "reply_to": reply_to,
        "timeout_ms": min(timeout_ms, MAX_TIMEOUT_MS),
    }


def notify_request(
    method: str, params: Any, correlation_id: str, timeout_ms: int
) -> dict[str, Any]:
    """The envelope of a notification: the server remembers it as long as it may come again."""
    return {
        "op": "notify",
        "method": method,
        "params": params,
        "correlation_id": correlation_id,
        "timeout_ms": min(timeout_ms, MAX_TIMEOUT_MS),
    }


def cancel_request(correlation_id: str) -> dict[str, Any]:
    """The envelope that ends a call."""
    return {"op": "cancel", "correlation_id": correlation_id}


def resume_request(correlation_id: str, reply_to: str, seq: int) -> dict[str, Any]:
    """The envelope that asks for a stream's items again, from ``seq`` on."""
    return {"op": "resume", "correlation_id": correlation_id, "reply_to": reply_to, "seq": seq}


def ack_request(correlation_id: str, seq: int) -> dict[str, Any]:
    """The envelope that says that a stream's items up to ``seq`` were taken."""
    return {"op": "ack", "correlation_id": correlation_id, "seq": seq}


def received_request(correlation_ids: list[str]) -> dict[str, Any]:
    """The envelope that says that the final replies of these calls, 1 to 64, have come."""
    return {"op": "ack", "correlation_id": correlation_ids[0], "received": correlation_ids}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a call has come: ``done`` of ``total``, in units of the method's own."""

    done: float
    total: float | None = None
    """None if it is not known."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply envelope. Only a final one, with a result or an error, ends its call."""

    correlation_id: str
    final: bool
    result: Any
    error: ServerError | None
    seq: int | None = None
    """The number of an item, or how many there are in a stream's final reply."""
    has_item: bool = False
    item: Any = None
    progress: Progress | None = None


def decode_reply(data: Any) -> Reply | None:
    """The reply in a publication, or None if it is none: others may share the channel."""
    if not isinstance(data, dict):
        return None
    correlation_id = data.get("correlation_id")
    if not isinstance(correlation_id, str) or not correlation_id:
        return None
    error: ServerError | None = None
    if data.get("error") is not None:
        if "result" in data:
            return None
        error = _decode_error(data["error"])
        if error is None:
            return None
    final = error is not None or "result" in data
    has_item, progress = "item" in data, data.get("progress")
    if not final and not has_item and progress is None:
        return None
    seq = data.get("seq")
    if seq is not None and (not isinstance(seq, int) or isinstance(seq, bool) or seq < 0):
        return None
    return Reply(
        correlation_id,
        final,
        data.get("result"),
        error,
        seq,
        has_item,
        data.get("item"),
        None if progress is None else _decode_progress(progress),
    )


def _decode_progress(data: Any) -> Progress | None:
    """Progress is best effort: what cannot be read says nothing."""
    if not isinstance(data, dict):
        return None
    done, total, message = data.get("done"), data.get("total"), data.get("message", "")
    if not _is_number(done) or (total is not None and not _is_number(total)):
        return None
    return Progress(done, total, message if isinstance(message, str) else "")


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _decode_error(data: Any) -> ServerError | None:
    if not isinstance(data, dict):
        return None
    code, reason, message = data.get("code"), data.get("reason", ""), data.get("message", "")
    if not isinstance(code, int) or not isinstance(reason, str) or not isinstance(message, str):
        return None
    return server_error(code, reason, message, data.get("details"))
