"""Starts calls as a fault test asks for and tells how each ended.

Commands come as JSON lines on standard input, what happens goes as JSON lines to standard
output; see doc.go.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

from centrirpc import CentrifugoRPCClient, ClientError, ServerError
from centrirpc.rpc_client import Frame


def say(**what: Any) -> None:
    print(json.dumps(what, separators=(",", ":")), flush=True)


def failure(error: Exception) -> dict[str, Any]:
    if isinstance(error, ServerError):
        return {"error": error.reason}
    if isinstance(error, ClientError):
        return {"client_error": type(error).__name__}
    return {"fault": repr(error)}


class Driver:
    def __init__(self, url: str, token: str, silence: float) -> None:
        self.rpc = CentrifugoRPCClient(
            url,
            token,
            silence=silence,
            sdk_options={"min_reconnect_delay": 0.02, "max_reconnect_delay": 0.3},
        )
        if os.environ.get("FRAMES") != "0":
            self.rpc.on_frame(self.observe)
        self.rpc.on_state(lambda state: say(state=state))
        self.keys: dict[str, str] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.held: dict[str, asyncio.Event] = {}  # streams that are told to go on

    def observe(self, frame: Frame) -> None:
        if frame.kind == "publish":
            self.keys[frame.correlation_id] = frame.data["params"]["say"]
        key = self.keys.get(frame.correlation_id)
        if frame.kind in ("ack", "resend", "cancel") and key is not None:
            say(frame=frame.kind, key=key)

    async def run(self, command: dict[str, Any]) -> None:
        key, method, params = command["key"], command["method"], command["params"]
        options: dict[str, Any] = {}
        if "timeout_ms" in command:
            options["timeout"] = command["timeout_ms"] / 1000
        for name in ("idempotent", "volatile"):
            if command.get(name):
                options[name] = True
        try:
            if command["start"] == "call":
                outcome = {"result": (await self.rpc.call(method, params, **options))["say"]}
            elif command["start"] == "notify":
                await self.rpc.notify(method, params, **options)
                outcome = {"result": "accepted"}
            else:
                outcome = await self.stream(command, options)
        except Exception as error:
            outcome = failure(error)
        say(done=key, **outcome)

    def ended(self, task: asyncio.Task[None], key: str) -> None:
        del self.tasks[key]
        if task.cancelled():
            say(done=key, client_error="CallAbortedError")

    async def stream(self, command: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        seen = 0
        async with self.rpc.stream(command["method"], command["params"], **options) as stream:
            async for item in stream:
                if item["i"] != seen:
                    return {"fault": f"item {item['i']} where {seen} was due"}
                seen += 1
                if command.get("pause_ms") and seen % 16 == 0:
                    await asyncio.sleep(command["pause_ms"] / 1000)
                if seen == command.get("hold"):
                    say(frame="held", key=command["key"])
                    await self.held[command["key"]].wait()
                if seen == command.get("take"):
                    return {"result": "left", "items": seen}
            try:
                did = await stream.result()
                return {"result": did["say"], "items": seen, "sent": did["sent"]}
            except Exception as error:
                return {**failure(error), "items": seen}

    async def subscribe(self, channel: str) -> None:
        try:
            await self.rpc.subscribe(channel, lambda event: say(frame="event", key=event["say"]))
            say(done=channel, result="subscribed")
        except Exception as error:
            say(done=channel, **failure(error))

    async def serve(self, lines: Callable[[], Awaitable[str]]) -> None:
        before = len(asyncio.all_tasks())
        await self.rpc.connect()
        say(ready=True, left=before)
        while line := await lines():
            command = json.loads(line)
            if "start" in command:
                key = command["key"]
                if "hold" in command:
                    self.held[key] = asyncio.Event()
                task = asyncio.create_task(self.run(command))
                self.tasks[key] = task
                task.add_done_callback(lambda ended, key=key: self.ended(ended, key))
            elif "cancel" in command:
                if task := self.tasks.get(command["cancel"]):
                    task.cancel()
            elif "go_on" in command:
                self.held[command["go_on"]].set()
            elif "stats" in command:
                say(
                    stats=command["stats"],
                    pending=self.rpc.pending_calls,
                    left=len(asyncio.all_tasks()),
                    clock=time.time(),
                )
            elif channel := command.get("subscribe"):
                task = asyncio.create_task(self.subscribe(channel))
                self.tasks[channel] = task
                task.add_done_callback(lambda _, channel=channel: self.tasks.pop(channel))
            elif "close" in command:
                await self.rpc.disconnect()
                say(closed=True)


async def main() -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=1 << 24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def line() -> str:
        return (await reader.readline()).decode()

    await Driver(sys.argv[1], sys.argv[2], float(sys.argv[3])).serve(line)


asyncio.run(main())
