"""Cases that are refused."""

# Several models are called the same or are named in odd ways on purpose.
# ruff: noqa: E501

from typing import Annotated, Any

from case_models import Numbered
from pydantic import (
    BaseModel,
    RootModel,
    WithJsonSchema,
)
from recording import case
from shared import Item


class Refusals(BaseModel):
    negated: Annotated[int, WithJsonSchema({"type": "integer", "not": {"const": 3}})]
    never: Annotated[int, WithJsonSchema({"allOf": [False]})]
    conditional: Annotated[dict, WithJsonSchema({"type": "object", "if": {}, "then": {}, "else": {}})]
    prefix: Annotated[list, WithJsonSchema({"type": "array", "minItems": 1, "prefixItems": [{"type": "integer"}], "items": {"type": "string"}})]
    nan: float = float("nan")
    lists: Annotated[Any, WithJsonSchema({"enum": [[1], [2]]})]
    unknown: Annotated[Any, WithJsonSchema({"type": "date"})]
    all: Annotated[Any, WithJsonSchema({"allOf": [{"type": "string"}, {"minLength": 3}]})]


class Outer(BaseModel):
    inner: list[Refusals]


class ListParams(RootModel[list[int]]):
    pass


class Chain(RootModel[list["Chain"]]):
    pass


class Task(BaseModel):
    state: int = 0


class TaskInput(BaseModel):
    task: Task


case("refused: what a contract cannot say, with path, reason and fix",
     ("cases.nested", Outer, None), ("cases.list", ListParams, None), ("cases.chain", None, Chain),
     ("cases.numbered", None, Numbered),
     events=[("tasks:{id}", Item, Item), ("tasks:{other}", Item, Item), ("tasks:{state}", Task, Item)])
case("clash: the accepted form of a model takes the name of another", ("cases.run", TaskInput, Task))


