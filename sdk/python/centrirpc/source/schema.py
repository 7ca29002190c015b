"""Pydantic's JSON Schema of types, refusing what it cannot describe instead of guessing."""

from __future__ import annotations

import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, cast

from pydantic.errors import PydanticInvalidForJsonSchema
from pydantic.json_schema import CoreModeRef, CoreRef, DefsRef, GenerateJsonSchema
from pydantic_core import MISSING

__all__ = ["Mode", "SchemaGenerator", "Undescribable", "find_fault", "full_names", "short_names"]

Mode = Literal["validation", "serialization"]
"""Params are described as they are validated, results and events as they are serialised."""

_CONTAINERS = {"list", "set", "frozenset", "deque", "tuple", "dict", "generator", "frozendict"}
_TRANSPARENT = {"default", "nullable", "function-before", "function-after", "function-wrap"}


class Undescribable(PydanticInvalidForJsonSchema):
    """JSON Schema has nothing for a type; ``path`` says where it is."""

    def __init__(self, path: str, reason: str, fix: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
        self.fix = fix


class SchemaGenerator(GenerateJsonSchema):
    """Describes types as they really travel.

    Beyond Pydantic's own generator it refuses untyped serializers and defaults that JSON
    lacks, marks fields with a default as required where they are sent, for they always are,
    and adds ``x-enum-varnames``, the names of an enum's members.
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        super().__init__(by_alias=True)
        self.invalid: dict[str, Undescribable] = {}
        """Definitions that could not be described, by reference."""
        self._given = names
        self._segments: list[str] = []
        self._fields: dict[int, str] = {}

    def get_defs_ref(self, core_mode_ref: CoreModeRef) -> DefsRef:
        core_ref, mode = core_mode_ref
        if self._given is not None:
            full = full_name(core_ref)
            # Without dots, so that it is taken as it is; with an id, as Pydantic expects one.
            core_ref = CoreRef(f"{self._given.get(full, full.replace('.', '__'))}:0")
        return super().get_defs_ref((core_ref, mode))

    def generate_inner(self, schema: Any) -> Any:
        kind = schema["type"]
        if kind in ("model-fields", "typed-dict"):
            self._fields.update((id(field), name) for name, field in schema["fields"].items())
        elif kind == "dataclass-args":
            self._fields.update((id(field), field["name"]) for field in schema["fields"])
        elif kind == "computed-field":
            self._fields[id(schema)] = schema["property_name"]
        with self._inside(self._fields.get(id(schema)) or ("[]" if kind in _CONTAINERS else "")):
            return super().generate_inner(schema)

    def definitions_schema(self, schema: Any) -> Any:
        for definition in schema["definitions"]:
            outside, self._segments = self._segments, [short_name(full_name(definition["ref"]))]
            try:
                self.generate_inner(definition)
            except Undescribable as error:  # counts only where it is used
                reference = self.get_cache_defs_ref_schema(definition["ref"])[1]["$ref"]
                self.invalid[reference] = error
            finally:
                self._segments = outside
        return self.generate_inner(schema["schema"])

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Any:
        what = error_info.removeprefix("core_schema.")
        fix = "use a type that JSON can carry, or say its schema with pydantic.WithJsonSchema"
        raise self._undescribable(f"JSON Schema has nothing for it ({what})", fix)

    def is_subclass_schema(self, schema: Any) -> Any:
        return self.handle_invalid_for_json_schema(schema, "a class")

    def ser_schema(self, schema: Any) -> Any:
        function = schema.get("function")
        if (
            schema["type"] in ("function-plain", "function-wrap")
            and schema.get("return_schema") is None
            and not (getattr(function, "__module__", "") or "").startswith("pydantic")
        ):
            name = getattr(function, "__qualname__", repr(function))
            raise self._undescribable(
                f"its serializer {name} does not say what it returns",
                "annotate what the serializer returns, or give it return_type=",
            )
        return super().ser_schema(schema)

    def enum_schema(self, schema: Any) -> Any:
        described = super().enum_schema(schema)
        described["x-enum-varnames"] = [member.name for member in schema["members"]]
        return described

    def field_is_required(self, field: Any, total: bool) -> bool:
        if (
            self.mode == "serialization"
            and field["type"] != "typed-dict-field"
            and field.get("serialization_exclude_if") is None
        ):
            return not _may_be_missing(field["schema"])
        return super().field_is_required(field, total)

    def emit_warning(self, kind: Any, detail: str) -> None:
        active = sys.exception()
        if isinstance(active, Undescribable):
            raise active
        fix = "use a value of the field's type, or a default_factory"
        raise self._undescribable(detail.partition("; excluding")[0], fix)

    def _undescribable(self, reason: str, fix: str) -> Undescribable:
        path = ".".join(self._segments).replace(".[]", "[]")
        return Undescribable(path, reason, fix)

    @contextmanager
    def _inside(self, segment: str) -> Iterator[None]:
        if segment:
            self._segments.append(segment)
        yield
        if segment:
            self._segments.pop()


def _may_be_missing(schema: Any) -> bool:
    """Whether a field of this schema can be left out of what is sent."""
    kind = schema["type"]
    if kind == "missing-sentinel" or (kind == "default" and schema.get("default") is MISSING):
        return True
    if kind == "union":
        choices = (c[0] if isinstance(c, tuple) else c for c in schema["choices"])
        return any(_may_be_missing(choice) for choice in choices)
    return kind in _TRANSPARENT and _may_be_missing(schema["schema"])


def find_fault(
    schema: Any, definitions: dict[Any, Any], invalid: Mapping[str, Undescribable]
) -> Undescribable | None:
    """What is wrong with a finished schema: a part that is missing, or no JSON."""
    seen: set[str] = set()

    def visit(node: Any, path: str) -> Undescribable | None:
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference not in seen:
                seen.add(reference)
                name = reference.removeprefix("#/$defs/")
                if reference in invalid and name not in definitions:
                    return invalid[reference]
                if name in definitions and (fault := visit(definitions[name], name)):
                    return fault
            parts = ((value, f"{path}.{key}" if path else str(key)) for key, value in node.items())
        elif isinstance(node, list | tuple):
            parts = ((value, f"{path}[{number}]") for number, value in enumerate(node))
        elif _is_json(node):
            return None
        else:
            where = path.replace(".properties.", ".").removeprefix("properties.")
            fix = "leave it out, or use a default_factory"
            return Undescribable(where, f"{node!r} is no JSON", fix)
        return next((fault for part in parts if (fault := visit(*part))), None)

    return visit(schema, "")


def _is_json(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return value is None or isinstance(value, bool | int)


def full_name(core_ref: str) -> str:
    """A type's module and name, from Pydantic's reference to it: without ids of objects."""
    parts = re.split(r"([\][,])", core_ref)
    return "".join(part.rsplit(":", 1)[0] for part in parts)


def full_names(core_refs: Sequence[CoreModeRef]) -> dict[str, set[str]]:
    """The full names of the types, each with the references that have it."""
    names: dict[str, set[str]] = defaultdict(set)
    for core_ref, _mode in core_refs:
        names[full_name(core_ref)].add(cast("str", core_ref))
    return names


def short_name(full: str) -> str:
    """A full name without its modules: ``Page[Item]``."""
    parts = re.split(r"([\][,])", full)
    return "".join(part.rsplit(".", 1)[-1] for part in parts)


def short_names(full: Sequence[str]) -> dict[str, str]:
    """Names for the definitions: short where no other type has it, else with the module."""
    by_short: dict[str, list[str]] = defaultdict(list)
    for name in full:
        by_short[_normal(short_name(name))].append(name)
    return {
        name: short if len(names) == 1 else _normal(name).replace(".", "__")
        for short, names in by_short.items()
        for name in names
    }


def _normal(name: str) -> str:
    """Only what Pydantic keeps in the name of a definition."""
    return re.sub(r"[^a-zA-Z0-9.\-_]", "_", name)
