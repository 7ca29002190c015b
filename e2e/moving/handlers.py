"""Handlers that move to Go, one after the other."""

from __future__ import annotations

from typing import Annotated

from centrirpc import Conn, websocket_rpc
from pydantic import BaseModel, Field

Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""What Go's int64 holds."""


class Get(BaseModel):
    id: Int64


class Stock(BaseModel):
    left: Int64
    told: str
    """By whom, and whom."""


@websocket_rpc("stock.left", idempotent=True)
async def left(params: Get, conn: Conn) -> Stock:
    return Stock(left=params.id, told=f"Django {conn.user_id}")


@websocket_rpc("stock.take")
async def take(params: Get, conn: Conn) -> Stock:
    return Stock(left=params.id - 1, told=f"Django {conn.user_id}")
