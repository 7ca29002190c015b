"""Cases of models and how they refer to one another."""

# Several models are called the same or are named in odd ways on purpose.
# ruff: noqa: E501

import dataclasses
import enum
import sys
import types
from typing import Annotated, Any, Literal, NotRequired, Optional

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Json,
    JsonValue,
    RootModel,
    Tag,
    computed_field,
    create_model,
)
from pydantic.json_schema import GenerateJsonSchema
from recording import both, case
from shared import Item, Owner, Page, State
from typing_extensions import TypeAliasType, TypedDict


class Nested(BaseModel):
    owner: Owner
    second: Owner = Field(description="Another one.")
    third: Owner | None = Field(None, description="Maybe a third.")
    fourth: Owner = Owner(name="nobody")


both("nested: a reference with description and default beside it", Nested)


class Tree(BaseModel):
    value: int
    children: list["Tree"]
    parent: Optional["Tree"]


class Left(BaseModel):
    right: Optional["Right"]


class Right(BaseModel):
    lefts: dict[str, Left]


case("recursive: a model that holds itself, and two that hold one another", ("cases.tree", Tree, Tree), ("cases.left", Left, Right))


class Presence(BaseModel):
    required: int
    nullable: int | None
    optional: int = 3
    optional_nullable: int | None = None
    empty_list: list[int] = []
    made: list[str] = Field(default_factory=list)
    old: int = Field(0, deprecated=True, description="Was used once.")


class Excluded(BaseModel):
    always: int = 1
    sometimes: int | None = Field(None, exclude_if=lambda value: value is None)
    never: int = Field(1, exclude=True)


case("presence: the four states, and fields that are not always sent", ("cases.run", Presence, Presence), ("cases.excluded", Excluded, Excluded))
case("plain presence: as Pydantic writes it without the exporter, defaults are optional in results", ("cases.run", Presence, Presence), generator=GenerateJsonSchema)


class Unions(BaseModel):
    either: int | str
    items: list[int | str]
    models: Owner | Tree | None
    anything: int | Any
    same: list[int] | tuple[int, ...]
    limited: Annotated[int, Field(ge=1)] | Annotated[str, Field(max_length=3)] | None = None
    nested: list[dict[str, int | None] | None]


both("unions: anyOf", Unions)


class Cat(BaseModel):
    kind: Literal["cat", "kitten"]
    lives: int = 9


class Dog(BaseModel):
    kind: Literal["dog"] = "dog"
    tricks: list[str]


class Breed(enum.StrEnum):
    POODLE = "poodle"


class Poodle(BaseModel):
    kind: Literal[Breed.POODLE]


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]


class PetRoot(RootModel[Pet]):
    """A pet."""


NamedPet = TypeAliasType("NamedPet", Pet)


class Pets(BaseModel):
    one: Pet
    maybe: Pet | None = None
    many: list[Pet]
    root: PetRoot
    named: NamedPet
    with_enum: Annotated[Cat | Poodle, Field(discriminator="kind")]


both("tagged unions: oneOf with a mapping, several tags for one model", Pets)


class Number1(BaseModel):
    kind: Literal[1]


class Number2(BaseModel):
    kind: Literal[2]


class Black(BaseModel):
    kind: Literal["bird"]
    color: Literal["black"]


class White(BaseModel):
    kind: Literal["bird"]
    color: Literal["white"]


Bird = Annotated[Black | White, Field(discriminator="color")]


class Aliased(BaseModel):
    kind: Literal["aliased"] = Field(alias="@kind")


class Aliased2(BaseModel):
    kind: Literal["aliased2"] = Field(alias="@kind")


def tag_of(value: Any) -> str:
    return "cat" if isinstance(value, Cat) else "dog"


