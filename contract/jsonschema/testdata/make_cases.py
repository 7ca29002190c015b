"""Writes the cases that the tests convert: source contract files, one for each row of the
table of what Pydantic writes, recorded from Pydantic itself.

Run from anywhere: python make_cases.py FOLDER
"""

# Several models are called the same or are named in odd ways on purpose.
# ruff: noqa: E501

import dataclasses
import datetime
import decimal
import enum
import ipaddress
import json
import pathlib
import sys
import types
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, Literal, NamedTuple, NotRequired, Optional, TypeVar

from pydantic import (
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    Base64UrlBytes,
    BaseModel,
    ByteSize,
    ConfigDict,
    Discriminator,
    Field,
    HttpUrl,
    IPvAnyAddress,
    Json,
    JsonValue,
    RootModel,
    SecretStr,
    Tag,
    WithJsonSchema,
    computed_field,
    create_model,
)
from pydantic.json_schema import GenerateJsonSchema, models_json_schema
from typing_extensions import TypeAliasType, TypedDict

T = TypeVar("T")
CASES: dict[str, dict[str, Any]] = {}


class Sent(GenerateJsonSchema):
    """Says that a field with a default is always sent, as the exporter does."""

    def field_is_required(self, field: Any, total: bool) -> bool:
        if self.mode == "serialization" and field["type"] != "typed-dict-field":
            return field.get("serialization_exclude_if") is None
        return super().field_is_required(field, total)


class Exported(Sent):
    """Adds what JSON Schema loses and the converter reads."""

    def enum_schema(self, schema: Any) -> Any:
        return {**super().enum_schema(schema), "x-enum-varnames": [m.name for m in schema["members"]]}

    def decimal_schema(self, schema: Any) -> Any:
        described = super().decimal_schema(schema)
        (described["anyOf"][1] if "anyOf" in described else described)["format"] = "decimal"
        return described


class Patterns(Sent):
    """Writes the patterns of Decimals, as Pydantic did by default before 2.14."""

    def get_decimal_pattern(self, schema: Any) -> Any:
        return self.build_decimal_pattern(schema)


def case(
    why: str,
    *methods: tuple[str, Any, Any],
    events: Sequence[tuple[str, Any, Any]] = (),
    errors: Sequence[tuple[int, str, Any]] = (),
    generator: type[GenerateJsonSchema] = Sent,
    name: str = "",
) -> None:
    """Records a case: methods are (name, params, result), events (channel, params, event)."""
    accepted = [p for _, p, _ in (*methods, *events) if p]
    sent = [r for _, _, r in (*methods, *events, *errors) if r]
    refs: dict[Any, Any] = {}
    defs: dict[str, Any] = {}
    for mode, models in (("validation", accepted), ("serialization", sent)):
        schemas, whole = models_json_schema(
            [(model, mode) for model in models], by_alias=True, schema_generator=generator
        )
        refs.update(schemas)
        defs[mode] = {"$defs": whole.get("$defs", {})}
    codes = [code for code, _, _ in errors]
    CASES[name or why.split(":")[0]] = {
        "centrirpc_source": 1,
        "name": "cases",
        "doc": why,
        "methods": [
            {
                "name": method, "kind": "call", "doc": "", "deprecated": "", "timeout_ms": 0, "idempotent": False,
                "params": params and refs[params, "validation"],
                "result": result and refs[result, "serialization"],
                "errors": codes, "source": f"cases.py#{method}",
            }
            for method, params, result in methods
        ],
        "errors": [
            {"code": code, "reason": reason, "doc": "", "details": details and refs[details, "serialization"]}
            for code, reason, details in errors
        ],
        "channels": [
            {
                "name": channel, "doc": "", "source": f"cases.py#{channel}",
                "params": params and refs[params, "validation"],
                "event": refs[event, "serialization"],
            }
            for channel, params, event in events
        ],
        **defs,
    }


def both(why: str, model: Any, **kwargs: Any) -> None:
    """Records a model as params and as result of one method."""
    case(why, ("cases.run", model, model), **kwargs)


# --- models ---


class Owner(BaseModel):
    """Who owns it."""

    name: str


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


class State(enum.Enum):
    IN_PROGRESS = "in_progress"
    DONE = "done"


class Level(enum.IntEnum):
    """How bad it is."""

    LOW = 1
    HIGH = -2


class Mixed(enum.Enum):
    TEXT = "a"
    NUMBER = 1
    NOTHING = None


class Ratio(enum.Enum):
    HALF = 0.5
    WHOLE = 1.0


class Operator(enum.Enum):
    LT = "<"
    GE = ">="
    EMPTY = ""
    FIRST = "1st"


class Unit(enum.Enum):
    METRE = "m"
    MEGA = "M"


