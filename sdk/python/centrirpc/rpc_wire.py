"""The JSON inside publications, and the names it travels under. PROTOCOL.md specifies it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

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
"""What the publish command around an envelope may add, in bytes."""

_FORBIDDEN_IN_USER_ID = re.compile(r"[^!-~]|[:,#*$/]")
_PARAMETER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_FORBIDDEN_IN_PARAMETER = re.compile(r"[^!-~]|[:,#*$/{}]")
_VALUE = r'([!"%-)+\-.0-9;-z|~]+?)'
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


def read_connect_data(data: Any) -> ServerSays:
    """Read a connect reply's data, in which another server's application may put anything."""
    ours = data.get("centrirpc") if isinstance(data, dict) else None
    said = ours if isinstance(ours, dict) else {}
    size, user_id = said.get("max_message_size"), said.get("user_id")
    if not isinstance(size, int) or isinstance(size, bool) or size <= 0:
        size = None
    return ServerSays(size, user_id if isinstance(user_id, str) and user_id else None)


def encode(what: str, value: Any) -> str:
    """``value`` as the JSON that travels; ``TypeError`` names ``what`` if it is none."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"{what} cannot be written as JSON: {error}") from error


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


def notify_request(method: str, params: Any, correlation_id: str) -> dict[str, Any]:
    """The envelope of a notification."""
    return {"op": "notify", "method": method, "params": params, "correlation_id": correlation_id}


def cancel_request(correlation_id: str) -> dict[str, Any]:
    """The envelope that ends a call."""
    return {"op": "cancel", "correlation_id": correlation_id}


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply envelope. Only a final one, with a result or an error, ends its call."""

    correlation_id: str
    final: bool
    result: Any
    error: ServerError | None


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
    if not final and "item" not in data and data.get("progress") is None:
        return None
    return Reply(correlation_id, final, data.get("result"), error)


def _decode_error(data: Any) -> ServerError | None:
    if not isinstance(data, dict):
        return None
    code, reason, message = data.get("code"), data.get("reason", ""), data.get("message", "")
    if not isinstance(code, int) or not isinstance(reason, str) or not isinstance(message, str):
        return None
    return server_error(code, reason, message, data.get("details"))
