"""A call in flight, whatever happens to the connection: one definite outcome."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

import centrirpc
from centrirpc import CentrifugoRPCClient, rpc_pacing

from .conftest import Frames, States
from .fakeserver import Arrived, Clocks, FakeServer, client_of, fake_server, start


async def test_a_first_request_says_nothing_of_a_store() -> None:
    async with fake_server() as server, client_of(server) as client:
        call = start(client)
        first = await server.serve_one(7)
        assert await call == 7
        fields = {"method", "params", "correlation_id", "reply_to", "timeout_ms"}
        assert set(first.envelope) == fields


@pytest.mark.parametrize("acked", [False, True])
async def test_cut(acked: bool) -> None:
    async with fake_server() as server, client_of(server) as client:
        frames = Frames(client)
        call = start(client, timeout=15)
        first = await (server.accept() if acked else server.next())
        if acked:
            await frames.wait_for("ack")
        first.cut()
        second = await server.serve_one("done")
        assert await call == "done"
        left = second.envelope.pop("timeout_ms")
        assert 0 < left <= first.envelope.pop("timeout_ms") == 15000
        assert second.envelope == {**first.envelope, "store": "epoch-1"}
        assert second.socket is not first.socket
        assert [k for k in frames.kinds() if k != "ack"] == ["publish", "resend", "reply"]
        await server.nothing_before(client)


async def test_the_store_comes_with_the_reply_channel() -> None:
    """And the limit: behind Centrifugo, nothing of ours is said at connect."""
    async with (
        fake_server(behind_centrifugo=True, max_message_size=3000) as server,
        client_of(server) as client,
    ):
        with pytest.raises(centrirpc.RequestTooLargeError):
            await client.call("work", {"text": "x" * 3000})
        call = start(client)
        (await server.accept()).cut()
        assert (await server.serve_one(7)).envelope["store"] == "epoch-1"
        assert await call == 7


async def test_the_epoch_is_that_of_the_first_request() -> None:
    async with fake_server() as server, client_of(server) as client:
        call = start(client)
        first = await server.next()
        for epoch in ("epoch-2", "epoch-3"):
            server.store = epoch
            first.cut()
            first = await server.next()
            assert first.envelope["store"] == "epoch-1"
        error = {"code": 520, "reason": "outcome_unknown", "message": "who knows"}
        await first.reply(error=error)
        with pytest.raises(centrirpc.OutcomeUnknownError):
            await call
        call = start(client)
        first = await server.next()
        assert "store" not in first.envelope
        first.cut()
        assert (await server.serve_one(1)).envelope["store"] == "epoch-3"
        assert await call == 1


@pytest.mark.parametrize("store", [None, "", "x" * 65, "é", 7])
async def test_a_server_without_a_store(store: Any) -> None:
    async with fake_server(store=store) as server, client_of(server) as client:
        lost, again = start(client), start(client, idempotent=True)
        notified = asyncio.create_task(client.notify("work"))
        for _ in range(2):
            first = await server.next()
        await server.next()
        first.cut()
        for task in (lost, notified):
            with pytest.raises(centrirpc.ConnectionLostError, match="unknown"):
                await task
        second = await server.serve_one(1)
        assert second.envelope["correlation_id"] == first.id
        assert "store" not in second.envelope
        assert await again == 1
        await server.nothing_before(client)


async def test_a_reconnect_to_a_server_without_a_store() -> None:
    async with fake_server() as server, client_of(server) as client:
        lost, again = start(client), start(client, idempotent=True)
        first, second = await server.next(), await server.next()
        server.store = None
        first.cut()
        with pytest.raises(centrirpc.ConnectionLostError):
            await lost
        assert (await server.serve_one(1)).id == second.id
        assert await again == 1


async def test_volatile() -> None:
    async with fake_server() as server, client_of(server, silence=0.02) as client:
        call = start(client, volatile=True)
        notified = asyncio.create_task(client.notify("work", volatile=True))
        await server.next()
        again = start(client, volatile=True, idempotent=True)
        await server.next()
        # Silence sends only what may run twice.
        first, second = await server.next(), await server.next()
        assert first.id == second.id
        first.cut()
        for task in (call, notified):
            with pytest.raises(centrirpc.ConnectionLostError):
                await task
        third = await server.serve_one(1)
        assert third.id == first.id
        assert await again == 1


async def test_volatile_calls_that_were_not_sent_wait() -> None:
    async with fake_server() as server, client_of(server) as client:
        states = States(client)
        server.refuse_connects = True
        server.cut()
        await states.wait_for("connecting")
        call = start(client, volatile=True)
        server.refuse_connects = False
        await server.serve_one(1)
        assert await call == 1


async def test_notification() -> None:
    async with fake_server() as server, client_of(server, silence=0.05) as client:
        frames = Frames(client)
        task = asyncio.create_task(client.notify("work", {"n": 1}, timeout=15))
        first = await server.next()
        first.cut()
        second = await server.next()
        # So long the server has to remember it.
        assert 0 < second.envelope.pop("timeout_ms") <= first.envelope.pop("timeout_ms") == 15000
        assert second.envelope == {**first.envelope, "store": "epoch-1"}
        third = await server.next()  # after a silence
        assert not task.done()
        await third.ack()
        await task
        assert frames.kinds() == ["publish", "resend", "resend", "ack"]
        await server.nothing_before(client)
        first = Arrived(third.socket, 0, first.envelope, 0)
        await first.reply(result=1)  # a notification has no reply


async def test_replies_twice_late_and_before_the_acknowledgement() -> None:
    async with fake_server() as server, client_of(server) as client:
        frames = Frames(client)
        call = start(client)
        first = await server.next()
        await first.reply(result=1)
        await first.reply(result=2)
        await first.ack()
        assert await call == 1
        await server.nothing_before(client)
        assert frames.kinds()[:2] == ["publish", "reply"]
        assert frames.kinds().count("reply") == 2  # the other one is the marker's


async def test_a_reply_to_a_call_that_is_sent_again() -> None:
    """The server attaches the second request to the first, and answers both."""
    async with fake_server() as server, client_of(server) as client:
        call = start(client)
        (await server.accept()).cut()
        second = await server.accept()
        await second.reply(result=1)
        await second.reply(result=1)
        assert await call == 1
        await server.nothing_before(client)


@pytest.mark.parametrize("acked", [False, True])
async def test_silence(acked: bool) -> None:
    async with fake_server() as server, client_of(server, silence=0.03) as client:
        call = start(client)
        first = await (server.accept() if acked else server.next())
        began = time.monotonic()
        sent = [first]
        for _ in range(3):
            sent.append(await server.next())
        assert time.monotonic() - began >= 0.03 + 0.06 + 0.12 - 0.02
        assert {arrived.id for arrived in sent} == {first.id}
        assert {arrived.socket for arrived in sent} == {first.socket}
        assert [a.envelope.get("store") for a in sent] == [None, *["epoch-1"] * 3]
        await sent[-1].reply(result=1)
        assert await call == 1


async def test_silences(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is twice as long, up to a minute; an acknowledgement is a sign only once."""
    clocks = Clocks(monkeypatch)
    async with fake_server() as server, client_of(server) as client:
        frames = Frames(client)
        call = start(client, timeout=3600)
        await server.next()
        acked = 0

        async def ack(arrived: Arrived) -> None:
            nonlocal acked
            acked += 1
            await arrived.ack()
            await frames.wait_for(*["ack"] * acked)

        async def again(after: float) -> Arrived:
            before = frames.kinds().count("resend")
            clocks.go(after * 0.8)
            await clocks.settle()
            assert frames.kinds().count("resend") == before
            clocks.go(after * 0.2)
            await clocks.settle()
            assert frames.kinds().count("resend") == before + 1
            return await server.next()

        await again(10)
        await again(20)
        await ack(await again(40))
        for after in (10, 20, 40, 60, 60):
            arrived = await again(after)
            await ack(arrived)
        await arrived.reply(progress={"done": 1})
        await frames.wait_for("progress")
        await again(10)
        arrived = await again(20)
        arrived.cut()
        await ack(await server.next())
        await again(10)
        await (await again(20)).reply(result=1)
        assert await call == 1


