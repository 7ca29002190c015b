"""Calls and notifications against a real server."""

from __future__ import annotations

import asyncio
import json
import pickle
from typing import Any

import pytest

import centrirpc
from centrirpc import CentrifugoRPCClient

from .conftest import Frames, Server, States, connected


async def test_call(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        params = {"text": "é\u2028😀", "list": [1, 2.5, None, True], "nested": {"": {}}}
        assert await client.call("echo", params) == params
        assert await client.call("whoami") == {"user": user, "client": client_id(server, user)}
        assert await client.call("echo") == {}
        envelope = (await server.envelopes(user, 3))[0]
        assert envelope["reply_to"] == f"user#{user}"
        assert envelope["timeout_ms"] == 30000
        assert set(envelope) == {"method", "params", "correlation_id", "reply_to", "timeout_ms"}


def client_id(server: Server, user: str) -> Any:
    connections = json.loads(server.request("GET", "/control/connections"))
    return next(c["client"] for c in connections if c["user"] == user)


async def test_many_calls_at_once(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        results = await asyncio.gather(*(client.call("echo", {"n": n}) for n in range(200)))
        assert results == [{"n": n} for n in range(200)]


async def test_own_session(server: Server, user: str) -> None:
    async with connected(server, user, session="tab-1") as client:
        assert await client.call("echo", {"n": 1}) == {"n": 1}
        assert (await server.envelopes(user, 1))[0]["reply_to"] == f"user.tab-1#{user}"


async def test_two_clients_of_one_user(server: Server, user: str) -> None:
    async with connected(server, user) as one, connected(server, user) as two:
        results = await asyncio.gather(
            *(client.call("echo", {"n": n}) for n in range(20) for client in (one, two))
        )
        assert [r["n"] for r in results] == [n for n in range(20) for _ in "ab"]


async def test_server_error(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        fault = {"code": 404, "reason": "not_found", "message": "no task", "details": {"id": 7}}
        with pytest.raises(centrirpc.NotFoundError, match="no task") as caught:
            await client.call("fail", fault)
        assert caught.value.details == {"id": 7}
        fault = {"code": 1001, "reason": "quota_exceeded", "message": "no more", "details": None}
        with pytest.raises(centrirpc.ServerError) as own:
            await client.call("fail", fault)
        assert type(own.value) is centrirpc.ServerError
        assert (own.value.code, own.value.reason) == (1001, "quota_exceeded")
        with pytest.raises(centrirpc.MethodNotFoundError):
            await client.call("other")


class QuotaExceededError(centrirpc.ServerError):
    """Reads its details, as a generated class does."""

    @classmethod
    def from_reply(
        cls, code: int, reason: str, message: str, details: Any
    ) -> centrirpc.ServerError:
        return cls(code, reason, message, int(details))


class AsleepError(centrirpc.ServerError):
    """Takes its details as they come."""


async def test_declared_errors(server: Server, user: str) -> None:
    errors = {1001: QuotaExceededError, 1002: AsleepError}
    async with connected(server, user) as client:
        frames = Frames(client)
        fault: dict[str, Any] = {"code": 1001, "message": "no more", "details": "7"}
        with pytest.raises(QuotaExceededError, match="no more") as quota:
            await client.call("fail", fault, errors=errors)
        assert quota.value.details == 7
        assert [f.data for f in frames if f.kind == "error"] == [quota.value]
        copy = pickle.loads(pickle.dumps(quota.value))
        assert (type(copy), copy.details) == (QuotaExceededError, 7)
        with pytest.raises(AsleepError) as asleep:
            await client.call("fail", {"code": 1002, "details": [1]}, errors=errors)
        assert asleep.value.details == [1]
        with pytest.raises(centrirpc.ServerError) as plain:
            await client.call("fail", {**fault, "details": "x"}, errors=errors)
        assert type(plain.value) is centrirpc.ServerError
        assert (plain.value.code, plain.value.details) == (1001, "x")
        assert isinstance(plain.value.__cause__, ValueError)
        with pytest.raises(centrirpc.ServerError) as other:
            await client.call("fail", {"code": 1003}, errors=errors)
        assert type(other.value) is centrirpc.ServerError
        assert other.value.__cause__ is None
        with pytest.raises(AsleepError):
            await client.notify("refuse", {"code": 1002}, errors=errors)
        with pytest.raises(centrirpc.NotFoundError):
            await client.call("fail", {"code": 404}, errors=errors)


@pytest.mark.parametrize(
    ("code", "error"), [(103, centrirpc.PermissionDeniedError), (107, centrirpc.ServerError)]
)
async def test_refused(server: Server, user: str, code: int, error: type[Exception]) -> None:
    async with connected(server, user) as client:
        with pytest.raises(error) as caught:
            await client.call("refuse", {"code": code})
        assert type(caught.value) is error
        with pytest.raises(error):
            await client.notify("refuse", {"code": code})
        assert client.state == "connected"


async def test_timeout_cancels_once(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        with pytest.raises(centrirpc.CallTimeoutError, match=r"never within 0\.05 s") as caught:
            await client.call("never", timeout=0.05)
        assert isinstance(caught.value, TimeoutError)
        assert client.pending_calls == 0
        call, cancel = await server.envelopes(user, 2)
        assert call["timeout_ms"] == 50
        assert cancel == {"op": "cancel", "correlation_id": call["correlation_id"]}


async def test_cancelling_the_task(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        task = asyncio.create_task(client.call("never"))
        (call,) = await server.envelopes(user, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert client.pending_calls == 0
        _, cancel = await server.envelopes(user, 2)
        assert cancel == {"op": "cancel", "correlation_id": call["correlation_id"]}
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.call("never")


async def test_reply_without_acknowledgement(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        assert await client.call("noack", {"n": 1}) == {"n": 1}


async def test_what_is_no_reply_is_ignored(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        for envelope in (
            {"type": "task.created"},
            [1],
            "text",
            None,
            {"correlation_id": "", "item": 1, "seq": 0},
            {"correlation_id": "", "progress": {"done": 1}},
            {"correlation_id": "", "result": 1, "error": {"code": 500}},
        ):
            with pytest.raises(centrirpc.CallTimeoutError):
                await client.call("reply", {"envelope": envelope}, timeout=0.05)
        assert (
            await client.call("reply", {"envelope": {"correlation_id": "", "result": None}}) is None
        )
        assert client.state == "connected"


async def test_too_large(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        frames = Frames(client)
        limit = 65536
        envelope = {
            "method": "echo",
            "params": {"a": ""},
            "correlation_id": "0" * 36,
            "reply_to": f"user#{user}",
            "timeout_ms": 30000,
        }
        fits = limit - 256 - len(json.dumps(envelope))
        assert await client.call("echo", {"a": "x" * fits}) == {"a": "x" * fits}
        sent = len(frames)
        with pytest.raises(centrirpc.RequestTooLargeError) as caught:
            await client.call("echo", {"a": "x" * (fits + 1)})
        assert (caught.value.size, caught.value.limit) == (limit + 1, limit)
        assert "65537 bytes; at most 65536" in str(caught.value)
        # What is not ASCII travels escaped, and counts so.
        with pytest.raises(centrirpc.RequestTooLargeError):
            await client.notify("echo", {"a": "é" * (fits // 6 + 10)})
        assert [frame.kind for frame in frames[sent:]] == ["error", "error"]
        assert client.state == "connected"


async def test_own_limit_and_the_server_s(testserver: Any, user: str) -> None:
    server = Server(testserver, "-max-message-size=2000")
    try:
        async with connected(server, user) as client:
            with pytest.raises(centrirpc.RequestTooLargeError) as caught:
                await client.call("echo", {"a": "x" * 2000})
            assert caught.value.limit == 2000
            await asyncio.gather(*(client.call("echo", {"a": "x" * 1200}) for _ in range(50)))
        async with connected(server, user, max_request_size=1000) as client:
            with pytest.raises(centrirpc.RequestTooLargeError) as caught:
                await client.call("echo", {"a": "x" * 1000})
            assert caught.value.limit == 1000
    finally:
        server.stop()


async def test_large_reply(server: Server, user: str) -> None:
    """Frames above 1 MiB arrive, unless the server itself finds its queue too long."""
    async with connected(server, user) as client:
        events: asyncio.Queue[Any] = asyncio.Queue()
        await client.subscribe(f"big-{user}", events.put_nowait)
        big = json.dumps({"text": "x" * 2_000_000}).encode()
        async with asyncio.timeout(20):
            while events.empty():
                await server.control("publish", big, channel=f"big-{user}")
                await asyncio.sleep(0.01)
        assert len(events.get_nowait()["text"]) == 2_000_000


async def test_params_that_are_no_json(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        for params in ({"x": object()}, {"x": float("nan")}, {"x": b"bytes"}):
            with pytest.raises(TypeError, match="params of echo cannot be written as JSON"):
                await client.call("echo", params)
        for timeout in (0, -1, float("inf"), float("nan")):
            with pytest.raises(ValueError, match="timeout of echo"):
                await client.call("echo", timeout=timeout)


async def test_notify(server: Server, user: str) -> None:
    async with connected(server, user) as client:
        await client.notify("cursor.move", {"x": 1})
        (envelope,) = await server.envelopes(user, 1)
        correlation_id = envelope.pop("correlation_id")
        assert len(correlation_id) == 36
        assert 25000 < envelope.pop("timeout_ms") <= 30000
        assert envelope == {"op": "notify", "method": "cursor.move", "params": {"x": 1}}


async def test_before_connect_and_after_disconnect(server: Server, user: str) -> None:
    client = CentrifugoRPCClient(server.url, server.token(user), sdk_options={"proxy": None})
    with pytest.raises(centrirpc.NotConnectedError, match=r"connect\(\) first"):
        await client.call("echo")
    states = States(client)
    await client.connect()
    await client.connect()
    assert client.state == "connected"
    task = asyncio.create_task(client.call("never"))
    await server.envelopes(user, 1)
    await client.disconnect()
    with pytest.raises(centrirpc.ClientClosedError):
        await task
    assert client.pending_calls == 0
    with pytest.raises(centrirpc.NotConnectedError):
        await client.notify("echo")
    await client.disconnect()
    await client.connect()
    assert await client.call("echo", {"n": 1}) == {"n": 1}
    await client.close()
    assert states == ["connecting", "connected", "disconnected"] * 2


async def test_call_while_connecting(server: Server, user: str) -> None:
    client = CentrifugoRPCClient(server.url, server.token(user), sdk_options={"proxy": None})
    states = States(client)
    connecting = asyncio.create_task(client.connect())
    await states.wait_for("connecting")
    assert await client.call("echo", {"n": 1}) == {"n": 1}
    await connecting
    await client.disconnect()


async def test_call_times_out_while_connecting(user: str, server: Server) -> None:
    client = CentrifugoRPCClient(
        "ws://127.0.0.1:1/x", server.token(user), sdk_options={"proxy": None}
    )
    states = States(client)
    connecting = asyncio.create_task(client.connect())
    await states.wait_for("connecting")
    with pytest.raises(centrirpc.CallTimeoutError, match=r"echo was not sent"):
        await client.call("echo", timeout=0.05)
    await client.disconnect()
    with pytest.raises(centrirpc.ClientClosedError):
        await connecting


async def test_frames(own_server: Server, user: str) -> None:
    async with connected(own_server, user) as client:
        frames = Frames(client)
        await client.call("slow", {"ms": 20})
        # An acknowledgement and a reply that arrive together may come in either order.
        await frames.wait_for("publish", "ack", "reply")
        frames.sort(key=lambda frame: ["publish", "ack", "reply"].index(frame.kind))
        assert len(frames) == 3
        (envelope,) = await own_server.envelopes(user, 1)
        assert {f.correlation_id for f in frames} == {envelope["correlation_id"]}
        assert {f.method for f in frames} == {"slow"}
        assert frames[0].data == envelope
        assert frames[1].data is None
        assert frames[2].data == {
            "correlation_id": envelope["correlation_id"],
            "result": {"ms": 20},
        }
        assert 1.7e12 < frames[0].at <= min(frames[1].at, frames[2].at)
        frames.clear()
        with pytest.raises(centrirpc.CallTimeoutError):
            await client.call("never", timeout=0.03)
        assert frames.kinds() == ["publish", "ack", "cancel", "error"]
        assert isinstance(frames[3].data, centrirpc.CallTimeoutError)


async def test_an_observer_that_raises(own_server: Server, user: str) -> None:
    errors: list[Exception] = []
    async with connected(own_server, user, on_error=errors.append) as client:

        def bad(_: object) -> None:
            raise RuntimeError("bad observer")

        remove = client.on_frame(bad)
        assert await client.call("echo", {"n": 1}) == {"n": 1}
        assert errors
        assert all(str(error) == "bad observer" for error in errors)
        remove()
        remove()
        seen = len(errors)
        client.on_state(bad)
        await client.disconnect()
        assert len(errors) == seen + 1
