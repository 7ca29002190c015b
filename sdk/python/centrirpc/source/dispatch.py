"""One call of a handler: params in, result out, errors as the caller gets them."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from .call_error import CallError, is_code, jsonable
from .current_call import CurrentCall, answering
from .handler import Handler
from .params import read_params

__all__ = ["dispatch"]

_log = logging.getLogger("centrirpc")


async def dispatch(
    handler: Handler | None,
    call: CurrentCall,
    params: str | bytes,
    conn: Any,
    timeout: float | None = None,
) -> Any:
    """Answer a call by its handler's result, as JSON has it, or raise a :class:`CallError`.

    ``timeout`` is the caller's, in seconds; the method's own holds too. A cancelled call
    raises ``asyncio.CancelledError``, once its handler has ended.
    """
    if handler is None:
        raise CallError(405, f"there is no method {call.method!r:.128}")
    token = answering.set(call)
    try:
        return await _answer(handler, params, conn, timeout)
    except CallError as error:
        if is_code(error.code):
            raise
        _failed(call, conn, f"{error.code!r} is neither a code of the protocol nor in 1000..1999")
        raise CallError(500, _INTERNAL) from error
    except asyncio.CancelledError as error:
        if _asked_to_end():
            raise
        _failed(call, conn, "it was not cancelled, and raised CancelledError")
        raise CallError(500, _INTERNAL) from error
    except Exception as error:
        _failed(call, conn)
        raise CallError(500, _INTERNAL) from error
    finally:
        answering.reset(token)


_INTERNAL = "internal error"


async def _answer(handler: Handler, text: str | bytes, conn: Any, timeout: float | None) -> Any:
    params = read_params(handler, text)
    args, kwargs = handler.signature.arguments(params, conn)
    bounds = [bound for bound in (timeout, handler.timeout) if bound is not None]
    try:
        async with asyncio.timeout(min(bounds, default=None)) as deadline:
            result = await handler.function(*args, **kwargs)
    except TimeoutError as error:
        if deadline.expired():
            raise CallError(504, _LATE) from error
        raise
    if deadline.expired():  # it caught its cancellation, and returned later
        raise CallError(504, _LATE)
    return None if handler.signature.result is None else jsonable(handler.result_adapter, result)


_LATE = "the call's deadline passed"


def _asked_to_end() -> bool:
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _failed(call: CurrentCall, conn: Any, why: str = "") -> None:
    """Log what the caller is not told, with the traceback."""
    _log.exception(
        "the handler of %s failed (user %r, correlation id %r)%s",
        call.method,
        getattr(conn, "user_id", ""),
        call.correlation_id,
        f": {why}" if why else "",
    )
