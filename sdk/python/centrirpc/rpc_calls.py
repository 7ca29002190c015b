"""The calls that have no outcome yet: what is sent, sent again, answered or given up."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .rpc_connection import Connection
from .rpc_errors import (
    CallTimeoutError,
    ClientClosedError,
    ClientError,
    ConnectionLostError,
    NotConnectedError,
    RequestTooLargeError,
    RPCError,
    ServerError,
    as_declared,
)
from .rpc_wire import (
    COMMAND_OVERHEAD,
    call_request,
    cancel_request,
    decode_reply,
    encode,
    notify_request,
)

__all__ = ["Calls", "Frame", "FrameKind", "Report"]

_log = logging.getLogger("centrirpc")

# How many requests are sent again before their acknowledgements are waited for.
_RESEND_BATCH = 32

# How long those acknowledgements are waited for, in seconds.
_RESEND_PAUSE = 1.0

# How long a cancel's acknowledgement is waited for, in seconds.
_CANCEL_TIMEOUT = 5.0

Report = Callable[[Exception], None]

FrameKind = Literal["publish", "ack", "reply", "resend", "cancel", "error"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One step in the life of a call, as given to ``on_frame``.

    ``at`` is in milliseconds since 1970. ``data`` is the envelope sent (publish, resend,
    cancel), the publication received (reply), the exception (error) or None (ack).
    """

    kind: FrameKind
    correlation_id: str
    method: str
    at: float
    data: Any


class _Call:
    """A call, or a notification, without an outcome."""

    def __init__(
        self,
        method: str,
        text: str,
        errors: Mapping[int, type[ServerError]],
        *,
        notify: bool,
        idempotent: bool,
        deadline: float,
    ) -> None:
        self.id = str(uuid.uuid4())
        self.method = method
        self.text = text  # the params, so that what is sent again is what was sent
        self.errors = errors
        self.notify = notify
        self.idempotent = idempotent
        self.deadline = deadline
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.sent = False
        self.publishing: asyncio.Task[None] | None = None

    def stop_publishing(self) -> None:
        """Keep off the wire what is not on it, and wait for no acknowledgement."""
        if self.publishing is not None:
            # A turn of the loop later: what the SDK has already told the task must be
            # taken by it, or asyncio complains of an exception nobody retrieved.
            asyncio.get_running_loop().call_soon(self.publishing.cancel)
            self.publishing = None

    def fail(self, error: BaseException) -> None:
        if isinstance(error, ServerError):
            error = as_declared(error, self.errors)
        if not self.done.done():
            self.done.set_exception(error)


