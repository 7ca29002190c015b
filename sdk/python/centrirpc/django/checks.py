"""``manage.py check``: the settings, and the types of the handlers."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, Warning

from ..source import HandlerError, default_registry
from .configuration import faults

__all__ = ["check_configuration"]


def check_configuration(**_: Any) -> list[CheckMessage]:
    """Errors ``centrirpc.E001`` for settings and ``E002`` for handlers, warning ``W001`` if there
    are no handlers."""
    found: list[CheckMessage] = [Error(fault, id="centrirpc.E001") for fault in faults()]
    try:
        if not default_registry.methods():
            hint = (
                'Put them into a module "handlers" of an app, or name it in CENTRIRPC["HANDLERS"].'
            )
            found.append(Warning("There are no RPC handlers.", hint, id="centrirpc.W001"))
    except HandlerError as error:
        found += [Error(str(problem), id="centrirpc.E002") for problem in error.problems]
    return found
