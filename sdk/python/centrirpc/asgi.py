"""Handlers behind Centrifugo's RPC proxy, as a plain ASGI app.

It runs by itself under any ASGI server, and mounted in Starlette, FastAPI or another ASGI
application. Needs nothing but Pydantic and a server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from .proxy import SECRET_HEADER, Endpoint, ProxyRequest, Refusal
from .source import MessageRouter

__all__ = ["SECRET_HEADER", "RPCApp"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class RPCApp:
    """An ASGI 3 application that answers the requests of Centrifugo's RPC proxy.

    ::

        app = RPCApp(secret=os.environ["CENTRIRPC_PROXY_SECRET"])

    Every path below its own is the same to it. The calls go to ``router``, by default to one
    with the handlers of the default registry.

    - ``secret``: what the proxy sends in the header ``X-Centrirpc-Secret``, at least 16 bytes;
      several while one is being exchanged for another. Requests without it are refused, with
      status 401. ``insecure=True`` instead lets everybody who can connect call as any user.
    - ``anonymous``: whether connections without a user may call.
    - ``timeout``: seconds that a call may take whose request does not say (30). A method's own
      timeout holds too.
    - ``max_in_flight``: calls that run at a time (1000); more are refused with
      ``resource_exhausted``, which is temporary.
    - ``max_request_size``, ``max_result_size``: bytes of a request's body (128 KiB) and of a
      result (512 KiB).

    A call that a centrirpc server handed on is cancelled when that server closes the request.
    Raises ``ValueError`` if an option is wrong, or ``secret`` is missing.
    """

    def __init__(
        self,
        router: MessageRouter | None = None,
        *,
        secret: str | Iterable[str] | None = None,
        insecure: bool = False,
        anonymous: bool = False,
        timeout: float = 30.0,
        max_in_flight: int = 1000,
        max_request_size: int = 128 << 10,
        max_result_size: int = 512 << 10,
    ) -> None:
        self._endpoint = Endpoint(
            router,
            secret=secret,
            insecure=insecure,
            anonymous=anonymous,
            timeout=timeout,
            max_in_flight=max_in_flight,
            max_request_size=max_request_size,
            max_result_size=max_result_size,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection: a request, the lifespan, or a WebSocket, which it refuses."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        else:
            raise ValueError(f"ASGI scopes of the type {scope['type']!r} are not known here")

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            headers = _Headers(scope["headers"])
            self._endpoint.admit(
                scope["method"],
                headers.text("content-type") or "",
                headers.all(SECRET_HEADER.lower()),
                headers.text("content-length"),
            )
            body = await self._body(receive)
            if body is None:
                return
            request = self._endpoint.decode(body)
        except Refusal as refusal:
            await _respond(send, refusal.status, refusal.headers, refusal.body)
            return
        if isinstance(request, ProxyRequest):
            answer = await self._answer(request, receive)
        else:
            answer = request
        if answer is not None:
            await _respond(send, 200, {"Content-Type": "application/json"}, answer)

    async def _body(self, receive: Receive) -> bytes | None:
        """The request's body; None if the client left before its end."""
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if len(body) > self._endpoint.max_request_size:
                raise self._endpoint.too_large()
            if not message.get("more_body", False):
                return bytes(body)

    async def _answer(self, request: ProxyRequest, receive: Receive) -> bytes | None:
        """The answer; None if nobody waits for it any more."""
        if not request.forwarded:
            return await self._endpoint.answer(request)
        answer = asyncio.create_task(self._endpoint.answer(request))
        left = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({answer, left}, return_when=asyncio.FIRST_COMPLETED)
            return answer.result() if answer.done() else None
        finally:
            for task in (answer, left):
                task.cancel()
            await asyncio.gather(answer, left, return_exceptions=True)


async def _left(receive: Receive) -> None:
    """End when the client closes the request."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _respond(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    named = {**headers, "Content-Length": str(len(body))}
    encoded = [(name.lower().encode(), value.encode()) for name, value in named.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


class _Headers:
    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._headers = [(bytes(name).lower(), bytes(value)) for name, value in headers]

    def all(self, name: str) -> list[bytes]:
        return [value for key, value in self._headers if key == name.encode()]

    def text(self, name: str) -> str | None:
        found = self.all(name)
        return found[0].decode("latin-1") if found else None
