"""One stream in the client: its items, who takes them, and what the server is told of that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from .rpc_items import Items

__all__ = ["StreamFeed"]

# How many items may be taken before they are acknowledged, and how long, in seconds.
_ACK_ITEMS = 64
_ACK_DELAY = 0.25

# How long after several items they are acknowledged if all that came was taken, in seconds: the
# server may have as many bytes out as it sends without being told.
_ACK_IDLE = 0.02

# How often, in seconds, a missing item is asked for.
_RESUME_INTERVAL = 0.25


class StreamFeed:
    """Items from the connection to the application.

    ``ack`` and ``resume`` are called with the number of the last item taken, and with that of
    the first one missing: from ``resumed`` until ``paused``.
    """

    def __init__(self, ack: Callable[[int], None], resume: Callable[[int], None]) -> None:
        self.items = Items()
        self.final: Any = None
        """The final reply, once it is there; items may still be missing."""
        self.iterating = False
        self.waiting = 0
        """How many wait for the result."""
        self._changed = asyncio.Event()
        self._acknowledged = 0
        self._live = False
        self._ack = ack
        self._resume = resume
        self._ack_timer: asyncio.TimerHandle | None = None
        self._idle_timer: asyncio.TimerHandle | None = None
        self._resume_timer: asyncio.TimerHandle | None = None

    # -- the application --------------------------------------------------------------

    def take(self) -> Any:
        """The next item, of those that are ready."""
        item = self.items.ready.popleft()
        self._taken()
        return item

    def drop(self) -> None:
        """Take everything that is ready, for nobody."""
        if self.items.ready:
            self.items.ready.clear()
            self._taken()

    async def changed(self) -> None:
        """Return when an item is ready, or the end is."""
        self._changed.clear()
        await self._changed.wait()

    # -- the connection ---------------------------------------------------------------

    def resumed(self) -> None:
        """The request goes out, on a connection that may be a new one.

        What was taken is said again, for that may have been lost. What is missing is asked for
        by the request itself; if it does not come, it is asked for again.
        """
        self._live = True
        self._acknowledged = 0
        self._acknowledge()
        if self.items.missing:
            self._ask_later()

    def paused(self) -> None:
        """There is no connection, or no need for it."""
        self._live = False
        for timer in (self._ack_timer, self._idle_timer, self._resume_timer):
            if timer is not None:
                timer.cancel()
        self._ack_timer = self._idle_timer = self._resume_timer = None

    def add(self, seq: int, item: Any) -> None:
        """An item came."""
        before = self.items.next
        self.items.add(seq, item)
        if self.items.next > before:
            if self.waiting and not self.iterating:
                self.drop()
            self._changed.set()
        self.check()

    def check(self) -> None:
        """Ask for what is missing, if anything is, now and again until it came."""
        if not self.items.missing:
            if self._resume_timer is not None:
                self._resume_timer.cancel()
                self._resume_timer = None
        elif self._live and self._resume_timer is None:
            self._ask_later()
            self._resume(self.items.next)

    def ended(self) -> None:
        """The outcome is there: the server need keep no item, and nothing is asked for."""
        end = self.items.next if self.items.complete else 0
        if self._live and self._acknowledged < end:
            self._ack(end - 1)
        self.paused()
        self._changed.set()

    def unacknowledged(self) -> None:
        """An acknowledgement did not arrive: there will be another."""
        self._acknowledged = 0
        self._acknowledge_soon()

    def _ask_later(self) -> None:
        if self._resume_timer is None:
            self._resume_timer = asyncio.get_running_loop().call_later(
                _RESUME_INTERVAL, self._ask_again
            )

    def _ask_again(self) -> None:
        self._resume_timer = None
        self.check()

    def _taken(self) -> None:
        if self.items.taken - self._acknowledged >= _ACK_ITEMS:
            self._acknowledge()
        else:
            self._acknowledge_soon()
            self._watch()

    def _watch(self) -> None:
        """Look in a while whether nothing more came."""
        several = self.items.taken - self._acknowledged > 1
        if self._live and self._idle_timer is None and several and not self.items.ready:
            self._idle_timer = asyncio.get_running_loop().call_later(
                _ACK_IDLE, self._when_idle, self.items.taken
            )

    def _when_idle(self, taken_before: int) -> None:
        self._idle_timer = None
        if self.items.taken == taken_before and not self.items.ready:
            self._acknowledge()
        else:
            self._watch()

    def _acknowledge_soon(self) -> None:
        if self._live and self._ack_timer is None and self.items.taken > self._acknowledged:
            self._ack_timer = asyncio.get_running_loop().call_later(_ACK_DELAY, self._acknowledge)

    def _acknowledge(self) -> None:
        for timer in (self._ack_timer, self._idle_timer):
            if timer is not None:
                timer.cancel()
        self._ack_timer = self._idle_timer = None
        if self._live and self.items.taken > self._acknowledged:
            self._acknowledged = self.items.taken
            self._ack(self._acknowledged - 1)
