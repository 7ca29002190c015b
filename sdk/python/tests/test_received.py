"""The server is told which replies have arrived."""

from __future__ import annotations

import asyncio

import pytest

import centrirpc
from centrirpc import CentrifugoRPCClient, rpc_received

from .fakeserver import FakeServer, client_of, fake_server
from .test_survival import start


async def answered(server: FakeServer, client: CentrifugoRPCClient, n: int = 1) -> list[str]:
    """The ids of so many calls that are made and answered at the same time."""
    calls = [start(client) for _ in range(n)]
    arrived = [await server.next() for _ in range(n)]
    for one in arrived:
        await one.reply(result=1)
    await asyncio.gather(*calls)
    return [one.id for one in arrived]


async def test_the_next_request_names_them() -> None:
    async with fake_server() as server, client_of(server) as client:
        ids = await answered(server, client, 3)
        failed = start(client)
        arrived = await server.next()
        assert arrived.envelope["received"] == ids
        await arrived.reply(error={"code": 404, "reason": "", "message": ""})
        with pytest.raises(centrirpc.NotFoundError):
            await failed
        notified = asyncio.create_task(client.notify("work"))
        accepted = await server.accept()
        assert accepted.envelope["received"] == [arrived.id]
        await notified
        volatile = start(client, volatile=True)
        assert "received" not in (await server.serve_one()).envelope
        await volatile
        last = start(client)
        assert "received" not in (await server.serve_one()).envelope
        await last


async def test_they_are_flushed_when_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_received, "_IDLE", 0.02)
    async with fake_server() as server, client_of(server) as client:
        ids = await answered(server, client, 5)
        flush = await server.flush()
        assert flush == {"op": "ack", "correlation_id": ids[0], "received": ids}
        ids = await answered(server, client)
        assert (await server.flush())["received"] == ids


async def test_64_are_flushed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_received, "_IDLE", 1000)
    async with fake_server() as server, client_of(server) as client:
        ids = await answered(server, client, 150)
        assert (await server.flush())["received"] == ids[:64]
        assert (await server.flush())["received"] == ids[64:128]
        ids = ids[128:] + await answered(server, client, 41)
        # The 22 that were left travelled with the first of them.
        assert len(ids) == 63
        assert server.flushes.empty()


async def test_at_most_64_travel_with_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_received, "_IDLE", 1000)
    async with fake_server() as server, client_of(server) as client:
        waiting = client._calls._received
        for n in range(63):
            waiting.add(f"id-{n}")
        waiting.lost()
        for n in range(63, 100):
            waiting.add(f"id-{n}")
        for count in (64, 36):
            call = start(client, volatile=True)
            assert len((await server.serve_one()).envelope["received"]) == count
            await call


async def test_those_of_another_store_are_forgotten() -> None:
    async with fake_server() as server, client_of(server) as client:
        ids = await answered(server, client, 3)
        call = start(client)
        arrived = await server.next()
        assert arrived.envelope["received"] == ids
        await arrived.reply(result=1)
        await call
        server.store = "epoch-2"
        call = start(client)
        arrived = await server.next()
        assert arrived.envelope.pop("received")
        await answered_meanwhile(server, client, arrived.id)
        arrived.cut()
        again = await server.serve_one()
        assert again.envelope["store"] == "epoch-1"
        assert "received" not in again.envelope
        await call


async def answered_meanwhile(server: FakeServer, client: CentrifugoRPCClient, but: str) -> None:
    call = start(client)
    arrived = await server.next()
    assert arrived.id != but
    await arrived.reply(result=1)
    await call
    assert len(client._calls._received) == 1


async def test_those_of_the_same_store_outlive_the_connection() -> None:
    async with fake_server() as server, client_of(server) as client:
        call = start(client)
        first = await server.next()
        ids = await answered(server, client, 2)
        first.cut()
        assert (await server.serve_one()).envelope["received"] == ids
        await call
        await client.disconnect()
        await client.connect()
        call = start(client)
        assert "received" not in (await server.serve_one()).envelope
        await call


async def test_no_more_than_1024_are_kept() -> None:
    async with fake_server() as server, client_of(server) as client:
        received = client._calls._received
        received.lost()
        for n in range(2000):
            received.add(f"id-{n}")
        assert len(received) == 1024
        assert received.take(10_000)[0] == "id-976"


async def test_frames_stay_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_received, "_IDLE", 0.02)
    async with fake_server(max_message_size=1000) as server, client_of(server) as client:
        ids = await answered(server, client, 60)
        seen: list[str] = []
        while len(seen) < len(ids):
            call = asyncio.create_task(client.call("work", {"text": "x" * 300}))
            arrived = await server.serve_one()
            await call
            assert arrived.size <= 1000
            seen += arrived.envelope.get("received", [])
            flush = await server.flush()
            assert len(str(flush)) <= 1000
            seen += flush["received"]
        assert seen[: len(ids)] == ids


async def test_a_server_without_a_store_hears_nothing() -> None:
    async with fake_server(store=None) as server, client_of(server) as client:
        await answered(server, client, 3)
        call = start(client)
        assert "received" not in (await server.serve_one()).envelope
        await call
