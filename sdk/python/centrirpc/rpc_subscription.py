"""Subscriptions of the application: many handlers a channel, one subscription a channel."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from .rpc_connection import Connection, SDKEvents
from .rpc_errors import (
    CallTimeoutError,
    ClientClosedError,
    NotConnectedError,
    RPCError,
    refused,
)

__all__ = ["PublicationHandler", "Subscription", "Subscriptions"]

PublicationHandler = Callable[[Any], Awaitable[None] | None]
"""Gets the decoded JSON of each publication, one at a time and in order. May be async."""

_ALREADY_SUBSCRIBED = 105


class Subscription:
    """One handler on one channel, from ``subscribe`` until ``unsubscribe``."""

    def __init__(self, feed: _Feed, handler: PublicationHandler) -> None:
        self._feed = feed
        self._handler = handler
        self._backlog: deque[Any] = deque()
        self._running: asyncio.Task[None] | None = None
        self._active = True

    @property
    def channel(self) -> str:
        """The channel's name."""
        return self._feed.channel

    @property
    def active(self) -> bool:
        """False after ``unsubscribe``, or once the server ended the subscription for good."""
        return self._active

    async def unsubscribe(self) -> None:
        """Stop the handler; what waits for it is dropped. A second time does nothing."""
        if self._active:
            self.end()
            await self._feed.remove(self)

    def end(self) -> None:
        """Drop what waits, and take no more."""
        self._active = False
        self._backlog.clear()

    def deliver(self, data: Any) -> None:
        """Hand one publication over. A handler that is async runs on a task of its own."""
        if not self._active:
            return
        if self._running is not None:
            self._backlog.append(data)
            return
        waiting = self._handle(data)
        if waiting is not None:
            self._running = self._feed.connection.spawn(self._drain(waiting))

    async def _drain(self, waiting: Awaitable[None] | None) -> None:
        try:
            while True:
                if waiting is not None:
                    try:
                        await waiting
                    except Exception as error:
                        self._feed.report(error)
                if not self._backlog:
                    return
                waiting = self._handle(self._backlog.popleft())
        finally:
            self._running = None

    def _handle(self, data: Any) -> Awaitable[None] | None:
        try:
            return self._handler(data)
        except Exception as error:
            self._feed.report(error)
            return None


class _Feed:
    """A channel some handler wants. The server subscribed it, or the SDK does."""

    def __init__(self, owner: Subscriptions, channel: str) -> None:
        self.channel = channel
        self.connection = owner.connection
        self.report = owner.report
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.last_error: Exception | None = None
        self._owner = owner
        self._handlers: list[Subscription] = []
        self._remote: Any = None

    def start(self) -> None:
        """Subscribe, unless the server has."""
        served = self.connection.server_channels | {self.connection.reply_channel}
        if self.channel in served:
            self._succeed()
        elif self._remote is None and not self._owner.is_leaving(self.channel):
            self._remote = self.connection.new_subscription(
                self.channel,
                SDKEvents(
                    on_subscribed=lambda ctx: self._succeed(),
                    on_unsubscribed=self._on_unsubscribed,
                    on_publication=lambda ctx: self.deliver(ctx.pub.data),
                    on_error=self._on_error,
                ),
            )
            self.connection.spawn(self._subscribe())

    async def _subscribe(self) -> None:
        if self._remote is not None:
            await self._remote.subscribe()

    def add(self, handler: PublicationHandler) -> Subscription:
        subscription = Subscription(self, handler)
        self._handlers.append(subscription)
        return subscription

    async def remove(self, subscription: Subscription) -> None:
        if subscription in self._handlers:
            self._handlers.remove(subscription)
        if not self._handlers:
            self._owner.forget(self)
            remote, self._remote = self._remote, None
            if remote is not None:
                await self._owner.leave(remote)

    def deliver(self, data: Any) -> None:
        for subscription in list(self._handlers):
            subscription.deliver(data)

    async def wait(self, timeout: float) -> None:
        """Return once subscribed for the first time; raise why not."""
        done, _ = await asyncio.wait({self.subscribed}, timeout=timeout)
        if not done:
            cause = f": {self.last_error}" if self.last_error else ""
            raise CallTimeoutError(f"not subscribed to {self.channel} within {timeout:g} s{cause}")
        self.subscribed.result()

    def fail(self, error: RPCError) -> None:
        """The first subscribe failed: whoever waits for it hears why."""
        if not self.subscribed.done():
            self.subscribed.set_exception(error)
            self.subscribed.exception()  # nobody may be waiting

    def _succeed(self) -> None:
        if not self.subscribed.done():
            self.subscribed.set_result(None)

    def _on_error(self, ctx: Any) -> None:
        self.last_error = ctx.error

    def _on_unsubscribed(self, ctx: Any) -> None:
        remote, self._remote = self._remote, None
        if remote is None:
            return  # unsubscribed by us
        self.connection.remove_subscription(remote)
        if ctx.code == _ALREADY_SUBSCRIBED and self.channel in self.connection.server_channels:
            self._succeed()
            return
        self._owner.forget(self)
        for subscription in self._handlers:
            subscription.end()
        error = refused(ctx.code, f"the subscription to {self.channel} was refused: {ctx.reason}")
        if self.subscribed.done():
            self.report(error)
        else:
            self.fail(error)


