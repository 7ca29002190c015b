"""Sending what waited for a connection, a bounded number at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from .rpc_pending import Pending

__all__ = ["MAX_OUT", "Pacer"]

MAX_OUT = 32
"""How many requests may be out without an answer before the next ones are sent."""

# How long their answers are waited for, in seconds.
_PAUSE = 1.0


class Pacer:
    """Sends requests as the server answers those before them.

    ``send`` publishes a request if that is still wanted, and says whether it did.
    """

    def __init__(self, send: Callable[[Pending], bool]) -> None:
        self._send = send
        self._waiting: deque[Pending] = deque()
        self._out: set[Pending] = set()
        self._timer: asyncio.TimerHandle | None = None

    def start(self, calls: Iterable[Pending]) -> None:
        """Send these, in place of any before."""
        self.stop()
        self._waiting.extend(calls)
        self._fill()

    def stop(self) -> None:
        """Send no more."""
        self._waiting.clear()
        self._out.clear()
        self._rest()

    def answered(self, call: Pending) -> None:
        """The server answered a request, or nobody waits for it any more."""
        if call in self._out:
            self._out.remove(call)
            self._fill()

    def _fill(self) -> None:
        self._rest()
        while self._waiting and len(self._out) < MAX_OUT:
            call = self._waiting.popleft()
            if self._send(call):
                self._out.add(call)
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(_PAUSE, self._overdue)

    def _overdue(self) -> None:
        self._out.clear()
        self._fill()

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
