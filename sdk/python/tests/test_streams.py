"""Streams as the application uses them: items, a result, errors, leaving early."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterable
from typing import Any

import pytest

import centrirpc
from centrirpc import Progress, RPCStream

from .conftest import Frames, connected
from .fakeserver import Arrived, FakeServer, client_of, fake_server

ERROR = {"code": 404, "reason": "not_found", "message": "gone"}


async def collect(stream: AsyncIterable[Any], seen: list[Any] | None = None) -> list[Any]:
    """All items; those before an error are in ``seen``."""
    seen = [] if seen is None else seen
    async for item in stream:
        seen.append(item)
    return seen


async def begin(server: FakeServer) -> Arrived:
    """The request of a stream, acknowledged."""
    arrived = await server.accept()
    assert arrived.envelope["method"] == "rows"
    return arrived


async def cancelled(server: FakeServer, arrived: Arrived) -> None:
    """Assert that the next request ends a stream."""
    envelope = (await server.accept()).envelope
    assert envelope == {"op": "cancel", "correlation_id": arrived.id}


async def test_items_and_a_result() -> None:
    async with fake_server() as server, client_of(server) as client:
        frames = Frames(client)
        stream = client.stream("rows", {"n": 3})
        items = asyncio.create_task(collect(stream))
        arrived = await begin(server)
        fields = {"method", "params", "correlation_id", "reply_to", "timeout_ms"}
        assert set(arrived.envelope) == fields
        assert stream.correlation_id == arrived.id
        await arrived.items(0, 2)
        await arrived.reply(seq=2, item=None)
        await arrived.reply(seq=3, result={"sent": 3})
        assert await items == [0, 1, None]
        assert await stream.result() == {"sent": 3}
        assert await stream.result() == {"sent": 3}
        assert await collect(stream) == []
        assert [k for k in frames.kinds() if k != "ack"] == [
            "publish",
            "item",
            "item",
            "item",
            "reply",
        ]
        found = [frame for frame in frames if frame.kind == "item"]
        assert found[1].data == {"correlation_id": arrived.id, "seq": 1, "item": 1}
        assert (await server.next()).envelope["seq"] == 2  # all were taken
        call = asyncio.create_task(client.call("work"))
        assert (await server.serve_one()).envelope["received"] == [arrived.id]
        await call


async def test_params_are_those_at_the_call() -> None:
    async with fake_server() as server, client_of(server) as client:
        params = {"n": 1}
        stream = client.stream("rows", params)
        params["n"] = 2
        arrived = await begin(server)
        assert arrived.envelope["params"] == {"n": 1}
        await arrived.reply(seq=0, result=None)
        assert await stream.result() is None


async def test_a_method_without_items() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        await (await begin(server)).reply(result=1)
        assert await collect(stream) == []
        assert await stream.result() == 1


async def test_items_before_the_error() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        arrived = await begin(server)
        await arrived.reply(seq=2, error=ERROR)
        await arrived.items(0, 2)
        seen: list[Any] = []
        with pytest.raises(centrirpc.NotFoundError, match="gone"):
            await collect(stream, seen)
        assert seen == [0, 1]
        with pytest.raises(centrirpc.NotFoundError):
            await stream.result()


async def test_a_final_reply_without_a_number() -> None:
    """It ends the stream behind what has come in order."""
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows", errors={404: centrirpc.ConflictError})
        arrived = await begin(server)
        await arrived.items(0, 2)
        await arrived.reply(seq=3, item=3)
        await arrived.reply(error=ERROR)
        seen: list[Any] = []
        with pytest.raises(centrirpc.ConflictError):
            await collect(stream, seen)
        assert seen == [0, 1]


async def test_the_result_alone() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        result = asyncio.create_task(stream.result())
        arrived = await begin(server)
        await arrived.items(0, 300)
        acks = [(await server.accept()).envelope["seq"] for _ in range(4)]
        assert acks == [63, 127, 191, 255]
        await arrived.items(300, 301)
        await arrived.reply(seq=301, result="all")
        assert await result == "all"
        assert (await server.accept()).envelope["seq"] == 300


async def test_the_result_while_a_loop_runs() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        items = asyncio.create_task(collect(stream))
        arrived = await begin(server)
        await arrived.items(0, 1)
        waiting = asyncio.create_task(stream.result())
        await asyncio.sleep(0)
        waiting.cancel()  # somebody else takes the items: the stream goes on
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await arrived.items(1, 2)
        await arrived.reply(seq=2, result=7)
        assert await items == [0, 1]
        assert await stream.result() == 7


@pytest.mark.parametrize("way", ["break", "raise", "aclose", "async with", "task", "result"])
async def test_leaving_early(way: str) -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        seen: list[Any] = []
        first = asyncio.Event()

        async def loop() -> None:
            async for item in stream:
                seen.append(item)
                first.set()
                if way == "break":
                    break
                if way == "raise":
                    raise RuntimeError

        async def leave() -> None:
            if way == "result":
                await stream.result()
            elif way == "async with":
                async with stream as same:
                    assert same is stream
                    async for item in same:
                        seen.append(item)
                        return
            elif way == "aclose":
                async for item in stream:
                    seen.append(item)
                    await stream.aclose()
            else:
                await loop()

        task = asyncio.create_task(leave())
        arrived = await begin(server)
        if way == "result":
            await asyncio.sleep(0)
            task.cancel()
        else:
            await arrived.items(0, 2)
        if way == "task":
            await first.wait()
            task.cancel()
        expected: dict[str, type[BaseException]] = {
            "raise": RuntimeError,
            "task": asyncio.CancelledError,
            "result": asyncio.CancelledError,
            "aclose": centrirpc.ClientClosedError,
        }
        if way in expected:
            with pytest.raises(expected[way]):
                await task
        else:
            await task
        await cancelled(server, arrived)
        assert client.pending_calls == 0
        assert seen[:1] == ([] if way == "result" else [0])
        with pytest.raises(centrirpc.ClientClosedError, match="rows was left"):
            await stream.result()
        await arrived.items(2, 4)
        await arrived.reply(seq=4, result=1)
        await stream.aclose()
        await server.nothing_before(client)


async def test_leaving_and_disconnecting() -> None:
    """The server hears of it all the same: the handler would wait for acknowledgements."""
    async with fake_server() as server, client_of(server) as client:
        async with client.stream("rows"):
            arrived = await begin(server)
        leaving = asyncio.create_task(client.disconnect())
        await cancelled(server, arrived)
        await leaving


async def test_the_end_and_disconnecting() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        arrived = await begin(server)
        await arrived.items(0, 3)
        await arrived.reply(seq=3, result=1)
        assert await stream.result() == 1
        leaving = asyncio.create_task(client.disconnect())
        assert (await server.accept()).envelope["seq"] == 2
        await leaving


async def test_leaving_at_the_end() -> None:
    async with fake_server() as server, client_of(server) as client:
        async with client.stream("rows") as stream:
            arrived = await begin(server)
            await arrived.items(0, 3)
            await arrived.reply(seq=3, result=1)
            async for item in stream:
                if item == 2:
                    break
            assert await stream.result() == 1
        assert (await server.next()).envelope["seq"] == 2  # the items have come: no cancel
        await server.nothing_before(client)


async def test_one_loop_at_a_time() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        items = asyncio.create_task(collect(stream))
        arrived = await begin(server)
        with pytest.raises(RuntimeError, match="rows is being iterated"):
            await collect(stream)
        await arrived.items(0, 1)
        await arrived.reply(seq=1, result=1)
        assert await items == [0]


async def test_typed() -> None:
    async with fake_server() as server, client_of(server) as client:
        base = client.stream("rows")
        stream: RPCStream[str, int] = base.typed(hex, int)
        arrived = await begin(server)
        await arrived.items(0, 2)
        await arrived.reply(seq=2, result="12")
        assert await collect(stream) == ["0x0", "0x1"]
        assert await stream.result() == 12
        assert (await server.next()).envelope["seq"] == 1
        # An item that cannot be read ends the stream.
        stream = client.stream("rows").typed(hex, int)
        arrived = await begin(server)
        await arrived.reply(seq=0, item="text")
        with pytest.raises(TypeError):
            await collect(stream)
        await cancelled(server, arrived)


async def test_a_stream_that_nobody_looks_at() -> None:
    async with fake_server() as server, client_of(server) as client:
        client.stream("rows", timeout=0.05)
        arrived = await begin(server)
        await arrived.items(0, 5)
        await cancelled(server, arrived)
        assert client.pending_calls == 0
        client.stream("rows")
        await (await begin(server)).reply(error=ERROR)
        await server.nothing_before(client)
        gc.collect()  # an error that nobody retrieved would be reported


async def test_the_deadline() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows", timeout=0.2)
        arrived = await begin(server)
        await arrived.items(0, 2)
        seen: list[Any] = []
        with pytest.raises(centrirpc.CallTimeoutError, match="rows within"):
            await collect(stream, seen)
        assert seen == [0, 1]


async def test_not_connected() -> None:
    client = centrirpc.CentrifugoRPCClient("ws://127.0.0.1:1/x", "", "u1")
    stream = client.stream("rows")
    with pytest.raises(centrirpc.NotConnectedError, match=r"connect\(\) first"):
        await collect(stream)
    with pytest.raises(centrirpc.NotConnectedError):
        await stream.result()
    with pytest.raises(ValueError, match="timeout of rows"):
        client.stream("rows", timeout=0)
    with pytest.raises(TypeError, match="params of rows"):
        client.stream("rows", {"x": object()})
    assert client.pending_calls == 0


async def test_too_large() -> None:
    async with fake_server(max_message_size=1000) as server, client_of(server) as client:
        stream = client.stream("rows", {"text": "x" * 1000})
        with pytest.raises(centrirpc.RequestTooLargeError):
            await collect(stream)


@pytest.mark.parametrize("kind", ["call", "stream"])
async def test_progress(kind: str) -> None:
    errors: list[Exception] = []
    async with fake_server() as server, client_of(server, on_error=errors.append) as client:
        frames = Frames(client)
        heard: list[Progress] = []

        def on_progress(progress: Progress) -> None:
            heard.append(progress)
            if progress.done == 2:
                raise RuntimeError("a bad handler")

        async def run() -> Any:
            if kind == "call":
                return await client.call("rows", on_progress=on_progress)
            return await client.stream("rows", on_progress=on_progress).result()

        task = asyncio.create_task(run())
        arrived = await begin(server)
        await arrived.reply(progress={"done": 1, "total": 4, "message": "one"})
        await arrived.reply(progress={"done": 2})
        for bad in ("no", {}, {"done": "1"}, {"done": True}, {"done": 1, "total": "2"}):
            await arrived.reply(progress=bad)
        await arrived.reply(progress={"done": 2.5, "message": 7})
        await arrived.reply(result="done")
        await arrived.reply(progress={"done": 3})
        assert await task == "done"
        assert heard == [Progress(1, 4, "one"), Progress(2), Progress(2.5)]
        assert [str(error) for error in errors] == ["a bad handler"]
        await frames.wait_for("progress", "progress", "progress", "reply")


async def test_items_of_what_is_no_stream_are_ignored() -> None:
    async with fake_server() as server, client_of(server) as client:
        call = asyncio.create_task(client.call("rows"))
        arrived = await begin(server)
        await arrived.items(0, 2)
        await arrived.reply(item=1)
        await arrived.reply(seq=-1, item=1)
        await arrived.reply(seq=True, item=1)
        await arrived.reply(seq=2, result=1)
        assert await call == 1


async def test_against_the_go_server(own_server: Any, user: str) -> None:
    """A method that sends no items, over a real server."""
    async with connected(own_server, user) as client:
        assert await client.stream("echo", {"n": 1}).result() == {"n": 1}
