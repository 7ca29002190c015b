"""Records every Pydantic model of an installed package as a source contract file: a method for
each, that takes the model and returns it. Descriptions are left out; they are not ours.

Run where the package is installed: python record_package.py MODULE FILE.json.gz
"""

# ruff: noqa: E501

import gzip
import importlib
import inspect
import json
import pathlib
import pkgutil
import sys
import warnings
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticUserError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema


class Sent(GenerateJsonSchema):
    """Says that a field with a default is always sent, as the exporter does."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == "serialization" and field["type"] != "typed-dict-field":
            return field.get("serialization_exclude_if") is None
        return super().field_is_required(field, total)


def models(name: str) -> dict[str, type[BaseModel]]:
    """The package's models by their full names."""
    root = importlib.import_module(name)
    modules = [root]
    for info in pkgutil.walk_packages(root.__path__, name + "."):
        modules.append(importlib.import_module(info.name))
    found = {}
    for module in modules:
        for value in vars(module).values():
            if inspect.isclass(value) and issubclass(value, BaseModel) and value.__module__.startswith(name):
                try:
                    value.model_json_schema()
                except PydanticUserError as error:
                    print(f"left out: {value.__qualname__}: {error.message}", file=sys.stderr)
                    continue
                found[f"{value.__module__}.{value.__qualname__}"] = value
    return dict(sorted(found.items()))


def bare(node: Any) -> Any:
    """A schema without descriptions."""
    if isinstance(node, dict):
        return {key: bare(value) for key, value in node.items() if key != "description" or not isinstance(value, str)}
    return [bare(item) for item in node] if isinstance(node, list) else node


def record(name: str) -> dict[str, Any]:
    found = models(name)
    defs = {}
    modes: tuple[JsonSchemaMode, JsonSchemaMode] = ("validation", "serialization")
    schemas: dict[Any, Any] = {}
    for mode in modes:
        refs, whole = models_json_schema([(m, mode) for m in found.values()], schema_generator=Sent)
        schemas.update(refs)
        defs[mode] = bare(whole)["$defs"]

    def params(model: type[BaseModel]) -> Any:
        schema = schemas[model, "validation"]
        target = defs["validation"][schema["$ref"].removeprefix("#/$defs/")]
        return schema if "properties" in target else None

    return {
        "centrirpc_source": 1,
        "name": name.replace(".", "_"),
        "doc": "",
        "methods": [
            {
                "name": full, "kind": "call", "doc": "", "deprecated": "", "timeout_ms": 0, "idempotent": False,
                "params": params(model), "result": schemas[model, "serialization"], "errors": [],
                "source": "",
            }
            for full, model in found.items()
        ],
        "errors": [],
        "channels": [],
        "validation": {"$defs": defs["validation"]},
        "serialization": {"$defs": defs["serialization"]},
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    text = json.dumps(record(sys.argv[1]), separators=(",", ":")) + "\n"
    pathlib.Path(sys.argv[2]).write_bytes(gzip.compress(text.encode(), 9, mtime=0))
