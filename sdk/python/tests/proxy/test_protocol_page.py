"""The request and the answers that PROTOCOL.md shows, section 8."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from centrirpc import CallError, Conn, MessageRouter, Registry, websocket_rpc
from centrirpc.proxy import Endpoint, ProxyRequest

from .conftest import SECRET


class StatsParams(BaseModel):
    user_id: str


class Stats(BaseModel):
    total: int


def block() -> tuple[str, list[Any]]:
    """The request as it stands there, and the bodies of its answers."""
    page = (Path(__file__).parents[4] / "PROTOCOL.md").read_text()
    text = page.split("\n## 8. ")[1].split("```")[1]
    sent, *answers = text.split("\n<- 200 ")
    return sent.strip().removeprefix("-> "), [json.loads(answer) for answer in answers]


async def test_the_exchange_of_the_page() -> None:
    rpc = Registry()
    seen: list[Conn] = []
    busy = False

    @websocket_rpc("tasks.get_stats", registry=rpc)
    async def get_stats(conn: Conn, params: StatsParams) -> Stats:
        if busy:
            raise CallError(503, "…")
        seen.append(conn)
        return Stats(total=100)

    request, (result, refused) = block()
    router = MessageRouter()
    router.include(rpc)
    endpoint = Endpoint(router, secret=SECRET)

    async def answer() -> Any:
        decoded = endpoint.decode(request.encode())
        assert isinstance(decoded, ProxyRequest)
        return json.loads(await endpoint.answer(decoded))

    assert await answer() == result
    busy = True
    assert await answer() == refused
    assert seen == [Conn("456", "60d1a6cd-…", "websocket", meta={"role": "admin"})]
