"""Who the client is, where it was not told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import centrirpc
from centrirpc import CentrifugoRPCClient

from .conftest import DEADLINE, Server

QUICK = {"min_reconnect_delay": 0.01, "max_reconnect_delay": 0.05, "proxy": None}


@pytest.fixture
def anonymous(testserver: Path) -> Iterator[Server]:
    """A server that takes anybody, and says whom it takes them for."""
    server = Server(testserver, "-anonymous")
    yield server
    server.stop()


async def fetched() -> str:
    return "opaque.bob"


@pytest.mark.parametrize("auto_subscribe", ["true", "false"])
@pytest.mark.parametrize(
    ("options", "user", "channel"),
    [
        ({}, "anonymous-1", "user#anonymous-1"),
        ({"token": "opaque.ada"}, "ada", "user#ada"),
        ({"token": "opaque.ada", "session": "tab"}, "ada", "user.tab#ada"),
        ({"get_token": fetched}, "bob", "user#bob"),
    ],
)
async def test_the_server_says_the_user_id(
    anonymous: Server, options: dict[str, Any], user: str, channel: str, auto_subscribe: str
) -> None:
    await anonymous.control(f"set?auto-subscribe={auto_subscribe}")
    client = CentrifugoRPCClient(anonymous.url, sdk_options=QUICK, **options)
    assert client.user_id == ""
    async with asyncio.timeout(DEADLINE), client:
        assert client.user_id == user
        assert (await client.call("whoami"))["user"] == user
        (envelope,) = await anonymous.envelopes(user, 1)
        assert envelope["reply_to"] == channel


@pytest.mark.parametrize("session", [None, "tab"])
@pytest.mark.parametrize("auto_subscribe", ["true", "false"])
async def test_the_user_id_may_change_at_a_reconnect(
    anonymous: Server, session: str | None, auto_subscribe: str
) -> None:
    await anonymous.control(f"set?auto-subscribe={auto_subscribe}")
    errors: list[Exception] = []
    client = CentrifugoRPCClient(
        anonymous.url, session=session, sdk_options=QUICK, on_error=errors.append
    )
    async with asyncio.timeout(DEADLINE), client:
        assert await client.call("drop", {"n": 1}, idempotent=True) == {"n": 1}
        assert client.user_id == "anonymous-2"
        assert client.state == "connected"
        await anonymous.connections_until(
            lambda all_: all("anonymous-1" not in name for c in all_ for name in c["channels"])
        )
        assert await client.call("echo", {"n": 2}) == {"n": 2}
    assert errors == []


@pytest.mark.parametrize(
    ("said", "given", "message"),
    [
        ("-", None, "cannot connect: the user id is not known.*pass user_id"),
        ("ada", "bob", "cannot connect: the client is for the user 'bob'.* knows it as 'ada'"),
        ("a,b", None, "cannot connect: the server gave a user id that cannot be used: .*','"),
    ],
)
async def test_a_user_id_that_cannot_work(
    anonymous: Server, said: str, given: str | None, message: str
) -> None:
    await anonymous.control("set", **{"say-user": said})
    client = CentrifugoRPCClient(anonymous.url, user_id=given, sdk_options=QUICK)
    async with asyncio.timeout(DEADLINE):
        with pytest.raises(centrirpc.ConnectError, match=message) as refused:
            await client.connect()
        assert refused.value.code == 0
        assert client.state == "disconnected"
        await anonymous.connections_until(lambda all_: all_ == [])
        await anonymous.control("set", **{"say-user": ""})
        if given is None:
            async with client:
                assert client.user_id == "anonymous-2"
                assert await client.call("echo", {"n": 1}) == {"n": 1}


async def test_a_long_timeout_is_said_as_a_day(own_server: Server, user: str) -> None:
    client = CentrifugoRPCClient(own_server.url, own_server.token(user), sdk_options=QUICK)
    async with asyncio.timeout(DEADLINE), client:
        assert await client.call("echo", timeout=1e9) == {}
        (envelope,) = await own_server.envelopes(user, 1)
        assert json.dumps(envelope["timeout_ms"]) == "86400000"
