"""A stream as the application sees it: items, then a result."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from .rpc_calls import Calls
from .rpc_errors import ClientClosedError
from .rpc_pending import Pending
from .rpc_stream_feed import StreamFeed

__all__ = ["RPCStream"]

ItemT = TypeVar("ItemT")
ResultT = TypeVar("ResultT")
OtherItemT = TypeVar("OtherItemT")
OtherResultT = TypeVar("OtherResultT")


class RPCStream(Generic[ItemT, ResultT]):
    """A running stream: ``async for`` gives its items, ``await stream.result()`` its result.

    ::

        async with rpc.stream("tasks.import", {"url": url}) as rows:
            async for row in rows:
                print(row)
            print(await rows.result())

    Each item comes once and in order. While items are not taken, the server waits. If the
    stream fails, the items before are given first; then the error is raised, by the loop and
    by ``result()``. Leaving the loop early, and ``async with`` or :meth:`aclose` before the
    end, cancel it on the server.

    Made by ``client.stream()``, and sent at once.
    """

    def __init__(
        self,
        calls: Calls,
        call: Pending,
        feed: StreamFeed,
        item: Callable[[Any], ItemT],
        result: Callable[[Any], ResultT],
    ) -> None:
        self._calls = calls
        self._call = call
        self._feed = feed
        self._read_item = item
        self._read_result = result

    def typed(
        self, item: Callable[[Any], OtherItemT], result: Callable[[Any], OtherResultT]
    ) -> RPCStream[OtherItemT, OtherResultT]:
        """The same stream, its decoded JSON read by these functions. What they raise ends it."""
        return RPCStream(self._calls, self._call, self._feed, item, result)

    @property
    def correlation_id(self) -> str:
        """The id under which the server knows the call."""
        return self._call.id

    async def __aiter__(self) -> AsyncGenerator[ItemT, None]:
        """The items that nobody has taken. One loop at a time; ``RuntimeError`` for another."""
        feed, done = self._feed, self._call.done
        if feed.iterating:
            raise RuntimeError(f"the stream {self._call.request.method} is being iterated already")
        feed.iterating = True
        try:
            while True:
                while feed.items.ready:
                    yield self._read_item(feed.take())
                if done.done():
                    done.result()
                    return
                await feed.changed()
        finally:
            feed.iterating = False
            self._leave()

    async def result(self) -> ResultT:
        """Wait for the result. Items are dropped, unless a loop takes them.

        Raises what ``call`` raises, and :class:`ClientClosedError` if the stream was left
        before its end. Cancelling it cancels the stream, unless a loop is running.
        """
        feed, done = self._feed, self._call.done
        if not feed.iterating:
            feed.drop()
        feed.waiting += 1
        try:
            await asyncio.wait({done})
        finally:
            feed.waiting -= 1
            if not feed.iterating and not feed.waiting:
                self._leave()
        return self._read_result(done.result())

    async def aclose(self) -> None:
        """Leave the stream: unless it has ended, it is cancelled on the server."""
        self._leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _leave(self) -> None:
        self._feed.drop()
        method = self._call.request.method
        self._calls.leave(
            self._call, ClientClosedError(f"the stream {method} was left before its end")
        )
