"""Refusals that say "later": the call comes again, within its deadline."""

from __future__ import annotations

import asyncio

import pytest

import centrirpc
from centrirpc import rpc_backoff

from .conftest import Frames
from .fakeserver import client_of, fake_server
from .test_survival import start


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_backoff, "_FIRST", 0.005)


@pytest.mark.parametrize("code", [111, 429, 503])
async def test_refused_and_then_answered(code: int) -> None:
    async with fake_server() as server, client_of(server) as client:
        frames = Frames(client)
        call = start(client)
        for _ in range(3):
            refused = await server.next()
            assert "store" not in refused.envelope  # it was not claimed
            await refused.refuse(code)
        server.store = "epoch-2"
        refused.cut()
        last = await server.serve_one(1)
        assert "store" not in last.envelope
        assert last.id == refused.id
        assert await call == 1
        assert [k for k in frames.kinds() if k != "ack"] == ["publish", *["resend"] * 3, "reply"]


async def test_a_fault_in_between() -> None:
    """100 says nothing of the request: it may have been claimed."""
    async with fake_server() as server, client_of(server) as client:
        call = start(client)
        first = await server.next()
        assert "store" not in first.envelope
        await first.refuse(100)
        for _ in range(2):
            again = await server.next()
            assert (again.id, again.envelope["store"]) == (first.id, "epoch-1")
            await again.refuse(100)
        await server.serve_one(1)
        assert await call == 1


async def test_a_notification_and_a_volatile_call_come_again() -> None:
    async with fake_server() as server, client_of(server) as client:
        tasks = [
            asyncio.create_task(client.notify("work")),
            start(client, volatile=True),
            asyncio.create_task(client.notify("work", volatile=True)),
        ]
        for _ in tasks:
            await (await server.next()).refuse(503)
        for _ in tasks:
            await server.serve_one()
        await asyncio.gather(*tasks)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (111, centrirpc.ResourceExhaustedError),
        (503, centrirpc.UnavailableError),
    ],
)
async def test_refused_until_the_deadline(code: int, error: type[Exception]) -> None:
    async with fake_server() as server, client_of(server) as client:

        async def refuse_all() -> None:
            while True:
                await (await server.next()).refuse(code)

        refusing = asyncio.create_task(refuse_all())
        # The very last one may be on its way when the deadline passes.
        with pytest.raises((error, centrirpc.CallTimeoutError)) as caught:
            await client.call("work", timeout=0.2)
        refusing.cancel()
        if isinstance(caught.value, centrirpc.CallTimeoutError):
            assert isinstance(caught.value.__cause__, error)


async def test_waiting_for_the_next_attempt_at_the_deadline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The latest word is a refusal and the call cannot have run: no cancel, and that error."""
    monkeypatch.setattr("centrirpc.rpc_backoff.uniform", lambda low, high: 1000.0)

    class DeclaredError(centrirpc.ServerError):
        pass

    async with fake_server() as server, client_of(server) as client:
        call = start(client, timeout=0.1, errors={503: DeclaredError})
        await (await server.next()).refuse(503)
        with pytest.raises(DeclaredError, match="refused"):
            await call
        await server.nothing_before(client)


async def test_refused_after_it_may_have_been_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with fake_server() as server, client_of(server) as client:
        call = start(client, timeout=0.3)
        (await server.next()).cut()
        for _ in range(2):
            again = await server.next()
            assert again.envelope["store"] == "epoch-1"
            monkeypatch.setattr("centrirpc.rpc_backoff.uniform", lambda low, high: 0.01)
            await again.refuse(503)
        await server.next()
        with pytest.raises(centrirpc.CallTimeoutError) as caught:
            await call
        assert isinstance(caught.value.__cause__, centrirpc.UnavailableError)
        assert (await server.next()).envelope["op"] == "cancel"


async def test_pauses_grow_and_are_random(monkeypatch: pytest.MonkeyPatch) -> None:
    bounds: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return 0.0

    monkeypatch.setattr("centrirpc.rpc_backoff.uniform", uniform)
    monkeypatch.setattr(rpc_backoff, "_FIRST", 0.1)
    async with fake_server() as server, client_of(server) as client:
        call = start(client)
        for _ in range(8):
            await (await server.next()).refuse(111)
        await server.accept()  # a sign
        server.cut()
        await (await server.next()).refuse(111)
        await server.serve_one()
        await call
    assert [low for low, _ in bounds] == [0] * 9
    assert [high for _, high in bounds] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 0.1])


async def test_cancelled_while_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    async with fake_server() as server, client_of(server) as client:
        frames = Frames(client)
        call = start(client, "other")
        await frames.wait_for("publish")
        await (await server.next()).refuse(103)
        with pytest.raises(centrirpc.PermissionDeniedError):
            await call
        monkeypatch.setattr("centrirpc.rpc_backoff.uniform", lambda low, high: 10.0)
        call = start(client)
        await (await server.next()).refuse(503)
        pending = next(iter(client._calls._pending.values()))
        while pending.refusal is None:  # noqa: ASYNC110
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await server.nothing_before(client)  # no cancel: it was not claimed


@pytest.mark.parametrize("code", [429, 503])
async def test_a_final_reply_is_final(code: int) -> None:
    async with fake_server() as server, client_of(server) as client:
        call = start(client)
        error = {"code": code, "reason": "", "message": "said the handler"}
        await (await server.accept()).reply(error=error)
        with pytest.raises(centrirpc.ServerError, match="said the handler"):
            await call
        await server.nothing_before(client)
