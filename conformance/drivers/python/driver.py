"""Runs conformance cases through the generated Python client.

Cases come as JSON lines on standard input, outcomes go as JSON lines to standard output.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
import typing
from typing import Any
from urllib.parse import urlencode

from conformance_client import (
    APIClient,
    CentrifugoRPCClient,
    ClientError,
    ConnectError,
    ServerError,
)
from conformance_client.rpc_client import Frame, Progress, RPCStream, Subscription
from pydantic import BaseModel, TypeAdapter, ValidationError

Step = dict[str, Any]
Outcome = dict[str, Any]


class ConstructionError(Exception):
    """A client that could not even be made."""


class Session:
    """One client with what it has subscribed to."""

    def __init__(self, url: str, spec: dict[str, Any]) -> None:
        if spec.get("url") == "unreachable":
            url = "ws://127.0.0.1:1/connection/websocket"
        elif spec.get("url") == "tokenless":
            url = url.replace("/connection/", "/tokenless/connection/")
        url += "?" + urlencode(
            {"connection": spec.get("connection", ""), "user": spec.get("cookie", "")}
        )
        self._url = url
        self._spec = spec
        self._rpc: CentrifugoRPCClient | None = None
        self._events: list[Any] = []
        self._arrived = asyncio.Event()
        self._subscriptions: dict[str, Subscription] = {}

    @property
    def rpc(self) -> CentrifugoRPCClient:
        if self._rpc is None:

            async def fresh() -> str:
                return str(self._spec["fresh_token"])

            try:
                self._rpc = CentrifugoRPCClient(
                    self._url,
                    self._spec.get("token", ""),
                    self._spec.get("user_id"),
                    session=self._spec.get("session"),
                    traceparent=lambda: self._spec.get("traceparent"),
                    get_token=fresh if "fresh_token" in self._spec else None,
                    sdk_options={"min_reconnect_delay": 0.01, "max_reconnect_delay": 0.1},
                )
            except ValueError as error:
                raise ConstructionError(str(error)) from error
        return self._rpc

    async def await_state(self, state: str) -> None:
        reached = asyncio.Event()
        stop = self.rpc.on_state(lambda now: reached.set() if now == state else None)
        if self.rpc.state != state:
            await reached.wait()
        stop()

    async def subscribe(self, channel: str, name: str, only_for: str | None) -> None:
        async def handler(data: Any) -> None:
            if only_for is None or data["for"] == only_for:
                self._events.append(data)
                self._arrived.set()

        self._subscriptions[name] = await self.rpc.subscribe(channel, handler)

    async def unsubscribe(self, name: str) -> None:
        await self._subscriptions[name].unsubscribe()

    async def take_events(self, count: int) -> list[Any]:
        while len(self._events) < count:
            self._arrived.clear()
            await self._arrived.wait()
        taken, self._events = self._events[:count], self._events[count:]
        return taken

    async def event_within(self, seconds: float) -> bool:
        """Wait for an event, not longer than so many seconds."""
        if not self._events:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), seconds)
            except TimeoutError:
                return False
        return True

    def pending(self) -> int:
        return 0 if self._rpc is None else self._rpc.pending_calls

    async def close(self) -> None:
        if self._rpc is not None:
            await self._rpc.disconnect()


def failure(error: BaseException) -> Outcome:
    if isinstance(error, ServerError):
        return {
            "error": {
                "code": error.code,
                "reason": error.reason,
                "message": error.message,
                "details": (
                    error.details.model_dump(mode="json", by_alias=True, exclude_unset=True)
                    if isinstance(error.details, BaseModel)
                    else error.details
                ),
                "class": type(error).__name__,
            }
        }
    if isinstance(error, ConnectError):
        return {"client_error": "ConnectError", "message": str(error), "code": error.code}
    if isinstance(error, ClientError):
        return {"client_error": type(error).__name__, "message": str(error)}
    if isinstance(error, ConstructionError):
        return {"client_error": "construction", "message": str(error)}
    return {"fault": "".join(traceback.format_exception(error))}


class Invocation:
    """How a step calls a method: through the typed client, or past all types."""

    def __init__(self, session: Session, method: str, step: Step) -> None:
        self.method = method
        self.step = step
        self.rpc = session.rpc
        self.progress: list[Outcome] = []
        """What the progress handler got."""
        self.options: dict[str, Any] = {}
        if "timeout_ms" in step:
            self.options["timeout"] = step["timeout_ms"] / 1000
        if "traceparent" in step:
            self.options["traceparent"] = step["traceparent"]
        if step.get("progress"):
            self.options["on_progress"] = self._on_progress
        self.typed = step.get("via") != "base"
        self.bound: Any = None
        self.hints: dict[str, Any] = {}
        if self.typed:
            self.bound = getattr(APIClient(self.rpc), method.replace(".", "_"))
            self.hints = typing.get_type_hints(self.bound, include_extras=True)
        self.args: list[Any] = []
        if not self.typed:
            return
        self.bound = getattr(APIClient(self.rpc), method.replace(".", "_"))
        self.hints = typing.get_type_hints(self.bound, include_extras=True)
        if "params" not in self.hints:
            return
        try:
            written = json.dumps(step.get("params", {}))
            self.args.append(TypeAdapter(self.hints["params"]).validate_json(written))
        except ValidationError:
            if step.get("via") == "typed":
                raise
            # The models hold the rules too, and cannot be made to break them. What the server
            # says of such params is asked without them.
            self.typed = False

    def _on_progress(self, progress: Progress) -> None:
        heard: Outcome = {"done": progress.done}
        if progress.total is not None:
            heard["total"] = progress.total
        if progress.message:
            heard["message"] = progress.message
        self.progress.append(heard)

    async def call(self) -> Outcome:
        if self.typed:
            result = await self.bound(*self.args, **self.options)
            return returned(self.hints["return"], result)
        if "notify" in self.step:
            await self.rpc.notify(self.method, self.step.get("params"), **self.options)
            return {"ok": True}
        return {"result": await self.rpc.call(self.method, self.step.get("params"), **self.options)}

    async def stream(self, items: list[Any]) -> Outcome:
        """Take a stream's items into ``items``; the outcome is without them."""
        stream: RPCStream[Any, Any]
        item_type: Any = Any
        result_type: Any = Any
        if self.typed:
            stream = self.bound(*self.args, **self.options)
            item_type, result_type = typing.get_args(self.hints["return"])
        else:
            stream = self.rpc.stream(self.method, self.step.get("params"), **self.options)
        if self.step.get("result_only"):
            return returned(result_type, await stream.result())
        take = self.step.get("take")
        async with stream:
            if take != 0:
                async for item in stream:
                    items.append(as_json(item_type, item))
                    if len(items) == take:
                        break
            if take is not None and len(items) == take:
                return {}
            result = await stream.result()
            return {} if result_type is type(None) else returned(result_type, result)