class Calls:
    """Sends requests over a connection and matches replies to them by correlation id."""

    def __init__(
        self, connection: Connection, max_request_size: int | None, report: Report
    ) -> None:
        self._connection = connection
        self._max_request_size = max_request_size
        self._report = report
        self._pending: dict[str, _Call] = {}
        self._observers: list[Callable[[Frame], None]] = []

    def __len__(self) -> int:
        return len(self._pending)

    def observe(self, observer: Callable[[Frame], None]) -> Callable[[], None]:
        """Add an observer of frames; returns what removes it."""
        self._observers.append(observer)

        def remove() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return remove

    async def run(
        self,
        method: str,
        params: Any,
        timeout: float,
        errors: Mapping[int, type[ServerError]],
        *,
        notify: bool,
        idempotent: bool,
    ) -> Any:
        """Send one request and wait for its outcome, ``timeout`` seconds at most."""
        if not 0 < timeout < math.inf:
            raise ValueError(f"the timeout of {method} must be seconds above 0, not {timeout!r}")
        if self._connection.state == "disconnected":
            raise NotConnectedError(f"cannot call {method}: call connect() first")
        loop = asyncio.get_running_loop()
        params = {} if params is None else params
        call = _Call(
            method,
            encode(f"params of {method}", params),
            errors,
            notify=notify,
            idempotent=idempotent,
            deadline=loop.time() + timeout,
        )
        # Registered before it is published: the reply may overtake the acknowledgement.
        self._pending[call.id] = call
        timer = loop.call_later(timeout, self._expire, call, timeout)
        try:
            if self._connection.state == "connected":
                self._send(call, "publish", params)
            return await call.done
        except asyncio.CancelledError:
            self._cancel(call)
            raise
        except RPCError as error:
            self._emit("error", call, error)
            raise
        finally:
            timer.cancel()
            del self._pending[call.id]
            # A reply is an acknowledgement too; nobody waits for another.
            call.stop_publishing()

    # -- the connection ---------------------------------------------------------------

    def connected(self) -> None:
        """Send what waited for the connection, and what is sent again after it dropped."""
        self._connection.spawn(self._send_waiting(list(self._pending.values())))

    def lost(self) -> None:
        """Decide what becomes of calls that were out when the connection dropped.

        This is the one place of that rule: an idempotent call is sent again under its
        correlation id, any other fails at once, and what was never sent just waits.
        """
        for call in list(self._pending.values()):
            if call.publishing is None:
                continue
            call.stop_publishing()
            if call.sent and not call.idempotent:
                call.fail(
                    ConnectionLostError(
                        f"the connection dropped during {call.method}; whether it ran is unknown"
                    )
                )

    def closed(self, error: RPCError) -> None:
        """Fail everything: the connection is over."""
        for call in list(self._pending.values()):
            if isinstance(error, ClientClosedError):
                call.fail(ClientClosedError(f"{error} during {call.method}"))
            elif call.sent:
                call.fail(
                    ConnectionLostError(
                        f"the connection ended during {call.method} ({error}); "
                        "whether it ran is unknown"
                    )
                )
            else:
                call.fail(NotConnectedError(f"{call.method} was not sent: {error}"))

    def receive(self, data: Any) -> bool:
        """Take a publication of the reply channel; False if it is no reply envelope."""
        reply = decode_reply(data)
        if reply is None:
            return False
        call = self._pending.get(reply.correlation_id)
        if call is None or not reply.final or call.notify or call.done.done():
            return True
        self._emit("reply", call, data)
        if reply.error is not None:
            call.fail(reply.error)
        else:
            call.done.set_result(reply.result)
        return True

    # -- one call ---------------------------------------------------------------------

    async def _send_waiting(self, calls: list[_Call]) -> None:
        for start in range(0, len(calls), _RESEND_BATCH):
            sending: list[asyncio.Task[None]] = []
            for call in calls[start : start + _RESEND_BATCH]:
                if self._connection.state != "connected":
                    return
                if call.publishing is None and not call.done.done():
                    kind: FrameKind = "resend" if call.sent else "publish"
                    self._send(call, kind, json.loads(call.text))
                    if call.publishing is not None:
                        sending.append(call.publishing)
            if sending:
                await asyncio.wait(sending, timeout=_RESEND_PAUSE)

    def _send(self, call: _Call, kind: FrameKind, params: Any) -> None:
        left = call.deadline - asyncio.get_running_loop().time()
        if call.notify:
            envelope = notify_request(call.method, params, call.id)
        else:
            timeout_ms = max(1, round(left * 1000))
            reply_to = self._connection.reply_channel
            envelope = call_request(call.method, params, call.id, reply_to, timeout_ms)
        size = len(json.dumps({**envelope, "params": None})) - len("null") + len(call.text)
        size += COMMAND_OVERHEAD
        limit = self._max_request_size or self._connection.max_message_size
        if size > limit:
            call.fail(RequestTooLargeError(call.method, size, limit))
            return
        call.publishing = self._connection.spawn(self._publish(call, kind, envelope, left))

    async def _publish(
        self, call: _Call, kind: FrameKind, envelope: dict[str, Any], left: float
    ) -> None:
        call.sent = True
        self._emit(kind, call, envelope)
        try:
            await self._connection.publish(envelope, left)
        except ServerError as error:
            call.fail(error)
            return
        except ClientError:
            return  # decided elsewhere: by lost() or by the call's timer
        self._emit("ack", call, None)
        if call.notify and not call.done.done():
            call.done.set_result(None)

    def _expire(self, call: _Call, timeout: float) -> None:
        if call.done.done():
            return
        if call.sent:
            self._cancel(call)
            text = f"no answer to {call.method} within {timeout:g} s; whether it ran is unknown"
        else:
            text = f"{call.method} was not sent: not connected within {timeout:g} s"
        call.fail(CallTimeoutError(text))

    def _cancel(self, call: _Call) -> None:
        """Tell the server, once and at best effort, that nobody waits for the call."""
        if not call.sent or call.notify or self._connection.state != "connected":
            return
        envelope = cancel_request(call.id)
        self._emit("cancel", call, envelope)
        self._connection.spawn(self._publish_cancel(envelope))

    async def _publish_cancel(self, envelope: dict[str, Any]) -> None:
        try:
            await self._connection.publish(envelope, _CANCEL_TIMEOUT)
        except RPCError as error:
            _log.debug("a cancel did not reach the server: %s", error)

    def _emit(self, kind: FrameKind, call: _Call, data: Any) -> None:
        if not self._observers:
            return
        frame = Frame(kind, call.id, call.method, time.time() * 1000, data)
        for observer in list(self._observers):
            try:
                observer(frame)
            except Exception as error:
                self._report(error)
