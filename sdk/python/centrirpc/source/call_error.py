"""Errors that reach the caller as they are, and the application's own ones."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any, ClassVar, Generic, TypeVar, overload

from pydantic import TypeAdapter

from ..rpc_errors import server_error
from .problem import Problem, refuse

__all__ = ["ApplicationError", "CallError", "Fault", "declare_error", "is_code", "jsonable"]

_REASON = re.compile(r"[a-z][a-z0-9_]*")

D = TypeVar("D")

_log = logging.getLogger("centrirpc")

_MAX_MESSAGE = 4096

Fault = dict[str, str]
"""One fault of a call's params: ``{"field", "rule", "message"}``, the field in JSON names."""


class CallError(Exception):
    """An error for the caller: raise it in a handler.

    ``code`` is one of the protocol's (400 to 599), ``message`` is for people, ``details`` must
    be encodable as JSON; all of them leave the server. Any other exception of a handler
    reaches the caller as ``internal`` (500), with its text in the log only.
    """

    def __init__(self, code: int, message: str, details: Any = None, *, reason: str = "") -> None:
        super().__init__(code, message, details)
        self.code = code
        self.reason = reason or server_error(code, "", "").reason or "application_error"
        self.message = message
        self.details = details

    def __str__(self) -> str:
        return f"{self.reason} ({self.code}): {self.message}"

    def wire(self) -> dict[str, Any]:
        """The error as it travels: code, reason, message, and details if there are any.

        Details that cannot be encoded, or are not of the declared type, are left out and logged.
        A message of more than 4096 bytes is cut.
        """
        message = _cut(str(self.message))
        error: dict[str, Any] = {"code": self.code, "reason": self.reason, "message": message}
        if self.details is not None:
            try:
                error["details"] = jsonable(TypeAdapter(self._details_type()), self.details)
            except Exception:
                _log.exception("the details of the error %s cannot be encoded", self.reason)
        return error

    def _details_type(self) -> Any:
        return Any


class ApplicationError(CallError, Generic[D]):
    """Base of the errors that :func:`declare_error` makes."""

    declared_code: ClassVar[int]
    """1000 to 1999."""
    declared_reason: ClassVar[str]
    """The code's stable name."""
    doc: ClassVar[str]
    """For the documentation."""
    details_type: ClassVar[Any]
    """The type of the details; None if the error carries none."""
    declared_at: ClassVar[tuple[str, int]]
    """File and line of the declaration."""

    def __init__(self, message: str = "", details: D | None = None) -> None:
        super().__init__(
            self.declared_code, message or self.doc, details, reason=self.declared_reason
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.details)

    def _details_type(self) -> Any:
        return self.details_type


@overload
def declare_error(code: int, reason: str, doc: str = "") -> type[ApplicationError[Any]]: ...
@overload
def declare_error(
    code: int, reason: str, doc: str = "", *, details: type[D]
) -> type[ApplicationError[D]]: ...
def declare_error(
    code: int, reason: str, doc: str = "", *, details: Any = None
) -> type[ApplicationError[Any]]:
    """Declare an error of the application's own: an exception class to raise and to catch.

    ``code`` is in 1000..1999, ``reason`` is lower-case words joined by ``_``, ``doc`` is for
    the documentation and the message if none is given, ``details`` is the type of what it
    carries. Name the class in the ``errors`` of the methods that raise it::

        QuotaExceeded = declare_error(1001, "quota_exceeded", "No more tasks.", details=Quota)
        raise QuotaExceeded("You have 10 of 10 tasks.", Quota(limit=10))

    Raises :class:`HandlerError` if code or reason are not so.
    """
    caller = sys._getframe(1)
    at = (caller.f_code.co_filename, caller.f_lineno)
    problems = []
    if isinstance(code, bool) or not isinstance(code, int) or not 1000 <= code <= 1999:
        problems.append(("the code is not in 1000..1999", "choose one there, for it to stay"))
    if not isinstance(reason, str) or not _REASON.fullmatch(reason):
        fix = 'write lower-case words joined by "_", such as "quota_exceeded"'
        problems.append((f"{reason!r} is no reason of an error", fix))
    if problems:
        declaration = f"declare_error({code!r}, {reason!r})"
        refuse(
            Problem(why, fix, function=declaration, file=at[0], line=at[1]) for why, fix in problems
        )
        code, reason = 0, "refused"  # and the problems are kept
    name = "".join(word.capitalize() for word in reason.split("_"))
    members = {
        "__doc__": doc or f"The application's error {reason} ({code}).",
        "__module__": caller.f_globals.get("__name__", __name__),
        "declared_code": code,
        "declared_reason": reason,
        "doc": doc.strip() if doc else "",
        "details_type": details,
        "declared_at": at,
    }
    return type(name, (ApplicationError,), members)


def is_code(code: Any) -> bool:
    """Whether an error may have this code: one of the protocol's, or the application's own."""
    return type(code) is int and (bool(server_error(code, "", "").reason) or 1000 <= code <= 1999)


def _cut(message: str) -> str:
    encoded = message.encode("utf-8", "replace")
    if len(encoded) > _MAX_MESSAGE:
        encoded = encoded[: _MAX_MESSAGE - len("…".encode())]
        return encoded.decode("utf-8", "ignore") + "…"
    return encoded.decode()


def jsonable(adapter: TypeAdapter[Any], value: Any) -> Any:
    """The value as JSON has it; an exception if it is not of the adapter's type, or no JSON."""
    # Dumping alone would let another model, or None, pass.
    checked = adapter.validate_python(value)
    encoded = adapter.dump_python(checked, mode="json", by_alias=True, warnings="error")
    json.dumps(encoded, allow_nan=False, ensure_ascii=False).encode()
    return encoded
