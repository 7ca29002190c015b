"""Calls a method that Go serves and methods that Django serves, with one client."""

import asyncio
import json
import sys

from sdk.python import (
    APIClient,
    CentrifugoRPCClient,
    CommentAddParams,
    CommentListParams,
    InvalidParamsError,
    TaskCreateParams,
    ThreadFullError,
)


async def main(url: str, token: str) -> None:
    fields: list[str] = []
    limit = 0
    async with CentrifugoRPCClient(url, token) as rpc:
        api = APIClient(rpc)
        task = await api.tasks_create(TaskCreateParams(title="Of Python"))
        try:
            await api.comments_add(CommentAddParams(task_id=task.id, text=" "))
        except InvalidParamsError as error:
            fields = [fault["field"] for fault in error.details]
        for text in ("First", "Second"):
            await api.comments_add(CommentAddParams(task_id=task.id, text=text))
        try:
            await api.comments_add(CommentAddParams(task_id=task.id, text="Third"))
        except ThreadFullError as error:
            limit = error.details.limit
        listed = await api.comments_list(CommentListParams(task_id=task.id))
    said = [f"{comment.author}: {comment.text}" for comment in listed.comments]
    print(json.dumps({"said": said, "fields": fields, "limit": limit}))


asyncio.run(main(*sys.argv[1:]))
