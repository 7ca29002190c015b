"""Pydantic's JSON Schema of types, refusing what it cannot describe instead of guessing."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, get_type_hints

from pydantic import BaseModel
from pydantic.json_schema import CoreModeRef, CoreRef, DefsRef, GenerateJsonSchema
from pydantic_core import MISSING

__all__ = ["Mode", "SchemaGenerator", "Undescribable", "find_faults", "full_names", "short_names"]

Mode = Literal["validation", "serialization"]
"""Params are described as they are validated, results and events as they are serialised."""

FAULTS = "x-centrirpc-faults"
"""Where a definition that cannot be described says why; it is not exported then."""

_CONTAINERS = {"list", "set", "frozenset", "deque", "tuple", "dict", "generator", "frozendict"}
_CLASSES = {"model", "dataclass", "typed-dict"}
_TRANSPARENT = {"default", "nullable", "function-before", "function-after", "function-wrap"}
_STRUCTURES = {"model-fields", "typed-dict", "dataclass-args"}
# What Pydantic writes as the text of a key that it cannot read again: "1,2", "None".
_NO_KEYS = {"tuple", "list", "set", "frozenset", "deque", "dict", "frozendict", "generator"}
_NO_KEYS |= {"named-tuple", "model", "dataclass", "typed-dict", "nullable", "none"}


@dataclass(frozen=True, slots=True)
class Undescribable:
    """Something that JSON Schema has nothing for."""

    path: str
    """Where it is, below the type that was to be described."""
    reason: str
    fix: str
    type: Any = None
    """The annotation of the innermost field around it; None if there is none."""


class SchemaGenerator(GenerateJsonSchema):
    """Describes types as they really travel.

    What cannot be described is kept in :attr:`faults`, and anything stands in its place, so
    that one run finds all of it. Beyond Pydantic's own generator it refuses untyped serializers,
    defaults that JSON lacks, enums without members or with values that JSON lacks, two fields of
    one name, and keys that Pydantic writes but cannot read. It marks fields with a default as
    required where they are sent, for they always are, and adds ``x-enum-varnames``, the names of
    an enum's members, ``"x-offset": "required"`` to times that never lack an offset
    (AwareDatetime), and the format ``decimal`` to Decimals.
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        super().__init__(by_alias=True)
        self.faults: list[Undescribable] = []
        """What could not be described; that of definitions is in them, at :data:`FAULTS`."""
        self._given = names
        self._numbers: dict[str, int] = {}
        self._segments: list[str] = []
        self._fields: dict[int, str] = {}
        self._classes: list[Any] = []
        self._types: list[Any] = []
        self._defined: dict[str, Any] = {}

    def get_defs_ref(self, core_mode_ref: CoreModeRef) -> DefsRef:
        core_ref, mode = core_mode_ref
        if self._given is not None:
            # Without dots, so that Pydantic takes the name as it is; with an id, so that it
            # numbers types that even so are different.
            number = self._numbers.setdefault(core_ref, len(self._numbers))
            core_ref = CoreRef(f"{self._given[core_ref]}:{number}")
        return super().get_defs_ref((core_ref, mode))

    def generate_inner(self, schema: Any) -> Any:
        kind = schema["type"]
        if kind in ("model-fields", "typed-dict"):
            self._fields.update((id(field), name) for name, field in schema["fields"].items())
        elif kind == "dataclass-args":
            self._fields.update((id(field), field["name"]) for field in schema["fields"])
        elif kind == "computed-field":
            self._fields[id(schema)] = schema["property_name"]
        name = self._fields.get(id(schema))
        with self._within(schema, name), self._inside(name or "[]" * (kind in _CONTAINERS)):
            if "ref" not in schema:
                return self._checked(schema)
            outside, self.faults = self.faults, []
            described = self._checked(schema)
            if self.faults:  # they count only where the definition is used, and in all places
                name = self.get_cache_defs_ref_schema(schema["ref"])[0]
                self.definitions[name][FAULTS] = self.faults
            self.faults = outside
            return described

    def _checked(self, schema: Any) -> Any:
        """Describe it, if nothing is wrong that Pydantic would say nothing of."""
        if schema["type"] in _STRUCTURES:
            self._check_fields(schema)
        if "keys_schema" in schema:
            values = self._segments.pop()
            self._check_key(schema["keys_schema"])
            self._segments.append(values)
        return super().generate_inner(schema)

    def definitions_schema(self, schema: Any) -> Any:
        self._defined.update(
            (definition["ref"], definition) for definition in schema["definitions"]
        )
        for definition in schema["definitions"]:
            outside, self._segments = self._segments, [self._own_name(definition)]
            self.generate_inner(definition)
            self._segments = outside
        return self.generate_inner(schema["schema"])

    def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> Any:
        what = error_info.removeprefix("core_schema.")
        fix = "use a type that JSON can carry, or say its schema with pydantic.WithJsonSchema"
        return self._refuse(f"JSON Schema has nothing for it ({what})", fix)

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
            return self._refuse(
                f"its serializer {name} does not say what it returns",
                "annotate what the serializer returns, or give it return_type=",
            )
        return super().ser_schema(schema)

    def enum_schema(self, schema: Any) -> Any:
        if not schema["members"]:
            name = schema["cls"].__name__
            fix = "use an enum of your own, with the values that there are"
            return self._refuse(f"the enum {name} has no members", fix)
        described = super().enum_schema(schema)
        for value in described.get("enum", [described.get("const")]):
            if isinstance(value, dict | list | tuple):
                fix = "let its values be strings, numbers, booleans or None"
                name = schema["cls"].__name__
                return self._refuse(f"the enum {name} has the value {value!r}", fix)
        described["x-enum-varnames"] = [member.name for member in schema["members"]]
        return described

    def datetime_schema(self, schema: Any) -> Any:
        described = super().datetime_schema(schema)
        if schema.get("tz_constraint") not in (None, "naive"):
            described["x-offset"] = "required"
        return described

    def decimal_schema(self, schema: Any) -> Any:
        described = super().decimal_schema(schema)
        text = described["anyOf"][1] if "anyOf" in described else described
        text["format"] = "decimal"
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
        fix = "use a value of the field's type, or a default_factory"
        self._refuse(detail.partition("; excluding")[0], fix)

    def _check_fields(self, schema: Any) -> None:
        """Refuse two fields of one name: the schema would have but one of them."""
        fields = schema["fields"]
        named = (
            [(field["name"], field) for field in fields]
            if schema["type"] == "dataclass-args"
            else list(fields.items())
        )
        if self.mode == "serialization":
            named += [
                (field["property_name"], field) for field in schema.get("computed_fields", ())
            ]
        owners: dict[str, str] = {}
        for name, field in named:
            if field["type"] != "computed-field" and not self.field_is_present(field):
                continue
            key = self._key(field, name)
            other = owners.setdefault(key, name)
            if other != name:
                reason = f"the fields {other} and {name} are both called {key!r} in JSON"
                self._refuse(reason, "give one of them another alias")

    def _key(self, field: Any, name: str) -> str:
        """What a field is called in JSON."""
        if field["type"] == "computed-field":
            return str(field.get("alias", name))
        alias = field.get(f"{self.mode}_alias", name)
        if isinstance(alias, str):
            return alias
        plain = (path[0] for path in alias if len(path) == 1 and isinstance(path[0], str))
        return next(plain, name)

    def _check_key(self, schema: Any) -> None:
        """Refuse keys that Pydantic writes as a text that it cannot read."""
        kind = schema["type"]
        if kind in _NO_KEYS:
            what = {"none": "None", "nullable": "None"}.get(kind, f"a {kind}")
            reason = f"its keys may be {what}, and no text in JSON is read as that"
            self._refuse(reason, "use keys of str, int or another type of one text")
        elif kind == "literal" and any(type(value) is int for value in schema["expected"]):
            reason = "its keys are literal integers, and no text in JSON is read as those"
            self._refuse(reason, "use an IntEnum, or int")
        elif kind == "definition-ref" and schema["schema_ref"] in self._defined:
            self._check_key(self._defined[schema["schema_ref"]])
        elif kind == "union":
            for choice in schema["choices"]:
                self._check_key(choice[0] if isinstance(choice, tuple) else choice)
        elif kind == "json-or-python":
            self._check_key(schema["json_schema"])
        elif kind == "lax-or-strict":
            self._check_key(schema["lax_schema"])
        elif "schema" in schema:
            self._check_key(schema["schema"])

    def _own_name(self, definition: Any) -> str:
        return _short_name(full_names([definition["ref"]])[definition["ref"]])

    def _refuse(self, reason: str, fix: str) -> Any:
        """Keep a fault, and give the schema of anything to go on with."""
        path = ".".join(self._segments).replace(".[]", "[]")
        fault = Undescribable(path, reason, fix, self._types[-1] if self._types else None)
        if fault not in self.faults:
            self.faults.append(fault)
        return {}

    @contextmanager
    def _within(self, schema: Any, field: str | None) -> Iterator[None]:
        """Remember the class around, and the annotation of the field."""
        classes = [schema["cls"]] if schema["type"] in _CLASSES and "cls" in schema else []
        types = [_annotation(self._classes[-1], field)] if field and self._classes else []
        self._classes += classes
        self._types += types
        yield
        del self._classes[len(self._classes) - len(classes) :]
        del self._types[len(self._types) - len(types) :]

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


