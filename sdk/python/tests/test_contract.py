"""Saying which contract a client is from, and asking whether it still works."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import centrirpc
from centrirpc import CentrifugoRPCClient, ContractCheck

from .conftest import Server, States, connected

UNKNOWN = ContractCheck(same=False, compatible=None, server_hash="")


@pytest.fixture(scope="session")
def contract_server(testserver: Path) -> Iterator[Server]:
    """A server whose answer about its contract each test sets."""
    server = Server(testserver)
    yield server
    server.stop()


async def answer(server: Server, text: str) -> None:
    await server.control("set", contract=text)


async def reconnect(server: Server, client: CentrifugoRPCClient, user: str) -> None:
    states = States(client)
    await server.control("disconnect", user=user)
    await states.wait_for("connecting", "connected")
    # The server may not have noticed yet that the former connection ended.
    await server.connections_until(lambda all_: [c["user"] for c in all_].count(user) == 1)


async def test_a_stated_contract_is_said_at_each_connect(own_server: Server, user: str) -> None:
    server = own_server
    async with connected(server, user) as client:
        assert await server.connect_data(user) is None
        client.state_contract("first")
        for _ in range(2):
            await reconnect(server, client, user)
            assert await server.connect_data(user) == {"centrirpc": {"contract": "first"}}
        await client.disconnect()
        await server.connections_until(lambda all_: all(c["user"] != user for c in all_))
        client.state_contract("second")
        client.state_contract('la"st')
        await client.connect()
        assert await server.connect_data(user) == {"centrirpc": {"contract": 'la"st'}}
        client.state_contract("")
        await reconnect(server, client, user)
        assert await server.connect_data(user) is None


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"mine": 1}, {"mine": 1, "centrirpc": {"contract": "h"}}),
        ({"centrirpc": {"more": 1, "contract": "x"}}, {"centrirpc": {"more": 1, "contract": "h"}}),
        ({"centrirpc": 7}, {"centrirpc": {"contract": "h"}}),
        ({}, {"centrirpc": {"contract": "h"}}),
        (["mine"], ["mine"]),
        ("mine", "mine"),
        (None, {"centrirpc": {"contract": "h"}}),
    ],
)
async def test_it_is_added_to_data_that_is_a_mapping(
    own_server: Server, user: str, own: Any, said: Any
) -> None:
    server = own_server
    before = repr(own)
    async with connected(server, user, sdk_options={"data": own}) as client:
        assert await server.connect_data(user) == (own or None)
        client.state_contract("h")
        await reconnect(server, client, user)
        assert await server.connect_data(user) == said
        client.state_contract("")
        await reconnect(server, client, user)
        assert await server.connect_data(user) == (own or None)
    assert repr(own) == before


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ('{"hash":"mine","compatible":true}', ContractCheck(True, True, "mine")),
        ('{"hash":"new","compatible":true}', ContractCheck(False, True, "new")),
        ('{"hash":"new","compatible":false}', ContractCheck(False, False, "new")),
        ('{"hash":"new","compatible":null}', ContractCheck(False, None, "new")),
        ('{"hash":"","compatible":null}', UNKNOWN),
        ('{"hash":"mine"}', ContractCheck(False, None, "mine")),
        ('["what"]', UNKNOWN),
        ('{"hash":1,"compatible":"yes"}', UNKNOWN),
        *[(code, UNKNOWN) for code in ("100", "104", "108", "404", "405", "")],
    ],
)
async def test_check_tells_what_the_server_says(
    contract_server: Server, user: str, text: str, want: ContractCheck
) -> None:
    await answer(contract_server, text)
    async with connected(contract_server, user) as client:
        assert await client.check_contract("mine") == want


@pytest.mark.parametrize(
    ("code", "error"),
    [("103", centrirpc.PermissionDeniedError), ("111", centrirpc.ResourceExhaustedError)],
)
async def test_other_refusals_are_errors(
    contract_server: Server, user: str, code: str, error: type[Exception]
) -> None:
    await answer(contract_server, code)
    async with connected(contract_server, user) as client:
        with pytest.raises(error):
            await client.check_contract("mine")


async def test_check_ends_as_calls_do(contract_server: Server, user: str) -> None:
    server = contract_server
    await answer(server, "0")
    async with connected(server, user) as client:
        with pytest.raises(centrirpc.CallTimeoutError):
            await client.check_contract("mine", timeout=0.05)
        with pytest.raises(ValueError, match="above 0"):
            await client.check_contract("mine", timeout=0)
        task = asyncio.create_task(client.check_contract("mine"))
        await client.call("echo")  # by now the question has arrived
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

        # Unanswered when the connection drops, it is asked again.
        task = asyncio.create_task(client.check_contract("mine"))
        await client.call("echo")
        await answer(server, '{"hash":"new","compatible":false}')
        await server.control("disconnect", user=user)
        assert await task == ContractCheck(False, False, "new")

        await answer(server, "0")
        task = asyncio.create_task(client.check_contract("mine"))
        await client.call("echo")
        await client.disconnect()
        with pytest.raises(centrirpc.ClientClosedError):
            await task
        with pytest.raises(centrirpc.NotConnectedError):
            await client.check_contract("mine")
        assert len(client._checks) == 0

        # While connecting, it waits.
        await answer(server, '{"hash":"mine","compatible":true}')
        connecting = asyncio.create_task(client.connect())
        await asyncio.sleep(0)
        assert client.state == "connecting"
        assert (await client.check_contract("mine")).same
        await connecting
