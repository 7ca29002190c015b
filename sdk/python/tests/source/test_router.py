"""MessageRouter: whose handlers answer, what they are told, and what callers hear of failures."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from pydantic import BaseModel

from centrirpc import (
    CallError,
    Channel,
    Conn,
    HandlerError,
    MessageRouter,
    Registry,
    current_call,
    declare_error,
    discover_rpc_methods_from_router,
    websocket_rpc,
)
from centrirpc.source import CurrentCall, default_registry, describe


class StatsParams(BaseModel):
    user_id: str


class Stats(BaseModel):
    total: int


Quota = declare_error(1001, "quota_exceeded", "No more.", details=Stats)


async def get_stats(conn: Conn, params: StatsParams) -> Stats:
    """Counts the tasks of a user."""
    return Stats(total=len(params.user_id) + len(conn.user_id))


@pytest.fixture
def router() -> MessageRouter:
    return MessageRouter(Registry())


async def refusal(router: MessageRouter, *args: Any, **kwargs: Any) -> dict[str, Any]:
    """The error that a call ends with, as it travels."""
    with pytest.raises(CallError) as caught:
        await router.handle_message(*args, **kwargs)
    return caught.value.wire()


async def test_a_registered_handler_answers(router: MessageRouter) -> None:
    assert router.register_handler("tasks.get_stats", get_stats) is get_stats
    params = {"user_id": "bob"}
    assert await router.handle_message("tasks.get_stats", params, Conn("ann")) == {"total": 6}
    assert (await refusal(router, "tasks.other"))["reason"] == "method_not_found"


async def test_the_default_registry_is_answered_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(default_registry, "_handlers", {})
    router = MessageRouter()
    websocket_rpc("tasks.later")(get_stats)
    assert await router.handle_message("tasks.later", b'{"user_id": "b"}', Conn("a")) == {
        "total": 2
    }


async def test_registries_are_included_with_what_they_get_later(router: MessageRouter) -> None:
    first, second = Registry(), Registry()
    router.include(first)
    router.include(first)
    router.include(second)
    websocket_rpc("a.first", registry=first)(get_stats)
    websocket_rpc("b.second", registry=second)(get_stats)
    websocket_rpc("c.own", registry=router)(get_stats)
    channel: Channel[Stats] = Channel("stats", event=Stats, registry=second)
    assert [handler.method for handler in router] == ["a.first", "b.second", "c.own"]
    assert router.channels() == [channel]
    for handler in router:
        assert await router.handle_message(handler.method, {"user_id": ""}, Conn("x"))
    described = describe(router, "tasks")
    assert [method["name"] for method in described["methods"]] == ["a.first", "b.second", "c.own"]


def test_a_method_has_one_handler(router: MessageRouter) -> None:
    first, second = Registry(), Registry()

    @websocket_rpc("tasks.get_stats", registry=first)
    async def another() -> None: ...

    websocket_rpc("tasks.get_stats", registry=second)(get_stats)
    router.include(first)
    with pytest.raises(HandlerError, match=r"registered already, by .*another"):
        router.include(second)
    with pytest.raises(HandlerError, match="registered already"):
        router.register_handler("tasks.get_stats", get_stats)
    router.register_handler("tasks.late", get_stats)
    websocket_rpc("tasks.late", registry=first)(another)
    assert router.handler("tasks.late").function is get_stats  # type: ignore[union-attr]
    with pytest.raises(HandlerError, match="registered already"):
        router.methods()


def test_a_router_does_not_include_itself(router: MessageRouter) -> None:
    outer = MessageRouter(router)
    for wrong in (router, outer):
        with pytest.raises(ValueError, match="cannot include itself"):
            router.include(wrong)
    with pytest.raises(ValueError, match="cannot include itself"):
        router.include(MessageRouter(outer))


def test_a_handler_that_is_not_async_is_refused(router: MessageRouter) -> None:
    def handler(params: StatsParams) -> Stats:
        return Stats(total=0)

    with pytest.raises(HandlerError, match="not async"):
        router.register_handler("tasks.get_stats", handler)


def test_methods_are_discovered(router: MessageRouter) -> None:
    @websocket_rpc("tasks.touch", registry=router, notify=True, deprecated="tasks.get_stats")
    async def touch() -> None: ...

    router.register_handler(
        "tasks.get_stats",
        get_stats,
        timeout=5,
        idempotent=True,
        errors=Quota,
        description="Counts.",
    )
    found, touched = discover_rpc_methods_from_router(router)
    assert (found.name, found.kind, found.docstring) == ("tasks.get_stats", "call", "Counts.")
    assert (found.params_model, found.result_model) == (StatsParams, Stats)
    assert (found.timeout, found.idempotent, found.volatile) == (5, True, False)
    assert (found.errors, found.source.partition("#")[2]) == ((Quota,), "get_stats")
    assert (touched.kind, touched.params_model, touched.result_model) == ("notify", None, None)
    assert (touched.docstring, touched.deprecated) == ("", "tasks.get_stats")


async def test_a_handler_knows_its_call(router: MessageRouter) -> None:
    seen: list[CurrentCall | None] = []

    @websocket_rpc("see", registry=router)
    async def see() -> None:
        seen.append(current_call())

    await router.handle_message("see", correlation_id="c1", traceparent="00-1-2-01")
    assert seen == [CurrentCall("see", "c1", "00-1-2-01")]
    assert current_call() is None


@pytest.mark.parametrize("params", [b'{"user_id": "%s"}' % (b"x" * 86), {"user_id": "é" * 43}])
async def test_params_over_the_size(params: Any) -> None:
    router = MessageRouter(Registry(), max_params_size=100)
    router.register_handler("tasks.get_stats", get_stats)
    error = await refusal(router, "tasks.get_stats", params, Conn(""))
    assert (error["code"], error["reason"]) == (413, "payload_too_large")
    short = b'{"user_id": "%s"}' % (b"x" * 85)
    assert await router.handle_message("tasks.get_stats", short, Conn("")) == {"total": 85}


async def test_the_shorter_timeout_holds(router: MessageRouter) -> None:
    forever = asyncio.Event()

    async def wait() -> None:
        await forever.wait()

    async def catch() -> int:
        try:
            await forever.wait()
        except asyncio.CancelledError:
            return 1
        return 2

    router.register_handler("wait", wait, timeout=60)
    router.register_handler("wait.shortly", wait, timeout=0.01)
    router.register_handler("catch", catch)
    late = {"code": 504, "reason": "deadline_exceeded", "message": "the call's deadline passed"}
    assert await refusal(router, "wait", timeout=0.01) == late
    assert await refusal(router, "wait.shortly", timeout=60) == late
    assert await refusal(router, "catch", timeout=0.01) == late


class Raised(Exception):
    pass


@pytest.mark.parametrize(
    "raised",
    [
        Raised("secret"),
        RecursionError("secret"),
        CallError(200, "secret"),
        CallError(600, "secret"),
        CallError(2000, "secret"),
        CallError("x", "secret"),  # type: ignore[arg-type]
        asyncio.CancelledError("secret"),
        TimeoutError("secret"),
        StopAsyncIteration("secret"),
    ],
)
async def test_nothing_leaks(
    router: MessageRouter, raised: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    @websocket_rpc("fail", registry=router)
    async def fail() -> None:
        raise raised

    error = await refusal(router, "fail", None, Conn("ann"), correlation_id="c1", timeout=60)
    assert error == {"code": 500, "reason": "internal", "message": "internal error"}
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("centrirpc", logging.ERROR)
    assert record.exc_info
    for told in ("fail", "'ann'", "'c1'"):
        assert told in record.getMessage()


async def test_a_model_that_fails_reading_does_not_leak(
    router: MessageRouter, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(BaseModel):
        def __init__(self, **_: Any) -> None:
            raise Raised("secret")

    @websocket_rpc("broken", registry=router)
    async def broken(params: Broken) -> None: ...

    assert (await refusal(router, "broken"))["message"] == "internal error"
    assert "secret" in caplog.text


async def test_cancelling_passes(router: MessageRouter) -> None:
    started = asyncio.Event()
    ended: list[str] = []

    @websocket_rpc("wait", registry=router)
    async def wait() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("handler")

    task = asyncio.create_task(router.handle_message("wait", timeout=60))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["handler"]


def test_a_long_message_is_cut() -> None:
    message = CallError(404, "é" * 3000).wire()["message"]
    assert len(message.encode()) in (4095, 4096)
    assert message == "é" * (len(message) - 1) + "…"
    assert CallError(404, "\ud800").wire()["message"] == "?"
    assert CallError(404, 7).wire()["message"] == "7"  # type: ignore[arg-type]
