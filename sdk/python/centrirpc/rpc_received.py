"""The calls whose replies have arrived, so that the server may forget them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

__all__ = ["Received"]

# How many ids one request may name.
_MAX_NAMED = 64

# How many ids are kept; the oldest go first. Their replies expire on the server.
_MAX_KEPT = 1024

# How long, in seconds, ids wait for a request to travel with.
_IDLE = 1.0


class Received:
    """Collects correlation ids, to travel with requests or else on their own.

    ``flush`` is to take ids and send them on their own.
    """

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._ids: deque[str] = deque(maxlen=_MAX_KEPT)
        self._store = ""
        self._live = False
        self._timer: asyncio.Handle | None = None

    def __len__(self) -> int:
        return len(self._ids)

    def connected(self, store: str) -> None:
        """There is a connection. Another call store does not know the ids of the former."""
        if store != self._store:
            self._ids.clear()
        self._store = store
        self._live = True
        self._wait()

    def lost(self) -> None:
        """There is no connection; the ids wait for the next one."""
        self._live = False
        self._rest()

    def closed(self) -> None:
        """The client is closed: nobody asks again."""
        self.lost()
        self._ids.clear()

    def add(self, correlation_id: str) -> None:
        """The final reply of a call has come."""
        self._ids.append(correlation_id)
        if len(self._ids) == _MAX_NAMED and self._live:
            # Not now: a request that is sent in this turn of the loop may take them.
            self._rest()
            self._timer = asyncio.get_running_loop().call_soon(self._full)
        else:
            self._wait()

    def take(self, room: int) -> list[str]:
        """Ids to travel with a request that has so many bytes of room for them."""
        if not self._ids:
            return []
        taken: list[str] = []
        room -= len('"received": [], ')
        while self._ids and len(taken) < _MAX_NAMED:
            room -= len(self._ids[0]) + len('"", ')
            if room < 0:
                break
            taken.append(self._ids.popleft())
        # It is not idle: what is left waits anew.
        self._rest()
        self._wait()
        return taken

    def _full(self) -> None:
        self._timer = None
        if len(self._ids) >= _MAX_NAMED:
            self._idle()
        else:
            self._wait()

    def _idle(self) -> None:
        self._timer = None
        self._flush()
        self._rest()
        if len(self._ids) >= _MAX_NAMED:
            self._timer = asyncio.get_running_loop().call_soon(self._full)
        else:
            self._wait()

    def _wait(self) -> None:
        if self._ids and self._live and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_IDLE, self._idle)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