async def test_a_long_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is allowed from the start is not shortened by the bound of the doubling."""
    clocks = Clocks(monkeypatch)
    async with fake_server() as server, client_of(server, silence=120) as client:
        frames = Frames(client)
        call = start(client, timeout=3600)
        await server.next()
        for _ in range(2):
            clocks.go(110)
            await clocks.settle()
            resent = frames.kinds().count("resend")
            clocks.go(10)
            await clocks.settle()
            assert frames.kinds().count("resend") == resent + 1
            arrived = await server.next()
        await arrived.reply(result=1)
        assert await call == 1


async def test_a_sign_ends_the_doubling_of_the_silence() -> None:
    async with fake_server() as server, client_of(server, silence=0.02) as client:
        call = start(client, timeout=60)
        for _ in range(7):  # 20 ms ... 1.28 s
            arrived = await server.next()
        await arrived.reply(progress={"done": 1})
        began = time.monotonic()
        again = await server.next()
        assert time.monotonic() - began < 2
        await again.reply(result=1)
        assert await call == 1


async def test_half_open() -> None:
    """The server has gone without a word; the socket still takes what is written."""
    async with fake_server() as server, client_of(server, silence=0.02) as client:
        call = start(client)
        first = await server.accept()
        assert (await server.next()).socket is first.socket  # into the void
        server.store = "epoch-2"
        first.cut()
        last = await server.serve_one(1)
        assert last.socket is not first.socket
        assert last.envelope["store"] == "epoch-1"
        assert await call == 1


async def test_not_connected_yet() -> None:
    async with fake_server() as server, client_of(server) as client:
        states = States(client)
        server.refuse_connects = True
        server.cut()
        await states.wait_for("connecting")
        call = start(client)
        late = start(client, timeout=0.03)
        with pytest.raises(centrirpc.CallTimeoutError, match="was not sent"):
            await late
        server.store = "epoch-2"
        server.refuse_connects = False
        first = await server.serve_one(1)
        assert "store" not in first.envelope
        assert await call == 1
        await server.nothing_before(client)


async def test_500_calls_at_a_reconnect() -> None:
    n = 500
    async with fake_server(max_message_size=1000) as server, client_of(server) as client:
        calls = [asyncio.create_task(client.call("work", {"n": i})) for i in range(n)]
        first = [await server.next() for _ in range(n)]
        for arrived in first[: n // 2]:
            await arrived.ack()
        first[0].cut()
        again: list[Arrived] = []
        answered = 0
        while answered < n:
            again.append(await server.next())
            assert len(again) - answered <= rpc_pacing.MAX_OUT
            if len(again) - answered == rpc_pacing.MAX_OUT or len(again) == n:
                for arrived in again[answered:]:
                    await arrived.ack()
                answered = len(again)
        assert [a.id for a in again] == [a.id for a in first]
        assert max(a.size for a in again) <= 1000
        for arrived in again:
            await arrived.reply(result=arrived.envelope["params"]["n"])
        assert await asyncio.gather(*calls) == list(range(n))


async def test_a_reconnect_where_nothing_is_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rpc_pacing, "_PAUSE", 0.02)
    async with fake_server() as server, client_of(server) as client:
        calls = [start(client) for _ in range(100)]
        for _ in range(100):
            first = await server.next()
        first.cut()
        again = [await server.next() for _ in range(100)]
        assert len({arrived.id for arrived in again}) == 100
        for arrived in again:
            await arrived.reply(result=1)
        await asyncio.gather(*calls)
        await server.nothing_before(client)


async def test_cut_again_while_calls_are_being_sent_again() -> None:
    async with fake_server() as server, client_of(server) as client:
        calls = [start(client) for _ in range(100)]
        for _ in range(100):
            arrived = await server.next()
        for _ in range(3):
            arrived.cut()
            for _ in range(rpc_pacing.MAX_OUT):
                arrived = await server.next()
            assert server.waiting() == 0
        arrived.cut()
        for _ in range(100):
            await server.serve_one(1)
        assert await asyncio.gather(*calls) == [1] * 100
        await server.nothing_before(client)


async def test_the_limit_is_smaller_after_a_reconnect() -> None:
    async with fake_server() as server, client_of(server) as client:
        call = asyncio.create_task(client.call("work", {"text": "x" * 2000}))
        first = await server.next()
        server.max_message_size = 1000
        first.cut()
        with pytest.raises(centrirpc.ConnectionLostError) as caught:
            await call
        assert isinstance(caught.value.__cause__, centrirpc.RequestTooLargeError)
        await server.nothing_before(client)


async def test_cancelling_the_task() -> None:
    async with fake_server() as server, client_of(server) as client:
        call = start(client)
        first = await server.next()
        first.cut()
        again = await server.next()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert client.pending_calls == 0
        cancel = await server.accept()
        assert cancel.envelope == {"op": "cancel", "correlation_id": again.id}
        await server.nothing_before(client)


async def test_closing_fails_all_at_once() -> None:
    async with fake_server() as server, client_of(server, silence=0.05) as client:
        calls = [start(client) for _ in range(40)]
        notified = asyncio.create_task(client.notify("work"))
        stream = client.stream("rows")
        arrived = [await server.next() for _ in range(42)]
        await arrived[0].refuse(503)  # it is waiting to be sent again
        await arrived[1].ack()
        await client.disconnect()
        assert client.pending_calls == 0
        for task in (*calls, notified):
            with pytest.raises(centrirpc.ClientClosedError):
                await task
        with pytest.raises(centrirpc.ClientClosedError):
            await stream.result()
        await client.connect()
        await server.nothing_before(client)


async def test_ended_for_good_by_the_server() -> None:
    async with fake_server() as server, client_of(server) as client:
        call = start(client)
        first = await server.next()
        await first.socket.close(3500, "go away")
        with pytest.raises(centrirpc.ConnectionLostError, match="ended"):
            await call
        assert client.state == "disconnected"


async def test_silence_must_be_a_time() -> None:
    with pytest.raises(ValueError, match="silence is 0"):
        CentrifugoRPCClient("ws://127.0.0.1:1/x", "", "1", silence=0)


async def test_a_call_whose_publish_never_began(server_epoch: FakeServer) -> None:
    """Cut in the same turn of the loop in which it is made: it is a first request later."""
    server = server_epoch
    async with client_of(server) as client:
        calls: list[asyncio.Task[Any]] = []
        stream: list[Any] = []
        client.on_state(lambda s: stream.append(client.stream("x")) if s == "connecting" else None)
        calls.append(start(client))
        first = await server.next()
        first.cut()
        seen = [await server.next(), await server.next()]
        by_method = {a.envelope["method"]: a for a in seen}
        assert "store" not in by_method["x"].envelope
        assert "seq" not in by_method["x"].envelope
        for arrived in seen:
            await arrived.reply(result=1)
        assert await calls[0] == 1
        assert await stream[0].result() == 1


@pytest.fixture
async def server_epoch() -> Any:
    async with fake_server() as server:
        yield server


def place(n: int) -> str:
    return f"00-4bf92f3577b34da6a3ce929d0e0e4736-{n:016x}-01"


@pytest.mark.parametrize("kind", ["call", "notify", "stream"])
async def test_the_place_in_a_trace(kind: str) -> None:
    """Every request says it, as of when the call was made, also when it is sent again."""
    now: list[str | None] = [place(1)]
    errors: list[Exception] = []

    def traceparent() -> str | None:
        if now[0] == "broken":
            raise RuntimeError("no trace today")
        return now[0]

    async with (
        fake_server() as server,
        client_of(server, traceparent=traceparent, on_error=errors.append) as client,
    ):

        async def said(**options: Any) -> Any:
            call: Any
            if kind == "stream":
                call = client.stream("work", {"n": 1}, **options)
            else:
                call = asyncio.create_task(getattr(client, kind)("work", {"n": 1}, **options))
            first = await server.next()
            now[0] = place(9)
            first.cut()
            again = await server.serve_one(1)
            await (call.result() if kind == "stream" else call)
            places = [r.envelope.get("traceparent", "none") for r in (first, again)]
            assert places[0] == places[1]
            return places[0]

        assert await said() == place(1)
        now[0] = place(1)
        assert await said(traceparent=place(2)) == place(2)
        assert await said(traceparent="rubbish") == "none"
        now[0] = None
        assert await said() == "none"
        now[0] = "broken"
        assert await said() == "none"
        assert [str(e) for e in errors] == ["no trace today"]
