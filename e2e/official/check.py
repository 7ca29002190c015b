"""Speaks the protocol by hand with the official Python SDK: nothing of ours is used.

Prints "ok NAME" for each thing that holds and ends at the first that does not.

    python check.py json|protobuf ws://… TOKEN USER
"""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from collections.abc import Awaitable
from typing import Any

from centrifuge import (
    Client,
    ClientEventHandler,
    ConnectedContext,
    PublicationContext,
    ReplyError,
    ServerPublicationContext,
    SubscribedContext,
    SubscriptionEventHandler,
    UnsubscribedContext,
)

FORMAT, URL, TOKEN, USER = sys.argv[1:5]
BINARY = FORMAT == "protobuf"
REPLIES = f"user#{USER}"


def write(value: Any) -> Any:
    """With JSON the SDK takes and gives values, with protobuf bytes."""
    return json.dumps(value).encode() if BINARY else value


def read(data: Any) -> Any:
    return json.loads(data) if BINARY else data


class Events(ClientEventHandler, SubscriptionEventHandler):
    """Matches replies with requests, on the connection and on subscriptions."""

    def __init__(self) -> None:
        self.welcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.subscribed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting: dict[str, asyncio.Future[Any]] = {}

    async def on_connected(self, ctx: ConnectedContext) -> None:
        self.welcome.set_result(read(ctx.data))

    async def on_publication(self, ctx: ServerPublicationContext | PublicationContext) -> None:
        reply = read(ctx.pub.data)
        waiting = self.waiting.pop(reply["correlation_id"], None)
        if waiting is not None:
            waiting.set_result(reply)

    async def on_subscribed(self, ctx: Any) -> None:
        if isinstance(ctx, SubscribedContext):
            self.subscribed.set_result(None)


class Refusal(SubscriptionEventHandler):
    def __init__(self) -> None:
        self.code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def on_unsubscribed(self, ctx: UnsubscribedContext) -> None:
        self.code.set_result(ctx.code)


async def refused(code: int, what: Awaitable[Any]) -> None:
    answer = (await asyncio.gather(what, return_exceptions=True))[0]
    if not isinstance(answer, ReplyError) or answer.code != code:
        raise AssertionError(f"it was not refused with {code}: {answer!r}")


def ok(name: str) -> None:
    print(f"ok {name}", flush=True)


async def check() -> None:
    events = Events()
    client = Client(URL, events=events, token=TOKEN, use_protobuf=BINARY)

    async def call(
        method: str, params: Any = None, identity: str = "", reply_to: str = REPLIES
    ) -> Any:
        """One correlated call: publish a request, wait for the reply with its id."""
        identity = identity or str(uuid.uuid4())
        reply = events.waiting[identity] = asyncio.get_running_loop().create_future()
        request = {
            "method": method,
            "params": params,
            "correlation_id": identity,
            "reply_to": reply_to,
        }
        await client.publish("rpc.requests", write(request))
        return await reply

    await client.connect()
    welcome = await events.welcome
    assert welcome["centrirpc"]["version"] == 1, welcome
    ok("connect")

    identity = str(uuid.uuid4())
    point = {"x": 1.5, "y": -2}
    reply = await call("old.echo", point, identity)
    assert reply == {"correlation_id": identity, "result": point}, reply
    ok("call")

    reply = await call("users.get_user_by_id", {"user_id": "nobody"})
    assert reply["error"] == {
        "code": 404,
        "reason": "not_found",
        "message": 'there is no user "nobody"',
        "details": {"user_id": "nobody"},
    }, reply
    assert (await call("old.echo", [1]))["error"]["code"] == 400
    ok("call with an error")

    assert (await call("ping"))["result"] == {}
    ok("call without params")

    assert (await call("old.echo", point, identity))["result"] == point
    assert (await call("old.echo", {"x": 0, "y": 0}, identity))["error"]["code"] == 409
    ok("the same correlation id again")

    session = client.new_subscription(f"user.tab-1#{USER}", events=events)
    await session.subscribe()
    await events.subscribed
    reply = await call("conn.whoami", {}, reply_to=f"user.tab-1#{USER}")
    assert reply["result"]["user_id"] == USER, reply
    ok("a reply channel of one's own")

    native = await client.rpc("users.get_user_by_id", write({"user_id": "u1"}))
    assert read(native.data) == {"id": "u1", "name": "Ada"}, native
    ok("native RPC")

    await refused(404, client.rpc("users.get_user_by_id", write({"user_id": "nobody"})))
    await refused(400, client.rpc("old.echo", write({"x": "1"})))
    await refused(405, client.rpc("no.such_method", write({})))
    await refused(500, client.rpc("fail.panic", write({})))
    await refused(1001, client.rpc("fail.quota", write({})))
    ok("native RPC with errors")

    request = {"method": "ping", "correlation_id": str(uuid.uuid4()), "reply_to": REPLIES}
    for wrong in (
        {"method": "ping", "reply_to": REPLIES},
        [1],
        "ping",
        {**request, "correlation_id": "x" * 129},
        {**request, "op": "dance"},
    ):
        await refused(107, client.publish("rpc.requests", write(wrong)))
    ok("no envelope")

    for channel in ("user#somebody-else", f"{REPLIES},somebody-else", "news", ""):
        wrong = write({**request, "reply_to": channel})
        await refused(103, client.publish("rpc.requests", wrong))
    ok("a foreign reply channel")

    for channel in (REPLIES, "user#somebody-else", "news", "secrets"):
        await refused(103, client.publish(channel, write({"correlation_id": identity})))
    ok("publish elsewhere")

    for channel in ("rpc.requests", "user#somebody-else", "secrets"):
        refusal = Refusal()
        await client.new_subscription(channel, events=refusal).subscribe()
        assert await refusal.code == 103
    ok("subscribe elsewhere")

    assert (await call("old.echo", point))["result"] == point
    ok("the connection lives")
    await client.disconnect()


asyncio.run(asyncio.wait_for(check(), 30))
