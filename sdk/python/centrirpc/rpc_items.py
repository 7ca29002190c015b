"""A stream's items in order, however they arrive."""

from __future__ import annotations

from collections import deque
from typing import Any

__all__ = ["MAX_EARLY", "Items"]

MAX_EARLY = 256
"""How far ahead of a missing item others are kept."""


class Items:
    """Puts items in order and each in once: items have the numbers 0, 1, 2 ..."""

    def __init__(self) -> None:
        self.next = 0
        """The number of the first item that has not come."""
        self.ready: deque[Any] = deque()
        """Items in order that nobody has taken."""
        self.end: int | None = None
        """How many items there are, once that is known."""
        self._early: dict[int, Any] = {}

    @property
    def taken(self) -> int:
        """How many items were taken."""
        return self.next - len(self.ready)

    @property
    def missing(self) -> bool:
        """Whether an item has not come that stands before one that has, or before the end."""
        return bool(self._early) or (self.end is not None and self.next < self.end)

    @property
    def complete(self) -> bool:
        """Whether all items have come."""
        return self.end is not None and self.next >= self.end

    def add(self, seq: int, item: Any) -> None:
        """Take an item that came. A second time it is ignored, and so is one too far ahead."""
        if seq > self.next:
            if seq < self.next + MAX_EARLY:
                self._early.setdefault(seq, item)
            return
        if seq < self.next:
            return
        self.ready.append(item)
        self.next += 1
        while self.next in self._early:
            self.ready.append(self._early.pop(self.next))
            self.next += 1

    def cut(self) -> None:
        """End it here: what is missing will not come."""
        self._early.clear()
        self.end = self.next
