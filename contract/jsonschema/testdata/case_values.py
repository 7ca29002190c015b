"""Cases of the values that fields hold."""

# Several models are called the same or are named in odd ways on purpose.
# ruff: noqa: E501

import datetime
import decimal
import enum
import ipaddress
import pathlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AnyUrl,
    AwareDatetime,
    Base64Bytes,
    Base64UrlBytes,
    BaseModel,
    ByteSize,
    ConfigDict,
    Field,
    HttpUrl,
    IPvAnyAddress,
    SecretStr,
    WithJsonSchema,
    create_model,
)
from recording import Exported, Patterns, both, case
from shared import Owner, State
from typing_extensions import TypeAliasType


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


