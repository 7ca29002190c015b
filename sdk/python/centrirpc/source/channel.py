"""Typed channels: what is published on them, and how they are named."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .problem import Problem

if TYPE_CHECKING:
    from .registry import Registry

__all__ = ["Channel", "pattern_parameters"]

E = TypeVar("E")

_PARAMETER = re.compile(r"[a-z][a-z0-9_]*")


class Channel(Generic[E]):
    """A channel, or a pattern of channels, whose events have a type.

    Each ``{parameter}`` of the name stands for one or more characters other than ``:``;
    ``params`` is then a model whose fields are these parameters, all of them required and
    strings or integers. ``event`` is any type that Pydantic describes. Making a channel
    registers it, in the default registry unless another is given::

        TASKS = Channel("tasks:{project_id}", event=TaskEvent, params=Project, doc="Changes.")

    Raises :class:`HandlerError` on a wrong name, or one that is taken.
    """

    def __init__(
        self,
        name: str,
        *,
        event: type[E] | Any,
        params: Any = None,
        doc: str = "",
        registry: Registry | None = None,
    ) -> None:
        from .registry import default_registry

        caller = sys._getframe(1)
        self.name = name
        self.event = event
        self.params = params
        self.doc = doc.strip()
        self.module: str = caller.f_globals.get("__name__", "__main__")
        self.file: str = caller.f_code.co_filename
        self.line: int = caller.f_lineno
        (registry if registry is not None else default_registry).add_channel(self)

    def __repr__(self) -> str:
        return f"Channel({self.name!r})"

    def problem(self, reason: str, fix: str = "", path: str = "") -> Problem:
        """Something wrong with this channel."""
        name = f"channel {self.name!r}"
        return Problem(reason, fix, function=name, file=self.file, line=self.line, path=path)

    def fault(self) -> Problem | None:
        """What is wrong with the name, if anything."""
        try:
            names = pattern_parameters(self.name)
        except ValueError as error:
            return self.problem(str(error), 'write it like "tasks" or "tasks:{project_id}"')
        if names and self.params is None:
            listed = ", ".join(names)
            fix = f"give params=, a model with {listed} as required str or int fields"
            return self.problem(f"nothing says what its parameters are: {listed}", fix)
        if not names and self.params is not None:
            return self.problem("it has params, but no {parameter} in its name", "leave params out")
        return None


def pattern_parameters(pattern: str) -> list[str]:
    """The parameters of a channel's name, in order; ValueError if it is not well-formed."""
    if not isinstance(pattern, str) or not pattern:
        raise ValueError("the channel has no name")
    names: list[str] = []
    for number, piece in enumerate(pattern.split("{")):
        literal = piece
        if number:
            name, closed, literal = piece.partition("}")
            if not closed:
                raise ValueError("its name has a { without a }")
            if not _PARAMETER.fullmatch(name):
                raise ValueError(f'the parameter {name!r} is not lower-case words joined by "_"')
            if name in names:
                raise ValueError(f"its name has the parameter {name!r} twice")
            names.append(name)
        if "}" in literal:
            raise ValueError("its name has a } without a {")
        if not literal and 0 < number < pattern.count("{"):
            raise ValueError(f"nothing tells where the parameter {names[-1]!r} ends")
    return names
