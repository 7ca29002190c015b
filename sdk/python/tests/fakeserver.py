"""A Centrifuge server that does nothing by itself: a test gives every answer."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from centrirpc import CentrifugoRPCClient

from .conftest import DEADLINE

# Bound of a client's whole life, in seconds.
CLIENT_DEADLINE = DEADLINE

USER = "u1"
CHANNEL = f"user#{USER}"


@dataclass
class Arrived:
    """A request that arrived, and what can be answered."""

    socket: ServerConnection
    command: int
    envelope: dict[str, Any]
    size: int
    """Of its frame, in bytes."""

    @property
    def id(self) -> str:
        """The correlation id."""
        return str(self.envelope["correlation_id"])

    async def ack(self) -> None:
        await self._send({"id": self.command, "publish": {}})

    async def refuse(self, code: int) -> None:
        await self._send({"id": self.command, "error": {"code": code, "message": "refused"}})

    async def reply(self, **fields: Any) -> None:
        """Publish a reply envelope for this request."""
        data = {"correlation_id": self.id, **fields}
        await self._send({"push": {"channel": CHANNEL, "pub": {"data": data}}})

    async def items(self, start: int, stop: int) -> None:
        """Items that are their numbers."""
        for seq in range(start, stop):
            await self.reply(seq=seq, item=seq)

    def cut(self) -> None:
        """Drop the connection without a word."""
        self.socket.transport.abort()

    async def _send(self, message: Any) -> None:
        with suppress(ConnectionClosed):  # what is sent on a dead connection is lost
            await self.socket.send(json.dumps(message))


@dataclass
class FakeServer:
    """Connects whoever comes, as one user, and keeps what is published."""

    store: str | None = "epoch-1"
    max_message_size: int = 65536
    url: str = ""
    connects: int = 0
    refuse_connects: bool = False
    behind_centrifugo: bool = False
    """Says nothing at connect, and what it has to say with the reply channel."""
    flushes: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    """Requests that carry nothing but received ids."""
    sockets: list[ServerConnection] = field(default_factory=list)
    _arrived: asyncio.Queue[Arrived] = field(default_factory=asyncio.Queue)

    async def next(self) -> Arrived:
        """The next request."""
        async with asyncio.timeout(DEADLINE):
            return await self._arrived.get()

    async def accept(self) -> Arrived:
        """The next request, acknowledged."""
        arrived = await self.next()
        await arrived.ack()
        return arrived

    async def serve_one(self, result: Any = None) -> Arrived:
        """The next request, acknowledged and answered."""
        arrived = await self.accept()
        await arrived.reply(result=result)
        return arrived

    async def flush(self) -> dict[str, Any]:
        """The next request with nothing but received ids."""
        async with asyncio.timeout(DEADLINE):
            return await self.flushes.get()

    def waiting(self) -> int:
        """How many requests have arrived that the test has not taken."""
        return self._arrived.qsize()

    async def nothing_before(self, client: CentrifugoRPCClient) -> None:
        """Assert that the client has sent nothing that the test has not taken."""
        marker = asyncio.create_task(client.call("marker"))
        arrived = await self.next()
        assert arrived.envelope.get("method") == "marker", arrived.envelope
        await arrived.reply(result=None)
        await marker

    def cut(self) -> None:
        """Drop all connections without a word."""
        for socket in self.sockets:
            socket.transport.abort()

    async def _serve(self, socket: ServerConnection) -> None:
        self.sockets.append(socket)
        try:
            async for frame in socket:
                for line in str(frame).split("\n"):
                    await self._command(socket, json.loads(line), len(str(frame).encode()))
        except ConnectionClosed:
            pass
        finally:
            self.sockets.remove(socket)

    def _said(self) -> dict[str, Any]:
        said: dict[str, Any] = {"version": 1, "max_message_size": self.max_message_size}
        if self.store is not None:
            said["store"] = self.store
        return {"centrirpc": said}

    async def _command(self, socket: ServerConnection, command: dict[str, Any], size: int) -> None:
        if "connect" in command:
            if self.refuse_connects:
                socket.transport.abort()
                return
            self.connects += 1
            connect: dict[str, Any] = {"client": f"c{self.connects}", "version": "fake"}
            if not self.behind_centrifugo:
                connect.update(data=self._said(), subs={CHANNEL: {}})
            await socket.send(json.dumps({"id": command["id"], "connect": connect}))
        elif "subscribe" in command:
            answer = {"id": command["id"], "subscribe": {"data": self._said()}}
            await socket.send(json.dumps(answer))
        elif "publish" in command:
            envelope = command["publish"]["data"]
            if envelope.get("op") == "ack" and "seq" not in envelope:
                await socket.send(json.dumps({"id": command["id"], "publish": {}}))
                self.flushes.put_nowait(envelope)
            else:
                self._arrived.put_nowait(Arrived(socket, command["id"], envelope, size))


@asynccontextmanager
async def fake_server(**options: Any) -> AsyncIterator[FakeServer]:
    """A running server."""
    fake = FakeServer(**options)
    server: Server
    async with serve(fake._serve, "127.0.0.1", 0, ping_interval=None) as server:
        host, port = next(iter(server.sockets)).getsockname()[:2]
        fake.url = f"ws://{host}:{port}/connection/websocket"
        yield fake


def start(client: CentrifugoRPCClient, method: str = "work", **options: Any) -> asyncio.Task[Any]:
    """A call that is under way."""
    return asyncio.create_task(client.call(method, {"n": 1}, **options))


@asynccontextmanager
async def client_of(server: FakeServer, **options: Any) -> AsyncIterator[CentrifugoRPCClient]:
    """A connected client that reconnects quickly and must leave nothing behind."""
    before = asyncio.all_tasks()
    sdk_options = {"min_reconnect_delay": 0.01, "max_reconnect_delay": 0.05, "proxy": None}
    client = CentrifugoRPCClient(server.url, "", USER, sdk_options=sdk_options, **options)
    async with asyncio.timeout(CLIENT_DEADLINE):
        async with client:
            yield client
        assert client.pending_calls == 0
        calls = client._calls
        assert not calls._pending
        assert not calls._pacer._out
        assert not calls._pacer._waiting
        assert not calls._last_words
        assert not calls._received._ids
        assert timers() == []
        while asyncio.all_tasks() - before - server_tasks():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Clocks:
    """The clocks, which a test can set: that of the loop and its timers, and that on the wall."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._passed = self._set = 0.0
        running, wall = loop.time, time.time
        monkeypatch.setattr(loop, "time", lambda: running() + self._passed)
        monkeypatch.setattr(time, "time", lambda: wall() + self._passed + self._set)
        # What passes here is no waiting.
        monkeypatch.setattr(sys.modules[__name__], "CLIENT_DEADLINE", 1e9)

    def go(self, seconds: float) -> None:
        """Let time pass; timers that are due run in the next turn of the loop."""
        self._passed += seconds

    async def settle(self) -> None:
        """Return when what is due has run, and what that has set off in the client."""
        for _ in range(10):
            await asyncio.sleep(0)

    def set_wall(self, seconds: float) -> None:
        """Put the clock on the wall forward, or back, while no time passes for the other."""
        self._set += seconds


def server_tasks() -> set[asyncio.Task[Any]]:
    """Tasks of the fake server's connections, which end by themselves."""
    return {t for t in asyncio.all_tasks() if "websockets" in repr(t.get_coro())}


def timers() -> list[asyncio.TimerHandle]:
    """The timers of the client that are running."""
    loop: Any = asyncio.get_running_loop()
    running = [handle for handle in loop._scheduled if not handle.cancelled()]
    return [h for h in running if h._callback.__module__.startswith("centrirpc")]
