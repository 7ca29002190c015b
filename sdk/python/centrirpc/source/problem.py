"""What is wrong with handlers, channels and their types: all of it at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["HandlerError", "Problem"]


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


def _shown(file: str) -> str:
    """The file as a person in the current folder would name it."""
    try:
        inside = os.path.relpath(file) if os.path.isabs(file) else file
    except (OSError, ValueError):  # no current folder, or another drive
        return file
    return file if inside.startswith("..") else inside
