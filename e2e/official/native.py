"""Calls methods by the RPC of the official Python SDK: nothing of ours is used.

Prints how each call ended, as JSON: {"data": …} or {"code": …, "message": …}.

    python native.py ws://… TOKEN '[["method", params], …]'
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from centrifuge import Client, ReplyError


async def main(url: str, token: str, calls: str) -> None:
    client = Client(url, token=token)
    await client.connect()
    ended: list[dict[str, Any]] = []
    for method, params in json.loads(calls):
        try:
            ended.append({"data": (await client.rpc(method, params)).data})
        except ReplyError as error:
            ended.append({"code": error.code, "message": str(error)})
    await client.disconnect()
    print(json.dumps(ended))


asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), 30))
