"""Models made of others: containers, unions, presence, names."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, TypeVar

import scalars
from pydantic import (
    MISSING,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    RootModel,
    Tag,
    computed_field,
)
from scalars import Level, State
from typing_extensions import TypeAliasType, TypedDict

T = TypeVar("T")
K = TypeVar("K")


class Item(BaseModel):
    name: str
    count: int = 1


class Presence(BaseModel):
    """The four states, and defaults of every kind."""

    required: int
    nullable: int | None
    optional: int = 3
    optional_nullable: int | None = None
    text: str | None = ""
    items: list[int] = []
    made: list[str] = Field(default_factory=list)
    item: Item = Item(name="nobody")
    maybe_item: Item | None = None
    nullable_item: Item | None
    missing: int | MISSING = MISSING
    missing_or_null: Item | MISSING | None = MISSING
    old: int = Field(0, deprecated=True)


class Excluded(BaseModel):
    always: int = 1
    sometimes: int | None = Field(None, exclude_if=lambda value: value is None)


class Pair(NamedTuple):
    first: int
    second: str


class Lists(BaseModel):
    plain: list[int]
    bare: list  # type: ignore[type-arg]
    unique: set[int]
    frozen: frozenset[str]
    pair: tuple[int, str]
    many: tuple[float, ...]
    none: tuple[()]
    named: Pair
    sequence: Sequence[int]
    pairs: list[tuple[Item, int | None]]
    nested: list[list[list[str]]]
    maybe: list[str | None] | None = None
    maybe_pair: tuple[bool, Item] | None = None


class Maps(BaseModel):
    plain: dict[str, int]
    integers: dict[int, str]
    anything: dict[str, Any]
    bare: dict  # type: ignore[type-arg]
    ids: dict[uuid.UUID, int]
    states: dict[State, int]
    words: dict[Literal["a", "b"], int]
    nested: dict[str, dict[str, list[Item]]]
    mapping: Mapping[str, list[int]]
    maybes: dict[str, Item | None] = {}


class Anything(BaseModel):
    anything: Any
    value: JsonValue
    values: list[JsonValue]
    maybe: Any | None = None


class Tree(BaseModel):
    value: str
    children: list[Tree] = []
    parent: Tree | None = None
    by_name: dict[str, Tree] = {}


class Left(BaseModel):
    right: Right | None = None


class Right(BaseModel):
    lefts: list[Left] = []


class Cat(BaseModel):
    kind: Literal["cat", "kitten"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    tricks: list[str]


class Bird(BaseModel):
    kind: Literal["bird"] = Field("bird", alias="kind")
    wings: int | None = None


Pet = Annotated[Cat | Dog | Bird, Field(discriminator="kind")]


class PetRoot(RootModel[Pet]):
    """A pet."""


class One(BaseModel):
    number: Literal[1]
    one: str


class Two(BaseModel):
    number: Literal[2]
    two: str


def tag_of(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, dict) else value.kind
    return "dog" if kind == "dog" else "cat"


class Pets(BaseModel):
    one: Pet
    maybe: Pet | None = None
    many: list[Pet]
    named: dict[str, Pet] = {}
    root: PetRoot
    roots: list[PetRoot] = []
    numbered: Annotated[One | Two, Field(discriminator="number")]
    by_function: Annotated[
        Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")], Discriminator(tag_of)
    ]


class Unions(BaseModel):
    either: int | str
    items: list[bool | str]
    models: Item | Tree | None
    lists: list[int] | dict[str, int]
    limited: Annotated[int, Field(ge=1)] | Annotated[str, Field(max_length=3)] | None = None
    nested: list[dict[str, int | None] | None]
    moment: datetime.date | int
    words: Literal["a"] | Literal["b"] | int = "a"
    deep: dict[str, list[int | str] | Item] = {}


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: T | None = None


class Both(BaseModel, Generic[K, T]):
    by_key: dict[K, T]
    value: T


class Pages(BaseModel):
    items: Page[Item]
    numbers: Page[int]
    maps: Page[dict[str, int]]
    pages: Page[Page[Item]]
    both: Both[str, Page[State]]


class Namesakes(BaseModel):
    """Has models of two modules that are called the same."""

    here: Item
    there: scalars.Item
    pages: list[Page[scalars.Item]] = []
    either: Item | scalars.Item | None = None


class Numbers(RootModel[list[int]]):
    pass


class Scores(RootModel[dict[str, float]]):
    pass


class Key(RootModel[str]):
    pass


class Wrapped(RootModel[Item]):
    pass


class Maybe(RootModel[int | None]):
    pass


class Roots(BaseModel):
    numbers: Numbers
    scores: Scores
    key: Key
    wrapped: Wrapped
    maybe: Maybe
    keys: list[Key] = []
    optional: Numbers | None = None


class Aliases(BaseModel):
    plain: int = Field(alias="theAlias")
    odd: int = Field(alias="x-y")
    class_: int = Field(alias="class")
    first: str = Field("", alias="1st")
    model_dump_: int | None = Field(None, alias="model_dump")
    copy_: str = Field(alias="copy")
    self: int = 0
    quoted: bool = Field(alias='"*/ `${x}` \\ \u2028 é')
    camelCase: Level = Level.HIGH


class TwoAliases(BaseModel):
    """Is sent under other names than it is accepted under."""

    two: int = Field(validation_alias="twoIn", serialization_alias="twoOut")
    item: Item = Field(validation_alias="itemIn", serialization_alias="itemOut")


class Extra(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: int


class TypedExtra(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]
    label: str | None = None


class Forbidden(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: int
    label: str | None = None


class Extras(BaseModel):
    extra: Extra
    typed: TypedExtra
    forbidden: Forbidden


class Computed(BaseModel):
    width: int

    @computed_field  # type: ignore[prop-decorator]
    @property
    def double(self) -> str:
        return f"{self.width}{self.width}"


class Options(TypedDict, total=False):
    limit: int
    after: NotRequired[str | None]


class Strict(TypedDict):
    id: int
    note: NotRequired[str]


@dataclasses.dataclass
class Point:
    x: int
    y: float = 0.5


class Empty(BaseModel):
    pass


Name = TypeAliasType("Name", Annotated[str, Field(max_length=20)])


class Others(BaseModel):
    options: Options
    strict: Strict
    point: Point
    points: list[Point] = []
    empty: Empty
    name: Name
    names: dict[str, Name] = {}
