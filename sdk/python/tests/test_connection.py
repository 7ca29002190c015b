"""Connecting, losing the connection, and what becomes of calls then."""

from __future__ import annotations

import asyncio
import logging
import math
import signal
from pathlib import Path

import pytest

import centrirpc
from centrirpc import CentrifugoRPCClient

from .conftest import Frames, Server, States, connected, eventually

QUICK = {"min_reconnect_delay": 0.01, "max_reconnect_delay": 0.05, "proxy": None}


@pytest.mark.parametrize("abrupt", [0, 1])
async def test_pending_call_fails_when_the_connection_drops(
    server: Server, user: str, abrupt: int
) -> None:
    async with connected(server, user) as client:
        states = States(client)
        task = asyncio.create_task(client.call("never"))
        await server.envelopes(user, 1)
        await server.control("disconnect", user=user, abrupt=abrupt)
        with pytest.raises(centrirpc.ConnectionLostError, match="unknown"):
            await task
        await states.wait_for("connecting", "connected")
        assert await client.call("echo", {"n": 1}) == {"n": 1}
        assert [e["method"] for e in await server.envelopes(user, 2)] == ["never", "echo"]


@pytest.mark.parametrize("params", [{}, {"after_ack": True}])
async def test_idempotent_call_is_sent_again(
    server: Server, user: str, params: dict[str, bool]
) -> None:
    async with connected(server, user) as client:
        frames = Frames(client)
        assert await client.call("drop", params, idempotent=True) == params
        first, second = await server.envelopes(user, 2)
        assert first["correlation_id"] == second["correlation_id"]
        assert second["timeout_ms"] <= first["timeout_ms"]
        assert "resend" in frames.kinds()
        assert frames.kinds().count("publish") == 1


