"""A task board that its users share."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from typing import Annotated, Literal

from pydantic import MISSING, AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field
from typing_extensions import TypeAliasType

from centrirpc import CallError, Channel, Conn, declare_error, websocket_rpc

MAX_TASKS = 2000
MAX_LISTED = 200


def one_line(text: str) -> str:
    """There is something to read in the text, and no line break or other control character."""
    if not text.strip() or not text.isprintable():
        raise ValueError("must be one line of text")
    return text


def unique(items: list[str]) -> list[str]:
    """No item is there twice."""
    if len(set(items)) < len(items):
        raise ValueError("must have no item twice")
    return items


def in_range(time: datetime) -> datetime:
    """The time is in the years 1970 to 9999."""
    if time.astimezone(UTC).year < 1970:
        raise ValueError("must be in the years 1970 to 9999")
    return time


def address(text: str) -> str:
    """The text has the form of an e-mail address."""
    name, at, host = text.partition("@")
    if not name or not at or "." not in host:
        raise ValueError("must be an e-mail address")
    return text


Title = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(one_line)]
Name = Annotated[str, Field(max_length=60), AfterValidator(one_line)]
Email = Annotated[
    str, Field(max_length=100, json_schema_extra={"format": "email"}), AfterValidator(address)
]
Tag = Annotated[str, Field(max_length=24), AfterValidator(one_line)]
Tags = Annotated[
    list[Tag],
    Field(max_length=6, json_schema_extra={"uniqueItems": True}),
    AfterValidator(unique),
]
Due = Annotated[AwareDatetime, AfterValidator(in_range)]


class Model(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class Status(StrEnum):
    """Status is how far a task has come."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    DONE = "done"


class Person(Model):
    """Person is somebody who works on tasks."""

    name: Name
    """Their name, in one line of 1 to 60 characters."""
    email: Email | MISSING = MISSING
    """Where they can be reached."""


class Task(Model):
    """Task is one card on the board."""

    id: int
    """Numbers the task. The id of a deleted task is never used again."""
    title: str
    """Says what is to be done, in one line."""
    status: Status
    """The column it is in."""
    due: AwareDatetime | MISSING = MISSING
    """When it should be done; absent if at no particular time."""
    tags: list[str]
    """Labels, without repetition, in the order given."""
    assignee: Person | MISSING = MISSING
    """Who does it; absent if nobody does."""
    created_by: str
    """The user id of who created the task."""
    created_at: AwareDatetime
    """When it was created."""
    version: int
    """Counts the task's states, from 1 on: of two, the one with the higher version is newer."""


class TaskCreateParams(Model):
    """TaskCreateParams describe a new task."""

    title: Title
    """Says what is to be done, in one line of 1 to 200 characters."""
    status: Status | MISSING = MISSING
    """The column to begin in: "open" if absent."""
    due: Due | MISSING = MISSING
    """When it should be done, in the years 1970 to 9999."""
    tags: Tags | MISSING = MISSING
    """Up to 6 labels of 1 to 24 characters each."""
    assignee: Person | MISSING = MISSING
    """Who does it."""


class Clearable(StrEnum):
    """Clearable is a field of a task that can be emptied."""

    DUE = "due"
    ASSIGNEE = "assignee"


class TaskUpdateParams(Model):
    """TaskUpdateParams name a task and what is to change of it: what is absent stays as it is."""

    id: int
    """The task to change."""
    title: Title | MISSING = MISSING
    """The new title, in one line of 1 to 200 characters."""
    status: Status | MISSING = MISSING
    """The column to move it to."""
    due: Due | MISSING = MISSING
    """When it should be done, in the years 1970 to 9999."""
    tags: Tags | MISSING = MISSING
    """Replaces all labels, up to 6 of 1 to 24 characters each; an empty list removes them."""
    assignee: Person | MISSING = MISSING
    """Replaces who does it."""
    clear: list[Clearable] | MISSING = MISSING
    """Empties these fields, before the others are set."""


class TaskDeleteParams(Model):
    """TaskDeleteParams name a task."""

    id: int
    """The task to delete."""


class TaskListParams(Model):
    """TaskListParams choose tasks."""

    status: Status | MISSING = MISSING
    """Only the tasks in this column; all of them if absent."""
    after: int | MISSING = MISSING
    """Only tasks with a higher id, to go on where a list ended."""


