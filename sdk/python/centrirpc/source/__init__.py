"""Handlers in Python as the source of an API: Pydantic models in, a contract out.

``@websocket_rpc`` registers async handlers, and ``python -m centrirpc export`` describes them
for ``centrirpc generate``. Needs Pydantic, and not the base client's dependencies.
"""

from .call_error import ApplicationError, CallError, Fault, declare_error
from .channel import Channel
from .conn import Conn
from .decorator import websocket_rpc
from .export import describe
from .handler import Handler
from .problem import HandlerError, Problem
from .registry import Registry, default_registry

__all__ = [
    "ApplicationError",
    "CallError",
    "Channel",
    "Conn",
    "Fault",
    "Handler",
    "HandlerError",
    "Problem",
    "Registry",
    "declare_error",
    "default_registry",
    "describe",
    "websocket_rpc",
]
