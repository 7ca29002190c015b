"""URLs to include: ``path("centrifugo/", include("centrirpc.django.urls"))``."""

from __future__ import annotations

from django.urls import path

from .views import rpc_view

__all__ = ["urlpatterns"]

app_name = "centrirpc"

urlpatterns = [path("rpc", rpc_view, name="rpc")]
"""``rpc``, the endpoint of the RPC proxy."""
