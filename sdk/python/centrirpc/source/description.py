"""All types of an application in two sets of definitions, one for each direction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticInvalidForJsonSchema

from .problem import Problem
from .schema import (
    Mode,
    SchemaGenerator,
    Undescribable,
    find_faults,
    full_names,
    short_names,
)
from .signature import name_of

__all__ = ["Description", "Use"]


@dataclass(frozen=True, slots=True)
class Use:
    """A type where it is used, and whom to tell if it cannot be described."""

    type: Any
    mode: Mode
    place: str
    """``"params"``, ``"result"``, ``"details"`` or ``"event"``."""
    problem: Callable[[str, str, str], Problem]
    """Makes a problem from reason, fix and path."""

    def fault(self, fault: Undescribable) -> Problem:
        """What cannot be described, as a problem of this use."""
        path = f"{self.place}.{fault.path}".removesuffix(".").replace(".[]", "[]")
        written = self.type if fault.type is None and not fault.path.strip("[]") else fault.type
        problem = self.problem(fault.reason, fault.fix, path)
        return problem if written is None else replace(problem, type=name_of(written))


class Description:
    """JSON Schemas of the uses, with names that mean the same type in both directions.

    A type is called by its class's name, or with its module if two classes share one. Either
    :attr:`problems` lists why some uses cannot be described, or :meth:`schema` has them all.
    """

    def __init__(self, uses: list[Use]) -> None:
        self.problems: list[Problem] = []
        self._schemas: dict[int, Any] = {}
        self.definitions: dict[Mode, dict[str, Any]] = {"validation": {}, "serialization": {}}
        """The named types of each direction."""
        adapters = [self._adapter(use) for use in uses]
        refs: set[str] = set()
        for mode in self.definitions:
            uses_of = [
                (use, adapter)
                for use, adapter in zip(uses, adapters, strict=True)
                if use.mode == mode and adapter is not None
            ]
            refs |= self._check(mode, uses_of)
        full = full_names(refs)
        short = short_names(full.values())
        self._check_names(full, short)
        if self.problems:
            return
        names = {reference: short[name] for reference, name in full.items()}
        for mode in self.definitions:
            self._describe(mode, uses, adapters, names)

    def schema(self, use: Use) -> Any:
        """The schema of a use; its references are to the definitions of its mode."""
        return self._schemas[id(use)]

    def _adapter(self, use: Use) -> TypeAdapter[Any] | None:
        try:
            adapter = TypeAdapter(use.type)
            if not adapter.pydantic_complete:
                adapter.rebuild(raise_errors=True)
            return adapter
        except Exception as error:
            reason, _, _hint = str(error).partition("\n")
            fix = "use a type that Pydantic knows, and see its message"
            self.problems.append(use.problem(f"Pydantic cannot read it: {reason}", fix, use.place))
            return None

    def _check(self, mode: Mode, uses: list[tuple[Use, TypeAdapter[Any]]]) -> set[str]:
        """References to the named types that the uses reach; problems are kept."""
        generator = SchemaGenerator()
        if faults := _faults(generator, mode, [adapter for _, adapter in uses]):
            if len(uses) > 1:  # one by one, to know all that are at fault
                return {ref for use in uses for ref in self._check(mode, [use])}
            self.problems += map(uses[0][0].fault, faults)
        return {reference for reference, _mode in generator.core_to_defs_refs}

    def _describe(
        self,
        mode: Mode,
        uses: list[Use],
        adapters: list[TypeAdapter[Any] | None],
        names: dict[str, str],
    ) -> None:
        inputs = [
            (number, mode, adapter.core_schema)
            for number, (use, adapter) in enumerate(zip(uses, adapters, strict=True))
            if use.mode == mode and adapter is not None
        ]
        generator = SchemaGenerator(names)
        schemas, definitions = generator.generate_definitions(inputs)
        for number, _, _ in inputs:
            self._schemas[id(uses[number])] = schemas[number, mode]
        used = _reachable([schemas[number, mode] for number, _, _ in inputs], definitions)
        # Pydantic put a number to names that it found to be of different types.
        self._refuse_twins(used - set(names.values()))
        self.definitions[mode] = {
            str(name): schema for name, schema in sorted(definitions.items()) if name in used
        }

    def _check_names(self, full: dict[str, str], short: dict[str, str]) -> None:
        """Two types that even the module cannot tell apart would be mixed up."""
        classes = Counter(name for reference, name in full.items() if "[" not in reference)
        given = Counter(short.values())
        twins = {name for name, of in classes.items() if of > 1}
        twins |= {name for name, of in short.items() if given[of] > 1}
        self._refuse_twins(twins)

    def _refuse_twins(self, names: Iterable[str]) -> None:
        for name in sorted(names):
            reason = f"two different types are called {name}"
            self.problems.append(Problem(reason, "rename one of them"))


def _faults(
    generator: SchemaGenerator, mode: Mode, adapters: list[TypeAdapter[Any]]
) -> list[Undescribable]:
    """Why the types cannot be described together, if they cannot."""
    inputs = [(number, mode, adapter.core_schema) for number, adapter in enumerate(adapters)]
    try:
        schemas, definitions = generator.generate_definitions(inputs)
    except PydanticInvalidForJsonSchema as error:
        return [Undescribable("", error.message, "see Pydantic's message")]
    except Exception as error:  # a model's own hooks may raise anything
        return [Undescribable("", f"Pydantic cannot describe it: {error}", "see its message")]
    return generator.faults + find_faults(list(schemas.values()), definitions)


def _reachable(schemas: list[Any], definitions: dict[Any, Any]) -> set[str]:
    found: set[str] = set()
    pending = list(schemas)
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str):
                name = reference.removeprefix("#/$defs/")
                if name in definitions and name not in found:
                    found.add(name)
                    pending.append(definitions[name])
            pending += node.values()
        elif isinstance(node, list):
            pending += node
    return found
