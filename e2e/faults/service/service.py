"""Handlers in Python that nodes forward calls to. They write each run to the journal of the
test, as the nodes' own handlers do; see server/router.go.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from centrirpc import Conn, websocket_rpc
from centrirpc.asgi import RPCApp
from pydantic import BaseModel

JOURNAL = Path(os.environ.get("JOURNAL", os.devnull))


class Work(BaseModel):
    """Asks for a call."""

    say: str
    """The call's key. It comes back, to tell replies apart."""
    file: str = ""
    """Holds the call up until there is a file of that name. Empty means that it is not held up."""


class Did(BaseModel):
    """What came of it."""

    say: str


def write(what: str, conn: Conn, key: str) -> None:
    with JOURNAL.open("a") as journal:
        journal.write(f"{what} {conn.user_id} {key}\n")


async def work(params: Work, conn: Conn) -> Did:
    write("start", conn, params.say)
    while params.file and not Path(params.file).exists():
        await asyncio.sleep(0.005)
    write("done", conn, params.say)
    return Did(say=params.say)


@websocket_rpc("once", timeout=300)
async def once(params: Work, conn: Conn) -> Did:
    return await work(params, conn)


@websocket_rpc("again", timeout=300, idempotent=True)
async def again(params: Work, conn: Conn) -> Did:
    return await work(params, conn)


@websocket_rpc("brief", timeout=5)
async def brief(params: Work, conn: Conn) -> Did:
    return await work(params, conn)


app = RPCApp(secret=os.environ.get("SECRET"), insecure="SECRET" not in os.environ)
