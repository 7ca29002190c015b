"""One connection through the official SDK, up once the reply channel is subscribed.

Facts of the SDK that shape this file: its event handlers run on the task that reads
the connection, so they must neither wait nor raise; one command is one frame; and it
reconnects and resubscribes by itself until the server refuses for good.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import centrifuge as _centrifuge  # type: ignore[import-untyped, unused-ignore]

from .rpc_errors import (
    CallTimeoutError,
    ClientClosedError,
    ConnectError,
    ConnectionLostError,
    RPCError,
    refused,
)
from .rpc_identity import Identity
from .rpc_wire import DEFAULT_MAX_REQUEST_SIZE, REQUESTS_CHANNEL, read_connect_data

__all__ = ["Connection", "ConnectionEvents", "ConnectionState", "SDKEvents"]

_log = logging.getLogger("centrirpc")

# The SDK ships no types; everything of it is used through this name.
_sdk: Any = _centrifuge

ConnectionState = Literal["disconnected", "connecting", "connected"]

_ALREADY_SUBSCRIBED = 105
_TOKEN_EXPIRED = 109
_CLOSED_BY_US = 0

# How long the closing handshake is waited for, in seconds: a little above the SDK's.
_CLOSE_TIMEOUT = 1.5


@dataclass(frozen=True, slots=True)
class ConnectionEvents:
    """What a connection tells. None of these may wait or raise."""

    state: Callable[[ConnectionState], None]
    up: Callable[[], None]
    lost: Callable[[], None]
    closed: Callable[[RPCError], None]
    publication: Callable[[str, Any], None]
    server_unsubscribed: Callable[[str], None]


class SDKEvents:
    """Handlers for the SDK by event name; the events nobody asked for do nothing."""

    def __init__(self, **handlers: Callable[[Any], None]) -> None:
        self._handlers = handlers

    def __getattr__(self, name: str) -> Callable[[Any], Awaitable[None]]:
        if not name.startswith("on_"):
            raise AttributeError(name)
        handler = self._handlers.get(name)

        async def run(ctx: Any) -> None:
            if handler is not None:
                handler(ctx)

        return run


class Connection:
    """Connects, keeps the reply channel subscribed, publishes requests.

    It is up ("connected") only while connected *and* subscribed to the reply channel:
    by the server, which does it at connect, or else by itself.
    """

    def __init__(
        self,
        url: str,
        token: str,
        identity: Identity,
        events: ConnectionEvents,
        get_token: Callable[[], Awaitable[str]] | None,
        sdk_options: Mapping[str, Any],
    ) -> None:
        self.state: ConnectionState = "disconnected"
        self.server_channels: set[str] = set()
        self.max_message_size = DEFAULT_MAX_REQUEST_SIZE
        self.store = ""
        """The epoch of the server's call store; empty if it says none."""
        self._identity = identity
        self._events = events
        self._tasks: set[asyncio.Task[None]] = set()
        self._generation = 0  # of the SDK's connection: what belongs to an older one is stale
        self._linked = False  # the SDK is connected; the reply channel may not be there yet
        self._wanted = False
        self._was_up = False  # since connect() began
        self._waiters = 0
        self._waiter: asyncio.Future[None] | None = None
        self._last_error: Exception | None = None
        self._reply_subscription: Any = None
        options = dict(sdk_options)
        # The SDK keeps the object and writes it at each connect: ours may change meanwhile.
        self._own_data: Any = options.get("data")
        self._connect_data: dict[str, Any] = {}
        if self._own_data is None or isinstance(self._own_data, Mapping):
            options["data"] = self._connect_data
            self.state_contract("")
        self._client: Any = _sdk.Client(
            url,
            events=SDKEvents(
                on_connecting=self._on_connecting,
                on_connected=self._on_connected,
                on_disconnected=self._on_disconnected,
                on_error=self._on_error,
                on_subscribed=self._on_server_subscribed,
                on_unsubscribed=self._on_server_unsubscribed,
                on_publication=self._on_publication,
            ),
            token=token,
            get_token=get_token,
            **options,
        )

    @property
    def reply_channel(self) -> str:
        """Where replies arrive; empty while that is not known."""
        return self._identity.reply_channel

    # -- what the client asks ---------------------------------------------------------

    def state_contract(self, contract: str) -> None:
        """Say the hash at each connect from the next one on; an empty one says nothing."""
        data = dict(self._own_data) if isinstance(self._own_data, Mapping) else {}
        if contract:
            ours = data.get("centrirpc")
            data["centrirpc"] = {
                **(ours if isinstance(ours, Mapping) else {}),
                "contract": contract,
            }
        self._connect_data.clear()
        self._connect_data.update(data)

    async def connect(self, timeout: float) -> None:
        """Return once up. Raises ConnectError, CallTimeoutError or ClientClosedError."""
        if self.state == "connected":
            return
        if self._waiter is None or self._waiter.done():
            self._waiter = asyncio.get_running_loop().create_future()
        waiter = self._waiter
        if self.state == "disconnected":
            self._wanted = True
            self._was_up = False
            self._last_error = None
            self._set_state("connecting")
            self.spawn(self._start())
        self._waiters += 1
        try:
            done, _ = await asyncio.wait({waiter}, timeout=None if timeout == math.inf else timeout)
            if done:
                if waiter.exception() is not None:
                    await self._settle()
                waiter.result()
                return
            cause = f": {self._last_error}" if self._last_error else ""
            raise CallTimeoutError(f"not connected within {timeout:g} s{cause}")
        finally:
            self._waiters -= 1
            # Whoever gives up waiting, last of all, does not leave it trying for ever. A
            # connection that is only being renewed goes on: others use it.
            if not self._waiters and not self._was_up and not waiter.done():
                await self.disconnect(ClientClosedError("the client was disconnected"))

    async def _start(self) -> None:
        if self._wanted:
            await self._client.connect()

    async def disconnect(self, closed: ClientClosedError) -> None:
        """Close for now; a later connect() opens again. ``closed`` is why, for who waits."""
        self._closed(closed)
        await self._client.disconnect()
        await self._settle()

    async def _settle(self) -> None:
        # The SDK closes its socket in a task that nobody waits for. A program that ends
        # now would leave the socket to the garbage collector and say no goodbye.
        closing = set(getattr(self._client, "_background_tasks", ())) - {asyncio.current_task()}
        if closing:
            await asyncio.wait(closing, timeout=_CLOSE_TIMEOUT)

    async def publish(self, envelope: dict[str, Any], timeout: float) -> None:
        """Publish a request; returns at the acknowledgement, within ``timeout`` seconds.

        Raises ServerError if the server refuses it, and ConnectionLostError or
        CallTimeoutError without an acknowledgement. Cancelling it before it is on the
        wire keeps it off.
        """
        publishing = self._client.publish(REQUESTS_CHANNEL, envelope, timeout=max(timeout, 0.001))
        await self._command(publishing, timeout)

    async def rpc(self, method: str, data: Any, timeout: float) -> Any:
        """Call a native RPC and return its answer. The errors are those of ``publish``."""
        calling = self._client.rpc(method, data, timeout=max(timeout, 0.001))
        return (await self._command(calling, timeout)).data

    async def _command(self, command: Awaitable[Any], timeout: float) -> Any:
        try:
            return await command
        except _sdk.ReplyError as error:
            raise refused(error.code, error.message) from error
        except _sdk.ClientDisconnectedError as error:
            raise ConnectionLostError("the connection dropped during a command") from error
        except _sdk.OperationTimeoutError as error:
            raise CallTimeoutError(f"no answer to a command within {timeout:g} s") from error

    def new_subscription(self, channel: str, events: SDKEvents) -> Any:
        """A subscription of the SDK, not yet subscribed."""
        return self._client.new_subscription(channel, events=events)

    async def drop_subscription(self, subscription: Any) -> None:
        """Unsubscribe a subscription of the SDK and forget it: the channel is free for another."""
        try:
            await subscription.unsubscribe()
        finally:
            self.remove_subscription(subscription)

    def remove_subscription(self, subscription: Any) -> None:
        """Forget an unsubscribed subscription of the SDK."""
        self._client.remove_subscription(subscription)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work`` in the background and keep it from being collected."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            _log.error("a background task failed", exc_info=task.exception())

    # -- what the SDK says ------------------------------------------------------------

    def _on_connecting(self, ctx: Any) -> None:
        self._generation += 1
        self._linked = False
        self._lost()

    def _on_connected(self, ctx: Any) -> None:
        self._generation += 1
        self._linked = True
        self._last_error = None
        self.server_channels.clear()
        said = read_connect_data(ctx.data)
        self.max_message_size = said.max_message_size or DEFAULT_MAX_REQUEST_SIZE
        self.store = said.store or ""
        try:
            self._identity.connected(said.user_id)
        except ConnectError as error:
            self._closed(error)
            self.spawn(self._client.disconnect())
            return
        # The SDK reports the server's subscriptions after this event without yielding to
        # the loop: once the loop runs again, all of them are known.
        asyncio.get_running_loop().call_soon(self._check_reply_channel, self._generation)

    def _on_disconnected(self, ctx: Any) -> None:
        if ctx.code == _CLOSED_BY_US:
            return
        if getattr(self._last_error, "code", None) == _TOKEN_EXPIRED:
            self._closed(ConnectError(_TOKEN_EXPIRED, "token expired and no get_token to renew it"))
        else:
            self._closed(ConnectError(ctx.code, ctx.reason))

    def _on_error(self, ctx: Any) -> None:
        if getattr(self._last_error, "code", None) != _TOKEN_EXPIRED:
            self._last_error = ctx.error
        if self.state != "connected":
            _log.warning("connecting failed: %s", str(ctx.error) or type(ctx.error).__name__)
        else:
            _log.warning("connection error: %s", str(ctx.error) or type(ctx.error).__name__)

    def _on_server_subscribed(self, ctx: Any) -> None:
        self.server_channels.add(ctx.channel)
        if ctx.channel == self.reply_channel:
            self._up()

    def _on_server_unsubscribed(self, ctx: Any) -> None:
        self.server_channels.discard(ctx.channel)
        if not self._linked:
            return
        if ctx.channel == self.reply_channel:
            self._lost()
            self._check_reply_channel(self._generation)
        else:
            self._events.server_unsubscribed(ctx.channel)

    def _on_publication(self, ctx: Any) -> None:
        self._events.publication(ctx.channel, ctx.pub.data)

    # -- the reply channel ------------------------------------------------------------

    def _check_reply_channel(self, generation: int) -> None:
        if generation != self._generation:
            return
        self._drop_former_reply_subscription()
        if self.reply_channel in self.server_channels:
            return
        if self._reply_subscription is None:
            self._reply_subscription = self._new_reply_subscription(self.reply_channel)
        # Does nothing if the SDK is resubscribing it already.
        self.spawn(self._reply_subscription.subscribe())

    def _new_reply_subscription(self, channel: str) -> Any:
        def present(handle: Callable[[Any], None]) -> Callable[[Any], None]:
            # The SDK subscribes again to the channel of a former identity, too.
            return lambda ctx: handle(ctx) if channel == self.reply_channel else None

        return self._client.new_subscription(
            channel,
            events=SDKEvents(
                on_subscribed=present(self._on_reply_subscribed),
                on_subscribing=present(lambda ctx: self._lost()),
                on_unsubscribed=present(self._on_reply_unsubscribed),
                on_publication=present(lambda ctx: self._events.publication(channel, ctx.pub.data)),
            ),
        )

    def _on_reply_subscribed(self, ctx: Any) -> None:
        # What the server could not say at connect: behind Centrifugo, whoever has a token is
        # let in without asking it.
        said = read_connect_data(ctx.data)
        if not self.store and said.store:
            self.store = said.store
            self.max_message_size = said.max_message_size or self.max_message_size
        self._up()

    def _drop_former_reply_subscription(self) -> None:
        former = self._reply_subscription
        if former is not None and former.channel != self.reply_channel:
            self._reply_subscription = None
            self.spawn(self.drop_subscription(former))

    def _on_reply_unsubscribed(self, ctx: Any) -> None:
        if ctx.code == _ALREADY_SUBSCRIBED and self.reply_channel in self.server_channels:
            return
        if not self._linked:
            return
        reason = f"the reply channel {self.reply_channel} was refused: {ctx.reason}"
        self._closed(ConnectError(ctx.code, reason))
        self.spawn(self._client.disconnect())

    # -- states -----------------------------------------------------------------------

    def _set_state(self, state: ConnectionState) -> None:
        if state != self.state:
            self.state = state
            self._events.state(state)

    def _up(self) -> None:
        if not self._linked or self.state == "connected":
            return
        self._was_up = True
        self._set_state("connected")
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
        self._events.up()

    def _lost(self) -> None:
        if self.state != "connected":
            return
        self._set_state("connecting")
        self._events.lost()

    def _closed(self, error: RPCError) -> None:
        if self.state == "disconnected":
            return
        self._generation += 1
        self._linked = self._wanted = False
        self.server_channels.clear()
        self._set_state("disconnected")
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
            self._waiter.exception()  # nobody may be waiting
        self._events.closed(error)
