"""The handlers and channels of an application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .channel import Channel
from .current_call import CurrentCall
from .dispatch import dispatch
from .handler import Handler
from .params import Params, encode_params
from .problem import HandlerError, refuse

__all__ = ["Registry", "default_registry"]


class Registry:
    """Knows which handler answers which method, and which channels there are.

    ``@websocket_rpc`` and ``Channel`` use the default one unless they are given another.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._channels: dict[str, Channel[Any]] = {}

    def __iter__(self) -> Iterator[Handler]:
        """All handlers, sorted by the name of their method; their types may be wrong yet."""
        return iter([self._handlers[name] for name in sorted(self._handlers)])

    def methods(self) -> list[Handler]:
        """All handlers, sorted by the name of their method, their types read.

        Raises :class:`HandlerError` with everything that is wrong with their types.
        """
        handlers = list(self)
        problems = [problem for handler in handlers for problem in handler.resolve()]
        if problems:
            raise HandlerError(problems)
        return handlers

    def channels(self) -> list[Channel[Any]]:
        """All channels, sorted by name."""
        return [self._channels[name] for name in sorted(self._channels)]

    def handler(self, method: str) -> Handler | None:
        """The handler of a method; None if there is none."""
        return self._handlers.get(method)

    async def call(self, method: str, params: Params, conn: Any = None) -> Any:
        """Answer a call: read the params, run the handler, give the result as JSON has it.

        ``params`` are decoded JSON, or JSON itself; None is no params. What it raises is a
        :class:`CallError`: 400 with a list of all faults as details, 405 for an unknown
        method, 504 after the method's timeout, 500 for an exception of the handler or a
        result that is not of its type, and whatever CallError the handler raised.
        """
        text = encode_params(params)
        return await dispatch(self.handler(method), CurrentCall(method), text, conn)

    def add(self, handler: Handler) -> None:
        """Register a handler; HandlerError if it is wrong or its method is taken.

        The same function again, as at a reload of its module, takes its own place.
        """
        problems = handler.check()
        other = self._handlers.get(handler.method) if not problems else None
        if other is not None:
            problems = handler.clash(other)
        if problems:
            refuse(problems)
        else:
            self._handlers[handler.method] = handler

    def add_channel(self, channel: Channel[Any]) -> None:
        """Register a channel; HandlerError if its name is wrong or taken."""
        fault = channel.fault()
        if fault is None:
            other = self._channels.get(channel.name)
            if other is not None and (other.file, other.line) != (channel.file, channel.line):
                reason = f"the channel is declared already ({other.file}:{other.line})"
                fault = channel.problem(reason, "rename one of them")
        if fault is not None:
            refuse([fault])
        else:
            self._channels[channel.name] = channel


default_registry = Registry()
"""The registry of everything that was not given one."""
