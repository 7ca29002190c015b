"""One request without an outcome: what was asked, and how far it has come."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .rpc_errors import ServerError
from .rpc_stream_feed import StreamFeed
from .rpc_wire import Progress

__all__ = ["Pending", "ProgressHandler", "Request"]

# How long, in seconds, the silence that is allowed becomes by doubling, unless it is longer from
# the start.
_LONGEST_SILENCE = 60.0

ProgressHandler = Callable[[Progress], None]
"""Hears how far a call has come: the newest word, in order. Best effort; not async."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for, apart from the params. ``timeout`` is in seconds."""

    kind: Literal["call", "notify", "stream"]
    method: str
    timeout: float
    errors: Mapping[int, type[ServerError]]
    idempotent: bool = False
    volatile: bool = False
    on_progress: ProgressHandler | None = None
    traceparent: str | None = None


class Pending:
    """A call, a notification or a stream that has no outcome yet.

    It is NEW until a publish begins, SENT from then on (``uncertain``), and ACKED at the
    first sign of it. A refusal of its only publish makes it NEW again: it was not claimed.
    """

    def __init__(self, request: Request, text: str, silence: float) -> None:
        loop = asyncio.get_running_loop()
        self.id = str(uuid.uuid4())
        self.request = request
        self.text = text
        """The params, so that what is sent again is what was sent."""
        self.deadline = loop.time() + request.timeout
        self._wall_deadline = time.time() + request.timeout
        self.done: asyncio.Future[Any] = loop.create_future()
        self.acknowledged = False
        """Whether a publish of it was acknowledged."""
        self.sends = 0
        """How often it was published."""
        self.uncertain = False
        """Whether the server may have claimed it."""
        self.epoch = ""
        """The server's call store when it could first have been claimed; empty: it had none."""
        self.refusal: ServerError | None = None
        """The server's latest word, if that was to come again later."""
        self.refusals = 0
        """How many refusals came in a row."""
        self.heard = 0.0
        """When the latest sign of it came, or when it was published last."""
        self.silence = silence
        """How long, in seconds, nothing may be heard of it before it is published again."""
        self.expiry: asyncio.TimerHandle | None = None
        self.feed: StreamFeed | None = None
        """The items, if it is a stream."""
        self._silence = silence
        self._again: asyncio.TimerHandle | None = None
        self.publishing: asyncio.Task[None] | None = None
        self.started = False
        """Whether ``publishing`` has begun."""

    @property
    def left(self) -> float:
        """How long it may still take, in seconds.

        Where it may have run before, the clock on the wall counts as well: the loop's may stand
        still while a computer sleeps, and the server forgets the call when its time is over.
        """
        left = self.deadline - asyncio.get_running_loop().time()
        return min(left, self._wall_deadline - time.time()) if self.uncertain else left

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again although the server may have claimed it."""
        if self.request.idempotent:
            return True
        return not self.request.volatile and self.epoch != ""

    @property
    def remembered(self) -> bool:
        """Whether the server keeps its reply until it is named as received."""
        return self.request.kind != "notify" and not self.request.volatile and self.epoch != ""

    def again(self, delay: float, send: Callable[[Pending], None]) -> None:
        """Call ``send`` after ``delay`` seconds, in place of any earlier such wish.

        After the deadline nothing needs to be sent.
        """
        self.rest()
        loop = asyncio.get_running_loop()
        if loop.time() + delay < self.deadline:
            self._again = loop.call_later(delay, send, self)

    def rest(self) -> None:
        """Let no timer send it again."""
        if self._again is not None:
            self._again.cancel()
            self._again = None

    def sign(self) -> bool:
        """The server gave a sign of it. True if the silence allowed is shorter again."""
        self.heard = asyncio.get_running_loop().time()
        self.accepted()
        shorter = self.silence > self._silence
        self.silence = self._silence
        return shorter

    def accepted(self) -> None:
        """The server did not refuse it."""
        self.refusal = None
        self.refusals = 0

    def silent(self) -> None:
        """Nothing was heard of it for too long: next time that may take longer."""
        self.silence = min(2 * self.silence, max(_LONGEST_SILENCE, self._silence))

    def disconnected(self) -> None:
        """There will be another connection, of which nothing is known."""
        self.silence = self._silence

    def stop_publishing(self) -> None:
        """Keep off the wire what is not on it, and wait for no acknowledgement."""
        task, self.publishing = self.publishing, None
        if task is None:
            return
        if self.started:
            # A turn of the loop later: what the SDK has already told the task must be
            # taken by it, or asyncio complains of an exception nobody retrieved.
            asyncio.get_running_loop().call_soon(task.cancel)
        else:
            task.cancel()
