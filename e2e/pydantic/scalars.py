"""Models of single values: every row of the type table that is one."""

from __future__ import annotations

import datetime
import decimal
import enum
import ipaddress
import pathlib
import uuid
from typing import Annotated, Literal

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
    NaiveDatetime,
)


class Primitives(BaseModel):
    flag: bool
    text: str
    whole: int
    ratio: float
    nothing: None


class Formats(BaseModel):
    id: uuid.UUID
    url: HttpUrl
    any_url: AnyUrl
    ip4: ipaddress.IPv4Address
    ip6: ipaddress.IPv6Address
    ip: IPvAnyAddress
    network: ipaddress.IPv6Network
    path: pathlib.PurePosixPath
    size: ByteSize


class Times(BaseModel):
    at: datetime.datetime
    aware: AwareDatetime
    naive: NaiveDatetime
    date: datetime.date
    time: datetime.time
    period: datetime.timedelta
    maybe: datetime.datetime | None = None
    moments: list[datetime.datetime]
    by_date: dict[datetime.date, datetime.timedelta]


class Seconds(BaseModel):
    model_config = ConfigDict(ser_json_timedelta="float")
    period: datetime.timedelta


class Amounts(BaseModel):
    price: decimal.Decimal
    limited: Annotated[decimal.Decimal, Field(max_digits=5, decimal_places=2, ge=0)]
    maybe: decimal.Decimal | None = None
    many: list[decimal.Decimal]
    by_name: dict[str, decimal.Decimal] = {}


class UrlSafe(BaseModel):
    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")
    raw: bytes
    maybe: bytes | None = None


class Blobs(BaseModel):
    text: bytes
    standard: Base64Bytes
    url: Base64UrlBytes
    configured: UrlSafe
    many: list[bytes]


class State(enum.StrEnum):
    OPEN = "open"
    IN_PROGRESS = "in-progress"
    NONE = ""


class Level(enum.IntEnum):
    LOW = 1
    HIGH = -2


class Mixed(enum.Enum):
    TEXT = "a"
    NUMBER = 1
    NOTHING = None


class Ratio(enum.Enum):
    HALF = 0.5
    MORE = 1.25


class Operator(enum.Enum):
    LESS = "<"
    AT_LEAST = ">="
    FIRST = "1st"
    QUOTE = "\"'\\\u2028`${x}"


class Literals(BaseModel):
    state: State
    level: Level = Level.LOW
    mixed: Mixed
    ratio: Ratio
    operator: Operator
    one: Literal["a"]
    some: Literal["a", "b", '"""*/']
    numbers: Literal[1, 2]
    several: Literal["a", 1, True, None]
    yes: Literal[True]
    member: Literal[State.OPEN, State.NONE]
    maybe: State | None = None
    levels: list[Level]
    by_state: dict[State, Level] = {}


class Constraints(BaseModel):
    number: Annotated[int, Field(ge=-5, lt=10)]
    stepped: Annotated[int, Field(gt=0, le=99, multiple_of=3)]
    ratio: Annotated[float, Field(gt=0.5, lt=1)]
    text: Annotated[str, Field(min_length=1, max_length=5)]
    shaped: Annotated[str, Field(pattern=r"^[a-zé]\d{1,3}$")]
    items: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=3)]
    named: Annotated[dict[str, int], Field(min_length=1, max_length=2)]
    maybe: Annotated[int | None, Field(ge=1)] = None


class Item(BaseModel):
    """Is called as another module's model is."""

    price: decimal.Decimal
    sold: datetime.date | None = None
