"""Says which params the handlers take, whatever they answer then."""

import asyncio
import json
import sys

import handlers  # noqa: F401

from centrirpc import CallError, Conn
from centrirpc.source import default_registry


async def takes(method: str, params: str) -> bool:
    try:
        await default_registry.call(method, json.loads(params), Conn("ann"))
    except CallError as error:
        if error.code not in (400, 404):
            raise
        return error.code != 400
    return True


async def main() -> None:
    cases = json.load(sys.stdin)
    print(json.dumps([await takes(case["method"], case["params"]) for case in cases]))


asyncio.run(main())
