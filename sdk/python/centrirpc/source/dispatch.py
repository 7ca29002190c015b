"""One call of a handler: params in, result out, errors as the caller gets them."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from .call_error import CallError, jsonable
from .faults import faults_of
from .handler import Handler

__all__ = ["dispatch"]

_log = logging.getLogger("centrirpc")


async def dispatch(
    handler: Handler | None,
    method: str,
    params: Mapping[str, Any] | str | bytes | None,
    conn: Any,
) -> Any:
    """Answer a call by its handler, or by the error that there is none."""
    if handler is None:
        raise CallError(405, f"there is no method {method!r:.128}")
    value = _read(handler, params)
    try:
        result = await _run(handler, value, conn)
        return _write(handler, result)
    except CallError:
        raise
    except Exception as error:
        _log.exception("the handler of %s failed", method)
        raise CallError(500, "internal error") from error


def _read(handler: Handler, params: Mapping[str, Any] | str | bytes | None) -> Any:
    if handler.signature.params is None:
        return None
    # As JSON, not as Python values: what strict models accept differs.
    text = params if isinstance(params, str | bytes) else json.dumps(params)
    if text in ("", b"", "null", b"null"):
        text = "{}"
    try:
        return handler.params_adapter.validate_json(text)
    except ValidationError as error:
        faults = faults_of(error, handler.params_adapter, text)
    message = faults[0]["message"]
    if len(faults) > 1:
        message += f", and {len(faults) - 1} more"
    raise CallError(400, message, faults)


async def _run(handler: Handler, params: Any, conn: Any) -> Any:
    args, kwargs = handler.signature.arguments(params, conn)
    try:
        async with asyncio.timeout(handler.timeout) as deadline:
            return await handler.function(*args, **kwargs)
    except TimeoutError as error:
        if deadline.expired():
            raise CallError(504, f"the call took longer than {handler.timeout} s") from error
        raise


def _write(handler: Handler, result: Any) -> Any:
    if handler.signature.result is None:
        return None
    return jsonable(handler.result_adapter, result)
