"""How many calls run at a time."""

from __future__ import annotations

from threading import Lock

__all__ = ["Slots"]


class Slots:
    """A bound that never waits. For threads, too: under WSGI each request has its own."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._lock = Lock()

    def take(self) -> bool:
        """Take one; False if there is none."""
        with self._lock:
            if self._free <= 0:
                return False
            self._free -= 1
            return True

    def give_back(self) -> None:
        """End what :meth:`take` began."""
        with self._lock:
            self._free += 1
