"""Calls both methods with one client, again at each line of standard input.

python client.py URL TOKEN
"""

import asyncio
import sys

from sdk.python import APIClient, CentrifugoRPCClient, Get


async def main(url: str, token: str) -> None:
    rpc = CentrifugoRPCClient(url, token, sdk_options={"proxy": None})
    api = APIClient(rpc)
    async with rpc:
        while await asyncio.to_thread(sys.stdin.readline):
            left = await api.stock_left(Get(id=5))
            taken = await api.stock_take(Get(id=5))
            same = str((await api.check_contract()).same).lower()
            print(left.left, left.told, taken.left, taken.told, same, flush=True)


asyncio.run(main(*sys.argv[1:]))
