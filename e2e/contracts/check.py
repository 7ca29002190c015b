"""Prints how each contract's client finds that it stands to the server.

    python check.py URL TOKEN NAME...
"""

import asyncio
import importlib
import sys


async def check(url: str, token: str, name: str) -> None:
    package = importlib.import_module(f"{name}_client")
    rpc = package.CentrifugoRPCClient(url, token, sdk_options={"proxy": None})
    api = package.APIClient(rpc)
    async with rpc:
        found = await api.check_contract()
        print(name, found.same, found.compatible, found.server_hash)


async def main(url: str, token: str, *names: str) -> None:
    for name in names:
        await check(url, token, name)


asyncio.run(main(*sys.argv[1:]))
