"""Records cases from Pydantic: what the modules of cases call."""

# Several models are called the same or are named in odd ways on purpose.
# ruff: noqa: E501

from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, models_json_schema

CASES: dict[str, dict[str, Any]] = {}


class Sent(GenerateJsonSchema):
    """Says that a field with a default is always sent, as the exporter does."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == "serialization" and field["type"] != "typed-dict-field":
            return field.get("serialization_exclude_if") is None
        return super().field_is_required(field, total)


class Exported(Sent):
    """Adds what JSON Schema loses and the converter reads."""

    def enum_schema(self, schema: Any) -> Any:
        return {**super().enum_schema(schema), "x-enum-varnames": [m.name for m in schema["members"]]}

    def decimal_schema(self, schema: Any) -> Any:
        described = super().decimal_schema(schema)
        (described["anyOf"][1] if "anyOf" in described else described)["format"] = "decimal"
        return described


class Patterns(Sent):
    """Writes the patterns of Decimals, as Pydantic did by default before 2.14."""

    def get_decimal_pattern(self, schema: Any) -> Any:
        return self.build_decimal_pattern(schema)


def case(
    why: str,
    *methods: tuple[str, Any, Any],
    events: Sequence[tuple[str, Any, Any]] = (),
    errors: Sequence[tuple[int, str, Any]] = (),
    generator: type[GenerateJsonSchema] = Sent,
    name: str = "",
) -> None:
    """Records a case: methods are (name, params, result), events (channel, params, event)."""
    accepted = [p for _, p, _ in (*methods, *events) if p]
    sent = [r for _, _, r in (*methods, *events, *errors) if r]
    refs: dict[Any, Any] = {}
    defs: dict[str, Any] = {}
    for mode, models in (("validation", accepted), ("serialization", sent)):
        schemas, whole = models_json_schema(
            [(model, mode) for model in models], by_alias=True, schema_generator=generator
        )
        refs.update(schemas)
        defs[mode] = {"$defs": whole.get("$defs", {})}
    codes = [code for code, _, _ in errors]
    CASES[name or why.split(":")[0]] = {
        "centrirpc_source": 1,
        "name": "cases",
        "doc": why,
        "methods": [
            {
                "name": method, "kind": "call", "doc": "", "deprecated": "", "timeout_ms": 0, "idempotent": False,
                "params": params and refs[params, "validation"],
                "result": result and refs[result, "serialization"],
                "errors": codes, "source": f"cases.py#{method}",
            }
            for method, params, result in methods
        ],
        "errors": [
            {"code": code, "reason": reason, "doc": "", "details": details and refs[details, "serialization"]}
            for code, reason, details in errors
        ],
        "channels": [
            {
                "name": channel, "doc": "", "source": f"cases.py#{channel}",
                "params": params and refs[params, "validation"],
                "event": refs[event, "serialization"],
            }
            for channel, params, event in events
        ],
        **defs,
    }


def both(why: str, model: Any, **kwargs: Any) -> None:
    """Records a model as params and as result of one method."""
    case(why, ("cases.run", model, model), **kwargs)


