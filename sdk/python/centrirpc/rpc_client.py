"""The base client: calls methods of a centrirpc server over a Centrifuge WebSocket."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from .rpc_calls import Calls
from .rpc_connection import Connection, ConnectionEvents, ConnectionState
from .rpc_contract import ContractCheck, ContractChecks
from .rpc_errors import ClientClosedError, RPCError, ServerError
from .rpc_frames import Frame
from .rpc_identity import Identity
from .rpc_pending import ProgressHandler, Request
from .rpc_stream import RPCStream
from .rpc_subscription import PublicationHandler, Subscription, Subscriptions
from .rpc_wire import Progress, is_traceparent

__all__ = [
    "CentrifugoRPCClient",
    "ConnectionState",
    "ContractCheck",
    "Frame",
    "Progress",
    "ProgressHandler",
    "PublicationHandler",
    "RPCStream",
    "Subscription",
]

_log = logging.getLogger("centrirpc")

# Arguments of the SDK's client that this one sets itself.
_OWN_SDK_OPTIONS = {"address", "events", "token", "get_token", "use_protobuf", "loop"}


class CentrifugoRPCClient:
    """Calls methods, sends notifications and subscribes to channels over one WebSocket.

    ``url`` is the WebSocket address (``ws://`` or ``wss://``). ``token`` is the connection's
    token; leave it out if ``get_token`` gives it, or if the server needs none, as with
    cookies or for anonymous users. ``user_id`` says on whose channel replies arrive. Unless
    given, it is the ``sub`` of a token that is a JWT; without such a token, it is what the
    server says at each connect, as centrirpc's own does. Options:

    - ``timeout``: how long a call, notification or subscribe may take, in seconds. A server
      refuses calls of more than its MaxCallWait, 1 hour by default, or the method's own
      timeout if that is longer.
    - ``get_token``: async function that gives a fresh token, called when one expires
      (and at first if ``token`` is empty). Without it an expired token ends the connection.
      If it raises, it is asked again later; ``centrifuge.UnauthorizedError`` gives up.
    - ``session``: receive replies on ``user.<session>#<id>``, away from the user's other
      clients, instead of ``user#<id>``. 1 to 64 letters, digits, ``-`` and ``_``.
    - ``max_request_size``: the largest request in bytes; by default what the server
      announces, else 65536.
    - ``silence``: how long, in seconds, nothing may be heard of a call before it is sent
      again, as a reply can be lost without the connection ending. Doubled each time.
    - ``traceparent``: gives the place in the caller's trace, as W3C Trace Context has it, for
      each call, notification and stream that is made, or None. One that is sent again keeps
      what it had. What is no traceparent is not sent; what it raises goes to ``on_error``.
    - ``on_error``: hears of exceptions raised by handlers and observers, and of
      subscriptions that the server ends. By default they are logged ("centrirpc").
    - ``sdk_options``: more arguments for ``centrifuge.Client``: ``headers``,
      ``ssl_context``, ``proxy``, ``min_reconnect_delay``, ``max_reconnect_delay`` ...

    Raises ``ValueError`` at construction for a URL or user id that cannot work, and for a
    JWT without a user id.

    Use it from one event loop. ``async with`` connects and disconnects.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        user_id: str | None = None,
        *,
        timeout: float = 30.0,
        get_token: Callable[[], Awaitable[str]] | None = None,
        session: str | None = None,
        max_request_size: int | None = None,
        silence: float = 10.0,
        traceparent: Callable[[], str | None] | None = None,
        on_error: Callable[[Exception], None] | None = None,
        sdk_options: Mapping[str, Any] | None = None,
    ) -> None:
        if urlsplit(url).scheme not in ("ws", "wss") or not urlsplit(url).hostname:
            raise ValueError(f"the URL {url!r} is not a WebSocket address (ws:// or wss://)")
        if not timeout > 0:
            raise ValueError(f"timeout is {timeout!r}; it must be a time in seconds")
        if max_request_size is not None and max_request_size <= 0:
            raise ValueError(f"max_request_size is {max_request_size!r}; it must be positive")
        if not silence > 0:
            raise ValueError(f"silence is {silence!r}; it must be a time in seconds")
        own = _OWN_SDK_OPTIONS & set(sdk_options or ())
        if own:
            raise ValueError(f"sdk_options may not hold {', '.join(sorted(own))}")
        self._identity = Identity(token, user_id, session)
        self._timeout = timeout
        self._on_error = on_error
        self._traceparent = traceparent
        self._state_listeners: list[Callable[[ConnectionState], None]] = []
        self._connection = Connection(
            url,
            token,
            self._identity,
            ConnectionEvents(
                state=self._on_connection_state,
                up=self._on_up,
                lost=self._on_lost,
                closed=self._on_closed,
                publication=self._on_publication,
                server_unsubscribed=self._on_server_unsubscribed,
            ),
            get_token,
            sdk_options or {},
        )
        self._calls = Calls(self._connection, max_request_size, silence, self._report)
        self._subscriptions = Subscriptions(self._connection, self._report)
        self._checks = ContractChecks(self._connection)

    @property
    def user_id(self) -> str:
        """Who calls; replies come on this user's channel.

        Where only the server knows it, it is empty until the client has connected, and may
        be another after each reconnect.
        """
        return self._identity.user_id

    @property
    def state(self) -> ConnectionState:
        """Only "connected" while subscribed to the reply channel too."""
        return self._connection.state

    @property
    def pending_calls(self) -> int:
        """How many calls and notifications have no outcome yet."""
        return len(self._calls)

    async def connect(self, timeout: float | None = None) -> None:
        """Connect; returns once calls can be made.

        A server out of reach is tried again and again, with growing pauses, and each
        failure is logged, until ``timeout`` in seconds, or else the client's own, is over;
        ``math.inf`` tries without end. Raises :class:`ConnectError` if the server refuses
        for good, :class:`CallTimeoutError` if the timeout passes, and
        :class:`ClientClosedError` if ``disconnect()`` comes first.
        """
        await self._connection.connect(self._timeout if timeout is None else timeout)

    async def disconnect(self) -> None:
        """Close the connection. Pending calls fail at once with :class:`ClientClosedError`.

        ``connect()`` opens it again, subscriptions included.
        """
        closed = ClientClosedError("the client was disconnected")
        await self._calls.close(closed)
        await self._connection.disconnect(closed)

    close = disconnect

    async def __aenter__(self) -> Self:
        try:
            await self.connect()
        except BaseException:
            await self.disconnect()
            raise
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.disconnect()

    async def call(
        self,
        method: str,
        params: Any = None,
        *,
        timeout: float | None = None,
        idempotent: bool = False,
        volatile: bool = False,
        errors: Mapping[int, type[ServerError]] | None = None,
        on_progress: ProgressHandler | None = None,
        traceparent: str | None = None,
    ) -> Any:
        """Call a method and return its result, decoded from JSON.

        ``params`` is what JSON can hold; None means no params. ``timeout`` in seconds
        defaults to the client's. While the client is connecting, the call waits for it.

        A call that is out when the connection drops is sent again with the same correlation
        id, and the server, which remembers calls, answers it without running it twice. An
        ``idempotent`` method may run twice, and is sent again even to a server without
        memory. The server remembers no call of a ``volatile`` method: unless it is idempotent
        too, the call then raises :class:`ConnectionLostError`. Refusals that say "later" are
        heeded, with growing pauses, within the timeout.

        ``errors`` gives classes for codes of the application, whose ``from_reply`` reads the
        details; an error whose details it cannot read is raised as a plain ServerError.
        ``on_progress`` hears how far the call has come, if the method tells. ``traceparent`` is
        the place in the caller's trace, instead of what the client's option gives.

        Raises a :class:`ServerError` that the server sent, or a :class:`ClientError`.
        Cancelling the task cancels the call on the server too.
        """
        return await self._calls.run(
            Request(
                "call",
                method,
                self._timeout if timeout is None else timeout,
                errors or {},
                idempotent,
                volatile,
                on_progress,
                self._place(traceparent),
            ),
            params,
        )

    async def notify(
        self,
        method: str,
        params: Any = None,
        *,
        timeout: float | None = None,
        idempotent: bool = False,
        volatile: bool = False,
        errors: Mapping[int, type[ServerError]] | None = None,
        traceparent: str | None = None,
    ) -> None:
        """Send a notification; returns when the server has accepted it. It is never answered.

        Until then it is sent again like a call. A refusal is raised as the class that
        ``errors`` gives, as in ``call``.
        """
        await self._calls.run(
            Request(
                "notify",
                method,
                self._timeout if timeout is None else timeout,
                errors or {},
                idempotent,
                volatile,
                traceparent=self._place(traceparent),
            ),
            params,
        )

    def stream(
        self,
        method: str,
        params: Any = None,
        *,
        timeout: float | None = None,
        idempotent: bool = False,
        volatile: bool = False,
        errors: Mapping[int, type[ServerError]] | None = None,
        on_progress: ProgressHandler | None = None,
        traceparent: str | None = None,
    ) -> RPCStream[Any, Any]:
        """Call a method that sends items before its result, all decoded from JSON.

        It is sent at once; the options are those of ``call``, and ``timeout`` is for the whole
        stream. Errors of the call are raised by the stream; only ``ValueError`` for a timeout
        that is none and ``TypeError`` for params that are no JSON are raised here.
        """
        call = self._calls.start(
            Request(
                "stream",
                method,
                self._timeout if timeout is None else timeout,
                errors or {},
                idempotent,
                volatile,
                on_progress,
                self._place(traceparent),
            ),
            params,
        )
        assert call.feed is not None
        return RPCStream(self._calls, call, call.feed, _same, _same)

    async def subscribe(
        self, channel: str, handler: PublicationHandler, *, timeout: float | None = None
    ) -> Subscription:
        """Receive what is published on a channel; returns once subscribed.

        ``handler`` gets the decoded JSON of each publication, in order and one at a time.
        It may be async, and may call methods. The subscription survives reconnects until
        its ``unsubscribe()``. Several handlers may share a channel: the server is told when
        the last of them ends. A refusal raises a :class:`ServerError`, such as
        :class:`PermissionDeniedError`.
        """
        return await self._subscriptions.subscribe(
            channel, handler, self._timeout if timeout is None else timeout
        )

    def state_contract(self, contract: str) -> None:
        """Say which contract, by its hash, the calls of this client follow.

        The server is told at every connect from the next one on, so that it can count the
        clients of older contracts. A generated ``APIClient`` does this when it is made; make
        it before ``connect()`` for the first connect to say it. One client states one
        contract: the last one stated counts, and an empty hash states none.

        The hash is added to the ``data`` among ``sdk_options`` if that is a mapping (a copy of
        which is sent); other data is left alone, and nothing is stated.
        """
        self._connection.state_contract(contract)

    async def check_contract(self, contract: str, *, timeout: float | None = None) -> ContractCheck:
        """Ask the server how the contract of that hash stands to its own.

        A generated ``APIClient`` has a method of the same name for its own contract. If
        ``compatible`` is False, calls or events may fail: update the client. It is None if the
        server cannot tell; one that does not know the question, such as plain Centrifugo, is
        no error. Raises a :class:`ServerError` if the server refuses for another reason, or a
        :class:`ClientError`.
        """
        return await self._checks.run(contract, self._timeout if timeout is None else timeout)

    def on_state(self, listener: Callable[[ConnectionState], None]) -> Callable[[], None]:
        """Hear of each change of ``state``. Returns what removes the listener."""
        self._state_listeners.append(listener)

        def remove() -> None:
            if listener in self._state_listeners:
                self._state_listeners.remove(listener)

        return remove

    def on_frame(self, observer: Callable[[Frame], None]) -> Callable[[], None]:
        """Observe the life of calls, for logs and debugging. Returns what removes the observer."""
        return self._calls.observe(observer)

    def _place(self, traceparent: str | None) -> str | None:
        """The place of a call made now in the caller's trace."""
        try:
            if traceparent is None and self._traceparent is not None:
                traceparent = self._traceparent()
        except Exception as error:
            self._report(error)
        return traceparent if is_traceparent(traceparent) else None

    def _report(self, error: Exception) -> None:
        if self._on_error is None:
            _log.error("%s", error, exc_info=error)
            return
        try:
            self._on_error(error)
        except Exception:
            _log.exception("on_error raised")

    def _on_connection_state(self, state: ConnectionState) -> None:
        for listener in list(self._state_listeners):
            try:
                listener(state)
            except Exception as error:
                self._report(error)

    def _on_up(self) -> None:
        self._calls.connected()
        self._subscriptions.connected()
        self._checks.connected()

    def _on_lost(self) -> None:
        self._calls.lost()
        self._checks.lost()

    def _on_server_unsubscribed(self, channel: str) -> None:
        self._subscriptions.server_unsubscribed(channel)

    def _on_closed(self, error: RPCError) -> None:
        self._calls.closed(error)
        self._subscriptions.closed(error)
        self._checks.closed(error)

    def _on_publication(self, channel: str, data: Any) -> None:
        # An application's events may share the reply channel.
        if channel != self._connection.reply_channel or not self._calls.receive(data):
            self._subscriptions.deliver(channel, data)


def _same(value: Any) -> Any:
    return value
