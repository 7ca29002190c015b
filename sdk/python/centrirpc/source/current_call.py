"""What a handler may know of the call that it answers."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["CurrentCall", "answering", "current_call"]


@dataclass(frozen=True, slots=True)
class CurrentCall:
    """The call that the running handler answers."""

    method: str
    """The name that was called."""
    correlation_id: str = ""
    """Names the call, for its user; empty if it came without."""
    traceparent: str = ""
    """The caller's span, as W3C Trace Context writes it; empty if none was said."""


answering: ContextVar[CurrentCall | None] = ContextVar("answering", default=None)
"""Set while a handler runs."""


def current_call() -> CurrentCall | None:
    """The call that is being answered; None outside of a handler."""
    return answering.get()
