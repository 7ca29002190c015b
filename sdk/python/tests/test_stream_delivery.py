"""Items arrive exactly once and in order, however they travel; and the server hears of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import centrirpc
from centrirpc import rpc_items, rpc_stream_feed
from centrirpc.rpc_items import Items

from .fakeserver import Clocks, FakeServer, client_of, fake_server
from .test_streams import ERROR, begin, collect


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_stream_feed, "_ACK_DELAY", 0.02)
    monkeypatch.setattr(rpc_stream_feed, "_RESUME_INTERVAL", 0.05)


async def skip_acks(server: FakeServer) -> Any:
    """The next request that is no acknowledgement of items."""
    while True:
        arrived = await server.accept()
        if arrived.envelope.get("op") != "ack":
            return arrived


def test_items_in_any_order() -> None:
    items = Items()
    for seq in (0, 3, 1, 1, 3, 0, 2, 5, 2):
        items.add(seq, f"item {seq}")
    assert list(items.ready) == ["item 0", "item 1", "item 2", "item 3"]
    assert (items.next, items.taken, items.missing, items.complete) == (4, 0, True, False)
    items.ready.popleft()
    assert items.taken == 1
    items.end = 6
    items.add(4, None)
    assert (items.next, items.missing, items.complete) == (6, False, True)


def test_items_far_ahead_are_not_kept() -> None:
    items = Items()
    items.add(rpc_items.MAX_EARLY, "too far")
    assert not items.missing
    for seq in range(1, 1000):
        items.add(seq, seq)
    items.add(0, 0)
    assert items.next == rpc_items.MAX_EARLY
    items.add(items.next + 1, "early")
    items.cut()
    assert items.complete
    assert not items.missing


async def test_duplicates() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        arrived = await begin(server)
        for _ in range(3):
            await arrived.items(0, 5)
        await arrived.reply(seq=5, result=1)
        await arrived.reply(seq=5, result=2)
        assert await collect(stream) == [0, 1, 2, 3, 4]
        assert await stream.result() == 1


async def test_a_gap() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        items = asyncio.create_task(collect(stream))
        arrived = await begin(server)
        await arrived.items(0, 2)
        await arrived.items(4, 6)
        resume = await skip_acks(server)
        assert resume.envelope == {
            "op": "resume",
            "correlation_id": arrived.id,
            "reply_to": "user#u1",
            "seq": 2,
        }
        await arrived.items(2, 3)
        # It is asked again, for what is still missing, until it has come.
        assert (await skip_acks(server)).envelope["seq"] == 3
        assert (await skip_acks(server)).envelope["seq"] == 3
        await arrived.items(3, 7)
        await arrived.reply(seq=7, result=1)
        assert await items == list(range(7))


async def test_a_gap_is_asked_for_once_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_stream_feed, "_RESUME_INTERVAL", 1000)
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        arrived = await begin(server)
        await arrived.items(1, 100)
        assert (await server.accept()).envelope["seq"] == 0
        await arrived.items(0, 100)
        # The gap has closed; the next one is another.
        await arrived.items(101, 102)
        assert (await server.accept()).envelope["seq"] == 100
        await arrived.items(100, 101)
        await arrived.reply(seq=102, result=1)
        assert await collect(stream) == list(range(102))


@pytest.mark.parametrize("fails", [False, True])
async def test_the_end_before_the_last_items(fails: bool) -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        arrived = await begin(server)
        await arrived.items(0, 1)
        end: dict[str, Any] = {"error": ERROR} if fails else {"result": 1}
        await arrived.reply(seq=3, **end)
        assert (await skip_acks(server)).envelope["seq"] == 1
        await arrived.reply(seq=3, **end)
        await arrived.items(1, 3)
        seen = []
        try:
            async for item in stream:
                seen.append(item)
            assert await stream.result() == 1
        except centrirpc.NotFoundError:
            assert fails
        assert seen == [0, 1, 2]


async def test_a_gap_at_the_deadline() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows", timeout=0.1)
        arrived = await begin(server)
        await arrived.reply(seq=3, result=1)
        with pytest.raises(centrirpc.CallTimeoutError):
            await stream.result()
        assert client.pending_calls == 0


async def test_a_cut() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        items = aiter(stream)
        first = await begin(server)
        await first.items(0, 3)
        assert [await anext(items) for _ in range(3)] == [0, 1, 2]
        assert (await server.accept()).envelope["seq"] == 2
        first.cut()
        again = await server.next()
        assert again.envelope["correlation_id"] == first.id
        assert (again.envelope["store"], again.envelope["seq"]) == ("epoch-1", 3)
        await again.ack()
        # What was acknowledged before the cut may not have arrived: once more.
        assert (await server.accept()).envelope["seq"] == 2
        await again.items(2, 5)
        await again.reply(seq=5, result=1)
        assert [item async for item in items] == [3, 4]
        assert await stream.result() == 1


async def test_a_cut_in_a_gap() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        first = await begin(server)
        await first.items(0, 1)
        await first.items(2, 3)
        await first.reply(seq=4, result=1)
        assert (await server.accept()).envelope["op"] == "resume"
        first.cut()
        again = await skip_acks(server)
        assert (again.envelope.get("op"), again.envelope["seq"]) == (None, 1)
        await again.items(1, 4)
        assert await collect(stream) == [0, 1, 2, 3]


async def test_a_cut_behind_the_end() -> None:
    """The server that is asked again knows the reply only; another one has the items."""
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        first = await begin(server)
        await first.items(0, 1)
        await first.reply(seq=3, result=1)
        assert (await server.accept()).envelope["op"] == "resume"
        first.cut()
        again = await skip_acks(server)
        assert (again.envelope.get("op"), again.envelope["seq"]) == (None, 1)
        await again.reply(seq=3, result=1)
        asked = await skip_acks(server)
        assert (asked.envelope["op"], asked.envelope["seq"]) == ("resume", 1)
        await again.items(1, 3)
        assert await collect(stream) == [0, 1, 2]
        assert await stream.result() == 1


async def test_items_that_are_gone_after_the_end() -> None:
    """The server that had them died: the stream ends at once, with what came in order."""
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        first = await begin(server)
        await first.items(0, 1)
        await first.items(2, 3)
        await first.reply(seq=4, result=1)
        assert (await server.accept()).envelope["op"] == "resume"
        error = {"code": 520, "reason": "outcome_unknown", "message": "items are gone"}
        await first.reply(error=error)
        seen: list[Any] = []
        with pytest.raises(centrirpc.OutcomeUnknownError):
            await collect(stream, seen)
        assert seen == [0]
        assert client.pending_calls == 0


async def test_silence() -> None:
    async with fake_server() as server, client_of(server, silence=0.05) as client:
        stream = client.stream("rows")
        first = await begin(server)
        await first.items(0, 2)
        again = await server.accept()
        assert (again.envelope["seq"], again.envelope["store"]) == (2, "epoch-1")
        assert again.socket is first.socket
        await again.items(2, 3)
        await again.reply(seq=3, result=1)
        assert await collect(stream) == [0, 1, 2]


async def test_volatile_streams_end_with_the_connection() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows", volatile=True)
        arrived = await begin(server)
        await arrived.items(0, 2)
        items = aiter(stream)
        assert await anext(items) == 0
        arrived.cut()
        seen: list[Any] = []
        with pytest.raises(centrirpc.ConnectionLostError):
            await collect(items, seen)
        assert seen == [1]


async def test_another_store_ends_it() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        arrived = await begin(server)
        await arrived.items(0, 2)
        items = aiter(stream)
        assert await anext(items) == 0
        server.store = "epoch-2"
        arrived.cut()
        again = await skip_acks(server)
        assert again.envelope["store"] == "epoch-1"
        error = {"code": 520, "reason": "outcome_unknown", "message": "who knows"}
        await again.reply(error=error)
        seen: list[Any] = []
        with pytest.raises(centrirpc.OutcomeUnknownError):
            await collect(items, seen)
        assert seen == [1]


async def test_acknowledged_is_what_was_taken() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        arrived = await begin(server)
        await arrived.items(0, 256)
        items = aiter(stream)
        assert await anext(items) == 0
        ack = await server.accept()
        assert ack.envelope == {"op": "ack", "correlation_id": arrived.id, "seq": 0}
        # 256 have come; a slow reader says no more than it took.
        await server.nothing_before(client)
        for _ in range(64):
            await anext(items)
        assert (await server.accept()).envelope["seq"] == 64
        await anext(items)
        assert (await server.accept()).envelope["seq"] == 65
        await server.nothing_before(client)
        await stream.aclose()


async def test_a_fast_reader_acknowledges_every_64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_stream_feed, "_ACK_DELAY", 1000)
    monkeypatch.setattr(rpc_stream_feed, "_ACK_IDLE", 1000)
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        arrived = await begin(server)
        reading = asyncio.create_task(collect(stream))
        await arrived.items(0, 200)
        acks = [(await server.accept()).envelope["seq"] for _ in range(3)]
        assert acks == [63, 127, 191]
        await arrived.reply(seq=200, result=1)
        assert await reading == list(range(200))
        assert (await server.accept()).envelope["seq"] == 199


async def test_all_that_came_is_acknowledged_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server may wait at its bound of bytes."""
    monkeypatch.setattr(rpc_stream_feed, "_ACK_DELAY", 1000)
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        arrived = await begin(server)
        items = aiter(stream)
        await arrived.items(0, 1)
        assert await anext(items) == 0
        await server.nothing_before(client)  # one is no reason
        for first in (1, 11, 21):
            await arrived.items(first, first + 10)
            for _ in range(9):
                await anext(items)
            await server.nothing_before(client)  # one more is here
            await anext(items)
            assert (await server.accept()).envelope["seq"] == first + 9
        await stream.aclose()


