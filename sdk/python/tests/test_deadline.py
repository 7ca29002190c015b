"""The time of a call in flight: one deadline, over reconnects, sleeps and clocks that are set."""

from __future__ import annotations

import asyncio
import time

import pytest

import centrirpc

from .conftest import Frames, States
from .fakeserver import Clocks, client_of, fake_server, start


async def test_the_deadline() -> None:
    async with fake_server() as server, client_of(server) as client:
        call = start(client, timeout=0.05)
        first = await server.accept()
        with pytest.raises(centrirpc.CallTimeoutError, match=r"work within 0\.05 s"):
            await call
        cancel = await server.accept()
        assert cancel.envelope == {"op": "cancel", "correlation_id": first.id}
        await server.nothing_before(client)


async def test_the_deadline_while_disconnected() -> None:
    async with fake_server() as server, client_of(server) as client:
        states = States(client)
        call = start(client, timeout=0.2)
        first = await server.next()
        server.refuse_connects = True
        first.cut()
        with pytest.raises(centrirpc.CallTimeoutError, match="unknown"):
            await call
        assert client.pending_calls == 0
        server.refuse_connects = False
        await states.wait_for("connecting", "connected")
        cancel = await server.accept()
        assert cancel.envelope == {"op": "cancel", "correlation_id": first.id}
        await server.nothing_before(client)


async def test_waking_after_the_deadline() -> None:
    async with fake_server() as server, client_of(server, silence=0.03) as client:
        call = start(client, timeout=0.1)
        await server.accept()
        time.sleep(0.2)  # noqa: ASYNC251 - the machine sleeps
        with pytest.raises(centrirpc.CallTimeoutError):
            await call
        assert (await server.next()).envelope["op"] == "cancel"
        await server.nothing_before(client)


@pytest.mark.parametrize("cut", [True, False])
async def test_sleeping_past_the_deadline(cut: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop's clock may stand still meanwhile. The server has forgotten the call."""
    clocks = Clocks(monkeypatch)
    async with fake_server() as server, client_of(server) as client:
        frames = Frames(client)
        calls = [start(client, timeout=30), asyncio.create_task(client.notify("work", timeout=30))]
        stream = client.stream("rows", timeout=30)
        first = [await server.next() for _ in range(3)]
        for arrived in first:
            if arrived.envelope.get("op") is None:
                await arrived.ack()
        await frames.wait_for("ack", "ack")
        clocks.set_wall(3600)
        if cut:
            server.cut()
        else:
            clocks.go(10.1)
        for outcome in (*calls, stream.result()):
            with pytest.raises(centrirpc.CallTimeoutError):
                await outcome
        seen = [await server.next() for _ in range(2)]
        assert [arrived.envelope["op"] for arrived in seen] == ["cancel"] * 2
        await server.nothing_before(client)


async def test_sleeping_before_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = Clocks(monkeypatch)
    async with fake_server() as server, client_of(server) as client:
        call = start(client, timeout=30)
        first = await server.next()
        clocks.set_wall(20)
        first.cut()
        assert 0 < (await server.serve_one(1)).envelope["timeout_ms"] <= 10_000
        assert await call == 1


@pytest.mark.parametrize("step", [3600, -3600])
async def test_a_clock_that_is_set(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does no harm to what cannot have run; set back, it gives no call more time."""
    clocks = Clocks(monkeypatch)
    async with fake_server() as server, client_of(server) as client:
        clocks.set_wall(step)
        call = start(client, timeout=30)
        first = await server.next()
        clocks.set_wall(step)
        await first.refuse(503)
        clocks.go(0.2)
        second = await server.next()
        if step < 0:
            clocks.set_wall(step)
            second.cut()
            second = await server.next()
        assert 20_000 < second.envelope["timeout_ms"] <= 30_000
        await second.reply(result=1)
        assert await call == 1
