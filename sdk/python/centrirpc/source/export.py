"""The description of a registry as JSON, for ``centrirpc generate``."""

from __future__ import annotations

import re
from typing import Any

from .call_error import ApplicationError
from .channel import Channel, pattern_parameters
from .description import Description, Use
from .handler import Handler, source_file
from .problem import HandlerError, Problem
from .registry import Registry
from .schema import find_faults
from .signature import plain, structure_fault

__all__ = ["FORMAT", "NAME", "describe"]

FORMAT = 1
"""The version of the format, under the key ``centrirpc_source``."""

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""What an API may be called."""


def describe(registry: Registry, name: str, doc: str = "") -> dict[str, Any]:
    """Everything that clients can ask of a registry, as the value of the exported JSON.

    The same application gives the same value, on every machine. Raises
    :class:`HandlerError` with everything that is wrong with handlers, channels and types.
    """
    problems: list[Problem] = []
    if not NAME.fullmatch(name):
        fix = 'write lower-case letters, digits and "_", starting with a letter, such as "tasks"'
        problems.append(Problem(f"{name!r} is no name of an API", fix))
    handlers = []
    for handler in registry:
        wrong = handler.resolve()
        problems += wrong
        if not wrong:
            handlers.append(handler)
    errors = _errors(handlers, problems)
    channels = registry.channels()
    problems += [fault for channel in channels if (fault := _structure(channel))]
    uses = _Uses(handlers, errors, channels)
    description = Description(uses.all)
    problems += description.problems
    if not description.problems:
        for channel in channels:
            if (use := uses.of(channel, "params")) is not None:
                problems += _parameter_faults(channel, description, use)
    if problems:
        # What concerns one handler stands together, and handlers as they do in the source.
        raise HandlerError(sorted(problems, key=lambda p: (p.file, p.line, p.method)))

    def schema(owner: Any, place: str) -> Any:
        use = uses.of(owner, place)
        return None if use is None else description.schema(use)

    described = {
        "centrirpc_source": FORMAT,
        "name": name,
        "doc": doc,
        "methods": [
            {
                "name": handler.method,
                "kind": "notify" if handler.notify else "call",
                "doc": handler.doc,
                "deprecated": handler.deprecated,
                "timeout_ms": handler.timeout_ms,
                "idempotent": handler.idempotent,
                "volatile": handler.volatile,
                "params": schema(handler, "params"),
                "result": schema(handler, "result"),
                "errors": sorted({error.declared_code for error in handler.errors}),
                "source": handler.source,
            }
            for handler in handlers
        ],
        "errors": [
            {
                "code": error.declared_code,
                "reason": error.declared_reason,
                "doc": error.doc,
                "details": schema(error, "details"),
            }
            for error in errors
        ],
        "channels": [
            {
                "name": channel.name,
                "doc": channel.doc,
                "params": schema(channel, "params"),
                "event": schema(channel, "event"),
                "source": f"{source_file(channel.module)}#{channel.name}",
            }
            for channel in channels
        ],
        "validation": {"$defs": description.definitions["validation"]},
        "serialization": {"$defs": description.definitions["serialization"]},
    }
    if unwritable := find_faults(described, {}):
        raise HandlerError(Problem(u.reason, u.fix, path=u.path) for u in unwritable)
    return described


class _Uses:
    """The types of handlers, errors and channels."""

    def __init__(
        self,
        handlers: list[Handler],
        errors: list[type[ApplicationError[Any]]],
        channels: list[Channel[Any]],
    ) -> None:
        self._uses: dict[tuple[int, str], Use] = {}
        for handler in handlers:
            signature = handler.signature
            self._add(handler, Use(signature.params, "validation", "params", handler.problem))
            self._add(handler, Use(signature.result, "serialization", "result", handler.problem))
        for error in errors:

            def problem(
                reason: str, fix: str, path: str, of: type[ApplicationError[Any]] = error
            ) -> Problem:
                return _error_problem(of, reason, fix, path)

            self._add(error, Use(error.details_type, "serialization", "details", problem))
        for channel in channels:
            if _structure(channel) is None:
                self._add(channel, Use(channel.params, "validation", "params", channel.problem))
            self._add(channel, Use(channel.event, "serialization", "event", channel.problem))

    @property
    def all(self) -> list[Use]:
        return list(self._uses.values())

    def of(self, owner: Any, place: str) -> Use | None:
        return self._uses.get((id(owner), place))

    def _add(self, owner: Any, use: Use) -> None:
        if use.type is not None or use.place == "event":
            self._uses[id(owner), use.place] = use


def _errors(handlers: list[Handler], problems: list[Problem]) -> list[type[ApplicationError[Any]]]:
    """The errors that the handlers name, by code."""
    found: dict[int, type[ApplicationError[Any]]] = {}
    for handler in handlers:
        for error in handler.errors:
            if not error.declared_code:
                continue  # its declaration is refused
            other = found.setdefault(error.declared_code, error)
            if other is not error:
                file, line = other.declared_at
                reason = f"the code is taken by {other.declared_reason} ({file}:{line})"
                problem = _error_problem(error, reason, "give it a code of its own", "")
                if problem not in problems:
                    problems.append(problem)
    reasons: dict[str, type[ApplicationError[Any]]] = {}
    for error in found.values():
        other = reasons.setdefault(error.declared_reason, error)
        if other is not error:
            reason = f"the error {other.declared_code} has the same reason"
            problems.append(_error_problem(error, reason, "rename one of them", ""))
    return [found[code] for code in sorted(found)]


def _error_problem(error: type[ApplicationError[Any]], reason: str, fix: str, path: str) -> Problem:
    file, line = error.declared_at
    name = f"declare_error({error.declared_code}, {error.declared_reason!r})"
    return Problem(reason, fix, function=name, file=file, line=line, path=path)


def _structure(channel: Channel[Any]) -> Problem | None:
    fault = None if channel.params is None else structure_fault(channel.params)
    if fault is None:
        return None
    return channel.problem(fault, "give a model with a field for each parameter", "params")


def _parameter_faults(channel: Channel[Any], description: Description, use: Use) -> list[Problem]:
    """Whether the fields of a channel's params are its parameters, all of them and no others."""
    schema = description.schema(use)
    definitions = description.definitions["validation"]
    if "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
    fields, required = schema.get("properties", {}), schema.get("required", [])
    names = pattern_parameters(channel.name)
    problems = []
    for name in names:
        if name not in fields:
            fix = f"add the field {name} to {plain(use.type).__name__}"
            problems.append(channel.problem(f"its params have no field {name!r}", fix, "params"))
    for name, field in fields.items():
        path = f"params.{name}"
        kind = field.get("type")
        if "$ref" in field:
            kind = definitions[field["$ref"].removeprefix("#/$defs/")].get("type")
        if name not in names:
            fix = f"put {{{name}}} into the name, or remove the field"
            problems.append(channel.problem("it is not in the channel's name", fix, path))
        elif name not in required:
            problems.append(channel.problem("it is not required", "leave its default out", path))
        elif kind not in ("string", "integer"):
            problems.append(channel.problem("it is no string or integer", "use str or int", path))
    return problems
