"""Subscriptions to the application's channels."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import centrirpc
from centrirpc import CentrifugoRPCClient

from .conftest import Server, States, connected, eventually


async def test_subscribe(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        events: asyncio.Queue[Any] = asyncio.Queue()
        subscription = await client.subscribe(f"news-{user}", events.put_nowait)
        assert (subscription.channel, subscription.active) == (f"news-{user}", True)
        for n in range(3):
            await server.control("publish", b'{"n":%d}' % n, channel=f"news-{user}")
        assert [await next_of(events) for _ in range(3)] == [{"n": n} for n in range(3)]
        await subscription.unsubscribe()
        await subscription.unsubscribe()
        assert not subscription.active
        await eventually_unsubscribed(server, f"news-{user}")


async def next_of(events: asyncio.Queue[Any]) -> Any:
    return await asyncio.wait_for(events.get(), 20)


async def eventually_unsubscribed(server: Server, channel: str) -> None:
    await server.connections_until(lambda all_: all(channel not in c["channels"] for c in all_))


async def test_refused(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        for _ in range(2):
            with pytest.raises(centrirpc.PermissionDeniedError, match="closed-room"):
                await client.subscribe("closed-room", print)
        assert client.state == "connected"


async def test_tried_again_after_a_temporary_error(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        subscription = await client.subscribe(f"flaky-{user}", print)
        assert subscription.active
        await subscription.unsubscribe()
        with pytest.raises(centrirpc.CallTimeoutError, match="not subscribed to flaky"):
            await client.subscribe(f"flaky-2-{user}", print, timeout=0.01)


async def test_not_connected(server: Server, user: str) -> None:
    client = CentrifugoRPCClient(server.url, server.token(user))
    with pytest.raises(centrirpc.NotConnectedError):
        await client.subscribe("news", print)


async def test_subscription_survives_a_reconnect_and_a_disconnect(
    server: Server, user: str
) -> None:
    async with connected(server, user) as client:
        states = States(client)
        events: asyncio.Queue[Any] = asyncio.Queue()
        await client.subscribe(f"news-{user}", events.put_nowait)
        await server.control("disconnect", user=user, abrupt=1)
        await states.wait_for("connecting", "connected")
        await published(server, f"news-{user}", events)
        await client.disconnect()
        await client.connect()
        await published(server, f"news-{user}", events)


async def published(server: Server, channel: str, events: asyncio.Queue[Any]) -> None:
    """Publish until one arrives: resubscribing takes its time."""
    async with asyncio.timeout(20):
        while events.empty():
            await server.control("publish", b'"again"', channel=channel)
            await asyncio.sleep(0.005)
    while not events.empty():
        assert events.get_nowait() == "again"


async def test_several_handlers(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        channel = f"news-{user}"
        one: asyncio.Queue[Any] = asyncio.Queue()
        two: asyncio.Queue[Any] = asyncio.Queue()
        first, second = await asyncio.gather(
            client.subscribe(channel, one.put_nowait), client.subscribe(channel, two.put_nowait)
        )
        await server.control("publish", b"1", channel=channel)
        assert (await next_of(one), await next_of(two)) == (1, 1)
        await first.unsubscribe()
        await server.control("publish", b"2", channel=channel)
        assert await next_of(two) == 2
        assert one.empty()
        await second.unsubscribe()
        await eventually_unsubscribed(server, channel)


@pytest.mark.parametrize("awaited", [True, False])
async def test_unsubscribe_and_subscribe_at_once(server: Server, user: str, awaited: bool) -> None:
    """The end of a subscription does not end the next one, however soon it follows."""
    async with connected(server, user) as client:
        channel = f"news-{user}"
        for n in range(10):
            events: asyncio.Queue[Any] = asyncio.Queue()
            subscription = await client.subscribe(channel, events.put_nowait)
            await server.control("publish", b"%d" % n, channel=channel)
            assert await next_of(events) == n
            ending = asyncio.create_task(subscription.unsubscribe())
            if awaited:
                await ending
            else:
                await asyncio.sleep(0)  # it has begun, and is not done


async def test_a_handler_that_raises(server: Server, user: str) -> None:
    errors: asyncio.Queue[Exception] = asyncio.Queue()
    async with connected(server, user, on_error=errors.put_nowait) as client:
        channel = f"news-{user}"

        def bad(data: Any) -> None:
            raise RuntimeError(f"bad {data}")

        async def worse(data: Any) -> None:
            await client.call("echo")
            raise RuntimeError(f"worse {data}")

        await client.subscribe(channel, bad)
        await client.subscribe(channel, worse)
        await server.control("publish", b"1", channel=channel)
        await server.control("publish", b"2", channel=channel)
        texts = [str(await asyncio.wait_for(errors.get(), 20)) for _ in range(4)]
        assert sorted(texts) == ["bad 1", "bad 2", "worse 1", "worse 2"]
        assert await client.call("echo", {"n": 1}) == {"n": 1}


async def test_an_async_handler_may_call_and_keeps_the_order(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        channel = f"news-{user}"
        seen: asyncio.Queue[Any] = asyncio.Queue()

        async def handler(data: Any) -> None:
            # The first takes longest; the others must wait for it.
            result = await client.call("slow", {"ms": 60 if data == 0 else 0, "n": data})
            seen.put_nowait(result["n"])

        await client.subscribe(channel, handler)
        for n in range(5):
            await server.control("publish", b"%d" % n, channel=channel)
        assert [await next_of(seen) for _ in range(5)] == list(range(5))


async def test_unsubscribe_in_the_handler(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        channel = f"news-{user}"
        seen: list[Any] = []

        async def handler(data: Any) -> None:
            seen.append(data)
            await subscription.unsubscribe()

        subscription = await client.subscribe(channel, handler)
        await server.control("publish", b"1", channel=channel)
        await server.control("publish", b"2", channel=channel)
        await eventually(lambda: not subscription.active)
        await eventually_unsubscribed(server, channel)
        assert seen == [1]


async def test_events_on_the_reply_channel(server: Server, user: str) -> None:
    """An application may publish to one user; replies never reach the handler."""
    async with connected(server, user) as client:
        events: asyncio.Queue[Any] = asyncio.Queue()
        subscription = await client.subscribe(f"user#{user}", events.put_nowait)
        await client.call("echo", {"n": 1})
        await server.control("publish", b'{"type":"hello"}', channel=f"user#{user}")
        assert await next_of(events) == {"type": "hello"}
        await subscription.unsubscribe()
        assert await client.call("echo", {"n": 1}) == {"n": 1}


async def test_a_channel_that_the_server_subscribes(testserver: Path, user: str) -> None:
    """A handler works whether the server subscribes its channel or no longer does."""
    server = Server(testserver)
    try:
        async with connected(server, user, session="s1") as client:
            channel = f"user#{user}"
            events: asyncio.Queue[Any] = asyncio.Queue()
            subscription = await client.subscribe(channel, events.put_nowait)
            await published(server, channel, events)
            states = States(client)
            for auto_subscribe in ("false", "true"):
                states.clear()
                await server.control(f"set?auto-subscribe={auto_subscribe}")
                await server.control("disconnect", user=user)
                await states.wait_for("connecting", "connected")
                await published(server, channel, events)
                assert subscription.active
                assert await client.call("echo", {"n": 1}) == {"n": 1}
            await subscription.unsubscribe()
            assert not subscription.active
    finally:
        server.stop()


async def test_disconnect_while_subscribing(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        task = asyncio.create_task(client.subscribe(f"news-{user}", print))
        await asyncio.sleep(0)
        await client.disconnect()
        with pytest.raises(centrirpc.ClientClosedError):
            await task