class Single(enum.Enum):
    ONLY = "only"


Words = TypeAliasType("Words", Literal["yes", "no"])


class Literals(BaseModel):
    state: State
    level: Level = Level.LOW
    mixed: Mixed
    ratio: Ratio
    operator: Operator
    unit: Unit
    single: Single
    words: Words
    one: Literal["a"]
    some: Literal["a", "b"]
    numbers: Literal[1, 2]
    several: Literal["a", 1, True, None]
    yes: Literal[True]
    member: Literal[State.DONE]
    joined: Literal["a"] | Literal["b"] | int
    nothing: None


both("literals: const and enum, members' names lost", Literals)
both("exported names: members' names and Decimals as the exporter marks them", create_model("Marked", state=(State, ...), operator=(Operator, ...), price=(decimal.Decimal, ...)), generator=Exported)


class Constraints(BaseModel):
    number: Annotated[int, Field(ge=1, le=10, multiple_of=3)]
    ratio: Annotated[float, Field(gt=0.5, lt=1)]
    text: Annotated[str, Field(min_length=1, max_length=5, pattern=r"^a\d*$")]
    list: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=5)]
    map: Annotated[dict[str, int], Field(min_length=1)]
    maybe: Annotated[int | None, Field(ge=1)] = None
    raw: Annotated[bytes, Field(min_length=2)]


both("constraints: keywords", Constraints)


class Aliases(BaseModel):
    plain: int = Field(alias="theAlias")
    two: int = Field(validation_alias="twoIn", serialization_alias="twoOut")
    odd: int = Field(alias="x-y")
    class_: int = Field(alias="class")


both("aliases: names on the wire, different for what is accepted and sent", Aliases)


class Key(enum.StrEnum):
    A = "a"
    B = "b"


class Maps(BaseModel):
    plain: dict[str, int]
    integers: dict[int, str]
    anything: dict[str, Any]
    bare: dict
    pattern: dict[Annotated[str, Field(pattern="^x")], int]
    enum_keys: dict[Key, int]
    literal_keys: dict[Literal["a", "b"], int]
    uuid_keys: dict[uuid.UUID, int]
    long_keys: dict[Annotated[str, Field(min_length=2)], int]
    mapping: Mapping[str, list[int]]


both("maps: additionalProperties, patternProperties, propertyNames", Maps)


class Named(NamedTuple):
    first: int
    second: str = "x"


class Lists(BaseModel):
    plain: list[int]
    bare: list
    unique: set[int]
    frozen: frozenset[str]
    pair: tuple[int, str]
    many: tuple[int, ...]
    none: tuple[()]
    named: Named
    sequence: Sequence[int]
    pairs: list[tuple[Owner, int | None]]


both("lists: list, set and tuple", Lists)


class Times(BaseModel):
    at: datetime.datetime
    aware: AwareDatetime
    date: datetime.date
    time: datetime.time
    period: datetime.timedelta


class Seconds(BaseModel):
    model_config = ConfigDict(ser_json_timedelta="float")
    period: datetime.timedelta


case("times: formats", ("cases.run", Times, Times), ("cases.seconds", Seconds, Seconds))


class Money(BaseModel):
    price: decimal.Decimal
    limited: Annotated[decimal.Decimal, Field(max_digits=5, decimal_places=2, ge=0)]
    digits: Annotated[decimal.Decimal, Field(max_digits=4)]
    maybe: decimal.Decimal | None = None
    either: float | str


both("decimal: a number or a string is accepted, a string sent", Money)
both("decimal patterns: recognised by what Pydantic writes", Money, generator=Patterns)


class Formats(BaseModel):
    id: uuid.UUID
    url: HttpUrl
    any_url: AnyUrl
    email: Annotated[str, WithJsonSchema({"type": "string", "format": "email"})]
    ip4: ipaddress.IPv4Address
    ip6: ipaddress.IPv6Address
    ip: IPvAnyAddress
    network: ipaddress.IPv4Network
    path: pathlib.Path
    secret: SecretStr
    size: ByteSize


both("formats: of strings", Formats)


class Urlsafe(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    raw: bytes


class Raw(BaseModel):
    text: bytes
    standard: Base64Bytes
    url: Base64UrlBytes
    configured: Urlsafe


both("bytes: as text, base64 and base64url", Raw)


class Item(BaseModel):
    id: int


class Page(BaseModel, Generic[T]):
    items: list[T]
    next: str | None = None


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


# --- refused ---


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


def main(write: Callable[[str, str], object]) -> None:
    """Hands every case to write: its name and its text."""
    for name, value in CASES.items():
        write(name.replace(" ", "_"), json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    main(lambda name, text: (folder / f"{name}.json").write_text(text))
