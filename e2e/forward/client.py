"""Calls methods of one server, whoever has their handlers.

python client.py URL TOKEN
"""

import asyncio
import sys

from all_client import (
    Add,
    APIClient,
    CentrifugoRPCClient,
    Get,
    OutOfStockError,
    ServerError,
    SumParams,
)


async def main(url: str, token: str) -> None:
    rpc = CentrifugoRPCClient(url, token, sdk_options={"proxy": None})
    api = APIClient(rpc)
    async with rpc:
        total = await api.math_sum(SumParams(a=1, b=2))
        order = await api.orders_add(Add(item="book"))
        left = await api.orders_left(Get(id=5))
        out = refused = None
        try:
            await api.orders_add(Add(item="moon"))
        except OutOfStockError as error:
            out = error
        try:
            await api.orders_add(Add.model_construct(item=""))
        except ServerError as error:
            refused = error
        assert out is not None
        assert refused is not None
        found = await api.check_contract()
        same = str(found.same).lower()
        print(total.sum, order.id, order.state, left.left, out.details.left, refused.code, same)


asyncio.run(main(*sys.argv[1:]))
