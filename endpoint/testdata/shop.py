"""Handlers that the tests of forwarding call, with the ASGI app that serves them."""

from __future__ import annotations

import asyncio
import enum
import os
from pathlib import Path
from typing import Annotated, Any, Literal

from centrirpc import CallError, Conn, current_call, declare_error, websocket_rpc
from centrirpc.asgi import RPCApp
from pydantic import BaseModel, Field

RUNS = Path(os.environ.get("SHOP_RUNS", os.devnull))
"""A line for each run of a handler, and for how it ended."""


def note(text: str) -> None:
    with RUNS.open("a") as file:
        file.write(text + "\n")


class State(enum.StrEnum):
    OPEN = "open"
    SENT = "sent"


class Order(BaseModel):
    """What somebody buys."""

    id: int
    item: str
    state: State


Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63)]
"""What Go's int64 holds."""


class Stock(BaseModel):
    left: Int64


OutOfStock = declare_error(1001, "out_of_stock", "There are not as many.", details=Stock)


class Add(BaseModel):
    item: Annotated[str, Field(min_length=1, max_length=40)]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    state: State = State.OPEN


@websocket_rpc("orders.add", errors=OutOfStock)
async def add(params: Add) -> Order:
    """Buy something."""
    note("add " + params.item)
    if params.item == "moon":
        raise OutOfStock("there is one moon, and it is taken", Stock(left=0))
    if params.item == "gone":
        os._exit(1)
    return Order(id=7, item=params.item, state=params.state)


class Get(BaseModel):
    id: Int64


@websocket_rpc("orders.get", idempotent=True, timeout=20)
async def get(params: Get) -> Order:
    """Find an order again."""
    note(f"get {params.id}")
    if params.id == 404:
        raise CallError(404, "there is no such order")
    if params.id == 13:
        raise RuntimeError("a secret of the shop")
    return Order(id=params.id, item="book", state=State.SENT)


@websocket_rpc("orders.left", idempotent=True)
async def left(params: Get) -> Stock:
    """How many there are."""
    note(f"left {params.id}")
    return Stock(left=params.id)


class Seen(BaseModel):
    user: str
    client: str
    transport: str
    info: Any
    meta: Any
    correlation_id: str
    traceparent: str


@websocket_rpc("orders.who", volatile=True)
async def who(conn: Conn) -> Seen:
    call = current_call()
    assert call is not None
    return Seen(
        user=conn.user_id,
        client=conn.client_id,
        transport=conn.transport,
        info=conn.info,
        meta=conn.meta,
        correlation_id=call.correlation_id,
        traceparent=call.traceparent,
    )


class Wait(BaseModel):
    seconds: Annotated[float, Field(gt=0)]


@websocket_rpc("orders.wait", timeout=30)
async def wait(params: Wait) -> None:
    note("waiting")
    try:
        await asyncio.sleep(params.seconds)
    except asyncio.CancelledError:
        note("cancelled")
        raise
    note("waited")


@websocket_rpc("orders.seen", notify=True)
async def seen(params: Get) -> None:
    note(f"seen {params.id}")


class Parcel(BaseModel):
    kind: Literal["parcel"]
    grams: Annotated[int, Field(gt=0, multiple_of=5)]


class Letter(BaseModel):
    kind: Literal["letter"]
    pages: Annotated[list[str], Field(max_length=2)]


class Send(BaseModel):
    what: Annotated[Parcel | Letter, Field(discriminator="kind")]
    to: int | str | list[int]
    at: tuple[int, str] | None = None
    speed: Literal["slow", 2] = "slow"
    labels: Annotated[dict[str, str], Field(max_length=2)] = {}


@websocket_rpc("orders.send")
async def send(params: Send) -> list[str]:
    return [params.what.kind, str(params.to)]


@websocket_rpc("orders.large")
async def large(params: Get) -> str:
    return "x" * params.id


app = RPCApp(
    secret=os.environ.get("SHOP_SECRET", "a secret of the shop's tests"), max_request_size=4096
)
