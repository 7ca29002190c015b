"""The decorator that makes an async function the handler of a method."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .call_error import ApplicationError
from .handler import Handler
from .problem import HandlerError
from .registry import Registry, default_registry

__all__ = ["websocket_rpc"]

F = TypeVar("F", bound=Callable[..., Any])


def websocket_rpc(
    method: str,
    *,
    description: str | None = None,
    deprecated: str | None = None,
    timeout: float | None = None,
    idempotent: bool = False,
    volatile: bool = False,
    errors: type[ApplicationError[Any]] | Iterable[type[ApplicationError[Any]]] = (),
    notify: bool = False,
    registry: Registry | None = None,
) -> Callable[[F], F]:
    """Make an async function the handler of a method; the function itself stays as it is.

    ::

        @websocket_rpc("tasks.get_stats")
        async def get_stats(params: StatsParams, conn: Conn) -> Stats:
            '''Counts the tasks of a user.'''

    The params are a BaseModel, TypedDict or dataclass, or left out; the connection is the
    parameter named ``conn`` or annotated ``Conn``, or left out; the result is any type that
    Pydantic describes, or None. ``description`` replaces the docstring, ``deprecated`` says
    what to use instead, ``timeout`` bounds a call in seconds, ``idempotent`` says that
    running it twice does no harm, ``volatile`` that the server need not remember its calls,
    so that a reply may be lost with the connection, ``errors`` is the one, or are those, of
    :func:`declare_error` that it raises, and a ``notify`` method is never answered.

    A wrong handler raises :class:`HandlerError` when its module is imported. The
    :class:`Handler` is kept on the function as ``__websocket_rpc__``.
    """
    frame = sys._getframe(1)
    if callable(method):  # it would register nothing, silently
        handler = Handler("", method)
        fix = 'write @websocket_rpc("tasks.get_stats")'
        raise HandlerError([handler.problem("the decorator was not given a method's name", fix)])
    names = None if frame.f_locals is frame.f_globals else dict(frame.f_locals)

    def register(function: F) -> F:
        handler = Handler(
            method,
            function,
            description=description,
            deprecated=deprecated,
            timeout=timeout,
            idempotent=idempotent,
            volatile=volatile,
            errors=errors,
            notify=notify,
            names=names,
        )
        (registry if registry is not None else default_registry).add(handler)
        if hasattr(function, "__dict__"):
            function.__websocket_rpc__ = handler  # type: ignore[attr-defined]
        return function

    return register
