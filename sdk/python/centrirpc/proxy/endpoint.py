"""What answers the proxy's requests, whatever server they come through."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from ..source import CallError, MessageRouter
from .answer import error_answer, result_answer
from .refusal import Refusal
from .request import ProxyRequest
from .secret import SECRET_HEADER, Secrets
from .slots import Slots

__all__ = ["Endpoint"]

_log = logging.getLogger("centrirpc")


class Endpoint:
    """A router behind Centrifugo's RPC proxy. Safe for several threads and event loops.

    A server gives it a request in three steps: :meth:`admit` before the body is read,
    :meth:`decode` with the body, :meth:`answer` for the response's body.
    """

    def __init__(
        self,
        router: MessageRouter | None = None,
        *,
        secret: str | Iterable[str] | None,
        insecure: bool = False,
        anonymous: bool = False,
        timeout: float = 30.0,
        max_in_flight: int = 1000,
        max_request_size: int = 128 << 10,
        max_result_size: int = 512 << 10,
    ) -> None:
        """Raises ``ValueError`` if an option is wrong; see :class:`centrirpc.asgi.RPCApp`."""
        self.router = MessageRouter() if router is None else router
        self._secrets = Secrets(secret, insecure=insecure)
        self._anonymous = anonymous
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
            raise ValueError(f"timeout is {timeout!r}: give seconds, more than 0")
        self._timeout = timeout
        for name, bound in (
            ("max_in_flight", max_in_flight),
            ("max_request_size", max_request_size),
            ("max_result_size", max_result_size),
        ):
            if type(bound) is not int or bound < 1:
                raise ValueError(f"{name} is {bound!r}: give an integer of 1 or more")
        self.max_request_size = max_request_size
        """Of a request's body, in bytes."""
        self._max_result_size = max_result_size
        self._slots = Slots(max_in_flight)

    def admit(
        self, method: str, content_type: str, secrets: Iterable[bytes], length: str | None
    ) -> None:
        """Judge a request by its method and headers.

        ``secrets`` are the values of :data:`SECRET_HEADER`, ``length`` is that of
        ``Content-Length``, None if absent. Raises :class:`Refusal`.
        """
        if not self._secrets.fit(secrets):
            raise Refusal(401, f"the header {SECRET_HEADER} is missing or not the secret")
        if method != "POST":
            raise Refusal(405, "an RPC proxy sends POST")
        if content_type.partition(";")[0].strip().lower() != "application/json":
            raise Refusal(415, "an RPC proxy sends application/json")
        if length is not None and length.isdecimal() and int(length[:20]) > self.max_request_size:
            raise self.too_large()

    def too_large(self) -> Refusal:
        """What refuses a body over the bound."""
        return Refusal(413, f"the body has more than {self.max_request_size} bytes")

    def decode(self, body: bytes) -> ProxyRequest | bytes:
        """The request, or at once the answer to one whose params cannot be read.

        Raises :class:`Refusal` for what is no request of the proxy.
        """
        if len(body) > self.max_request_size:
            raise self.too_large()
        try:
            request = ProxyRequest.decode(body)
        except CallError as error:
            return error_answer(error, forwarded=True)  # Centrifugo ignores what is more
        if not request.conn.user_id and not self._anonymous:
            nobody = CallError(401, "the connection has no user")
            return error_answer(nobody, forwarded=request.forwarded)
        return request

    async def answer(self, request: ProxyRequest) -> bytes:
        """Run the call and give the body of its answer, a result or an error.

        Cancelling this task cancels a forwarded call: the server that handed it on gave it
        up. A call of Centrifugo's own, which gives up when the client's connection drops,
        goes on to its end, and only then this raises ``asyncio.CancelledError``; unless the
        task is cancelled once more.
        """
        if not self._slots.take():
            busy = CallError(429, "too many calls are in flight")
            return error_answer(busy, forwarded=request.forwarded)
        task = asyncio.create_task(self._run(request))
        task.add_done_callback(lambda _: self._slots.give_back())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if request.forwarded:
                task.cancel()
            try:
                await asyncio.wait({task})
            except asyncio.CancelledError:
                task.cancel()
                raise
            raise

    async def _run(self, request: ProxyRequest) -> bytes:
        try:
            result = await self.router.handle_message(
                request.method,
                request.params,
                request.conn,
                timeout=self._timeout if request.timeout is None else request.timeout,
                correlation_id=request.correlation_id,
                traceparent=request.traceparent,
            )
            return result_answer(result, self._max_result_size)
        except CallError as error:
            return error_answer(error, forwarded=request.forwarded)
        except Exception:
            _log.exception("the call of %r could not be answered", request.method[:128])
            return error_answer(CallError(500, "internal error"), forwarded=request.forwarded)
