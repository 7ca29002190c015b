"""Sends what the generated clients write through a real server that echoes it."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.parse
import urllib.request
import warnings
from typing import Any

import everything_client as every
import names_client
import texts_client
import zoo_client
from kinds import CHECKED, SCALARS, SHAPES, read
from values import EVERYTHING, LEAF, PRESENT
from zoo_client.client import _write


async def main(server: str) -> None:
    with urllib.request.urlopen(f"{server}/token?user=456") as answer:
        token = answer.read().decode()
    url = server.replace("http://", "ws://") + "/connection/websocket"
    async with zoo_client.CentrifugoRPCClient(url, token) as rpc:
        api = zoo_client.APIClient(rpc)
        everything = zoo_client.Everything.model_validate(EVERYTHING)
        assert await api.zoo_everything(everything) == everything
        presence = zoo_client.Presence.model_validate({**PRESENT, "optional_nullable": None})
        presence.optional = None
        echoed = await api.zoo_presence(presence)
        assert _write(echoed) == {**PRESENT, "optional_nullable": None}
        assert "optional" not in echoed.model_fields_set
        names = [f.serialization_alias or n for n, f in zoo_client.Hostile.model_fields.items()]
        hostile = zoo_client.Hostile.model_validate({name: name for name in names})
        assert await api.zoo_hostile(hostile) == hostile
        node = zoo_client.Node(value="root", left=None, children=[])
        tree = zoo_client.Node(value="root", left=node, right=node, children=[node, node])
        assert await api.zoo_tree(tree) == tree
        await api.zoo_move(zoo_client.Leaf(name="x"))
        await api.ping()
        try:
            await api.zoo_page()
        except zoo_client.InvalidReplyError as error:
            assert "zoo.page" in str(error)
        else:
            raise AssertionError("an empty page was taken")
        assert await api.zoo_empty(zoo_client.Empty()) == zoo_client.Empty()
        assert await api.users_get_user_by_id(zoo_client.Leaf(name="x")) != zoo_client.Leaf(**LEAF)
        assert rpc.pending_calls == 0
    async with texts_client.CentrifugoRPCClient(url, token) as texts:
        one = texts_client.One.model_validate(
            {
                next(iter(texts_client.One.model_fields.values())).serialization_alias or "": "x",
                "c": texts_client.Kind.A,
            }
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            assert await texts_client.APIClient(texts).one(one) == one
    async with names_client.CentrifugoRPCClient(url, token) as rpc_of_names:
        await names_client.APIClient(rpc_of_names).print()
    await kinds(url, token)
    await declared_errors(url, token)
    await channels(server, url, token)


async def kinds(url: str, token: str) -> None:
    async with every.CentrifugoRPCClient(url, token) as rpc:
        api = every.APIClient(rpc)
        scalars: every.Scalars = read(every.Scalars, SCALARS)
        assert await api.zoo_scalars(scalars) == scalars
        shapes = every.Shapes.model_validate(SHAPES)
        assert await api.zoo_shapes(shapes) == shapes
        checked = every.Checked.model_validate({**CHECKED, "ratio": None})
        assert await api.zoo_checked(checked) == checked
        tree = every.Tree(value="v", children=[], pair=(None, every.Tree(value="w", children=[])))
        assert await api.zoo_tree(tree) == tree
        opened = every.Open.model_validate({"id": "1", "copy": [1], "\u2028": None})
        assert await api.zoo_open(opened) == opened
        await api.zoo_seen(every.Cat(kind="cat", name="Tom"))


class Failing(every.CentrifugoRPCClient):
    """Has every method fail with the error it is given."""

    fault: dict[str, Any]

    async def call(self, method: str, params: Any = None, **options: Any) -> Any:
        return await super().call("fail", self.fault, **options)

    async def notify(self, method: str, params: Any = None, **options: Any) -> None:
        await super().notify("refuse", self.fault, **options)


async def declared_errors(url: str, token: str) -> None:
    async with Failing(url, token) as rpc:
        api = every.APIClient(rpc)
        quota = {"limit": 1, "used": 2, "newer": 3}
        rpc.fault = {"code": 1001, "message": "no more", "details": quota}
        for call in (api.quota_spend(every.Created(id=1)), api.zoo_animal(), api.zoo_took()):
            try:
                await call
            except every.QuotaExceededError as error:
                assert (error.code, error.message) == (1001, "no more")
                assert error.details == every.Quota(limit=1, used=2)
            else:
                raise AssertionError("the call did not fail")
        rpc.fault = {"code": 1001, "message": "no more", "details": {"limit": "many"}}
        try:
            await api.zoo_animal()
        except every.ServerError as error:
            assert type(error) is every.ServerError
            assert error.details == {"limit": "many"}
        rpc.fault = {"code": 1002}
        try:
            await api.zoo_seen(every.Cat(kind="cat", name="Tom"))
        except every.AsleepError as error:
            assert error.details is None
        else:
            raise AssertionError("the notification was not refused")


async def channels(server: str, url: str, token: str) -> None:
    errors: asyncio.Queue[Exception] = asyncio.Queue()
    async with every.CentrifugoRPCClient(url, token, on_error=errors.put_nowait) as rpc:
        events: asyncio.Queue[every.TaskEvent] = asyncio.Queue()
        api = every.APIClient(rpc)
        subscription = await api.subscribe_tasks(events.put, project_id="7")
        assert subscription.channel == "tasks:7"

        async def publish(event: Any) -> None:
            query = urllib.parse.urlencode({"channel": "tasks:7"})
            target = f"{server}/control/publish?{query}"
            with await asyncio.to_thread(urllib.request.urlopen, target, json.dumps(event).encode()):
                pass

        async with asyncio.timeout(20):
            await publish({"event": "created"})
            error = await errors.get()
            assert isinstance(error, every.InvalidReplyError)
            assert "an event of tasks:{project_id}" in str(error)
            await publish({"event": "created", "id": 1})
            assert await events.get() == every.TaskEventCreated(id=1)
            await publish({"event": "archived", "by": "x"})
            newer = await events.get()
            assert isinstance(newer, every.UnknownTaskEvent)
            assert newer.model_extra == {"by": "x"}
        await subscription.unsubscribe()
        assert errors.empty()
        assert events.empty()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
