"""The setting ``CENTRIRPC``, and the endpoint that it makes."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from ..proxy import Endpoint

__all__ = ["OPTIONS", "endpoint", "faults", "handler_modules"]

OPTIONS = {
    "SECRET": "secret",
    "INSECURE": "insecure",
    "ANONYMOUS": "anonymous",
    "TIMEOUT": "timeout",
    "MAX_IN_FLIGHT": "max_in_flight",
    "MAX_REQUEST_SIZE": "max_request_size",
    "MAX_RESULT_SIZE": "max_result_size",
}
"""The members of ``CENTRIRPC``, beside ``HANDLERS``, as the options of
:class:`centrirpc.asgi.RPCApp`."""


def handler_modules() -> list[ModuleType]:
    """Import the modules of ``CENTRIRPC["HANDLERS"]``.

    Raises ``ImproperlyConfigured`` if the setting is no list of names.
    """
    names = _setting().get("HANDLERS", [])
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ImproperlyConfigured('CENTRIRPC["HANDLERS"] is no list of the names of modules')
    return [import_module(name) for name in names]


def faults() -> list[str]:
    """What is wrong with the setting, each with what to do."""
    if not isinstance(getattr(settings, "CENTRIRPC", {}), dict):
        return ['CENTRIRPC is no dict: write CENTRIRPC = {"SECRET": ...}']
    known = [*OPTIONS, "HANDLERS"]
    found = [
        f"CENTRIRPC has the unknown member {name!r}: write one of {', '.join(known)}"
        for name in _setting()
        if name not in known
    ]
    try:
        _made()
    except (TypeError, ValueError) as error:
        found.append(f'CENTRIRPC: {error}; set CENTRIRPC["SECRET"] and the others accordingly')
    return found


@cache
def endpoint() -> Endpoint:
    """The endpoint that the views answer through, made once.

    Raises ``ImproperlyConfigured`` if the setting is wrong.
    """
    wrong = faults()
    if wrong:
        raise ImproperlyConfigured("\n".join(wrong))
    return _made()


def _made() -> Endpoint:
    given = _setting()
    options: dict[str, Any] = {
        option: given[name] for name, option in OPTIONS.items() if name in given
    }
    return Endpoint(**{"secret": None, **options})


def _setting() -> dict[Any, Any]:
    given = getattr(settings, "CENTRIRPC", {})
    return given if isinstance(given, dict) else {}


def _forget(*, setting: str, **_: Any) -> None:
    """Make the endpoint anew after a test changed the setting."""
    if setting == "CENTRIRPC":
        endpoint.cache_clear()


setting_changed.connect(_forget)
