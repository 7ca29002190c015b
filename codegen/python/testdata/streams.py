"""Uses the typed client of streams: mypy checks its types, running it what it reads and sends."""

from __future__ import annotations

import asyncio
import datetime
import logging
import warnings
from typing import Any, assert_type

from streams_client import APIClient, CentrifugoRPCClient, Count, InvalidReplyError, Row, TooManyError, Wanted
from streams_client.rpc_client import Progress, RPCStream

NOON = "2026-01-31T12:00:00Z"


class Unconnected(CentrifugoRPCClient):
    """Tries in vain to connect, so that streams wait; takes replies by hand."""

    def __init__(self) -> None:
        super().__init__("ws://127.0.0.1:1/x", "", "1", on_error=lambda error: None)
        self.options: list[tuple[str, Any, dict[str, Any]]] = []

    def stream(self, method: str, params: Any = None, **options: Any) -> RPCStream[Any, Any]:
        self.options.append((method, params, options))
        return super().stream(method, params, **options)

    async def call(self, method: str, params: Any = None, **options: Any) -> Any:
        self.options.append((method, params, options))
        return {"at": NOON}

    async def notify(self, method: str, params: Any = None, **options: Any) -> None:
        self.options.append((method, params, options))

    def reply(self, stream: RPCStream[Any, Any], **fields: Any) -> None:
        assert self._calls.receive({"correlation_id": stream.correlation_id, **fields})


async def items(api: APIClient, rpc: Unconnected) -> None:
    heard: list[Progress] = []
    stream = api.rows_all(Wanted(n=2), on_progress=heard.append)
    assert_type(stream, RPCStream[Row, Count])
    rpc.reply(stream, progress={"done": 1})
    rpc.reply(stream, seq=0, item={"at": NOON})
    rpc.reply(stream, seq=1, item={"at": NOON, "note": "", "newer": 1})
    rpc.reply(stream, seq=2, result={"n": 2})
    noon = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone.utc)
    found: list[Row] = [row async for row in stream]
    assert found == [Row(at=noon), Row(at=noon, note="")]
    assert await stream.result() == Count(n=2)
    assert heard == [Progress(1)]


async def other_types(api: APIClient, rpc: Unconnected) -> None:
    stream = api.rows_float(timeout=5)
    rpc.reply(stream, seq=0, item=NOON)
    rpc.reply(stream, seq=1, item=7)
    rpc.reply(stream, seq=2, item=None)
    rpc.reply(stream, seq=3, result=[{"at": NOON}])
    first, second, third = [item async for item in stream]
    assert isinstance(first, datetime.datetime)
    assert (second, third) == (7, None)
    result: list[Row] = await stream.result()
    assert len(result) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        words = api.words()
    assert_type(words, RPCStream[str, None])
    rpc.reply(words, seq=0, item="a")
    rpc.reply(words, seq=1, result={"newer": 1})
    async with words:
        async for word in words:
            assert word == "a"
        await words.result()


async def errors(api: APIClient, rpc: Unconnected) -> None:
    stream = api.rows_all(Wanted(n=1))
    rpc.reply(stream, error={"code": 1001, "reason": "too_many", "message": "", "details": {"n": 3}})
    try:
        await stream.result()
    except TooManyError as error:
        assert error.details == Count(n=3)
    else:
        raise AssertionError("it did not fail")
    stream = api.rows_all(Wanted(n=1))
    rpc.reply(stream, seq=0, item={"at": "noon"})
    try:
        async for _ in stream:
            pass
    except InvalidReplyError as error:
        assert "an item of rows.all is not what the contract says" in str(error)
    else:
        raise AssertionError("the item was taken")
    assert rpc.pending_calls == 0
    stream = api.rows_all(Wanted(n=1))
    rpc.reply(stream, seq=0, result={})
    try:
        await stream.result()
    except InvalidReplyError as error:
        assert "the result of rows.all is not" in str(error)
    else:
        raise AssertionError("the result was taken")


async def options(api: APIClient, rpc: Unconnected) -> None:
    await api.cursor_move(Wanted(n=1))
    await api.cursor_read()
    await api.cursor_step(on_progress=print)
    by_method = {method: given for method, _, given in rpc.options}
    flags = {
        method: (given.get("idempotent", False), given.get("volatile", False), given.get("timeout"))
        for method, given in by_method.items()
    }
    assert flags == {
        "cursor.move": (False, True, None),
        "cursor.read": (True, True, None),
        "cursor.step": (False, True, None),
        "rows.all": (True, False, 60),
        "rows.float": (False, True, 5),
        "words": (False, False, None),
    }
    assert by_method["cursor.step"]["on_progress"] is print
    assert "on_progress" not in by_method["cursor.move"]
    assert rpc.options[0][1] == {"n": 2}


async def main() -> None:
    logging.disable()
    rpc = Unconnected()
    api = APIClient(rpc)
    connecting = asyncio.create_task(rpc.connect())
    while rpc.state != "connecting":
        await asyncio.sleep(0)
    await items(api, rpc)
    await other_types(api, rpc)
    await errors(api, rpc)
    await options(api, rpc)
    connecting.cancel()
    await asyncio.wait([connecting])
    await rpc.disconnect()


asyncio.run(main())