async def test_an_acknowledgement_that_is_refused() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        arrived = await begin(server)
        await arrived.items(0, 1)
        items = aiter(stream)
        assert await anext(items) == 0
        for _ in range(3):
            ack = await server.next()
            assert ack.envelope["seq"] == 0
            await ack.refuse(111)
        await (await server.next()).ack()
        await server.nothing_before(client)
        await stream.aclose()


@pytest.mark.parametrize("how", ["with the connection", "alone"])
async def test_an_acknowledgement_that_is_lost(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server has as many items out as may be, and waits for just that one."""
    clocks = Clocks(monkeypatch)
    # As long as the SDK waits for an answer, nobody knows that none will come.
    monkeypatch.setattr(rpc_stream_feed.StreamFeed, "unacknowledged", lambda feed: None)
    async with fake_server() as server, client_of(server) as client:
        reading = asyncio.create_task(collect(client.stream("rows", timeout=60)))
        arrived = await begin(server)
        await arrived.items(0, 256)
        acks = []
        while 255 not in acks:
            ack = await server.next()
            acks.append(ack.envelope["seq"])
        if how == "alone":
            clocks.go(10.1)
        else:
            server.cut()
        again = await server.accept()
        assert again.envelope["seq"] == 256
        while True:
            ack = await server.accept()
            if ack.envelope.get("op") == "ack" and ack.envelope["seq"] == 255:
                break
        await again.items(256, 257)
        await again.reply(seq=257, result=1)
        assert await reading == list(range(257))


async def test_streams_refused_at_first() -> None:
    async with fake_server() as server, client_of(server) as client:
        stream = client.stream("rows")
        await (await server.next()).refuse(503)
        again = await begin(server)
        assert "seq" not in again.envelope
        assert "store" not in again.envelope
        await again.items(0, 1)
        await again.reply(seq=1, result=1)
        assert await collect(stream) == [0]
        assert await stream.result() == 1


async def test_many_streams_over_many_cuts() -> None:
    async with fake_server() as server, client_of(server) as client:
        streams = [client.stream("rows", {"n": n}) for n in range(20)]
        reading = [asyncio.create_task(collect(stream)) for stream in streams]
        for cut in range(5):
            for _ in streams:
                arrived = await skip_acks(server)
                await arrived.items(max(0, cut * 10 - 3), cut * 10 + 10)
            arrived.cut()
        for _ in streams:
            arrived = await skip_acks(server)
            seq = arrived.envelope["seq"]
            await arrived.items(seq, 60)
            await arrived.reply(seq=60, result=arrived.envelope["params"]["n"])
        assert await asyncio.gather(*reading) == [list(range(60))] * 20
        assert [await stream.result() for stream in streams] == list(range(20))
