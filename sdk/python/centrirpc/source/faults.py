"""Pydantic's errors as the protocol's faults: field, rule and message."""

from __future__ import annotations

import re
from typing import Any

from pydantic import TypeAdapter, ValidationError

from .call_error import Fault

__all__ = ["Paths", "faults_of"]

_MAX_FAULTS = 64

# Of those faults' paths and messages together, in characters, but for the first: hostile keys
# can be long, and stand in the path of all that is below them.
_MAX_TEXT = 32 << 10

# Pydantic's types of error, as the rules that Go's validator and the protocol name.
_RULES = {
    "missing": "required",
    "union_tag_not_found": "required",
    "extra_forbidden": "unknown",
    "enum": "enum",
    "literal_error": "enum",
    "union_tag_invalid": "enum",
    "greater_than": "gt",
    "greater_than_equal": "gte",
    "less_than": "lt",
    "less_than_equal": "lte",
    "string_too_short": "min",
    "string_too_long": "max",
    "bytes_too_short": "min",
    "bytes_too_long": "max",
    "too_short": "min",
    "too_long": "max",
    "string_pattern_mismatch": "pattern",
    "json_invalid": "json",
    "value_error": "value",
    "assertion_error": "value",
}

# Of another type than the field's, in Pydantic's words.
_TYPE = re.compile(
    r".*_(type|parsing|parsing_size|invalid|invalid_encoding|unicode)|int_.*|date_from_datetime_.*"
    r"|is_instance_of|is_subclass_of|timezone_.*|url_.*|uuid_version|finite_number|invalid_key"
    r"|none_required|missing_sentinel_error|set_item_not_hashable"
)


def faults_of(error: ValidationError, paths: Paths, data: Any) -> list[Fault]:
    """The faults of params that did not fit, at most 64, with paths in JSON names.

    ``data`` is the decoded JSON of the params.
    """
    faults: list[Fault] = []
    listed = 0
    for fault in error.errors(include_url=False, include_input=False)[:_MAX_FAULTS]:
        kind = fault["type"]
        missing = kind == "missing"
        field = paths.path(fault["loc"], data, missing=missing)
        if kind in ("union_tag_not_found", "union_tag_invalid"):
            tag = _tag(str(fault.get("ctx", {}).get("discriminator", "")))
            if tag:
                field = f"{field}.{tag}" if field else tag
                missing = kind == "union_tag_not_found"
        message = "is required" if missing else _text(kind, fault["msg"])
        rule = _RULES.get(kind) or ("type" if _TYPE.fullmatch(kind) else kind)
        joint = " " if missing else ": "
        message = f"{field or 'the params'}{joint}{message}"
        listed += len(field) + len(message)
        if faults and listed > _MAX_TEXT:
            break
        faults.append({"field": field, "rule": rule, "message": message})
    return faults


def _text(kind: str, message: str) -> str:
    """A validator's own words, without those that Pydantic puts before them."""
    words = {"value_error": "Value error, ", "assertion_error": "Assertion failed, "}
    return message.removeprefix(words.get(kind, ""))


def _tag(discriminator: str) -> str:
    """The JSON name of a union's tag, empty if a function finds the tag.

    Pydantic writes ``'kind'``, with an alias ``'kind' | 'k'``, of a function ``choose()``.
    """
    name = discriminator.rpartition(" | ")[2]
    return name[1:-1] if len(name) > 2 and name[0] == name[-1] == "'" else ""


class Paths:
    """Turns Pydantic's locations into paths.

    A location mixes keys of the data with labels of union branches and validators. The
    JSON Schema and the data tell which is which, and maps from objects.
    """

    def __init__(self, adapter: TypeAdapter[Any]) -> None:
        try:
            self._schema: Any = adapter.json_schema(by_alias=True)
        except Exception:
            self._schema = {}  # cannot be described: the data alone has to do

    def path(
        self,
        location: tuple[int | str, ...],
        data: Any,
        *,
        missing: bool = False,
        labels: bool = True,
    ) -> str:
        """The path of a location in the data.

        Where a key is ``missing`` it is the last part. Without ``labels``, all parts are keys and
        indexes.
        """
        path, schemas = "", [self._schema]
        for number, part in enumerate(location):
            last = number == len(location) - 1
            schemas = [choice for schema in schemas for choice in self._choices(schema)]
            if isinstance(part, int) and isinstance(data, list):
                path += f"[{part}]"
                schemas = _items(schemas, part)
                data = data[part] if part < len(data) else None
            elif isinstance(part, str) and ((missing and last) or _has(data, part)):
                fields = [s["properties"][part] for s in schemas if part in s.get("properties", ())]
                extras = [s.get("additionalProperties") for s in schemas]
                entries = [extra for extra in extras if isinstance(extra, dict)]
                if labels and not last and self._schema and not fields and not entries:
                    continue  # a label that happens to be a key too
                if entries and not fields:
                    path += f"[{part}]"
                else:
                    path += f".{part}" if path else part
                schemas = fields or entries
                data = data.get(part) if isinstance(data, dict) else None
        return path

    def _choices(self, schema: Any) -> list[dict[str, Any]]:
        """A schema's alternatives, references followed."""
        if not isinstance(schema, dict):
            return []
        reference = schema.get("$ref")
        if isinstance(reference, str):
            target = self._schema.get("$defs", {}).get(reference.removeprefix("#/$defs/"))
            return self._choices(target)
        branches = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
        if branches:
            return [choice for branch in branches for choice in self._choices(branch)]
        return [schema]


def _has(data: Any, key: str) -> bool:
    return isinstance(data, dict) and key in data


def _items(schemas: list[dict[str, Any]], index: int) -> list[Any]:
    found = []
    for schema in schemas:
        prefix = schema.get("prefixItems", [])
        found.append(prefix[index] if index < len(prefix) else schema.get("items"))
    return found
