"""Says which params the models of two generated clients take, and what they would send."""

import importlib
import json
import sys
from typing import Any

from pydantic import BaseModel, ValidationError


def sent(model: type[BaseModel], params: str) -> Any:
    try:
        value = model.model_validate_json(params)
    except ValidationError:
        return None
    return json.loads(value.model_dump_json(by_alias=True, exclude_unset=True))


clients = [importlib.import_module(f"{source}.python") for source in ("of_go", "of_pydantic")]
print(
    json.dumps(
        [
            [sent(getattr(client, case["type"]), case["params"]) for client in clients]
            for case in json.load(sys.stdin)
        ]
    )
)
