"""What clients can ask. The app centrirpc.django finds this module by its name."""

from __future__ import annotations

import logging
from typing import Annotated

from asgiref.sync import sync_to_async
from centrirpc import Conn, current_call, declare_error, websocket_rpc
from django.conf import settings
from django.db import transaction
from pydantic import MISSING, AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from . import models

MAX_LISTED = 50

_log = logging.getLogger(__name__)


def not_blank(text: str) -> str:
    """There is something to read in the text."""
    if not text.strip():
        raise ValueError("must not be blank")
    return text


# The largest that JavaScript can count to.
ID = Annotated[int, Field(ge=1, le=2**53 - 1)]


class Model(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class Comment(Model):
    """Comment is what somebody said about a task."""

    id: ID
    """Numbers the comment."""
    task_id: ID
    """The task that it is about."""
    author: str
    """The user id of who wrote it."""
    text: str
    """What was said."""
    written_at: AwareDatetime
    """When it was written."""


class CommentAddParams(Model):
    """CommentAddParams are a new comment."""

    task_id: ID
    """The task that it is about."""
    text: Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(not_blank)]
    """What is to be said."""


class CommentListParams(Model):
    """CommentListParams choose comments."""

    task_id: ID
    """The task that they are about."""
    after: ID | MISSING = MISSING
    """Only comments with a higher id, to go on where a list ended."""


class CommentListResult(Model):
    """CommentListResult holds comments."""

    comments: list[Comment]
    """The comments, oldest first; at most 50."""
    more: bool
    """There are more, after the last of these."""


class ThreadFull(Model):
    """ThreadFull is what the error thread_full tells."""

    limit: int
    """How many comments a task can have."""


ThreadFullError = declare_error(
    1101, "thread_full", "The task has as many comments as it can.", details=ThreadFull
)


@websocket_rpc("comments.add", timeout=10, errors=ThreadFullError)
async def add(params: CommentAddParams, conn: Conn) -> Comment:
    """Adds a comment to a task."""
    call = current_call()  # its id is also in the Go server's log, and its client's
    named = call and call.correlation_id
    _log.info("%s comments on task %d, call %s", conn.user_id, params.task_id, named)
    return shown(await added(params.task_id, conn.user_id, params.text))


@websocket_rpc("comments.list", timeout=10, idempotent=True)
async def list_comments(params: CommentListParams) -> CommentListResult:
    """Gives the comments on a task, up to 50 at a time."""
    after = 0 if params.after is MISSING else params.after
    chosen = models.Comment.objects.filter(thread_id=params.task_id, id__gt=after)
    found = [shown(comment) async for comment in chosen[: MAX_LISTED + 1]]
    return CommentListResult(comments=found[:MAX_LISTED], more=len(found) > MAX_LISTED)


@sync_to_async  # Django has no async transactions
@transaction.atomic
def added(task_id: int, author: str, text: str) -> models.Comment:
    """Keeps a comment, unless there are as many as there can be: ThreadFullError."""
    models.Thread.objects.get_or_create(task_id=task_id)
    # Who comments on the same task waits here, so that the count holds.
    thread = models.Thread.objects.select_for_update().get(task_id=task_id)
    limit = settings.MAX_COMMENTS
    if thread.comments.count() >= limit:
        raise ThreadFullError(f"Task {task_id} has {limit} comments.", ThreadFull(limit=limit))
    return thread.comments.create(author=author, text=text)


def shown(comment: models.Comment) -> Comment:
    """The comment as clients see it."""
    return Comment(
        id=comment.id,
        task_id=comment.thread_id,
        author=comment.author,
        text=comment.text,
        written_at=comment.written_at,
    )
