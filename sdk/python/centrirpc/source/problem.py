"""What is wrong with handlers, channels and their types: all of it at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["HandlerError", "Problem", "collecting", "refuse"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that cannot be served or described, with all a person needs to mend it."""

    reason: str
    """What is wrong."""
    fix: str = ""
    """What to do."""
    method: str = ""
    """The method's name, ``"tasks.get_stats"``; empty if it concerns no single one."""
    function: str = ""
    """The handler, ``"myapp.handlers.get_stats"``, or the channel or error at fault."""
    file: str = ""
    """The source file, absolute; empty if unknown."""
    line: int = 0
    """The line in it, from 1; 0 if unknown."""
    path: str = ""
    """The type or field at fault, ``"result.items[].owner"``; empty if none is."""
    type: str = ""
    """The type that it has there, as it is written: ``"Callable[[], None]"``; empty if unknown."""

    def __str__(self) -> str:
        parts = []
        if self.file:
            parts.append(f"{_shown(self.file)}:{self.line}" if self.line else _shown(self.file))
        if self.method:
            parts.append(f"method {self.method}")
        path = f"{self.path} ({self.type})" if self.type else self.path
        parts += [part for part in (self.function, path, self.reason) if part]
        text = ": ".join(parts) + (f"; {self.fix}" if self.fix else "")
        return " ".join(text.splitlines())


class HandlerError(Exception):
    """Handlers, channels or their types are wrong; ``problems`` lists everything.

    Raised where it is first known: at the import of a wrong handler, or, for what needs
    other modules (forward references, models), when the registry is first read. Its text
    has a line for each problem: file and line, method, function, reason, fix.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[HandlerError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


_collected: ContextVar[list[Problem] | None] = ContextVar("_collected", default=None)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise a :class:`HandlerError`, or keep the problems while they are being collected."""
    kept = _collected.get()
    if kept is None:
        raise HandlerError(problems)
    kept += problems


@contextmanager
def collecting() -> Iterator[list[Problem]]:
    """Meanwhile, keep the problems of what is declared in the list, and raise none.

    So that one run over many modules reports all of them, whatever registry they are of.
    """
    problems: list[Problem] = []
    token = _collected.set(problems)
    try:
        yield problems
    finally:
        _collected.reset(token)


def _shown(file: str) -> str:
    """The file as a person in the current folder would name it."""
    try:
        inside = os.path.relpath(file) if os.path.isabs(file) else file
    except (OSError, ValueError):  # no current folder, or another drive
        return file
    return file if inside.startswith("..") else inside