async def test_many_idempotent_calls_are_sent_again(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        calls = [
            asyncio.create_task(client.call("slow", {"ms": 1000, "n": n}, idempotent=True))
            for n in range(100)
        ]
        await server.envelopes(user, 100)
        await server.control("disconnect", user=user, abrupt=1)
        results = await asyncio.gather(*calls)
        assert [r["n"] for r in results] == list(range(100))


async def test_a_reply_before_the_drop_counts(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        result = await client.call("drop", {"reply": True, "after_ack": True})
        assert result == {"reply": True, "after_ack": True}
        await eventually(lambda: client.state == "connected")


async def test_notification_in_flight_fails(testserver: Path, user: str) -> None:
    server = Server(testserver)
    async with connected(server, user) as client:
        frames = Frames(client)
        server.process.send_signal(signal.SIGSTOP)
        task = asyncio.create_task(client.notify("cursor.move"))
        await frames.wait_for("publish")
        server.process.kill()
        with pytest.raises(centrirpc.ConnectionLostError):
            await task
    server.stop()


async def test_ended_for_good(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        call = asyncio.create_task(client.call("never"))
        again = asyncio.create_task(client.call("never", idempotent=True))
        await server.envelopes(user, 2)
        await server.control("disconnect", user=user, code=3503)
        for task in (call, again):
            with pytest.raises(centrirpc.ConnectionLostError):
                await task
        await eventually(lambda: client.state == "disconnected")
        with pytest.raises(centrirpc.NotConnectedError):
            await client.call("echo")
        await client.connect()
        assert await client.call("echo", {"n": 1}) == {"n": 1}


async def test_bad_token(server: Server, user: str) -> None:
    client = CentrifugoRPCClient(server.url, server.token(user, bad="1"), sdk_options=QUICK)
    waiting = [asyncio.create_task(client.connect()) for _ in range(2)]
    for task in waiting:
        with pytest.raises(centrirpc.ConnectError) as caught:
            await task
        assert caught.value.code == 3500
        assert caught.value.reason == "invalid token"
    assert client.state == "disconnected"


async def test_calls_waiting_for_a_refused_connection(server: Server, user: str) -> None:
    client = CentrifugoRPCClient(server.url, server.token(user, bad="1"), sdk_options=QUICK)
    states = States(client)
    connecting = asyncio.create_task(client.connect())
    await states.wait_for("connecting")
    with pytest.raises(centrirpc.NotConnectedError, match="invalid token"):
        await client.call("echo")
    with pytest.raises(centrirpc.ConnectError):
        await connecting


async def test_expired_token(server: Server, user: str, caplog: pytest.LogCaptureFixture) -> None:
    expired = server.token(user, ttl="-1h")
    with caplog.at_level(logging.CRITICAL, "centrirpc"):
        client = CentrifugoRPCClient(server.url, expired, sdk_options=QUICK)
        with pytest.raises(centrirpc.ConnectError, match="expired") as caught:
            await client.connect()
        assert caught.value.code == 109
        asked = 0

        async def get_token() -> str:
            nonlocal asked
            asked += 1
            return server.token(user)

        async with connected(server, user, get_token=get_token) as client:
            assert asked == 0
        client = CentrifugoRPCClient(server.url, expired, get_token=get_token, sdk_options=QUICK)
        async with client:
            assert await client.call("echo", {"n": 1}) == {"n": 1}
        assert asked == 1
        client = CentrifugoRPCClient(server.url, "", user, get_token=get_token, sdk_options=QUICK)
        async with client:
            assert asked == 2


async def test_token_is_refreshed_before_it_expires(server: Server, user: str) -> None:
    refreshed = asyncio.Event()

    async def get_token() -> str:
        refreshed.set()
        return server.token(user)

    client = CentrifugoRPCClient(
        server.url, server.token(user, ttl="2s"), get_token=get_token, sdk_options=QUICK
    )
    states = States(client)
    async with client:
        await asyncio.wait_for(refreshed.wait(), 20)
        assert await client.call("echo", {"n": 1}) == {"n": 1}
        assert states == ["connecting", "connected"]


async def test_server_out_of_reach(user: str, server: Server) -> None:
    client = CentrifugoRPCClient("ws://127.0.0.1:1/x", server.token(user), sdk_options=QUICK)
    with pytest.raises(
        centrirpc.CallTimeoutError, match=r"not connected within 0\.1 s: .*Connect call failed"
    ):
        await client.connect(timeout=0.1)
    assert client.state == "disconnected"
    states = States(client)
    connecting = asyncio.create_task(client.connect())
    await states.wait_for("connecting")
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert client.state == "disconnected"


async def test_connect_gives_up_with_the_clients_own_timeout(user: str, server: Server) -> None:
    client = CentrifugoRPCClient(
        "ws://127.0.0.1:1/x", server.token(user), timeout=0.1, sdk_options=QUICK
    )
    with pytest.raises(centrirpc.CallTimeoutError, match=r"not connected within 0\.1 s"):
        await client.connect()
    assert client.state == "disconnected"
    trying = asyncio.create_task(client.connect(timeout=math.inf))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(trying, 0.3)


async def test_giving_up_on_a_reconnect_keeps_it_going(testserver: Path, user: str) -> None:
    server = Server(testserver)
    address = server.http.removeprefix("http://")
    async with connected(server, user) as client:
        states = States(client)
        server.stop()
        await states.wait_for("connecting")
        with pytest.raises(centrirpc.CallTimeoutError, match="not connected within"):
            await client.connect(timeout=0.05)
        assert client.state == "connecting"
        server = Server(testserver, "-addr", address)
        try:
            await client.connect()
            assert await client.call("echo", {"n": 1}) == {"n": 1}
        finally:
            server.stop()


async def test_server_restarts(testserver: Path, user: str) -> None:
    """The client finds the server again at the same address, and what it is then."""
    server = Server(testserver)
    address = server.http.removeprefix("http://")
    async with connected(server, user) as client:
        states = States(client)
        server.stop()
        await states.wait_for("connecting")
        server = Server(testserver, "-addr", address, "-auto-subscribe=false")
        try:
            await states.wait_for("connected")
            assert await client.call("echo", {"n": 1}) == {"n": 1}
            await server.control("set?auto-subscribe=true")
            states.clear()
            await server.control("disconnect", user=user)
            await states.wait_for("connecting", "connected")
            assert await client.call("echo", {"n": 2}) == {"n": 2}
        finally:
            server.stop()


async def test_disconnect_while_connecting(user: str, server: Server) -> None:
    client = CentrifugoRPCClient(server.url, server.token(user), sdk_options=QUICK)
    connecting = asyncio.create_task(client.connect())
    await asyncio.sleep(0)
    await client.disconnect()
    with pytest.raises(centrirpc.ClientClosedError):
        await connecting
    assert client.state == "disconnected"
    await client.connect()
    await client.disconnect()


async def test_reply_channel_refused(plain_server: Server, user: str) -> None:
    client = CentrifugoRPCClient(
        plain_server.url, plain_server.token(user), "someone.else", sdk_options=QUICK
    )
    with pytest.raises(centrirpc.ConnectError, match=r"user#someone\.else was refused") as caught:
        await client.connect()
    assert caught.value.code == 103
    assert client.state == "disconnected"


async def test_async_with_leaves_nothing_behind(server: Server, user: str) -> None:
    before = asyncio.all_tasks()
    async with connected(server, user) as client:
        await client.call("noack", {"n": 1})
        with pytest.raises(centrirpc.CallTimeoutError):
            await client.call("never", timeout=0.02)
        events: asyncio.Queue[object] = asyncio.Queue()
        subscription = await client.subscribe(f"news-{user}", events.put_nowait)
        await subscription.unsubscribe()
    await eventually(lambda: asyncio.all_tasks() <= before)
    await server.connections_until(lambda found: all(c["user"] != user for c in found))
