"""The vectors that all languages read."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import centrirpc
from centrirpc import CentrifugoRPCClient, ServerError, rpc_errors, rpc_wire

from .conftest import vectors


@pytest.mark.parametrize("vector", vectors("token_user_ids"), ids=lambda v: v["name"])
def test_user_id_of_token(vector: dict[str, Any]) -> None:
    if vector.get("error"):
        with pytest.raises(ValueError, match="pass user_id"):
            CentrifugoRPCClient("ws://127.0.0.1:1/x", vector["token"])
    else:
        client = CentrifugoRPCClient("ws://127.0.0.1:1/x", vector["token"])
        assert client.user_id == vector["user_id"]


@pytest.mark.parametrize("vector", vectors("channels")["user_ids"], ids=lambda v: repr(v["id"]))
def test_user_ids(vector: dict[str, Any]) -> None:
    if vector["ok"]:
        rpc_wire.check_user_id(vector["id"])
        assert rpc_wire.reply_channel(vector["id"], None) == f"user#{vector['id']}"
    else:
        with pytest.raises(ValueError, match="user id"):
            CentrifugoRPCClient("ws://127.0.0.1:1/x", "", vector["id"])


@pytest.mark.parametrize(
    "vector",
    [v for v in vectors("channels")["reply_to"] if v["channel"].startswith("user.")],
    ids=lambda v: v["channel"],
)
def test_sessions(vector: dict[str, Any]) -> None:
    session = vector["channel"].removeprefix("user.").partition("#")[0]
    if vector["ok"]:
        assert rpc_wire.reply_channel(vector["user"], session) == vector["channel"]
    else:
        with pytest.raises(ValueError, match="session"):
            rpc_wire.reply_channel(vector["user"], session)


def test_codes() -> None:
    for code in vectors("codes"):
        error = rpc_errors.server_error(code["code"], "", "text", {"a": 1})
        assert type(error) is getattr(centrirpc, code["class"])
        assert (error.code, error.reason, error.retryable) == (
            code["code"],
            code["reason"],
            code["retryable"],
        )
        assert isinstance(error, ServerError)
        assert not isinstance(error, centrirpc.ClientError)


@pytest.mark.parametrize(
    ("code", "error", "reason"),
    [
        (103, centrirpc.PermissionDeniedError, "permission_denied"),
        (111, centrirpc.ResourceExhaustedError, "resource_exhausted"),
        (503, centrirpc.UnavailableError, "unavailable"),
        (413, centrirpc.PayloadTooLargeError, "payload_too_large"),
        (107, ServerError, "bad_request"),
        (100, ServerError, "internal"),
        (1999, ServerError, "internal"),
    ],
)
def test_refusals(code: int, error: type[ServerError], reason: str) -> None:
    refusal = rpc_errors.refused(code, "why")
    assert type(refusal) is error
    assert (refusal.reason, refusal.message) == (reason, "why")


@pytest.mark.parametrize("vector", vectors("replies"), ids=lambda v: v["name"])
def test_replies(vector: dict[str, Any]) -> None:
    reply = rpc_wire.decode_reply(vector["data"])
    if vector.get("invalid"):
        assert reply is None
        return
    assert reply is not None
    assert reply.final == vector["final"]
    assert reply.correlation_id == vector["data"]["correlation_id"]
    assert reply.result == vector.get("result")
    if "error" in vector:
        assert reply.error is not None
        want = vector["error"]
        assert reply.error.code == want["code"]
        assert reply.error.reason == want["reason"]
        assert reply.error.message == want["message"]
        assert reply.error.details == want.get("details")
    else:
        assert reply.error is None


@pytest.mark.parametrize(
    "data",
    [
        None,
        "text",
        {"correlation_id": ""},
        {"correlation_id": 7, "result": 1},
        {"correlation_id": "c", "error": "no"},
        {"correlation_id": "c", "error": {"code": "500"}},
        {"correlation_id": "c", "error": {"code": 500, "message": 3}},
        {"correlation_id": "c", "error": None},
    ],
)
def test_no_replies(data: Any) -> None:
    assert rpc_wire.decode_reply(data) is None


def test_requests() -> None:
    """What this client builds is what the server reads from the vectors."""
    wants = [v["want"] for v in vectors("requests") if "want" in v]

    def op(want: dict[str, Any]) -> Any:
        return want["op"]

    built = 0
    for want in wants:
        fields = set(want) - {"op", "method", "params", "correlation_id", "reply_to", "timeout_ms"}
        if fields:
            continue
        if op(want) == "call":
            envelope = rpc_wire.call_request(
                want["method"],
                want["params"],
                want["correlation_id"],
                want["reply_to"],
                want.get("timeout_ms", 1),
            )
            assert {"op": "call", "timeout_ms": 1, **want} == {"op": "call", **envelope}
        elif op(want) == "notify":
            timeout_ms = want.setdefault("timeout_ms", 1)
            assert want == rpc_wire.notify_request(
                want["method"], want["params"], want["correlation_id"], timeout_ms
            )
        elif op(want) == "cancel":
            assert want == {"params": {}, **rpc_wire.cancel_request(want["correlation_id"])}
        else:
            continue
        built += 1
    assert built >= 8


def test_errors_can_be_pickled() -> None:
    errors = [
        rpc_errors.server_error(404, "not_found", "no", {"id": 1}),
        centrirpc.RequestTooLargeError("m", 2, 1),
        centrirpc.ConnectError(3500, "invalid token"),
        centrirpc.CallTimeoutError("late"),
    ]
    for error in errors:
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"url": "http://example.org"}, "WebSocket address"),
        ({"url": "ws://"}, "WebSocket address"),
        ({"timeout": 0}, "timeout"),
        ({"max_request_size": 0}, "max_request_size"),
        ({"sdk_options": {"token": "x", "events": 1}}, "sdk_options may not hold events, token"),
        ({"session": "a b"}, "session"),
    ],
)
def test_arguments(arguments: dict[str, Any], text: str) -> None:
    arguments = {"url": "ws://127.0.0.1:1/x", "token": "", "user_id": "1", **arguments}
    with pytest.raises(ValueError, match=text):
        CentrifugoRPCClient(**arguments)


def test_channel_names() -> None:
    name = rpc_wire.channel_name
    assert name("news", {}) == "news"
    assert name("tasks:{project_id}", {"project_id": "a-1"}) == "tasks:a-1"
    assert name("rooms:{tenant}.{room}", {"tenant": "x", "room": -7}) == "rooms:x.-7"
    assert name("a:{x}", {"x": "\\1"}) == "a:\\1"
    assert name("a:{x}!{x2}", {"x": "1", "x2": "2"}) == "a:1!2"
    assert name("a:{x}.{y}", {"x": "a", "y": "b.c"}) == "a:a.b.c"
    assert len(name("a:{x}", {"x": "x" * 253})) == 255
    with pytest.raises(ValueError, match="at most 255 are allowed"):
        name("a:{x}", {"x": "x" * 254})
    for value in ("a.b", "a.", ".."):
        with pytest.raises(ValueError, match=r"parameter x .* nothing would tell where it ends"):
            name("a:{x}.{y}", {"x": value, "y": "c"})


@pytest.mark.parametrize("value", ["", *":,#*$/{} ", "a:b", "{a}", "a\n", "\x00", "\x7f", "é"])
def test_channel_parameters_that_are_refused(value: str) -> None:
    with pytest.raises(ValueError, match="project_id of the channel tasks:") as caught:
        rpc_wire.channel_name("tasks:{project_id}", {"project_id": value})
    assert ("is empty" in str(caught.value)) == (value == "")


def test_traceparents() -> None:
    all_ = vectors("traceparents")
    assert len(all_) >= 10
    for v in all_:
        assert rpc_wire.is_traceparent(v["traceparent"]) == (v["trace_id"] != ""), v
    assert not rpc_wire.is_traceparent("cc" + all_[0]["traceparent"][2:] + "-" + "x" * 73)
    assert not rpc_wire.is_traceparent(None)