def _annotation(of: Any, field: str) -> Any:
    """A field's type as its class says it; None if that cannot be read."""
    if isinstance(of, type) and issubclass(of, BaseModel):
        return of.model_fields[field].annotation if field in of.model_fields else None
    try:
        return get_type_hints(of).get(field)
    except Exception:  # it names what is not there
        return None


def find_faults(schema: Any, definitions: Mapping[Any, Any]) -> list[Undescribable]:
    """What is wrong with a finished schema: faults of its definitions, or what is no JSON."""
    seen: set[str] = set()
    found: list[Undescribable] = []

    def visit(node: Any, path: str) -> None:
        if isinstance(node, dict):
            reference = node.get("$ref")
            if isinstance(reference, str) and reference not in seen:
                seen.add(reference)
                name = reference.removeprefix("#/$defs/")
                visit(definitions.get(name), name)
            found.extend(
                fault for fault in node.get(FAULTS, ()) if isinstance(fault, Undescribable)
            )
            for key, value in node.items():
                if key != FAULTS:
                    visit(value, f"{path}.{key}" if path else str(key))
        elif isinstance(node, list | tuple):
            for number, value in enumerate(node):
                visit(value, f"{path}[{number}]")
        elif not _is_json(node):
            where = path.replace(".properties.", ".").removeprefix("properties.")
            fix = "leave it out, or use a default_factory"
            found.append(Undescribable(where, f"{node!r} is no JSON", fix))

    visit(schema, "")
    return found


