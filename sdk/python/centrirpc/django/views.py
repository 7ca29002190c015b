"""The view that Centrifugo's RPC proxy calls."""

from __future__ import annotations

import logging

from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from ..proxy import REFUSED_HEADER, SECRET_HEADER, Endpoint, ProxyRequest, Refusal
from .configuration import endpoint

__all__ = ["rpc_view"]

_log = logging.getLogger("centrirpc")
_SECRET = f"HTTP_{SECRET_HEADER.upper().replace('-', '_')}"


@csrf_exempt
async def rpc_view(request: HttpRequest) -> HttpResponse:
    """Answer a request of the proxy by the handlers of the default registry.

    Under ASGI it runs on the server's event loop, under WSGI on one of its own for each
    request. It takes POST only, and no CSRF token: the secret says who asks. While the setting
    ``CENTRIRPC`` is wrong it answers with status 503, and the log says what is wrong.
    """
    try:
        found = endpoint()
    except ImproperlyConfigured:
        _log.exception("calls cannot be answered")
        return HttpResponse("not configured\n", "text/plain", 503, headers={REFUSED_HEADER: "1"})
    try:
        read = found.decode(_body(request, found))
    except Refusal as refusal:
        return HttpResponse(refusal.body, status=refusal.status, headers=refusal.headers)
    answer = await found.answer(read) if isinstance(read, ProxyRequest) else read
    return HttpResponse(answer, "application/json")


def _body(request: HttpRequest, found: Endpoint) -> bytes:
    sent = request.META
    # Both kinds of server join headers of one name with a comma, which no secret fits.
    secrets = [sent[_SECRET].encode("latin-1", "replace")] if _SECRET in sent else []
    length = sent.get("CONTENT_LENGTH")
    found.admit(request.method or "", sent.get("CONTENT_TYPE", ""), secrets, length)
    try:
        return request.body
    except RequestDataTooBig:
        raise found.too_large() from None
    except UnreadablePostError:
        raise Refusal(400, "the body could not be read") from None
