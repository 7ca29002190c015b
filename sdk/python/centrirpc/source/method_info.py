"""What a router offers, for programs that ask: lists, generators, documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from .call_error import ApplicationError
from .handler import Handler
from .registry import Registry

__all__ = ["RPCMethodInfo", "discover_rpc_methods_from_router"]


@dataclass(frozen=True, slots=True)
class RPCMethodInfo:
    """One method, as its handler declares it."""

    name: str
    """What clients call: ``"tasks.get_stats"``."""
    kind: Literal["call", "notify"]
    """A ``notify`` method is never answered."""
    params_model: Any
    """The type of the params: a BaseModel, TypedDict or dataclass; None if it takes none."""
    result_model: Any
    """The type of the result: any that Pydantic describes; None if it returns nothing."""
    docstring: str
    """The description that was given, or else the function's docstring; may be empty."""
    deprecated: str
    """What to use instead; empty if it is not deprecated."""
    timeout: float | None
    """Seconds that a call may take; None leaves it to the server."""
    idempotent: bool
    """Whether running a call twice does no harm."""
    volatile: bool
    """Whether the server need not remember its calls."""
    errors: tuple[type[ApplicationError[Any]], ...]
    """The application's errors that it may raise, as ``declare_error`` made them."""
    source: str
    """Where it is: ``"myapp/handlers.py#get_stats"``."""


def discover_rpc_methods_from_router(router: Registry) -> list[RPCMethodInfo]:
    """All methods of a router, or of a registry, sorted by name.

    Raises :class:`HandlerError` with everything that is wrong with the handlers' types.
    """
    return [_info(handler) for handler in router.methods()]


def _info(handler: Handler) -> RPCMethodInfo:
    return RPCMethodInfo(
        name=handler.method,
        kind="notify" if handler.notify else "call",
        params_model=handler.signature.params,
        result_model=handler.signature.result,
        docstring=handler.doc,
        deprecated=handler.deprecated,
        timeout=handler.timeout,
        idempotent=handler.idempotent,
        volatile=handler.volatile,
        errors=handler.errors,
        source=handler.source,
    )
