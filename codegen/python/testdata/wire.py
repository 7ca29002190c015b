"""Sends what the generated clients write through a real server that echoes it."""

from __future__ import annotations

import asyncio
import sys
import urllib.request
import warnings

import names_client
import texts_client
import zoo_client
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


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
