"""The contract a client was generated from: said at connect, compared with the server's."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .rpc_connection import Connection
from .rpc_errors import (
    CallTimeoutError,
    ClientClosedError,
    ClientError,
    NotConnectedError,
    RPCError,
    ServerError,
)

__all__ = ["ContractCheck", "ContractChecks"]

_METHOD = "centrirpc.contract"
"""The native RPC that servers answer about their contract."""

# What servers answer that do not know the method: Centrifuge without native RPC (108, 104),
# what Centrifugo makes of its backend's failures (100), an older server of ours (405).
_NOT_KNOWN = {100, 104, 108, 404, 405}


@dataclass(frozen=True, slots=True)
class ContractCheck:
    """What ``check_contract`` found out.

    ``same``: the server's contract is the one asked about. ``compatible`` says whether
    clients of the contract asked about work with the server. False: calls or events may
    fail, so the client is to be updated. None: the server cannot tell, or does not know the
    question. ``server_hash`` is the hash of the server's contract, or empty if it did not
    say.
    """

    same: bool
    compatible: bool | None
    server_hash: str


class _Question:
    def __init__(self, contract: str, deadline: float) -> None:
        self.contract = contract
        self.deadline = deadline
        self.done: asyncio.Future[ContractCheck] = asyncio.get_running_loop().create_future()
        self.asking: asyncio.Task[None] | None = None

    def stop(self) -> None:
        if self.asking is not None:
            # A turn later, so that the task takes what the SDK has told it already.
            asyncio.get_running_loop().call_soon(self.asking.cancel)
            self.asking = None

    def fail(self, error: RPCError) -> None:
        if not self.done.done():
            self.done.set_exception(error)


class ContractChecks:
    """The questions that have no answer yet.

    Asking twice does no harm: what is out when the connection drops is asked again.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._pending: set[_Question] = set()

    def __len__(self) -> int:
        return len(self._pending)

    async def run(self, contract: str, timeout: float) -> ContractCheck:
        """Ask, and wait for the answer for ``timeout`` seconds at most."""
        if not 0 < timeout < math.inf:
            raise ValueError(f"the timeout of a check must be seconds above 0, not {timeout!r}")
        if self._connection.state == "disconnected":
            raise NotConnectedError("cannot check the contract: call connect() first")
        loop = asyncio.get_running_loop()
        question = _Question(contract, loop.time() + timeout)
        self._pending.add(question)
        expired = CallTimeoutError(f"no answer about the contract within {timeout:g} s")
        timer = loop.call_later(timeout, question.fail, expired)
        try:
            if self._connection.state == "connected":
                self._send(question)
            return await question.done
        finally:
            timer.cancel()
            self._pending.discard(question)
            question.stop()

    def connected(self) -> None:
        """Ask what waits for the connection."""
        for question in self._pending:
            if question.asking is None:
                self._send(question)

    def lost(self) -> None:
        """Ask again after the reconnect."""
        for question in self._pending:
            question.stop()

    def closed(self, error: RPCError) -> None:
        """Fail everything: the connection is over."""
        for question in self._pending:
            if isinstance(error, ClientClosedError):
                question.fail(ClientClosedError(f"{error} during a check of the contract"))
            else:
                question.fail(NotConnectedError(f"the contract was not checked: {error}"))

    def _send(self, question: _Question) -> None:
        question.asking = self._connection.spawn(self._ask(question))

    async def _ask(self, question: _Question) -> None:
        left = question.deadline - asyncio.get_running_loop().time()
        try:
            answer = await self._connection.rpc(_METHOD, {"hash": question.contract}, left)
        except ServerError as error:
            if error.code not in _NOT_KNOWN:
                question.fail(error)
                return
            answer = None
        except ClientError:
            return  # decided elsewhere: by lost() or by the timer
        if not question.done.done():
            question.done.set_result(_read(question.contract, answer))


def _read(contract: str, answer: Any) -> ContractCheck:
    """Read an answer. Another server may answer anything by that name."""
    said = answer if isinstance(answer, Mapping) else {}
    compatible, found = said.get("compatible"), said.get("hash")
    return ContractCheck(
        same=compatible is True and bool(contract) and found == contract,
        compatible=compatible if isinstance(compatible, bool) else None,
        server_hash=found if isinstance(found, str) else "",
    )
