"""A Django project of one file: the call that is measured, as a method and as a plain view.

BENCH_SECRET=... uvicorn benchsite:application
"""

from __future__ import annotations

import json
import os
from typing import Annotated

import django
from centrirpc import websocket_rpc
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from pydantic import BaseModel, Field

if not settings.configured:
    settings.configure(
        SECRET_KEY="of the benchmark alone",
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["centrirpc.django"],
        CENTRIRPC={"SECRET": os.environ.get("BENCH_SECRET", "a secret of the benchmark")},
    )
    django.setup()


class GetStats(BaseModel):
    user_id: Annotated[str, Field(min_length=1, max_length=128)]


class Stats(BaseModel):
    total: int
    by_status: dict[str, int]


def answer(user_id: str) -> Stats:
    n = len(user_id)
    return Stats(total=n + 90, by_status={"open": 25, "in_progress": 15, "done": n + 50})


@websocket_rpc("tasks.get_stats")
async def get_stats(params: GetStats) -> Stats:
    return answer(params.user_id)


async def plain(request: HttpRequest) -> JsonResponse:
    params = GetStats.model_validate(json.loads(request.body))
    return JsonResponse(answer(params.user_id).model_dump())


urlpatterns = [path("rpc/", include("centrirpc.django.urls")), path("plain/", plain)]
application = get_asgi_application()
