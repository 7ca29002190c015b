"""A call's params: JSON in, the handler's own type out, or all faults at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from .call_error import CallError, Fault
from .faults import faults_of
from .handler import Handler
from .strict_json import InvalidJSON, decode

__all__ = ["Params", "encode_params", "read_params"]

Params = Mapping[str, Any] | str | bytes | None
"""Decoded JSON, or JSON itself; None is no params."""


def encode_params(params: Params) -> str | bytes:
    """The params as JSON; ``{}`` for none.

    Raises :class:`CallError` 400 for decoded ones that are no JSON.
    """
    if isinstance(params, str | bytes):
        return params or "{}"
    if params is None:
        return "{}"
    try:
        return json.dumps(params, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        raise _invalid([_whole("json", "are not what JSON can carry")]) from None


def read_params(handler: Handler, text: str | bytes) -> Any:
    """What the handler takes, read from JSON as strictly as the contract says.

    Types are not coerced: ``"5"`` and ``5.0`` are no integers, ``1`` is no boolean. None if
    the handler takes no params. Raises :class:`CallError` 400, with all faults as details.
    """
    try:
        data = decode(text)
    except InvalidJSON as error:
        raise _invalid([_json_fault(handler, error)]) from None
    if data is None:
        text, data = "{}", {}
    if not isinstance(data, dict):
        raise _invalid([_whole("type", "must be an object")])
    if handler.signature.params is None:
        return None
    try:
        return handler.params_adapter.validate_json(text, strict=True)
    except ValidationError as error:
        faults = faults_of(error, handler.params_paths, data)
    raise _invalid(faults)


def _json_fault(handler: Handler, error: InvalidJSON) -> Fault:
    field = ""
    if error.location:
        field = handler.params_paths.path(error.location, error.value, labels=False)
        field = field or str(error.location[-1])
    return {"field": field, "rule": "json", "message": f"{field or 'the params'} {error.reason}"}


def _whole(rule: str, what: str) -> Fault:
    return {"field": "", "rule": rule, "message": f"the params {what}"}


def _invalid(faults: list[Fault]) -> CallError:
    message = faults[0]["message"]
    if len(faults) > 1:
        message += f", and {len(faults) - 1} more"
    return CallError(400, message, faults)
