"""centrirpc: typed RPC over Centrifuge and Centrifugo WebSockets.

This package is the base client. A client generated from an API's contract adds a typed
method for each of its methods on top. ``centrirpc.source`` is the other side: async handlers
with Pydantic models, from which the contract is made. ``centrirpc.asgi`` and
``centrirpc.django`` serve them over HTTP, to Centrifugo's RPC proxy.
"""

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .rpc_errors import (
    CallTimeoutError,
    CancelledError,
    ClientClosedError,
    ClientError,
    ConflictError,
    ConnectError,
    ConnectionLostError,
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    InvalidParamsError,
    InvalidReplyError,
    MethodNotFoundError,
    NotConnectedError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadTooLargeError,
    PermissionDeniedError,
    RequestTooLargeError,
    ResourceExhaustedError,
    RPCError,
    ServerError,
    UnauthenticatedError,
    UnavailableError,
)

# The client needs centrifuge-python and the source needs Pydantic: each is imported when it
# is asked for, so that either works where only its own dependency is installed.
if TYPE_CHECKING:
    from .rpc_client import (
        CentrifugoRPCClient,
        ConnectionState,
        ContractCheck,
        Frame,
        Progress,
        ProgressHandler,
        PublicationHandler,
        RPCStream,
        Subscription,
    )
    from .source import ApplicationError as ApplicationError
    from .source import CallError as CallError
    from .source import Channel as Channel
    from .source import Conn as Conn
    from .source import HandlerError as HandlerError
    from .source import MessageRouter as MessageRouter
    from .source import Registry as Registry
    from .source import RPCMethodInfo as RPCMethodInfo
    from .source import current_call as current_call
    from .source import declare_error as declare_error
    from .source import discover_rpc_methods_from_router as discover_rpc_methods_from_router
    from .source import websocket_rpc as websocket_rpc

_CLIENT = (
    "CentrifugoRPCClient",
    "ConnectionState",
    "ContractCheck",
    "Frame",
    "Progress",
    "ProgressHandler",
    "PublicationHandler",
    "RPCStream",
    "Subscription",
)
_SOURCE = (
    "ApplicationError",
    "CallError",
    "Channel",
    "Conn",
    "HandlerError",
    "MessageRouter",
    "RPCMethodInfo",
    "Registry",
    "current_call",
    "declare_error",
    "discover_rpc_methods_from_router",
    "websocket_rpc",
)

# What "from centrirpc import *" brings: all of it, but for what lacks its dependency.
__all__ = [
    "CallTimeoutError",
    "CancelledError",
    "CentrifugoRPCClient",
    "ClientClosedError",
    "ClientError",
    "ConflictError",
    "ConnectError",
    "ConnectionLostError",
    "ConnectionState",
    "ContractCheck",
    "DeadlineExceededError",
    "FailedPreconditionError",
    "Frame",
    "InternalError",
    "InvalidParamsError",
    "InvalidReplyError",
    "MethodNotFoundError",
    "NotConnectedError",
    "NotFoundError",
    "OutcomeUnknownError",
    "PayloadTooLargeError",
    "PermissionDeniedError",
    "Progress",
    "ProgressHandler",
    "PublicationHandler",
    "RPCError",
    "RPCStream",
    "RequestTooLargeError",
    "ResourceExhaustedError",
    "ServerError",
    "Subscription",
    "UnauthenticatedError",
    "UnavailableError",
]
if TYPE_CHECKING or find_spec("pydantic") is not None:
    __all__ += [
        "ApplicationError",
        "CallError",
        "Channel",
        "Conn",
        "HandlerError",
        "MessageRouter",
        "RPCMethodInfo",
        "Registry",
        "current_call",
        "declare_error",
        "discover_rpc_methods_from_router",
        "websocket_rpc",
    ]
if not TYPE_CHECKING and find_spec("centrifuge") is None:
    __all__ = [name for name in __all__ if name not in _CLIENT]


def __getattr__(name: str) -> Any:
    module = ".rpc_client" if name in _CLIENT else ".source" if name in _SOURCE else ""
    if not module:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(module, __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_CLIENT, *_SOURCE})