class TaskListResult(Model):
    """TaskListResult holds tasks."""

    tasks: list[Task]
    """The tasks, oldest first; at most 200."""
    more: bool
    """There are more, after the last of these."""


class TaskStatsParams(Model):
    """TaskStatsParams name a user."""

    user_id: Annotated[str, Field(min_length=1, max_length=128)]
    """User ID"""


class TaskStatsResult(Model):
    """TaskStatsResult counts the tasks that a user created."""

    total: int
    """Total tasks"""
    by_status: dict[Status, int]
    """Tasks by status; every status is there."""


class BoardFull(Model):
    """BoardFull is what the error board_full tells."""

    limit: int
    """How many tasks the board can hold."""


class TaskCreated(Model):
    """TaskCreated says that a task is new on the board."""

    type: Literal["created"] = "created"
    task: Task
    """The new task."""


class TasksImported(Model):
    """TasksImported says that tasks are new on the board: some of those of an import."""

    type: Literal["imported"] = "imported"
    tasks: list[Task]
    """The new tasks, at least one."""


class TaskUpdated(Model):
    """TaskUpdated says that a task is not what it was."""

    type: Literal["updated"] = "updated"
    task: Task
    """The task as it is now."""


class TaskDeleted(Model):
    """TaskDeleted says that a task is gone."""

    type: Literal["deleted"] = "deleted"
    id: int
    """The task that was deleted."""


Event = TypeAliasType(
    "Event",
    Annotated[
        TaskCreated | TasksImported | TaskUpdated | TaskDeleted,
        Field(discriminator="type", description="Event is a change of the board."),
    ],
)

Channel("tasks", event=Event, doc="Each change of the board, after it was made.")

BoardFullError = declare_error(
    1001, "board_full", "The board holds as many tasks as it can.", details=BoardFull
)

board: dict[int, Task] = {}
numbers = count(1)


@websocket_rpc("tasks.create", errors=(BoardFullError,))
async def create(params: TaskCreateParams, conn: Conn) -> Task:
    """Adds a task to the board."""
    if len(board) >= MAX_TASKS:
        message = (
            f"The board holds {MAX_TASKS} tasks, which is as many as it can; delete some first."
        )
        raise BoardFullError(message, BoardFull(limit=MAX_TASKS))
    task = Task(
        id=next(numbers),
        title=params.title,
        status=Status.OPEN if params.status is MISSING else params.status,
        due=params.due,
        tags=[] if params.tags is MISSING else params.tags,
        assignee=params.assignee,
        created_by=conn.user_id,
        created_at=datetime.now(UTC),
        version=1,
    )
    board[task.id] = task
    return task


@websocket_rpc("tasks.update")
async def update(params: TaskUpdateParams) -> Task:
    """Changes what is given of a task and leaves the rest as it is. It returns
    the task as it is now.
    """
    task = find(params.id)
    changes = {name: getattr(params, name) for name in params.model_fields_set - {"id", "clear"}}
    if params.clear is not MISSING:
        changes = {**dict.fromkeys(params.clear, MISSING), **changes}
    board[task.id] = task.model_copy(update={**changes, "version": task.version + 1})
    return board[task.id]


@websocket_rpc("tasks.delete")
async def delete(params: TaskDeleteParams) -> None:
    """Removes a task from the board."""
    del board[find(params.id).id]


@websocket_rpc("tasks.list", idempotent=True)
async def list_tasks(params: TaskListParams) -> TaskListResult:
    """Gives the tasks on the board, up to 200 at a time."""
    after = 0 if params.after is MISSING else params.after
    tasks = [
        task
        for task in board.values()
        if task.id > after and params.status in (MISSING, task.status)
    ]
    return TaskListResult(tasks=tasks[:MAX_LISTED], more=len(tasks) > MAX_LISTED)


@websocket_rpc("tasks.get_stats", idempotent=True, timeout=5)
async def get_stats(params: TaskStatsParams) -> TaskStatsResult:
    """Counts the tasks that a user created."""
    theirs = [task for task in board.values() if task.created_by == params.user_id]
    by_status = dict.fromkeys(Status, 0)
    for task in theirs:
        by_status[task.status] += 1
    return TaskStatsResult(total=len(theirs), by_status=by_status)


def find(task_id: int) -> Task:
    """The task of that number, or the error that there is none."""
    if task_id not in board:
        raise CallError(404, f"There is no task {task_id}.")
    return board[task_id]
