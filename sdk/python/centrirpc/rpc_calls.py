"""The calls that have no outcome yet: what is sent, sent again, answered or given up."""

from __future__ import annotations

import asyncio
import json
import logging
import math
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from .rpc_backoff import LATER, UNKNOWN, pause_after
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
from .rpc_frames import Frame, FrameKind, Frames, Report
from .rpc_pacing import Pacer
from .rpc_pending import Pending, Request
from .rpc_received import Received
from .rpc_stream_feed import StreamFeed
from .rpc_wire import (
    COMMAND_OVERHEAD,
    Reply,
    ack_request,
    call_request,
    cancel_request,
    decode_reply,
    encode,
    notify_request,
    received_request,
    resume_request,
)

__all__ = ["Calls"]

_log = logging.getLogger("centrirpc")

# How long the acknowledgement of what is no call is waited for, in seconds.
_ASIDE_TIMEOUT = 5.0

# How many calls may be given up while there is no connection, and be cancelled later.
_MAX_CANCELS = 256

# How long closing waits for the last words on calls, which are on their way.
_PARTING_TIMEOUT = 1.0


class Calls:
    """Sends requests over a connection and matches replies to them by correlation id.

    ``silence`` is how long, in seconds, nothing may be heard of a call before it is sent again.
    """

    def __init__(
        self,
        connection: Connection,
        max_request_size: int | None,
        silence: float,
        report: Report,
    ) -> None:
        self._connection = connection
        self._max_request_size = max_request_size
        self._silence = silence
        self._report = report
        self._pending: dict[str, Pending] = {}
        self._frames = Frames(report)
        self._pacer = Pacer(self._send_waiting)
        self._received = Received(self._flush_received)
        self._cancels: deque[Pending] = deque(maxlen=_MAX_CANCELS)
        self._last_words: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._pending)

    def observe(self, observer: Callable[[Frame], None]) -> Callable[[], None]:
        """Add an observer of frames; returns what removes it."""
        return self._frames.observe(observer)

    async def run(self, request: Request, params: Any) -> Any:
        """Send one request and wait for its outcome, as long as its timeout at most."""
        call = self.start(request, params)
        try:
            return await call.done
        finally:
            self.leave(call, None)  # cancelled, unless it has ended

    def start(self, request: Request, params: Any) -> Pending:
        """Send one request. Its outcome is that of ``done``.

        Raises ``ValueError`` for a timeout that is none, ``TypeError`` for params that are no
        JSON.
        """
        if not 0 < request.timeout < math.inf:
            raise ValueError(
                f"the timeout of {request.method} must be seconds above 0, not {request.timeout!r}"
            )
        params = {} if params is None else params
        call = Pending(request, encode(f"params of {request.method}", params), self._silence)
        if request.kind == "stream":
            call.feed = StreamFeed(partial(self._ack_items, call), partial(self._resume, call))
            params = json.loads(call.text)  # the caller goes on and may change them
        # Registered before it is published: the reply may overtake the acknowledgement.
        self._pending[call.id] = call
        call.expiry = asyncio.get_running_loop().call_later(request.timeout, self._expire, call)
        if self._connection.state == "disconnected":
            error = f"cannot call {request.method}: call connect() first"
            self._fail(call, NotConnectedError(error))
        elif self._connection.state == "connected":
            self._send(call, params)
        return call

    def leave(self, call: Pending, error: RPCError | None) -> None:
        """Nobody waits for the outcome: tell the server. ``error`` becomes the outcome."""
        if call.id not in self._pending:
            return
        self._cancel(call)
        if not self._end(call):
            return
        if error is None:
            call.done.cancel()
        else:
            call.done.set_exception(error)
            call.done.exception()  # nobody may ask

    # -- the connection ---------------------------------------------------------------

    def connected(self) -> None:
        """Send what waited for the connection, and again what has no outcome."""
        store = self._connection.store
        self._received.connected(store)
        for call in list(self._cancels):
            self._cancel(call)
        self._cancels.clear()
        waiting = [call for call in self._pending.values() if call.publishing is None]
        for call in waiting:
            if call.uncertain and call.left <= 0:
                self._expire(call)  # its time passed while the computer slept
            elif call.uncertain and not store and not call.request.idempotent:
                self._fail(call, _lost(call))  # it has no memory: it would run again
        self._pacer.start(waiting)

    def lost(self) -> None:
        """Decide what becomes of calls that were out when the connection dropped.

        What may be sent again waits for the next connection, and what was never sent waits
        too; the rest fails at once.
        """
        self._pacer.stop()
        self._received.lost()
        for call in list(self._pending.values()):
            call.rest()
            call.disconnected()
            call.stop_publishing()
            if call.feed is not None:
                call.feed.paused()
            if call.uncertain and not call.repeatable:
                self._fail(call, _lost(call))

    def closed(self, error: RPCError) -> None:
        """Fail everything: the connection is over."""
        self._pacer.stop()
        self._received.closed()
        self._cancels.clear()
        for call in list(self._pending.values()):
            method = call.request.method
            if isinstance(error, ClientClosedError):
                self._fail(call, ClientClosedError(f"{error} during {method}"))
            elif call.uncertain:
                text = f"the connection ended during {method} ({error}); whether it ran is unknown"
                self._fail(call, ConnectionLostError(text))
            else:
                self._fail(call, NotConnectedError(f"{method} was not sent: {error}"))

    async def close(self, error: ClientClosedError) -> None:
        """Fail everything, and let the server hear of what ended before."""
        self.closed(error)
        if self._last_words:
            await asyncio.wait(self._last_words, timeout=_PARTING_TIMEOUT)

    def receive(self, data: Any) -> bool:
        """Take a publication of the reply channel; False if it is no reply envelope."""
        reply = decode_reply(data)
        if reply is None:
            return False
        call = self._pending.get(reply.correlation_id)
        if call is None or call.request.kind == "notify" or call.done.done():
            return True
        self._sign(call)
        if reply.final:
            self._finish(call, reply, data)
        elif reply.has_item:
            if call.feed is not None and reply.seq is not None:
                self._emit("item", call, data)
                call.feed.add(reply.seq, reply.item)
                self._complete(call)
        elif reply.progress is not None:
            self._emit("progress", call, data)
            if call.request.on_progress is not None:
                try:
                    call.request.on_progress(reply.progress)
                except Exception as error:
                    self._report(error)
        return True

    # -- the outcome ------------------------------------------------------------------

    def _finish(self, call: Pending, reply: Reply, data: Any) -> None:
        """Take a final reply. That of a stream waits for the items before it."""
        feed = call.feed
        if feed is None:
            self._emit("reply", call, data)
            self._settle(call, reply)
        elif feed.final is None or reply.seq is None:
            # One without a number says that items that are missing will not come, even after
            # one with a number.
            self._emit("reply", call, data)
            feed.final = reply
            if reply.seq is None:
                feed.items.cut()
            else:
                feed.items.end = reply.seq
                feed.check()
            self._complete(call)

    def _complete(self, call: Pending) -> None:
        if call.feed is not None and call.feed.final is not None and call.feed.items.complete:
            self._settle(call, call.feed.final)

    def _settle(self, call: Pending, reply: Reply) -> None:
        if call.remembered:
            self._received.add(call.id)
        if reply.error is not None:
            self._fail(call, reply.error)
        else:
            self._succeed(call, reply.result)

    def _succeed(self, call: Pending, result: Any) -> None:
        if self._end(call):
            call.done.set_result(result)

    def _fail(self, call: Pending, error: RPCError) -> None:
        if not self._end(call):
            return
        if isinstance(error, ServerError):
            error = as_declared(error, call.request.errors)
        call.done.set_exception(error)
        call.done.exception()  # nobody may ask for a stream's
        self._emit("error", call, error)

    def _end(self, call: Pending) -> bool:
        """Forget a call and all that is under way for it; False if it has its outcome."""
        if self._pending.pop(call.id, None) is None:
            return False
        if call.expiry is not None:
            call.expiry.cancel()
        call.rest()
        # A reply is an acknowledgement too; nobody waits for another.
        call.stop_publishing()
        if call.feed is not None:
            call.feed.ended()
        self._pacer.answered(call)
        return not call.done.done()

    def _expire(self, call: Pending) -> None:
        method, timeout = call.request.method, call.request.timeout
        if call.refusal is not None and not call.uncertain:
            self._fail(call, call.refusal)
            return
        if call.uncertain:
            self._cancel(call)
            text = f"no answer to {method} within {timeout:g} s; whether it ran is unknown"
        else:
            text = f"{method} was not sent: not connected within {timeout:g} s"
        error = CallTimeoutError(text)
        error.__cause__ = call.refusal
        self._fail(call, error)

    @property
    def _limit(self) -> int:
        """The largest request, in bytes."""
        return self._max_request_size or self._connection.max_message_size

    # -- publishing -------------------------------------------------------------------

    def _send_waiting(self, call: Pending) -> bool:
        """Publish a call that has none under way, if there is a connection."""
        if call.id not in self._pending or self._connection.state != "connected":
            return False
        if call.publishing is not None and not call.publishing.done():
            return False
        self._send(call, json.loads(call.text))
        return call.publishing is not None

    def _send_again(self, call: Pending) -> None:
        """Publish a call of which nothing was heard, or which was refused."""
        if call.id in self._pending and self._connection.state == "connected":
            self._send(call, json.loads(call.text))

    def _send(self, call: Pending, params: Any) -> None:
        call.rest()
        call.stop_publishing()
        request = call.request
        left = call.left
        if left <= 0 and call.uncertain:
            self._expire(call)
            return
        timeout_ms = max(1, round(left * 1000))
        if request.kind == "notify":
            envelope = notify_request(request.method, params, call.id, timeout_ms)
        else:
            reply_to = self._connection.reply_channel
            envelope = call_request(request.method, params, call.id, reply_to, timeout_ms)
        if request.traceparent is not None:
            envelope["traceparent"] = request.traceparent
        size = len(json.dumps({**envelope, "params": None})) - len("null") + len(call.text)
        size += COMMAND_OVERHEAD
        limit = self._limit
        if size > limit:
            too_large = RequestTooLargeError(request.method, size, limit)
            self._fail(call, _lost(call, too_large) if call.uncertain else too_large)
            return
        if call.uncertain:
            if call.epoch:
                envelope["store"] = call.epoch
            if call.feed is not None:
                envelope["seq"] = call.feed.items.next
        else:
            call.epoch = self._connection.store
        received = self._received.take(limit - size)
        if received:
            envelope["received"] = received
        call.started = False
        call.publishing = self._connection.spawn(self._publish(call, envelope, left))

    async def _publish(self, call: Pending, envelope: dict[str, Any], left: float) -> None:
        again = call.uncertain
        call.started = call.uncertain = True
        call.sends += 1
        call.heard = asyncio.get_running_loop().time()
        self._emit("publish" if call.sends == 1 else "resend", call, envelope)
        if call.repeatable:
            call.again(call.silence, self._silent)
        if call.feed is not None:
            call.feed.resumed()
        try:
            await self._connection.publish(envelope, left)
        except ServerError as error:
            if call.publishing in (None, asyncio.current_task()):
                self._refused(call, error, again)
            return
        except ClientError:
            return  # no outcome: lost() decides, or the silence, or the call's timer
        self._emit("ack", call, None)
        if call.id not in self._pending:
            return  # the reply has overtaken it
        if call.acknowledged:
            # The server knows the call still; that says nothing of its reply.
            call.accepted()
            self._pacer.answered(call)
        else:
            call.acknowledged = True
            self._sign(call)
        if call.request.kind == "notify":
            self._succeed(call, None)

    def _refused(self, call: Pending, error: ServerError, again: bool) -> None:
        """The server did not claim it; it may say "later"."""
        if call.id not in self._pending:
            return
        if error.code not in LATER:
            self._fail(call, error)
            return
        # A server in between says 100 when it does not know what became of the request.
        call.uncertain = again or (error.code == UNKNOWN and bool(call.epoch))
        call.refusal = error
        pause = pause_after(call.refusals)
        call.refusals += 1
        if self._connection.state == "connected":
            call.again(pause, self._send_again)
        self._pacer.answered(call)

    def _sign(self, call: Pending) -> None:
        """The server gave a sign of a call."""
        if call.sign() and call.repeatable and self._connection.state == "connected":
            call.again(call.silence, self._silent)
        self._pacer.answered(call)

    def _silent(self, call: Pending) -> None:
        """Send a call again, if nothing was heard of it for as long as is allowed."""
        quiet = asyncio.get_running_loop().time() - call.heard
        if quiet < call.silence:
            call.again(call.silence - quiet, self._silent)
        else:
            call.silent()
            self._send_again(call)

    # -- what is said beside calls ----------------------------------------------------

    def _cancel(self, call: Pending) -> None:
        """Tell the server, once and at best effort, that nobody waits for the call."""
        if not call.uncertain or call.request.kind == "notify":
            return
        if self._connection.state != "connected":
            self._cancels.append(call)  # to be said when there is a connection
            return
        envelope = cancel_request(call.id)
        self._emit("cancel", call, envelope)
        self._say_last(envelope)

    def _ack_items(self, call: Pending, seq: int) -> None:
        assert call.feed is not None
        envelope = ack_request(call.id, seq)
        if call.id in self._pending:
            self._say(envelope, call.feed.unacknowledged)
        else:
            self._say_last(envelope)

    def _resume(self, call: Pending, seq: int) -> None:
        self._say(resume_request(call.id, self._connection.reply_channel, seq))

    def _flush_received(self) -> None:
        correlation_ids = self._received.take(self._limit - COMMAND_OVERHEAD)
        if correlation_ids:
            self._say(received_request(correlation_ids))

    def _say(
        self, envelope: dict[str, Any], failed: Callable[[], None] | None = None
    ) -> asyncio.Task[None]:
        return self._connection.spawn(self._publish_aside(envelope, failed))

    def _say_last(self, envelope: dict[str, Any]) -> None:
        """Say what lets the server forget a call."""
        task = self._say(envelope)
        self._last_words.add(task)
        task.add_done_callback(self._last_words.discard)

    async def _publish_aside(
        self, envelope: dict[str, Any], failed: Callable[[], None] | None
    ) -> None:
        try:
            await self._connection.publish(envelope, _ASIDE_TIMEOUT)
        except RPCError as error:
            _log.debug("the server did not take %s: %s", envelope.get("op"), error)
            if failed is not None:
                failed()

    def _emit(self, kind: FrameKind, call: Pending, data: Any) -> None:
        self._frames.emit(kind, call.id, call.request.method, data)


def _lost(call: Pending, cause: RPCError | None = None) -> ConnectionLostError:
    error = ConnectionLostError(
        f"the connection dropped during {call.request.method}; whether it ran is unknown"
    )
    error.__cause__ = cause
    return error
