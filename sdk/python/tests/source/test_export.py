"""The exported description: schemas of both directions, names, errors, channels, refusals."""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Generic, Literal, NotRequired, TypeVar

import pytest
from pydantic import (
    MISSING,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    computed_field,
    create_model,
)
from typing_extensions import TypedDict

from centrirpc import Channel, Conn, HandlerError, Registry, declare_error, websocket_rpc
from centrirpc.source import describe

from .conftest import add

T = TypeVar("T")


class Status(Enum):
    """How far it is."""

    OPEN = "open"
    DONE = "done"


class Priority(IntEnum):
    LOW = 1
    HIGH = 2


class Model(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class Task(Model):
    """A task."""

    id: int
    """Its number."""
    status: Status = Status.OPEN
    price: Decimal
    due: datetime.datetime | None = None
    made: AwareDatetime
    note: str | MISSING = MISSING
    secret: str = Field("", exclude=True)
    tags: list[str] = Field(default_factory=list)
    sub: list[Task] = []
    priority: Priority = Field(Priority.LOW, exclude_if=lambda value: value == Priority.LOW)
    in_name: int = Field(0, validation_alias="inName", serialization_alias="outName")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def url(self) -> str:
        return f"/{self.id}"


class Page(BaseModel, Generic[T]):
    items: list[T]


class Patch(TypedDict):
    id: int
    title: NotRequired[str]


@dataclass
class Options:
    deep: bool = False


class Project(BaseModel):
    project_id: int
    kind: Literal["a", "b"]


def test_methods(registry: Registry) -> None:
    Full = declare_error(1002, "board_full", " Full. ", details=Options)
    Closed = declare_error(1001, "closed")

    @websocket_rpc(
        "tasks.update",
        registry=registry,
        errors=(Full, Closed, Full),
        timeout=1.5,
        idempotent=True,
        deprecated="tasks.patch",
    )
    async def update(conn: Conn, params: Patch) -> list[Task] | None:
        """Changes it."""

    @websocket_rpc("cursor.move", registry=registry, notify=True, volatile=True)
    async def move(conn: Conn) -> None: ...

    described = describe(registry, "tasks", "About tasks.")
    source = "tests/source/test_export.py#test_methods.<locals>."
    assert list(described) == [
        *("centrirpc_source", "name", "doc", "methods", "errors", "channels"),
        *("validation", "serialization"),
    ]
    assert (described["centrirpc_source"], described["name"], described["doc"]) == (
        1,
        "tasks",
        "About tasks.",
    )
    assert described["methods"] == [
        {
            "name": "cursor.move",
            "kind": "notify",
            "doc": "",
            "deprecated": "",
            "timeout_ms": 0,
            "idempotent": False,
            "volatile": True,
            "params": None,
            "result": None,
            "errors": [],
            "source": source + "move",
        },
        {
            "name": "tasks.update",
            "kind": "call",
            "doc": "Changes it.",
            "deprecated": "tasks.patch",
            "timeout_ms": 1500,
            "idempotent": True,
            "volatile": False,
            "params": {"$ref": "#/$defs/Patch"},
            "result": {
                "anyOf": [
                    {"items": {"$ref": "#/$defs/Task"}, "type": "array"},
                    {"type": "null"},
                ]
            },
            "errors": [1001, 1002],
            "source": source + "update",
        },
    ]
    assert described["errors"] == [
        {"code": 1001, "reason": "closed", "doc": "", "details": None},
        {
            "code": 1002,
            "reason": "board_full",
            "doc": "Full.",
            "details": {"$ref": "#/$defs/Options"},
        },
    ]
    assert list(described["validation"]["$defs"]) == ["Patch"]
    assert list(described["serialization"]["$defs"]) == ["Options", "Priority", "Status", "Task"]


def test_directions(registry: Registry) -> None:
    add(registry, Task, Task)
    described = describe(registry, "tasks")
    taken = described["validation"]["$defs"]["Task"]
    sent = described["serialization"]["$defs"]["Task"]
    assert taken["required"] == ["id", "price", "made"]
    assert list(taken["properties"]) == [
        *("id", "status", "price", "due", "made", "note", "secret", "tags", "sub", "priority"),
        "inName",
    ]
    assert taken["properties"]["price"]["anyOf"][0] == {"type": "number"}
    # Fields with a default are always sent; those that may be left out are not required.
    assert sent["required"] == [
        *("id", "status", "price", "due", "made", "tags", "sub", "outName", "url"),
    ]
    made, due = (sent["properties"][name] for name in ("made", "due"))
    assert (made["format"], made["x-offset"]) == ("date-time", "required")
    assert due["anyOf"][0] == {"format": "date-time", "type": "string"}
    assert "secret" not in sent["properties"]
    assert sent["properties"]["price"]["type"] == "string"
    assert sent["properties"]["sub"]["items"] == {"$ref": "#/$defs/Task"}
    assert (sent["description"], sent["properties"]["id"]["description"]) == (
        "A task.",
        "Its number.",
    )
    assert described["serialization"]["$defs"]["Status"] == {
        "description": "How far it is.",
        "enum": ["open", "done"],
        "title": "Status",
        "type": "string",
        "x-enum-varnames": ["OPEN", "DONE"],
    }


def test_every_kind_of_root_is_named(registry: Registry) -> None:
    for number, params in enumerate([Task, Patch, Options, Page[Task], Page[Page[int]]]):
        add(registry, params, Page[Task], f"tasks.n{number}")
    described = describe(registry, "tasks")
    roots = [method["params"]["$ref"].rpartition("/")[2] for method in described["methods"]]
    assert roots == ["Task", "Patch", "Options", "Page_Task_", "Page_Page_int__"]
    assert described["validation"]["$defs"]["Page_Task_"]["title"] == "Page[Task]"


def test_same_names_of_two_modules_are_qualified_in_both_directions(registry: Registry) -> None:
    one = create_model("Twin", __module__="app.one", number=(int, ...))
    two = create_model("Twin", __module__="app.two", number=(int, ...))
    add(registry, one, Page[two])  # type: ignore[valid-type]
    described = describe(registry, "tasks")
    assert list(described["validation"]["$defs"]) == ["app__one__Twin"]
    assert list(described["serialization"]["$defs"]) == ["Page_Twin_", "app__two__Twin"]
    add(registry, Page[one], Page[two], "tasks.pages")  # type: ignore[valid-type]
    described = describe(registry, "tasks")
    page = "tests__source__test_export__Page_app__{}__Twin_"
    assert list(described["validation"]["$defs"]) == ["app__one__Twin", page.format("one")]
    assert list(described["serialization"]["$defs"]) == ["app__two__Twin", page.format("two")]


def test_twins_of_one_module_are_refused(registry: Registry) -> None:
    one = create_model("Twin", __module__="app", number=(int, ...))
    two = create_model("Twin", __module__="app", text=(str, ...))
    add(registry, one, two)
    with pytest.raises(HandlerError, match=r"two different types are called app\.Twin; rename"):
        describe(registry, "tasks")


def test_the_same_application_gives_the_same_text(registry: Registry) -> None:
    add(registry, Task, Page[Task], "tasks.b")
    add(registry, Page[Task], Task, "tasks.a")
    backwards = Registry()
    for handler in reversed(registry.methods()):
        backwards.add(handler)
    assert json.dumps(describe(registry, "x")) == json.dumps(describe(backwards, "x"))


def test_channels(registry: Registry) -> None:
    Channel("tasks", event=Task | int, doc=" All of them. ", registry=registry)
    Channel("tasks:{project_id}:{kind}", event=Task, params=Project, registry=registry)
    Channel("any", event=None, registry=registry)
    anything, tasks, one = describe(registry, "tasks")["channels"]
    assert anything["event"] == {"type": "null"}
    assert (tasks["doc"], tasks["params"]) == ("All of them.", None)
    assert tasks["event"] == {"anyOf": [{"$ref": "#/$defs/Task"}, {"type": "integer"}]}
    assert one == {
        "name": "tasks:{project_id}:{kind}",
        "doc": "",
        "params": {"$ref": "#/$defs/Project"},
        "event": {"$ref": "#/$defs/Task"},
        "source": "tests/source/test_export.py#tasks:{project_id}:{kind}",
    }


@pytest.mark.parametrize(
    ("name", "params", "reasons"),
    [
        ("", None, ["the channel has no name"]),
        ("tasks:{", None, ["its name has a { without a }"]),
        ("tasks:}", None, ["its name has a } without a {"]),
        ("tasks:{Id}", None, ["the parameter 'Id' is not lower-case"]),
        ("{a}:{a}", None, ["the parameter 'a' twice"]),
        ("{a}{b}", None, ["nothing tells where the parameter 'a' ends"]),
        ("tasks:{a}", None, ["nothing says what its parameters are: a"]),
        ("tasks", Project, ["it has params, but no {parameter} in its name"]),
        ("tasks:{a}", int, ["int is no BaseModel"]),
        ("{id}:{note}", Task, ["'note'"]),
        ("{project_id}", Project, ["it is not in the channel's name"]),
        ("{deep}", Options, ["it is not required"]),
        ("{items}", Page[int], ["it is no string or integer"]),
    ],
)
def test_wrong_channels(registry: Registry, name: str, params: Any, reasons: list[str]) -> None:
    def declare() -> None:
        Channel(name, event=int, params=params, registry=registry)
        describe(registry, "tasks")

    with pytest.raises(HandlerError) as caught:
        declare()
    for problem in caught.value.problems:
        assert problem.function == f"channel {name!r}"
        assert str(problem).startswith("tests/source/test_export.py:")
        assert problem.fix
    if name == "{id}:{note}":  # most of the fields are none of its parameters
        assert len(caught.value.problems) == 10
        return
    assert len(caught.value.problems) == len(reasons)
    for problem, reason in zip(caught.value.problems, reasons, strict=True):
        assert reason in problem.reason


def test_a_channel_of_two_declarations(registry: Registry) -> None:
    Channel("tasks", event=int, registry=registry)
    with pytest.raises(HandlerError, match=r"declared already \(.*test_export.py:\d+\); rename"):
        Channel("tasks", event=str, registry=registry)


def test_errors_that_clash(registry: Registry) -> None:
    first, second = declare_error(1001, "one"), declare_error(1001, "two")
    third = declare_error(1002, "one")
    for number, error in enumerate([first, second, third]):

        @websocket_rpc(f"tasks.n{number}", errors=[error], registry=registry)
        async def handler() -> None: ...

    with pytest.raises(HandlerError) as caught:
        describe(registry, "tasks")
    taken, same = caught.value.problems
    assert "the code is taken by one" in taken.reason
    assert "the error 1001 has the same reason" in same.reason
    for code, reason in ((999, "a"), (2000, "a"), (True, "a"), (1001, "A b"), (1001, "")):
        with pytest.raises(HandlerError, match=r"test_export\.py:\d+: declare_error\("):
            declare_error(code, reason)
