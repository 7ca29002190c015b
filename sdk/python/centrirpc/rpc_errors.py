"""The errors of calls: what the server said, apart from what the client found itself.

Everything raised for a call is an :class:`RPCError`, and is either a
:class:`ServerError` (the server answered, or refused) or a :class:`ClientError`
(made here: no answer, no connection, not sent). The one exception is
``asyncio.CancelledError``, which passes through untouched.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = [
    "CallTimeoutError",
    "CancelledError",
    "ClientClosedError",
    "ClientError",
    "ConflictError",
    "ConnectError",
    "ConnectionLostError",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "InternalError",
    "InvalidParamsError",
    "InvalidReplyError",
    "MethodNotFoundError",
    "NotConnectedError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "RPCError",
    "RequestTooLargeError",
    "ResourceExhaustedError",
    "ServerError",
    "UnauthenticatedError",
    "UnavailableError",
    "as_declared",
    "refused",
    "server_error",
]


class RPCError(Exception):
    """Base of every error of this client."""


class ServerError(RPCError):
    """The server answered with an error, or refused a publish or a subscribe.

    ``code`` is a code of the protocol (400 to 599, with a subclass each), one of the
    application's own (1000 to 1999), or the code of a refusal by Centrifuge.
    ``details`` is what the server attached: for :class:`InvalidParamsError` a list of
    ``{"field", "rule", "message"}``, for an application's error what it declared.
    """

    def __init__(self, code: int, reason: str, message: str, details: Any = None) -> None:
        super().__init__(f"{reason} ({code}): {message}")
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, self.reason, self.message, self.details)

    @classmethod
    def from_reply(cls, code: int, reason: str, message: str, details: Any) -> ServerError:
        """The error of this class with ``details`` as they came: where a class parses them.

        Raises ``ValueError`` for details that it cannot read.
        """
        return cls(code, reason, message, details)

    @property
    def retryable(self) -> bool:
        """Whether the server says the call did not run and may be sent again after a pause."""
        return self.code in (429, 503)


class InvalidParamsError(ServerError):
    """400: the params do not fit the method; ``details`` lists all faults."""


class UnauthenticatedError(ServerError):
    """401: no valid identity; worth another try with a new token."""


class PermissionDeniedError(ServerError):
    """403: the caller is known and may not do this."""


class NotFoundError(ServerError):
    """404: the thing asked for does not exist."""


class MethodNotFoundError(ServerError):
    """405: the server has no such method."""


class ConflictError(ServerError):
    """409: the correlation id was used with another method or other params."""


class FailedPreconditionError(ServerError):
    """412: the state of the system forbids the operation."""


class PayloadTooLargeError(ServerError):
    """413: params or result exceed the size the server allows."""


class ResourceExhaustedError(ServerError):
    """429: a limit is reached; worth another try after a pause."""


class CancelledError(ServerError):
    """499: the call was cancelled on the server. Not ``asyncio.CancelledError``."""


class InternalError(ServerError):
    """500: a fault of the server; its text stays in the server's log."""


class UnavailableError(ServerError):
    """503: the server is stopping or cannot serve now; worth another try after a pause."""


class DeadlineExceededError(ServerError):
    """504: the call's deadline passed on the server before it ended."""


class OutcomeUnknownError(ServerError):
    """520: the node that ran the call died; the call may have taken effect."""


class ClientError(RPCError):
    """An error the client made itself; no server said it."""


class NotConnectedError(ClientError):
    """``connect()`` was not called, or the connection ended for good. Nothing was sent."""


class ConnectionLostError(ClientError):
    """The connection dropped while the call was out: whether it ran is unknown.

    Calls are sent again after a reconnect, so this is raised only for a ``volatile`` call, for
    a server without a call store, and if the connection ended for good.
    """


class ClientClosedError(ClientError):
    """``disconnect()`` was called, or the stream was left, before the end of the call.

    Whether it ran is unknown.
    """


class CallTimeoutError(ClientError, TimeoutError):
    """No answer within the call's timeout: whether it ran is unknown.

    If the server had refused the call for the time being, that refusal is its cause.
    """


class RequestTooLargeError(ClientError):
    """The request exceeds the limit, in bytes. Nothing was sent."""

    def __init__(self, method: str, size: int, limit: int) -> None:
        super().__init__(
            f"the request for {method} is {size} bytes; at most {limit} are allowed "
            "(the server's message size limit, or max_request_size)"
        )
        self.method = method
        self.size = size
        self.limit = limit

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.method, self.size, self.limit)


class ConnectError(ClientError):
    """The server refused the connection, or the reply channel, for good.

    ``code`` and ``reason`` are the server's, such as 3500 ``invalid token``; code 0
    means that the client gave up by itself.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(
            f"cannot connect: {reason} ({code})" if code else f"cannot connect: {reason}"
        )
        self.code = code
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.code, self.reason)


class InvalidReplyError(ClientError):
    """The typed client could not read a result: the server's contract is another one."""


_CODES: dict[int, tuple[str, type[ServerError]]] = {
    400: ("invalid_params", InvalidParamsError),
    401: ("unauthenticated", UnauthenticatedError),
    403: ("permission_denied", PermissionDeniedError),
    404: ("not_found", NotFoundError),
    405: ("method_not_found", MethodNotFoundError),
    409: ("conflict", ConflictError),
    412: ("failed_precondition", FailedPreconditionError),
    413: ("payload_too_large", PayloadTooLargeError),
    429: ("resource_exhausted", ResourceExhaustedError),
    499: ("cancelled", CancelledError),
    500: ("internal", InternalError),
    503: ("unavailable", UnavailableError),
    504: ("deadline_exceeded", DeadlineExceededError),
    520: ("outcome_unknown", OutcomeUnknownError),
}

# What Centrifuge answers to a publish or subscribe, as the protocol's codes.
_REFUSALS = {103: 403, 111: 429}


def server_error(code: int, reason: str, message: str, details: Any = None) -> ServerError:
    """The error of a reply, as the class of its code."""
    known_reason, error = _CODES.get(code, ("", ServerError))
    return error(code, reason or known_reason, message, details)


def refused(code: int, message: str) -> ServerError:
    """The error of a publish or subscribe that the server refused with a Centrifuge code."""
    code = _REFUSALS.get(code, code)
    if code in _CODES:
        return server_error(code, "", message)
    return ServerError(code, "bad_request" if code == 107 else "internal", message)


def as_declared(error: ServerError, declared: Mapping[int, type[ServerError]]) -> ServerError:
    """``error`` as the class that the API declared for its code.

    It stays what it is if there is none, and if its details are not what was declared: then
    the reason is its cause.
    """
    found = declared.get(error.code)
    if found is None:
        return error
    try:
        return found.from_reply(error.code, error.reason, error.message, error.details)
    except ValueError as cause:
        error.__cause__ = cause
        return error
