"""What a handler's signature says: its params, its result, and where the connection goes."""

from __future__ import annotations

import dataclasses
import inspect
import re
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, RootModel
from typing_extensions import is_typeddict

from .conn import Conn

__all__ = ["Signature", "Unresolved", "read_signature", "shape_faults", "structure_fault"]

Faults = list[tuple[str, str]]
"""Reasons, each with its fix."""

_MODEL = "annotate it with a BaseModel, TypedDict or dataclass"
_FORMS = "write (params: Model), (params: Model, conn: Conn), (conn, params: Model) or ()"
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Unresolved(Exception):
    """An annotation names what is not defined yet, or is not defined at all."""


@dataclass(frozen=True, slots=True)
class Signature:
    """How to call a handler, and the types it was written with."""

    params: Any
    """The type of its params; None if it takes none."""
    result: Any
    """The type of its result; None if it returns nothing."""
    params_name: str = ""
    conn_name: str = ""
    positional: tuple[str, ...] = ()
    """The arguments that go by position, in order; the others go by name."""

    def arguments(self, params: Any, conn: Any) -> tuple[list[Any], dict[str, Any]]:
        """What to call the handler with."""
        named = {self.params_name: params, self.conn_name: conn}
        named.pop("", None)
        return [named.pop(name) for name in self.positional], named


def shape_faults(function: Any) -> Faults:
    """What is wrong with a handler before its annotations are looked at."""
    if isinstance(function, staticmethod | classmethod):
        return [("it is a method of a class", "decorate a function of the module")]
    if inspect.isasyncgenfunction(function):
        return [("it yields, and a call has one result", "return the result instead")]
    if not inspect.iscoroutinefunction(function) or not inspect.isfunction(function):
        what = "it is not async" if callable(function) else f"{function!r} is no function"
        return [(what, "write it with async def")]
    faults: Faults = []
    parameters = inspect.signature(function).parameters.values()
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            stars = "*" if parameter.kind == parameter.VAR_POSITIONAL else "**"
            faults.append((f"it takes {stars}{parameter.name}", _FORMS))
        elif parameter.name in ("self", "cls"):
            faults.append(("it is a method of a class", "decorate a function of the module"))
        elif parameter.annotation is parameter.empty and parameter.name == "params":
            faults.append((f"the parameter {parameter.name} has no annotation", _MODEL))
        elif parameter.annotation is parameter.empty and parameter.name != "conn":
            reason = f"the parameter {parameter.name} has no annotation"
            faults.append((reason, f"{_MODEL}, or with Conn if it is the connection"))
    if inspect.signature(function).return_annotation is inspect.Signature.empty:
        faults.append(("it has no annotation of its result", "write -> Model, or -> None"))
    return faults


def read_signature(
    function: Callable[..., Any], names: dict[str, Any] | None, notify: bool
) -> tuple[Signature, Faults]:
    """Read a well-shaped handler's type hints, with ``names`` beside its module's globals.

    Raises :class:`Unresolved` if a name in them is not defined.
    """
    try:
        hints = typing.get_type_hints(function, localns=names, include_extras=True)
    except (NameError, AttributeError) as error:
        raise Unresolved(str(error)) from error
    except Exception as error:
        fault = (f"its annotations cannot be read: {error}", "correct them")
        return Signature(None, None), [fault]
    faults: Faults = []
    found: dict[str, str] = {}
    positional: list[str] = []
    for parameter in inspect.signature(function).parameters.values():
        hint = hints.get(parameter.name)
        role, wrong = _role(parameter, hint)
        if wrong:
            faults.append(wrong)
        elif role in found:
            reason = f"both {found[role]} and {parameter.name} are its {role}"
            faults.append((reason, _FORMS))
        else:
            found[role] = parameter.name
            if parameter.kind not in _BY_NAME:
                positional.append(parameter.name)
    result = hints.get("return")
    result = None if plain(result) in (None, type(None)) else result
    if notify and result is not None:
        reason = "it returns something, and a notification is never answered"
        faults.append((reason, "write -> None"))
    params_name = found.get("params", "")
    signature = Signature(
        params=hints.get(params_name) if params_name else None,
        result=result,
        params_name=params_name,
        conn_name=found.get("connection", ""),
        positional=tuple(positional),
    )
    return signature, faults


def _role(parameter: inspect.Parameter, hint: Any) -> tuple[str, tuple[str, str] | None]:
    """Whether a parameter is the params or the connection, or what is wrong with it."""
    bare = plain(hint)
    if isinstance(bare, type) and issubclass(bare, Conn):
        return "connection", None
    if parameter.name == "conn":
        return "connection", None
    fault = structure_fault(hint)
    if fault is None:
        return "params", None
    if parameter.name == "params":
        return "params", (f"its params are {name_of(hint)}: {fault}", _MODEL)
    reason = f"the parameter {parameter.name} is neither params nor the connection: {fault}"
    return "", (reason, _FORMS)


def structure_fault(annotation: Any) -> str | None:
    """Why a type is no JSON object with named fields; None if it is one."""
    bare = plain(annotation)
    origin = typing.get_origin(bare) or bare
    if not isinstance(origin, type):
        return f"{name_of(annotation)} is no BaseModel, TypedDict or dataclass"
    if origin is BaseModel:
        return "BaseModel itself has no fields"
    if issubclass(origin, RootModel):
        return f"{name_of(annotation)} is a RootModel, which has no named fields"
    if issubclass(origin, BaseModel) or dataclasses.is_dataclass(origin) or is_typeddict(origin):
        return None
    return f"{name_of(annotation)} is no BaseModel, TypedDict or dataclass"


def plain(annotation: Any) -> Any:
    """The type below Annotated and type aliases."""
    while True:
        if typing.get_origin(annotation) is typing.Annotated:
            annotation = typing.get_args(annotation)[0]
        elif type(annotation).__name__ == "TypeAliasType":  # typing's, or typing_extensions'
            annotation = annotation.__value__
        else:
            return annotation


def name_of(annotation: Any) -> str:
    """A type as its author would write it."""
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return annotation.__qualname__
    written = re.sub(r"\b(?:[a-z_]\w*\.)+(?=\w)", "", str(annotation))
    return written.replace("NoneType", "None")
