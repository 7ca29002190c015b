"""One registered handler: the function, what its decorator said, and its types."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from inspect import cleandoc
from pathlib import PurePath
from typing import Any, cast

from pydantic import TypeAdapter

from .call_error import ApplicationError
from .faults import Paths
from .problem import HandlerError, Problem
from .signature import Faults, Signature, Unresolved, read_signature, shape_faults

__all__ = ["METHOD_NAME", "Handler", "source_file"]

METHOD_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_MAX_METHOD_NAME = 128  # bytes, as in the wire's requests


class Handler:
    """An RPC method and the async function that answers it. Made by ``@websocket_rpc``."""

    def __init__(
        self,
        method: str,
        function: Callable[..., Any],
        *,
        description: str | None = None,
        deprecated: str | None = None,
        timeout: float | None = None,
        idempotent: bool = False,
        volatile: bool = False,
        errors: type[ApplicationError[Any]] | Iterable[type[ApplicationError[Any]]] = (),
        notify: bool = False,
        names: dict[str, Any] | None = None,
    ) -> None:
        self.method = method
        """The name that clients call: ``"tasks.get_stats"``."""
        self.function = function
        """The handler as it was written."""
        self.description = description
        self.deprecated = deprecated or ""
        """What to use instead; empty if it is not deprecated."""
        self.timeout = timeout
        """Seconds that a call may take; None leaves it to the server."""
        self.idempotent = bool(idempotent)
        """Whether running a call twice does no harm."""
        self.volatile = bool(volatile)
        """Whether the server need not remember its calls."""
        self.notify = bool(notify)
        """Whether it is never answered."""
        several = isinstance(errors, Iterable) and not isinstance(errors, type | str)
        self.errors: tuple[type[ApplicationError[Any]], ...] = (
            tuple(cast(Iterable[Any], errors)) if several else (cast(Any, errors),)
        )
        """The application's errors that it may raise."""
        self._names = names
        self._deprecated_given = deprecated
        self._signature: Signature | None = None

    def __repr__(self) -> str:
        return f"Handler({self.method!r}, {self.name})"

    @property
    def name(self) -> str:
        """The function's full name, ``"myapp.handlers.get_stats"``."""
        module = getattr(self.function, "__module__", None) or "__main__"
        return f"{module}.{getattr(self.function, '__qualname__', repr(self.function))}"

    @property
    def place(self) -> tuple[str, int]:
        """The file and line of the function; empty and 0 if unknown."""
        code = getattr(self.function, "__code__", None)
        return (code.co_filename, code.co_firstlineno) if code else ("", 0)

    @property
    def source(self) -> str:
        """``"myapp/handlers.py#get_stats"``: the same on every machine."""
        return f"{source_file(self.function.__module__)}#{self.function.__qualname__}"

    @property
    def doc(self) -> str:
        """The description that was given, or else the function's docstring."""
        given = self.description if self.description is not None else self.function.__doc__
        return cleandoc(given or "").strip()

    @property
    def timeout_ms(self) -> int:
        """The timeout in whole milliseconds, rounded up; 0 leaves it to the server."""
        return math.ceil(self.timeout * 1000) if self.timeout else 0

    @property
    def signature(self) -> Signature:
        """The types of the handler; HandlerError if they are wrong or unknown."""
        if self._signature is None:
            problems = self.resolve()
            if problems:
                raise HandlerError(problems)
        assert self._signature is not None
        return self._signature

    @cached_property
    def params_adapter(self) -> TypeAdapter[Any]:
        """Reads the params."""
        return TypeAdapter(self.signature.params)

    @cached_property
    def params_paths(self) -> Paths:
        """Names what is wrong with params."""
        return Paths(self.params_adapter)

    @cached_property
    def result_adapter(self) -> TypeAdapter[Any]:
        """Writes the result."""
        return TypeAdapter(self.signature.result)

    def check(self) -> list[Problem]:
        """What is wrong, as far as can be said while the module is still being imported."""
        faults = self._option_faults() + shape_faults(self.function)
        if not faults:
            try:
                self._signature, faults = self._read()
            except Unresolved:
                return []  # it may be defined further down
        return self._problems(faults)

    def resolve(self) -> list[Problem]:
        """Read the type hints, and say what is wrong with them."""
        if self._signature is not None:
            return []
        try:
            signature, faults = self._read()
        except Unresolved as error:
            fix = "define or import it in the handler's module, not only under TYPE_CHECKING"
            return self._problems([(f"an annotation cannot be resolved: {error}", fix)])
        if not faults:
            self._signature, self._names = signature, None
        return self._problems(faults)

    def clash(self, other: Handler) -> list[Problem]:
        """What is wrong if another function answers the same method already."""
        if (other.name, other.place) == (self.name, self.place):
            return []
        file, line = other.place
        reason = f"the method is registered already, by {other.name} ({file}:{line})"
        return [self.problem(reason, "rename one of them")]

    def problem(self, reason: str, fix: str = "", path: str = "") -> Problem:
        """Something wrong with this handler."""
        file, line = self.place
        method = str(self.method)
        return Problem(
            reason, fix, method=method, function=self.name, file=file, line=line, path=path
        )

    def _read(self) -> tuple[Signature, Faults]:
        return read_signature(self.function, self._names, self.notify)

    def _problems(self, faults: Faults) -> list[Problem]:
        return [self.problem(reason, fix) for reason, fix in faults]

    def _option_faults(self) -> Faults:
        faults: Faults = []
        if not isinstance(self.method, str) or not METHOD_NAME.fullmatch(self.method):
            fix = 'write lower-case words joined by "_" and ".", such as "tasks.get_stats"'
            faults.append((f"{self.method!r} is no name of a method", fix))
        elif len(self.method) > _MAX_METHOD_NAME:
            reason = f"its name has {len(self.method)} characters"
            faults.append((reason, f"use at most {_MAX_METHOD_NAME}"))
        timeout: Any = self.timeout
        if timeout is not None:
            number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
            if not number or not 0 < timeout < math.inf:
                faults.append((f"its timeout is {timeout!r}", "give seconds, more than 0, or None"))
        given: Any = self._deprecated_given
        if given is not None and (not isinstance(given, str) or not given.strip()):
            faults.append((f"deprecated is {given!r}", "say what to use instead, or leave it out"))
        for error in self.errors:
            if not hasattr(error, "declared_code"):
                fix = "make it with declare_error"
                faults.append((f"{error!r} in its errors is no declared error", fix))
        return faults


def source_file(module: str) -> str:
    """The file of a module as seen from the folder it is imported from, with ``/``."""
    path = module.replace(".", "/")
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    return f"{path}/__init__.py" if PurePath(file).name == "__init__.py" else f"{path}.py"
