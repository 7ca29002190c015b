"""Handlers in Python as the source of an API: Pydantic models in, a contract out.

``@websocket_rpc`` registers async handlers, ``python -m centrirpc export`` describes them
for ``centrirpc generate``, and a :class:`MessageRouter` answers calls by them. Needs Pydantic,
and not the base client's dependencies.
"""

from .call_error import ApplicationError, CallError, Fault, declare_error
from .channel import Channel
from .conn import Conn
from .current_call import CurrentCall, current_call
from .decorator import websocket_rpc
from .export import describe
from .handler import Handler
from .method_info import RPCMethodInfo, discover_rpc_methods_from_router
from .problem import HandlerError, Problem
from .registry import Registry, default_registry
from .router import MessageRouter

__all__ = [
    "ApplicationError",
    "CallError",
    "Channel",
    "Conn",
    "CurrentCall",
    "Fault",
    "Handler",
    "HandlerError",
    "MessageRouter",
    "Problem",
    "RPCMethodInfo",
    "Registry",
    "current_call",
    "declare_error",
    "default_registry",
    "describe",
    "discover_rpc_methods_from_router",
    "websocket_rpc",
]
