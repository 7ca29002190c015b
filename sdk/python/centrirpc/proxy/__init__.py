"""Centrifugo's RPC proxy, answered by a router: what ``centrirpc.asgi`` and ``.django`` share.

The format of requests and answers is Centrifugo's own (version 6):
https://centrifugal.dev/docs/server/proxy#rpc-proxy. What is ours in it is the request's member
``centrirpc``, and ``reason`` and ``details`` in the errors that answer a request with it.
"""

from .endpoint import Endpoint
from .refusal import REFUSED_HEADER, Refusal
from .request import ProxyRequest
from .secret import SECRET_HEADER, Secrets

__all__ = ["REFUSED_HEADER", "SECRET_HEADER", "Endpoint", "ProxyRequest", "Refusal", "Secrets"]
