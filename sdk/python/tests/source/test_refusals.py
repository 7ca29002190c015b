"""What an export refuses: types that cannot be described, and where they are."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar
from uuid import UUID

import pytest
from pydantic import (
    AliasChoices,
    AnyUrl,
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
    computed_field,
    field_serializer,
    model_serializer,
)
from typing_extensions import TypedDict

from centrirpc import Channel, HandlerError, Registry, websocket_rpc
from centrirpc.source import describe

from .conftest import add

T = TypeVar("T")


class Task(BaseModel):
    id: int


class Page(BaseModel, Generic[T]):
    items: list[T]


class Callback(BaseModel):
    then: Callable[[], None]


class Tree(BaseModel):
    children: list[Tree] = []
    callbacks: dict[str, Callback] = {}


class Rated(BaseModel):
    rate: float = float("nan")


class Sentinel(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    value: int = object()  # type: ignore[assignment]


class Foreign(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    values: list[Registry]


class Choice(BaseModel):
    either: int | Callable[[], None]


class Kind(BaseModel):
    kind: type[int]


class Fields(BaseModel):
    made: datetime.datetime

    @field_serializer("made")
    def write(self, value):  # type: ignore[no-untyped-def]
        return value.timestamp()


class Whole(BaseModel):
    @model_serializer
    def write(self):  # type: ignore[no-untyped-def]
        return {}


Untyped = Annotated[int, PlainSerializer(lambda value: str(value))]


class Plain(TypedDict):
    value: list[Untyped]


class Unready(BaseModel):
    value: NotThere  # type: ignore[name-defined]  # noqa: F821


class Level(IntEnum):
    LOW = 1


class NoMembers(Enum):
    pass


class Points(Enum):
    LEFT = (0, 1)


class Bare(BaseModel):
    kind: Enum
    level: int = 0


class Pair(NamedTuple):
    x: int
    y: int


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: int


class Keys(BaseModel):
    names: dict[tuple[int, int], str]


class KeptTwice(BaseModel):
    first: dict[str, Frozen]
    by_frozen: dict[Frozen, str]


class Twice(BaseModel):
    first: int = Field(0, alias="same")
    second: str = Field("", alias="same")


class Written(BaseModel):
    total: int = Field(0, serialization_alias="sum")
    left: int = 0

    @computed_field
    def sum(self) -> int:
        return self.total


@dataclass
class TwiceData:
    first: Annotated[int, Field(alias="second")]
    second: int


@pytest.mark.parametrize(
    ("result", "path", "reason"),
    [
        (NoMembers, "result", "the enum NoMembers has no members"),
        (Bare, "result.kind", "the enum Enum has no members"),
        (Points, "result", "the enum Points has the value [0, 1]"),
        (Keys, "result.names", "its keys may be a tuple"),
        (list[dict[Pair, int]], "result[]", "its keys may be a named-tuple"),
        (dict[frozenset[int], int], "result", "its keys may be a frozenset"),
        (dict[int | None, int], "result", "its keys may be None"),
        (dict[str | tuple[int, int], int], "result", "its keys may be a tuple"),
        (dict[Literal[1, 2], int], "result", "its keys are literal integers"),
        (KeptTwice, "result.by_frozen", "its keys may be a model"),
        (Twice, "result", "the fields first and second are both called 'same' in JSON"),
        (list[Twice], "result[]", "the fields first and second are both called 'same'"),
        (Written, "result", "the fields total and sum are both called 'sum' in JSON"),
        (TwiceData, "result", "the fields first and second are both called 'second' in JSON"),
        (Callback, "result.then", "CallableSchema"),
        (list[Callback], "result[].then", "CallableSchema"),
        (Page[Callback], "result.items[].then", "CallableSchema"),
        (Tree, "result.Tree.callbacks[].then", "CallableSchema"),
        (Choice, "result.either", "CallableSchema"),
        (Rated, "result.Rated.rate.default", "nan is no JSON"),
        (Sentinel, "result.value", "is not JSON serializable"),
        (Foreign, "result.values[]", "IsInstanceSchema"),
        (Kind, "result.kind", "a class"),
        (Fields, "result.made", "its serializer Fields.write does not say what it returns"),
        (Whole, "result", "its serializer Whole.write does not say what it returns"),
        (Plain, "result.value[]", "<lambda> does not say what it returns"),
        (Registry, "result", "Pydantic cannot read it: Unable to generate pydantic-core schema"),
        (Unready, "result", "name 'NotThere' is not defined"),
    ],
)
def test_what_cannot_be_described(registry: Registry, result: Any, path: str, reason: str) -> None:
    add(registry, Task, result)
    with pytest.raises(HandlerError) as caught:
        describe(registry, "tasks")
    (problem,) = caught.value.problems
    assert (problem.method, problem.path) == ("tasks.get", path)
    assert reason in problem.reason
    assert problem.fix
    assert str(problem).startswith("tests/source/conftest.py:")


class Read(BaseModel):
    total: int = Field(0, validation_alias=AliasChoices("sum", "total"))
    sum: int = 0


def test_names_count_in_their_own_direction(registry: Registry) -> None:
    """What two fields are called where they are read is nothing to where they are sent."""
    add(registry, Task, Read, "tasks.result")
    assert describe(registry, "tasks")
    add(registry, Read, Task, "tasks.params")
    with pytest.raises(HandlerError, match="the fields total and sum are both called 'sum'"):
        describe(registry, "tasks")


@pytest.mark.parametrize(
    "key",
    [str, int, float, bool, bytes, date, Decimal, UUID, Level, Literal["a"], AnyUrl, int | str],
)
async def test_keys_that_are_read_as_they_are_written(registry: Registry, key: Any) -> None:
    add(registry, Task, dict[key, int])
    assert describe(registry, "tasks")


class Loop(BaseModel):
    then: Callable[[], None]
    again: list[Loop] = []


class Described(BaseModel):
    loop: Annotated[Loop, WithJsonSchema({"type": "string"})]
    typed: Annotated[int, PlainSerializer(lambda value: str(value), return_type=str)]


def test_what_its_author_describes_is_taken(registry: Registry) -> None:
    add(registry, Task, Described)
    defs = describe(registry, "tasks")["serialization"]["$defs"]
    assert list(defs) == ["Described"]
    assert {field["type"] for field in defs["Described"]["properties"].values()} == {"string"}


def test_text_that_cannot_be_written_is_refused(registry: Registry) -> None:
    @websocket_rpc("tasks.get", registry=registry, description="\ud800")
    async def get() -> None: ...

    with pytest.raises(HandlerError, match=r"methods\[0\]\.doc: '.ud800' is no JSON"):
        describe(registry, "tasks")


def test_all_problems_are_reported_together(registry: Registry) -> None:
    add(registry, Callback, Rated)
    Channel("events", event=Callback, registry=registry)
    with pytest.raises(HandlerError) as caught:
        describe(registry, "Wrong name")
    assert [problem.path for problem in caught.value.problems] == [
        *("", "params.then", "result.Rated.rate.default", "event.then"),
    ]
    assert len(str(caught.value).splitlines()) == 4


class Many(BaseModel):
    second: dict[str, Callable[[int], str]]
    fine: int
    kind: type[int] | None
    rated: Rated
    third: Callback


class Also(TypedDict):
    foreign: Foreign
    again: Many


def test_all_faults_of_a_type_are_reported_with_their_types(registry: Registry) -> None:
    @websocket_rpc("tasks.later", registry=registry)
    async def later(params: Also) -> Many: ...

    @websocket_rpc("tasks.early", registry=registry)
    async def early(params: Task) -> list[Many]: ...

    with pytest.raises(HandlerError) as caught:
        describe(registry, "tasks")
    wanted = [
        ("tasks.later", "params.foreign.values[]", "list[Registry]", "IsInstanceSchema"),
        *faults_of_many("tasks.later", "params", ".again"),
        *faults_of_many("tasks.later", "result", ""),
        *faults_of_many("tasks.early", "result", "[]"),
    ]
    problems = caught.value.problems
    assert sorted((p.method, p.path, p.type) for p in problems) == sorted(w[:3] for w in wanted)
    assert [p.method for p in problems] == [w[0] for w in wanted]
    for method, path, of, reason in wanted:
        (problem,) = (p for p in problems if (p.method, p.path) == (method, path))
        assert reason in problem.reason
        assert problem.fix
        assert (f"{path} ({of}): " if of else path) in str(problem)


def faults_of_many(method: str, side: str, place: str) -> list[tuple[str, str, str, str]]:
    return [
        (method, f"{side}{place}.second[]", "dict[str, Callable[[int], str]]", "CallableSchema"),
        (method, f"{side}{place}.kind", "type[int] | None", "a class"),
        (method, f"{side}.Rated.rate.default", "", "nan is no JSON"),
        (method, f"{side}{place}.third.then", "Callable[[], None]", "CallableSchema"),
    ]


class Hiding(BaseModel):
    loop: Annotated[Loop, WithJsonSchema({"type": "string"})]
    loops: Annotated[list[Loop], WithJsonSchema({"type": "string"})]
    shown: Loop
    tree: Tree
    again: Callback


def test_a_fault_counts_wherever_its_type_is_used(registry: Registry) -> None:
    add(registry, Hiding, Hiding)
    with pytest.raises(HandlerError) as caught:
        describe(registry, "tasks")
    paths = {problem.path for problem in caught.value.problems}
    assert {"params.Loop.then", "result.Loop.then"} <= paths
    assert len(paths) == 4