def as_json(type_: Any, value: Any) -> Any:
    return json.loads(TypeAdapter(type_).dump_json(value, by_alias=True, exclude_unset=True))


def returned(type_: Any, result: Any) -> Outcome:
    return {"ok": True} if type_ is type(None) else {"result": as_json(type_, result)}


async def call(session: Session, step: Step) -> Outcome:
    method = step.get("call") or step.get("notify") or step["stream"]
    items: list[Any] = []
    progress: list[Outcome] = []

    async def invoke() -> Outcome:
        invocation = Invocation(session, method, step)
        invocation.progress = progress
        return await (invocation.stream(items) if "stream" in step else invocation.call())

    task = asyncio.create_task(invoke())

    def observe(frame: Frame) -> None:
        if frame.kind == "ack" and frame.method == method:
            task.cancel()

    stop = None
    if step.get("abort_after") == "ack":
        stop = session.rpc.on_frame(observe)
    elif step.get("abort_after") == "start":
        task.cancel()
    try:
        outcome = await task
    except asyncio.CancelledError:
        outcome = {"client_error": "CallAbortedError", "message": "cancelled"}
    except Exception as error:
        outcome = failure(error)
    finally:
        if stop is not None:
            stop()
    if "stream" in step and not step.get("result_only"):
        outcome["items"] = items
    if step.get("progress"):
        outcome["progress"] = progress
    return outcome


async def call_until_event(session: Session, step: Step) -> Outcome:
    while True:
        outcome = await call(session, step)
        if not outcome.keys() & {"ok", "result"} or await session.event_within(0.1):
            return outcome


class Driver:
    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.shared = Session(url, {"token": token})

    async def run(self, own: Session, step: Step) -> Outcome:
        session = self.shared if step.get("on") == "shared" else own
        try:
            if "together" in step:
                return {"together": await self.together(own, step["together"])}
            if "steps" in step:
                return {"steps": await self.sequence(own, step["steps"])}
            if "events" in step:
                return {"events": await session.take_events(step["events"])}
            if "connect" in step:
                await session.rpc.connect()
            elif "disconnect" in step:
                await session.rpc.disconnect()
            elif "await_state" in step:
                await session.await_state(step["await_state"])
            elif "subscribe" in step:
                channel = step["subscribe"]
                await session.subscribe(channel, step.get("as") or channel, step.get("for"))
            elif "unsubscribe" in step:
                await session.unsubscribe(step.get("as") or step["unsubscribe"])
            elif "until_event" in step:
                return await call_until_event(session, step)
            elif step.keys() & {"call", "notify", "stream"}:
                return await call(session, step)
            else:
                return {"fault": "the driver does not know the step"}
            return {"ok": True}
        except Exception as error:
            return failure(error)

    async def sequence(self, session: Session, steps: list[Step]) -> list[Outcome]:
        return [await self.run(session, step) for step in steps]

    async def together(self, session: Session, steps: list[Step]) -> list[Outcome]:
        at_once = [
            asyncio.create_task(self.run(session, s)) for s in steps if not s.get("after_first")
        ]

        async def after_first(step: Step) -> Outcome:
            await asyncio.wait(at_once, return_when=asyncio.FIRST_COMPLETED)
            return await self.run(session, step)

        started = iter(at_once)
        return await asyncio.gather(
            *(after_first(s) if s.get("after_first") else next(started) for s in steps)
        )

    async def case(self, name: str, client: dict[str, Any] | None, steps: list[Step]) -> Outcome:
        session = self.shared if client is None else Session(self.url, client)
        outcomes = await self.sequence(session, steps)
        if session is not self.shared:
            await session.close()
        if session.pending() > 0:
            outcomes.append({"fault": f"{session.pending()} calls are still pending"})
        return {"name": name, "outcomes": outcomes}

    async def serve(self) -> None:
        await self.shared.rpc.connect()
        while line := await asyncio.to_thread(sys.stdin.readline):
            asked = json.loads(line)
            answer = await self.case(asked["name"], asked.get("client"), asked["steps"])
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
        await self.shared.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        if left:
            sys.exit(f"tasks are left: {left}")


if __name__ == "__main__":
    asyncio.run(Driver(sys.argv[1], sys.argv[2]).serve())