def _is_json(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    return value is None or isinstance(value, bool | int)


def full_names(core_refs: Iterable[str]) -> dict[str, str]:
    """The module and name of each type, from Pydantic's references: ``app.Page[app.Item]``.

    A reference names a generic's arguments by the bare class and its id.
    """
    references = set(core_refs)
    by_id = {
        number: name
        for name, colon, number in (reference.rpartition(":") for reference in references)
        if colon and "[" not in name
    }

    def full(part: str) -> str:
        name, _, number = part.rpartition(":")
        return by_id.get(number, name)

    return {
        reference: "".join(full(part) if ":" in part else part for part in _parts(reference))
        for reference in references
    }


def short_names(full: Iterable[str]) -> dict[str, str]:
    """Names for the definitions: short where no other type has it, else with the module."""
    by_short: dict[str, list[str]] = defaultdict(list)
    for name in sorted(set(full)):
        by_short[_normal(_short_name(name))].append(name)
    return {
        name: short if len(names) == 1 else _normal(name).replace(".", "__")
        for short, names in by_short.items()
        for name in names
    }


def _short_name(full: str) -> str:
    """A full name without its modules: ``Page[Item]``."""
    return "".join(part.rsplit(".", 1)[-1] for part in _parts(full))


def _parts(name: str) -> list[str]:
    """The names in a generic's name, and the brackets and commas between them."""
    return re.split(r"([\][,])", name)


def _normal(name: str) -> str:
    """Only what Pydantic keeps in the name of a definition."""
    return re.sub(r"[^a-zA-Z0-9.\-_]", "_", name)
