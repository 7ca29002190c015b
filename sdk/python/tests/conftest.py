"""A real server with faults on demand, and what the tests ask of it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from centrirpc import CentrifugoRPCClient, Frame

ROOT = Path(__file__).resolve().parents[3]
VECTORS = ROOT / "wire" / "testdata"

# Bound of every wait in the tests, in seconds: only a failing test gets there.
DEADLINE = 20.0


def vectors(name: str) -> Any:
    """A file that the Go and TypeScript tests read too."""
    return json.loads((VECTORS / f"{name}.json").read_text("utf-8"))


class Server:
    """A running internal/testserver; it ends when its standard input closes."""

    def __init__(self, binary: Path, *flags: str) -> None:
        self.process = subprocess.Popen(
            [binary, *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("listening on "), f"the test server said {line!r}"
        self.http = line.split()[-1]
        self.url = self.http.replace("http://", "ws://") + "/connection/websocket"

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(DEADLINE)
        self.process.stdout.close()

    def request(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.http + path, data=body, method=method)
        with urllib.request.urlopen(request, timeout=DEADLINE) as answer:
            data: bytes = answer.read()
        return data

    def token(self, user: str, **query: str) -> str:
        return self.request(
            "GET", "/token?" + urllib.parse.urlencode({"user": user, **query})
        ).decode()

    async def control(self, path: str, body: bytes = b"", **query: object) -> bytes:
        path = f"/control/{path}"
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return await asyncio.to_thread(self.request, "POST", path, body)

    async def envelopes(self, user: str, n: int = 0, **query: object) -> list[dict[str, Any]]:
        """The requests of a user, once there are ``n``."""
        query = {"user": user, **query}
        if n:
            query |= {"n": n, "wait": f"{DEADLINE:g}s"}
        path = f"/control/envelopes?{urllib.parse.urlencode(query)}"
        found = json.loads(await asyncio.to_thread(self.request, "GET", path))
        return [envelope["data"] for envelope in found or []]

    async def connect_data(self, user: str) -> Any:
        """What the only connection of a user said at connect, or None."""
        answer = await asyncio.to_thread(self.request, "GET", "/control/connections")
        (found,) = [c for c in json.loads(answer) if c["user"] == user]
        return found.get("data")

    async def connections_until(self, condition: Callable[[list[dict[str, Any]]], bool]) -> None:
        """Wait for the server's connections, with their channels, to be as they should."""
        async with asyncio.timeout(DEADLINE):
            while True:
                found = await asyncio.to_thread(self.request, "GET", "/control/connections")
                if condition(json.loads(found) or []):
                    return


@pytest.fixture(scope="session")
def testserver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The test server's binary."""
    binary = tmp_path_factory.mktemp("testserver") / "testserver"
    subprocess.run(
        ["go", "build", "-o", str(binary), "./internal/testserver"],
        cwd=ROOT,
        env={**os.environ, "CGO_ENABLED": "0"},
        check=True,
    )
    return binary


@pytest.fixture(scope="session")
def own_server(testserver: Path) -> Iterator[Server]:
    """A server like ours: it subscribes the reply channel and says its limit."""
    server = Server(testserver)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def plain_server(testserver: Path) -> Iterator[Server]:
    """A server like plain Centrifugo: the client subscribes, and no limit is said."""
    server = Server(testserver, "-auto-subscribe=false", "-connect-data=false")
    yield server
    server.stop()


@pytest.fixture(params=["own_server", "plain_server"])
def server(request: pytest.FixtureRequest) -> Server:
    """Both kinds of server, in turn."""
    found: Server = request.getfixturevalue(request.param)
    return found


_users = 0


@pytest.fixture
def user() -> str:
    """A user no other test uses."""
    global _users
    _users += 1
    return f"u{_users}"


@asynccontextmanager
async def connected(
    server: Server, user: str, **options: Any
) -> AsyncIterator[CentrifugoRPCClient]:
    """A connected client that reconnects quickly and leaves nothing behind."""
    sdk_options = {"min_reconnect_delay": 0.01, "max_reconnect_delay": 0.05, "proxy": None}
    sdk_options |= options.pop("sdk_options", {})
    client = CentrifugoRPCClient(server.url, server.token(user), sdk_options=sdk_options, **options)
    async with asyncio.timeout(DEADLINE):
        async with client:
            yield client
        assert client.pending_calls == 0


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for a condition that no event tells of."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class Frames(list[Frame]):
    """The frames of a client, with waiting."""

    def __init__(self, client: CentrifugoRPCClient) -> None:
        super().__init__()
        self._changed = asyncio.Event()
        client.on_frame(self._add)

    def _add(self, frame: Frame) -> None:
        self.append(frame)
        self._changed.set()

    def kinds(self) -> list[str]:
        return [frame.kind for frame in self]

    async def wait_for(self, *kinds: str) -> None:
        """Wait until each kind was seen as often as it is named."""
        async with asyncio.timeout(DEADLINE):
            while any(self.kinds().count(kind) < kinds.count(kind) for kind in kinds):
                self._changed.clear()
                await self._changed.wait()


class States(list[str]):
    """The states of a client, with waiting."""

    def __init__(self, client: CentrifugoRPCClient) -> None:
        super().__init__()
        self._changed = asyncio.Event()
        client.on_state(self._add)

    def _add(self, state: str) -> None:
        self.append(state)
        self._changed.set()

    async def wait_for(self, *states: str) -> None:
        """Wait until the states seen end with these."""
        async with asyncio.timeout(DEADLINE):
            while tuple(self[-len(states) :]) != states:
                self._changed.clear()
                await self._changed.wait()