class Subscriptions:
    """All feeds of a client, by channel."""

    def __init__(self, connection: Connection, report: Callable[[Exception], None]) -> None:
        self.connection = connection
        self.report = report
        self._feeds: dict[str, _Feed] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}

    async def subscribe(
        self, channel: str, handler: PublicationHandler, timeout: float
    ) -> Subscription:
        """Return once subscribed, within ``timeout`` seconds."""
        if self.connection.state == "disconnected":
            raise NotConnectedError(f"cannot subscribe to {channel}: call connect() first")
        feed = self._feeds.get(channel)
        if feed is None:
            feed = self._feeds[channel] = _Feed(self, channel)
            if self.connection.state == "connected":
                feed.start()
        subscription = feed.add(handler)
        try:
            await feed.wait(timeout)
        except BaseException:
            await subscription.unsubscribe()
            raise
        return subscription

    def is_leaving(self, channel: str) -> bool:
        """Whether the SDK still has the channel's former subscription, and takes no other."""
        return channel in self._leaving

    async def leave(self, remote: Any) -> None:
        """End a subscription of the SDK. A feed made meanwhile starts when that is done."""
        task = self.connection.spawn(self._leave(remote))
        self._leaving[remote.channel] = task
        await asyncio.shield(task)

    async def _leave(self, remote: Any) -> None:
        try:
            await self.connection.drop_subscription(remote)
        finally:
            del self._leaving[remote.channel]
            feed = self._feeds.get(remote.channel)
            if feed is not None and self.connection.state == "connected":
                feed.start()

    def connected(self) -> None:
        """Start what waits, and what the server no longer subscribes."""
        for feed in list(self._feeds.values()):
            feed.start()

    def server_unsubscribed(self, channel: str) -> None:
        """The server took a subscription away; a handler's channel is asked for again."""
        feed = self._feeds.get(channel)
        if feed is not None:
            feed.start()

    def closed(self, error: RPCError) -> None:
        """Whoever still waits for a subscription will not get it."""
        if not isinstance(error, ClientClosedError):
            error = NotConnectedError(str(error))
        for feed in list(self._feeds.values()):
            feed.fail(error)

    def deliver(self, channel: str, data: Any) -> None:
        """A publication on a channel that the server subscribed."""
        feed = self._feeds.get(channel)
        if feed is not None:
            feed.deliver(data)

    def forget(self, feed: _Feed) -> None:
        """Drop a feed nobody wants."""
        if self._feeds.get(feed.channel) is feed:
            del self._feeds[feed.channel]
