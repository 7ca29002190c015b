"""What observers see of the life of calls."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Frame", "FrameKind", "Frames", "Report"]

Report = Callable[[Exception], None]
"""Hears of an exception that a handler or an observer raised."""

FrameKind = Literal["publish", "ack", "reply", "resend", "cancel", "error", "item", "progress"]


@dataclass(frozen=True, slots=True)
class Frame:
    """One step in the life of a call, as given to ``on_frame``.

    ``at`` is in milliseconds since 1970. ``data`` is the envelope sent (publish, resend,
    cancel), the publication received (reply, item, progress), the exception (error) or None
    (ack). ``resend`` is each publish of the same request but the first.
    """

    kind: FrameKind
    correlation_id: str
    method: str
    at: float
    data: Any


class Frames:
    """The observers of a client's frames."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._observers: list[Callable[[Frame], None]] = []

    def observe(self, observer: Callable[[Frame], None]) -> Callable[[], None]:
        """Add an observer; returns what removes it."""
        self._observers.append(observer)

        def remove() -> None:
            if observer in self._observers:
                self._observers.remove(observer)

        return remove

    def emit(self, kind: FrameKind, correlation_id: str, method: str, data: Any) -> None:
        """Tell every observer. What one raises is reported and harms nothing."""
        if not self._observers:
            return
        frame = Frame(kind, correlation_id, method, time.time() * 1000, data)
        for observer in list(self._observers):
            try:
                observer(frame)
            except Exception as error:
                self._report(error)
