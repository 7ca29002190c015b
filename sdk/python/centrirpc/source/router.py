"""Routes calls to handlers: what transports ask, and applications without one too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from .call_error import ApplicationError, CallError
from .channel import Channel
from .current_call import CurrentCall
from .dispatch import dispatch
from .handler import Handler
from .params import Params, encode_params
from .problem import Problem, refuse
from .registry import Registry, default_registry

__all__ = ["MessageRouter"]

F = TypeVar("F", bound=Callable[..., Any])


class MessageRouter(Registry):
    """Answers calls by the handlers of registries, and by handlers of its own.

    ``MessageRouter()`` has those of the default registry: everything that
    ``@websocket_rpc`` registered without saying where, also later. Given registries, it has
    theirs instead. ``max_params_size`` bounds the params of a call, in bytes of JSON.

    It is a :class:`Registry` itself: ``@websocket_rpc(..., registry=router)`` works, and so
    does ``python -m centrirpc export --registry``.
    """

    def __init__(self, *registries: Registry, max_params_size: int = 1 << 20) -> None:
        super().__init__()
        self.max_params_size = max_params_size
        """In bytes; more is the error ``payload_too_large``."""
        self._included: list[Registry] = []
        for registry in registries or (default_registry,):
            self.include(registry)

    def include(self, registry: Registry) -> None:
        """Answer by the handlers of this registry too, also by those that it gets later.

        Raises :class:`HandlerError` if one of its methods is taken already. Where a later
        handler makes two of one method, the registry that was included first answers, and
        :meth:`methods` raises.
        """
        if registry is self or (isinstance(registry, MessageRouter) and registry.includes(self)):
            raise ValueError("a router cannot include itself, not through another one either")
        if registry in self._included:
            return
        if problems := [problem for handler in registry for problem in self._taken(handler)]:
            refuse(problems)
        else:
            self._included.append(registry)

    def includes(self, registry: Registry) -> bool:
        """Whether calls are answered by this registry, itself or through another router."""
        return any(
            one is registry or (isinstance(one, MessageRouter) and one.includes(registry))
            for one in self._included
        )

    def register_handler(
        self,
        name: str,
        func: F,
        *,
        description: str | None = None,
        deprecated: str | None = None,
        timeout: float | None = None,
        idempotent: bool = False,
        volatile: bool = False,
        errors: type[ApplicationError[Any]] | Iterable[type[ApplicationError[Any]]] = (),
        notify: bool = False,
    ) -> F:
        """Make an async function the handler of a method of this router; gives it back.

        The options are those of :func:`websocket_rpc`. Raises :class:`HandlerError` if the
        handler is wrong or its method is taken.
        """
        handler = Handler(
            name,
            func,
            description=description,
            deprecated=deprecated,
            timeout=timeout,
            idempotent=idempotent,
            volatile=volatile,
            errors=errors,
            notify=notify,
        )
        self.add(handler)
        return func

    async def handle_message(
        self,
        method: str,
        params: Params = None,
        conn: Any = None,
        *,
        timeout: float | None = None,
        correlation_id: str = "",
        traceparent: str = "",
    ) -> Any:
        """Answer a call: read the params, run the handler, give the result as JSON has it.

        ``params`` are decoded JSON, or JSON itself; None is no params. ``conn`` is given to
        handlers that ask for it. ``timeout``, in seconds, bounds the call; so does the
        method's own. ``correlation_id`` and ``traceparent`` are what :func:`current_call`
        says in the handler, and the log if it fails.

        What it raises is a :class:`CallError`: 400 with a list of all faults of the params as
        details, 405 for an unknown method, 413 for params over the size, 504 at the deadline,
        whatever CallError the handler raised, and 500 for any other exception of the handler,
        and for a result that is not of its type; these are logged, by the logger
        ``centrirpc``. A cancelled call raises ``asyncio.CancelledError``.
        """
        text = encode_params(params)
        size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "replace"))
        if size > self.max_params_size:
            limit = self.max_params_size
            raise CallError(413, f"the params are {size} bytes; at most {limit} are allowed")
        call = CurrentCall(method, correlation_id, traceparent)
        return await dispatch(self.handler(method), call, text, conn, timeout)

    def add(self, handler: Handler) -> None:
        """Register a handler of the router's own; HandlerError if it is wrong or taken."""
        if problems := self._taken(handler):
            refuse(problems)
        else:
            super().add(handler)

    def handler(self, method: str) -> Handler | None:
        """The handler of a method, the router's own first; None if there is none."""
        found = super().handler(method)
        for registry in self._included:
            found = found or registry.handler(method)
        return found

    def __iter__(self) -> Iterator[Handler]:
        """All handlers, sorted by the name of their method; their types may be wrong yet."""
        found = {handler.method: handler for handler in super().__iter__()}
        for registry in self._included:
            for handler in registry:
                found.setdefault(handler.method, handler)
        return iter([found[method] for method in sorted(found)])

    def methods(self) -> list[Handler]:
        """All handlers, sorted by the name of their method, their types read.

        Raises :class:`HandlerError` with everything that is wrong with their types, and with
        methods that have two handlers.
        """
        sources: list[Iterable[Handler]] = [super().__iter__(), *self._included]
        if problems := [p for source in sources for one in source for p in self._taken(one)]:
            refuse(problems)
        return super().methods()

    def channels(self) -> list[Channel[Any]]:
        """All channels, sorted by name."""
        found = {channel.name: channel for channel in super().channels()}
        for registry in self._included:
            for channel in registry.channels():
                found.setdefault(channel.name, channel)
        return [found[name] for name in sorted(found)]

    def _taken(self, handler: Handler) -> list[Problem]:
        """What is wrong if a method is answered by another handler already."""
        other = self.handler(handler.method) if isinstance(handler.method, str) else None
        return handler.clash(other) if other is not None else []