class Untagged(BaseModel):
    numbers: Annotated[Number1 | Number2, Field(discriminator="kind")]
    levels: Annotated[Cat | Bird, Field(discriminator="kind")]
    function: Annotated[Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")], Discriminator(tag_of)]
    aliased: Annotated[Aliased | Aliased2, Field(discriminator="kind")]


both("other tags: integers, several levels, a function, an alias", Untagged)


class Pages(BaseModel):
    items: Page[Item]
    numbers: Page[int]
    maps: Page[dict[str, int]]
    pages: Page[Page[Item]]


both("generics: Page[Item]", Pages)


def model(module: str, name: str, **fields: Any) -> type[BaseModel]:
    """A model of another module."""
    sys.modules.setdefault(module, types.ModuleType(module))
    return create_model(name, __module__=module, **fields)


ShopItem = model("app.shop.models", "Item", price=(int, ...))
StockItem = model("app.stock.models", "Item", count=(int, ...))
OldItem = model("old.stock.models", "Item", count=(str, ...))
Same = create_model("Same", shop=(ShopItem, ...), stock=(StockItem, ...), old=(OldItem, ...))
Numbered = create_model("Numbered", shops=(Page[ShopItem], ...), stocks=(Page[StockItem], ...))
both("same names: models of several modules", Same)


class Numbers(RootModel[list[int]]):
    """Some numbers."""


class Scores(RootModel[dict[str, int]]):
    pass


class Id(RootModel[str]):
    pass


class Wrapped(RootModel[Owner]):
    pass


class Maybe(RootModel[int | None]):
    pass


class Roots(BaseModel):
    numbers: Numbers
    scores: Scores
    id: Id
    wrapped: Wrapped
    maybe: Maybe
    ids: list[Id] = []


case("root models: aliases", ("cases.run", Roots, Roots), ("cases.numbers", None, Numbers))


class Anything(BaseModel):
    anything: Any
    maybe: Any | None = None
    thing: object
    value: JsonValue
    text: Json[list[int]]


JSON = TypeAliasType("JSON", "dict[str, JSON] | list[JSON] | str | int | float | bool | None")  # type: ignore[misc]


class Free(BaseModel):
    json_: JSON


case("any: no schema at all, and the usual name for any JSON", ("cases.run", Anything, Anything), ("cases.json", Free, Free))


class Computed(BaseModel):
    width: int

    @computed_field(description="In square metres.")
    @property
    def area(self) -> int:
        return self.width * self.width


both("computed fields: sent only", Computed)


class Extra(BaseModel):
    model_config = ConfigDict(extra="allow")
    id: int


class TypedExtra(BaseModel):
    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, int]


class Forbidden(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: int


both("extra: allowed, of one type, forbidden", create_model("Extras", extra=(Extra, ...), typed=(TypedExtra, ...), forbidden=(Forbidden, ...)))


class Options(TypedDict, total=False):
    limit: int
    after: NotRequired[str]


class Empty(BaseModel):
    pass


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


both("dataclasses: TypedDict, dataclass and a model without fields", create_model("Shapes", options=(Options, ...), point=(Point, ...), empty=(Empty, ...)))


class Filter(BaseModel):
    owner: str = "me"


class Query(BaseModel):
    filter: Filter
    same: Item


class Answer(BaseModel):
    query: Query
    owner: Owner


class Wanted(BaseModel):
    query: Query
    owner: Owner


case("two forms: a model whose forms differ, and those that hold it", ("cases.run", Wanted, Answer), ("cases.again", Query, Query))


class TasksParams(BaseModel):
    project_id: int
    state: State


class Created(BaseModel):
    type: Literal["created"] = "created"
    owner: Owner


class Removed(BaseModel):
    type: Literal["removed"] = "removed"


class TaskEvent(RootModel[Annotated[Created | Removed, Field(discriminator="type")]]):
    pass


class Quota(BaseModel):
    limit: int


case("channels and errors: typed events and details", ("cases.run", None, None),
     events=[("tasks:{project_id}:{state}", TasksParams, TaskEvent), ("news", None, Owner)],
     errors=[(1001, "quota_exceeded", Quota), (1002, "closed", None)])


class Hostile(BaseModel):
    """Ends a comment */ and a string \"\"\" and a line\r\n with a \\N{backslash}\u2028."""

    a: str = Field('"""\\', description='*/ """ \\N{DASH} \u2028 "')
    class_: int = Field(alias="1st")
    d: Annotated[str, Field(pattern='^"""*/$')]
    e: Literal["*/", '"""', "\n", "`${x}`"]


both("hostile: text that would break out of where it is printed", Hostile)


