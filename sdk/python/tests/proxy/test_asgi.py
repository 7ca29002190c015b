"""RPCApp under uvicorn: the proxy's requests, the secret, rubbish, deadlines, disconnects."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.routing import Mount

from centrirpc import CallError, Conn, MessageRouter, Registry, declare_error, websocket_rpc
from centrirpc.asgi import SECRET_HEADER, RPCApp
from centrirpc.proxy import Endpoint, Refusal
from centrirpc.source import CurrentCall, current_call

from ..conftest import DEADLINE, vectors
from .conftest import HEADERS, RECORDED, SECRET, Running, Site, forwarded, request, running

rpc = Registry()


class StatsParams(BaseModel):
    user_id: str


class Stats(BaseModel):
    total: int


Quota = declare_error(1001, "quota_exceeded", "No more.", details=Stats)


class Log:
    """What the handlers noted."""

    def __init__(self) -> None:
        self.conns: list[Conn] = []
        self.calls: list[CurrentCall | None] = []
        self.started = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)
        self.cancelled = threading.Semaphore(0)
        self.go_on = threading.Event()


log = Log()


@pytest.fixture(autouse=True)
def _new_log() -> None:
    log.__init__()  # type: ignore[misc]


@websocket_rpc("tasks.get_stats", registry=rpc)
async def get_stats(conn: Conn, params: StatsParams) -> Stats:
    log.conns.append(conn)
    log.calls.append(current_call())
    return Stats(total=100)


class Failure(BaseModel):
    code: int


@websocket_rpc("fail", registry=rpc, errors=Quota)
async def fail(params: Failure) -> None:
    if params.code == 1001:
        raise Quota("You have 10.", Stats(total=10))
    if params.code:
        raise CallError(params.code, "So it is.")
    raise ValueError("secret")


@websocket_rpc("wait", registry=rpc)
async def wait() -> bool:
    log.started.release()
    try:
        while not log.go_on.is_set():  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(0.005)
    except asyncio.CancelledError:
        log.cancelled.release()
        raise
    log.ended.release()
    return True


@websocket_rpc("note", registry=rpc, notify=True)
async def note(params: StatsParams) -> None: ...


@websocket_rpc("large", registry=rpc)
async def large() -> str:
    return "x" * 5000


@pytest.fixture(scope="module")
def site(run_app: Running) -> Iterator[Site]:
    router = MessageRouter(rpc)
    app = RPCApp(router, secret=SECRET, max_in_flight=4, max_result_size=5000)
    with run_app(app) as found:
        yield found


def test_the_recorded_request(site: Site) -> None:
    status, headers, body = site.send(RECORDED)
    assert (status, body) == (200, b'{"result":{"data":{"total":100}}}')
    assert headers["content-type"] == "application/json"
    client = "60d1a6cd-1f0e-4f4c-a0b5-0d6f4f4f4f4f"
    assert log.conns == [Conn("456", client, "websocket", None, {"role": "admin"})]
    assert log.calls == [CurrentCall("tasks.get_stats")]


def test_a_forwarded_call(site: Site) -> None:
    body = forwarded(
        "tasks.get_stats",
        {"user_id": "1"},
        correlation_id="c1",
        timeout_ms=1000,
        traceparent="00-1-2-01",
        idempotent=True,
        info={"name": "Ann"},
    )
    assert site.ask(body) == {"result": {"data": {"total": 100}}}
    assert log.conns == [Conn("456", info={"name": "Ann"})]
    assert log.calls == [CurrentCall("tasks.get_stats", "c1", "00-1-2-01")]


def test_errors(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    internal = {"code": 500, "message": "internal error"}
    assert site.ask(request("fail", {"code": 0})) == {"error": internal}
    assert "secret" in caplog.text
    missing = {"code": 405, "message": "there is no method 'none'"}
    assert site.ask(request("none")) == {"error": missing}
    quota = {"code": 1001, "message": "You have 10."}
    assert site.ask(request("fail", {"code": 1001})) == {"error": quota}
    ours = {**quota, "reason": "quota_exceeded", "details": {"total": 10}}
    assert site.ask(forwarded("fail", {"code": 1001})) == {"error": ours}


def test_the_codes_of_the_protocol(site: Site) -> None:
    for known in vectors("codes"):
        error = site.ask(forwarded("fail", {"code": known["code"]}))["error"]
        assert (error["code"], error["reason"]) == (known["code"], known["reason"])
        assert error.get("temporary", False) == (known["code"] in (429, 503))


def test_faults_of_params(site: Site) -> None:
    message = "user_id: Input should be a valid string"
    fault = {"field": "user_id", "rule": "type", "message": message}
    for ask, more in (
        (request, {}),
        (forwarded, {"reason": "invalid_params", "details": [fault]}),
    ):
        error = {"code": 400, "message": message, **more}
        assert site.ask(ask("tasks.get_stats", {"user_id": 1})) == {"error": error}
    for missing in (b'{"user":"1","method":"tasks.get_stats"}', request("tasks.get_stats")):
        assert site.ask(missing)["error"]["message"] == "user_id is required"


def test_params_that_cannot_be_read(site: Site) -> None:
    for data in ("[" * 9000 + "]" * 9000, '{"user_id":"a","user_id":"b"}', "1", "[]"):
        body = f'{{"user":"1","method":"tasks.get_stats","data":{data}}}'.encode()
        assert site.ask(body)["error"]["code"] == 400
    error = site.ask(b'{"user":"1","method":"tasks.get_stats","b64data":"e30="}')["error"]
    assert (error["code"], error["message"]) == (400, "the params are binary; send JSON")
    assert log.conns == []


def test_a_notification_is_answered_with_nothing(site: Site) -> None:
    assert site.ask(request("note", {"user_id": "1"})) == {"result": {"data": None}}


def test_a_large_result(site: Site) -> None:
    error = site.ask(forwarded("large"))["error"]
    assert (error["code"], error["reason"]) == (413, "payload_too_large")


def test_nobody_calls_unless_let_in(site: Site, run_app: Running) -> None:
    for user in ('"user":"",', '"user":null,', ""):
        body = f'{{{user}"method":"tasks.get_stats","data":{{"user_id":"1"}}}}'.encode()
        assert site.ask(body)["error"]["code"] == 401
    assert log.conns == []
    with run_app(RPCApp(MessageRouter(rpc), secret=SECRET, anonymous=True)) as open_site:
        assert open_site.ask(body) == {"result": {"data": {"total": 100}}}


@pytest.mark.parametrize("sent", [None, "", "x" * len(SECRET), SECRET[:-1], SECRET + "x", "é"])
def test_the_secret_is_asked_for(site: Site, sent: str | None) -> None:
    headers = {"Content-Type": "application/json"} | ({SECRET_HEADER: sent} if sent else {})
    status, _, body = site.send(RECORDED, headers)
    assert status == 401
    assert SECRET_HEADER.encode() in body
    assert log.conns == []


def test_the_secret_once_only(site: Site) -> None:
    head = ["POST / HTTP/1.1", "Host: x", f"Content-Length: {len(RECORDED)}"]
    head += ["Content-Type: application/json", *[f"{SECRET_HEADER}: {SECRET}"] * 2]
    with socket.create_connection(("127.0.0.1", site.port), timeout=DEADLINE) as connection:
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + RECORDED)
        assert connection.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_secret_is_exchanged(run_app: Running) -> None:
    old, new = SECRET, "another secret, as long as that"
    with run_app(RPCApp(MessageRouter(rpc), secret=[new, old])) as site:
        for secret in (old, new):
            assert site.send(RECORDED, {**HEADERS, SECRET_HEADER: secret})[0] == 200
        assert site.send(RECORDED, {**HEADERS, SECRET_HEADER: f"{old}, {new}"})[0] == 401
    with run_app(RPCApp(MessageRouter(rpc), insecure=True)) as site:
        assert site.send(RECORDED, {"Content-Type": "application/json"})[0] == 200


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "there is no secret"),
        ({"secret": None}, "there is no secret"),
        ({"secret": []}, "there is no secret"),
        ({"secret": ""}, "can be guessed"),
        ({"secret": "x" * 15}, "can be guessed"),
        ({"secret": [SECRET, "short"]}, "can be guessed"),
        ({"secret": SECRET + "\n"}, "printable ASCII"),
        ({"secret": "é" * 20}, "printable ASCII"),
        ({"secret": SECRET, "insecure": True}, "leave one of them out"),
        ({"secret": SECRET, "timeout": 0}, "timeout is 0"),
        ({"secret": SECRET, "max_in_flight": 0}, "max_in_flight is 0"),
        ({"secret": SECRET, "max_request_size": "1"}, "max_request_size is '1'"),
    ],
)
def test_wrong_options(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        RPCApp(MessageRouter(rpc), **options)


def test_what_is_no_request_of_a_proxy(site: Site) -> None:
    assert site.send(b"", method="GET")[0] == 405
    status, headers, _ = site.send(RECORDED, method="PUT")
    assert (status, headers["allow"]) == (405, "POST")
    for kind in ("text/plain", "", "application/json5", "multipart/form-data; application/json"):
        assert site.send(RECORDED, {**HEADERS, "Content-Type": kind})[0] == 415
    json_too = {**HEADERS, "Content-Type": "Application/JSON; charset=utf-8"}
    assert site.send(RECORDED, json_too)[0] == 200
    assert site.send(b"x" * (128 << 10), HEADERS)[0] == 400
    assert site.send(b"x" * ((128 << 10) + 1), HEADERS)[0] == 413


def test_a_large_body_is_refused_before_its_end(site: Site) -> None:
    head = ["POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked"]
    head += [f"{name}: {value}" for name, value in HEADERS.items()]
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", site.port), timeout=DEADLINE) as connection:
        connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + chunk * 3)
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("where", ["data", "meta", "centrirpc"])
def test_no_depth_is_an_internal_error(where: str) -> None:
    endpoint = Endpoint(MessageRouter(rpc), secret=SECRET)
    refused = set()
    for depth in [*range(1, 1100), 100_000]:
        value = '{"a":' * depth + "1" + "}" * depth
        try:
            endpoint.decode(f'{{"method":"a","user":"1","{where}":{value}}}'.encode())
        except Refusal as refusal:
            refused.add(refusal.status)
    assert refused == ({413} if where == "data" else {400, 413})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", b"no JSON object"),
        (b"[]", b"no JSON object"),
        (b"\xff", b"not UTF-8"),
        (b"{}", b'no "method"'),
        (b'{"method":""}', b'no "method"'),
        (b'{"method":1}', b'"method" is no string'),
        (b'{"method":"a","user":1}', b'"user" is no string'),
        (b'{"method":"\\ud800"}', b'"method" is no valid Unicode'),
        (b'{"method":"a","method":"b"}', b"'method' is there twice"),
        (b'{"method":"a","meta":{"a":1,"a":2}}', b'"meta" is no JSON'),
        (b'{"method":"a","centrirpc":[]}', b'"centrirpc" cannot be read'),
        (b'{"method":"a","centrirpc":{}}', b'"centrirpc.version" is 0; 1 is known'),
        (b'{"method":"a","centrirpc":{"version":2}}', b'"centrirpc.version" is 2'),
        (b'{"method":"a","centrirpc":{"version":true}}', b'"centrirpc.version" is no integer'),
        (b'{"method":"a","centrirpc":{"version":1,"timeout_ms":-1}}', b"timeout_ms"),
        (b'{"method":"a","centrirpc":{"version":1,"timeout_ms":86400001}}', b"timeout_ms"),
        (b'{"method":"a","centrirpc":{"version":1,"idempotent":1}}', b"idempotent"),
        (b'{"method":"a","centrirpc":{"version":1,"correlation_id":1}}', b"correlation_id"),
    ],
)
def test_bodies_that_no_proxy_sends(site: Site, body: bytes, reason: bytes) -> None:
    status, headers, text = site.send(body)
    assert (status, headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert reason in text


SCRAPS = st.sampled_from(
    [
        *(b'{"user":"1","method":', b'"tasks.get_stats"', b'"fail"', b'"data":', b'"centrirpc":'),
        *(b"{", b"}", b"[", b"]", b",", b'"', b":", b"null", b"NaN", b"1e999", b"\xff", b"\\ud800"),
        *(b'{"version":1}', b'{"user_id":"1"}', b'"b64data":"x"', b'"meta":', b"\x00"),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.binary() | st.lists(SCRAPS).map(b"".join))
@example(b'{"user":"1","method":"fail","data":{"code":' + b"9" * 5000 + b"}}")
@example(b'{"user":"\\ud800","method":"\\ud800","data":{"\\ud800":"\\ud800"}}')
@example(
    b'{"user":"1","method":"tasks.get_stats","centrirpc":'
    + b'{"a":' * 990
    + b"1"
    + b"}" * 990
    + b"}"
)
def test_rubbish_is_never_an_internal_error(site: Site, body: bytes) -> None:
    status, _, answer = site.send(body)
    assert status in (200, 400)
    assert b"Traceback" not in answer
    if status == 200:
        decoded = json.loads(answer)
        assert decoded.get("error", {"code": 400})["code"] in (400, 401, 405)


def test_a_deadline(site: Site) -> None:
    error = site.ask(forwarded("wait", timeout_ms=20))["error"]
    assert (error["code"], error["reason"]) == (504, "deadline_exceeded")
    assert log.cancelled.acquire(timeout=DEADLINE)


def test_the_app_bounds_calls_that_say_nothing(run_app: Running) -> None:
    with run_app(RPCApp(MessageRouter(rpc), secret=SECRET, timeout=0.02)) as site:
        assert site.ask(request("wait"))["error"]["code"] == 504


def test_a_forwarded_call_ends_with_its_request(site: Site) -> None:
    connection = site.open(forwarded("wait"))
    assert log.started.acquire(timeout=DEADLINE)
    connection.close()
    assert log.cancelled.acquire(timeout=DEADLINE)
    assert not log.ended.acquire(blocking=False)


def test_a_call_of_centrifugo_goes_on_without_its_request(site: Site) -> None:
    connection = site.open(request("wait"))
    assert log.started.acquire(timeout=DEADLINE)
    connection.close()
    # Another request on the same loop is answered: the server had time to see the end.
    assert site.ask(RECORDED)
    log.go_on.set()
    assert log.ended.acquire(timeout=DEADLINE)
    assert not log.cancelled.acquire(blocking=False)


def test_calls_run_at_the_same_time_up_to_the_bound(site: Site) -> None:
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(site.ask, request("wait")) for _ in range(4)]
        for _ in waiting:
            assert log.started.acquire(timeout=DEADLINE)
        refused = site.ask(forwarded("wait"))["error"]
        assert (refused["reason"], refused["temporary"]) == ("resource_exhausted", True)
        log.go_on.set()
        assert [call.result() for call in waiting] == [{"result": {"data": True}}] * 4
    assert site.ask(request("wait")) == {"result": {"data": True}}


def test_slots_come_back(site: Site) -> None:
    for _ in range(5):
        connection = site.open(forwarded("wait"))
        assert log.started.acquire(timeout=DEADLINE)
        connection.close()
        assert log.cancelled.acquire(timeout=DEADLINE)
    for _ in range(5):
        site.ask(forwarded("wait", timeout_ms=1))
        site.ask(request("fail", {"code": 0}))
    assert site.ask(RECORDED) == {"result": {"data": {"total": 100}}}


def test_mounted_in_other_applications() -> None:
    app = RPCApp(MessageRouter(rpc), secret=SECRET)
    api = FastAPI()
    api.mount("/rpc", app)
    for outer in (api, Starlette(routes=[Mount("/rpc", app)])):
        with running(outer, "/rpc/") as site:
            assert site.ask(RECORDED) == {"result": {"data": {"total": 100}}}
            connection = site.open(forwarded("wait"))
            assert log.started.acquire(timeout=DEADLINE)
            connection.close()
            assert log.cancelled.acquire(timeout=DEADLINE)


async def test_a_websocket_is_refused() -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await RPCApp(MessageRouter(rpc), secret=SECRET)({"type": "websocket"}, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1000}]
