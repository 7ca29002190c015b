"""ASGI apps under a real server, and requests as Centrifugo sends them."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
import uvicorn

from ..conftest import DEADLINE

SECRET = "a secret of the tests, long enough"
HEADERS = {"Content-Type": "application/json", "X-Centrirpc-Secret": SECRET}

# As a Centrifugo 6.9.1 server was seen to send it, but for the client's id.
RECORDED = (
    b'{"client":"60d1a6cd-1f0e-4f4c-a0b5-0d6f4f4f4f4f","transport":"websocket",'
    b'"protocol":"json","encoding":"json","user":"456","method":"tasks.get_stats",'
    b'"data":{"user_id":"1"},"meta":{"role":"admin"}}'
)


def request(method: str, data: Any = None, **more: Any) -> bytes:
    """A request of the proxy, by the user 456 unless it says another."""
    return json.dumps({"user": "456", "method": method, "data": data} | more).encode()


def forwarded(method: str, data: Any = None, **more: Any) -> bytes:
    """A request that a centrirpc server hands on."""
    return request(method, data, centrirpc={"version": 1, **more})


class Site:
    """A running server."""

    def __init__(self, port: int, path: str = "/") -> None:
        self.port = port
        self.path = path

    def send(
        self, body: bytes, headers: dict[str, str] = HEADERS, method: str = "POST"
    ) -> tuple[int, dict[str, str], bytes]:
        """The status, headers and body of the response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE)
        try:
            connection.request(method, self.path, body, headers)
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return response.status, named, response.read()
        finally:
            connection.close()

    def ask(self, body: bytes) -> Any:
        """The answer to a request of the proxy."""
        status, headers, answer = self.send(body)
        assert (status, headers["content-type"]) == (200, "application/json"), answer
        return json.loads(answer)

    def open(self, body: bytes) -> socket.socket:
        """Send a request and leave the answer to the caller, who may close the connection."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE)
        lines = [f"POST {self.path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in HEADERS.items()]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return connection


@contextmanager
def running(app: Any, path: str = "/") -> Iterator[Site]:
    """The app under uvicorn, in a thread of its own."""
    config = uvicorn.Config(app, port=0, ws="none", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + DEADLINE
    while not server.started:
        assert thread.is_alive(), "uvicorn did not start"
        assert time.monotonic() < end, "uvicorn did not start in time"
        time.sleep(0.005)
    try:
        yield Site(server.servers[0].sockets[0].getsockname()[1], path)
    finally:
        server.should_exit = True
        thread.join(DEADLINE)
        assert not thread.is_alive()


Running = Callable[..., AbstractContextManager[Site]]


@pytest.fixture(scope="session")
def run_app() -> Running:
    return running
