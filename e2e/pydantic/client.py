"""Calls methods through the generated Python client: takes {"method", "params"} a line, reads
the params into the method's own type, and answers with the result as that type writes it.

    python client.py URL TOKEN
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
import typing
from typing import Any

from echo_client import APIClient, CentrifugoRPCClient
from pydantic import TypeAdapter


async def call(api: APIClient, method: str, params: str) -> dict[str, Any]:
    bound = getattr(api, method.replace(".", "_"))
    hints = typing.get_type_hints(bound, include_extras=True)
    try:
        result = await bound(TypeAdapter(hints["params"]).validate_json(params))
        written = TypeAdapter(hints["return"]).dump_json(result, by_alias=True, exclude_unset=True)
    except Exception as error:
        return {"fault": "".join(traceback.format_exception_only(error))}
    return {"result": written.decode()}


async def main(url: str, token: str) -> None:
    async with CentrifugoRPCClient(url, token) as rpc:
        api = APIClient(rpc)
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            print(json.dumps(await call(api, asked["method"], asked["params"])), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
