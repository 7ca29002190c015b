"""Handlers whose types are every row of the type table: the source that clients are generated
of, and the server that they call."""

from __future__ import annotations

import datetime
import decimal
import uuid
from typing import Any

import scalars
import shapes
from centrirpc import websocket_rpc
from pydantic import BaseModel

ECHOED: dict[str, type[BaseModel]] = {
    f"echo.{model.__name__.lower()}": model
    for model in (
        scalars.Primitives,
        scalars.Formats,
        scalars.Times,
        scalars.Seconds,
        scalars.Amounts,
        scalars.Blobs,
        scalars.Literals,
        scalars.Constraints,
        shapes.Presence,
        shapes.Excluded,
        shapes.Lists,
        shapes.Maps,
        shapes.Anything,
        shapes.Tree,
        shapes.Left,
        shapes.Pets,
        shapes.Unions,
        shapes.Pages,
        shapes.Namesakes,
        shapes.Roots,
        shapes.Aliases,
        shapes.TwoAliases,
        shapes.Extras,
        shapes.Computed,
        shapes.Others,
    )
}
"""Methods that return their params."""

GIVEN: dict[str, Any] = {
    "give.text": str,
    "give.whole": int,
    "give.maybe": float | None,
    "give.moment": datetime.datetime,
    "give.amount": decimal.Decimal,
    "give.ids": list[uuid.UUID],
    "give.pet": shapes.Pet,
    "give.either": int | str,
    "give.page": shapes.Page[shapes.Item],
    "give.numbers": shapes.Numbers,
    "give.options": shapes.Options,
    "give.points": dict[str, shapes.Point],
    "give.state": scalars.State,
    "give.anything": Any,
}
"""Methods that return what is no model."""

VALUES: list[Any] = []
"""What the latter return."""


class Which(BaseModel):
    """Says which of the values to give."""

    number: int


def register(method: str, params: Any, result: Any) -> None:
    async def handler(params: Any) -> Any:
        return VALUES[params.number] if isinstance(params, Which) else params

    handler.__name__ = handler.__qualname__ = method.replace(".", "_")
    handler.__annotations__ = {"params": params, "return": result}
    websocket_rpc(method)(handler)


for echoed, model in ECHOED.items():
    register(echoed, model, model)
for given, result in GIVEN.items():
    register(given, Which, result)
