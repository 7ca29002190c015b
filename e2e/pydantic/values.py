"""Values of any type that Pydantic describes, made by Hypothesis: the edges of each type
more often than what lies between."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import ipaddress
import pathlib
import types
import typing
import uuid
from collections.abc import Callable
from typing import Any

import annotated_types
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pydantic import (
    MISSING,
    AnyUrl,
    AwareDatetime,
    BaseModel,
    ByteSize,
    HttpUrl,
    IPvAnyAddress,
    JsonValue,
    NaiveDatetime,
    RootModel,
)
from pydantic.fields import FieldInfo
from pydantic.types import EncodedBytes
from pydantic_core import PydanticUndefined
from typing_extensions import TypeAliasType, is_typeddict

SAFE, INT64 = 2**53 - 1, 2**63 - 1

TEXTS = [
    *("", " ", "a", "null", "0", "-1", "01", "1e3", "NaN", "true", "1:2", "2024-02-29T00:00:00Z"),
    *("\x00", '"\\/\b\f\n\r\t', "</script>&<!--", "\u2028\u2029\ufeff", "${x} {{y}} %s"),
    *("e\u0301", "é", "日本🦊", "👩‍👩‍👧", "\U0010ffff"),
    *("__proto__", "constructor", "toString", "long " * 40),
]
text = st.sampled_from(TEXTS) | st.text(max_size=8)
offsets = st.sampled_from([0, 60, -300, 330, 845, 1439, -1439]) | st.integers(-1439, 1439)
zones = offsets.map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))
micros = st.sampled_from([0, 1, 10, 500000, 120000, 999999]) | st.integers(0, 999999)
leap_days = [datetime.date(year, 2, 29) for year in (1904, 2000, 2024)]
ends = [datetime.date.min, datetime.date.max, datetime.date(1969, 12, 31)]
days = st.sampled_from(leap_days + ends) | st.dates()
clocks = st.builds(
    datetime.time, st.integers(0, 23), st.integers(0, 59), st.integers(0, 59), micros
)
local = st.builds(datetime.datetime.combine, days, clocks)
aware = st.builds(lambda at, zone: at.replace(tzinfo=zone), local, zones)
odd_periods = [
    datetime.timedelta(0),
    datetime.timedelta.max,
    datetime.timedelta(microseconds=-1),
    datetime.timedelta(days=365),
    datetime.timedelta(days=-400, microseconds=1),
]
periods = st.sampled_from(odd_periods) | st.timedeltas()
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    type(None): st.none(),
    bytes: text.map(str.encode),
    datetime.datetime: local | aware,
    AwareDatetime: aware,
    NaiveDatetime: local,
    datetime.date: days,
    datetime.time: clocks | st.builds(lambda at, zone: at.replace(tzinfo=zone), clocks, zones),
    datetime.timedelta: periods,
    uuid.UUID: st.sampled_from([uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)]) | st.uuids(),
    HttpUrl: st.sampled_from(
        [
            "http://a",
            "https://user:pa%20ss@example.org:8443/ä?q=1&r=%2F#f",
            "https://bücher.example/",
        ]
    ),
    AnyUrl: st.sampled_from(["mailto:a@b.example", "ftp://x/y", "urn:isbn:1"]),
    ipaddress.IPv4Address: st.ip_addresses(v=4),
    ipaddress.IPv6Address: st.ip_addresses(v=6),
    IPvAnyAddress: st.ip_addresses(),
    ipaddress.IPv6Network: st.tuples(st.ip_addresses(v=6), st.integers(0, 128)).map(
        lambda parts: ipaddress.IPv6Network(parts, strict=False)
    ),
    pathlib.PurePosixPath: st.sampled_from(["", "/", "a/b.txt", "../ä 🦊"]).map(
        pathlib.PurePosixPath
    ),
    ByteSize: st.sampled_from([0, 1, SAFE]),
}


class Maker:
    """Draws values whose integers are at most so far from zero."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any], reach: int) -> None:
        self.draw = draw
        self.reach = reach

    def chance(self, of: int) -> bool:
        return bool(self.draw(st.integers(0, of - 1)) == 0)

    def value(self, of: Any, rules: tuple[Any, ...] = (), depth: int = 0) -> Any:
        """A value of a type, within the constraints that annotate it."""
        origin, args = typing.get_origin(of), typing.get_args(of)
        if origin is typing.Annotated:
            return self.value(args[0], rules + args[1:], depth)
        if of is JsonValue or of is Any:
            return self.anything(depth)
        if isinstance(of, TypeAliasType):
            return self.value(of.__value__, rules, depth)
        if origin is typing.Literal:
            return self.draw(st.sampled_from(args))
        if origin in (typing.Union, types.UnionType):
            return self.union([arg for arg in args if arg is not MISSING], rules, depth)
        if of in SCALARS and not (of is bytes and rules):
            return self.draw(SCALARS[of])
        if of in (int, float, str, bytes, decimal.Decimal):
            return self.limited(of, flat(rules))
        if isinstance(of, type) and issubclass(of, enum.Enum):
            return self.draw(st.sampled_from(list(of)))
        structure = self.structure(of, origin, depth)
        return (
            structure
            if structure is not None
            else self.container(of, origin, args, flat(rules), depth)
        )

    def union(self, members: list[Any], rules: tuple[Any, ...], depth: int) -> Any:
        if depth > 3 and type(None) in members:
            return None
        member = self.draw(st.sampled_from(members))
        return self.value(member, () if member is type(None) else rules, depth + 1)

    def limited(self, of: Any, rules: list[Any]) -> Any:
        bounds = {type(rule): rule for rule in rules}
        if of is bytes:  # encoded, as Pydantic wants them even from Python
            (encoded,) = (rule for rule in rules if isinstance(rule, EncodedBytes))
            edges = st.sampled_from([b"", b"\x00", b"\xfb\xff\xfe", b"?>"])
            return encoded.encoder.encode(self.draw(edges | st.binary(max_size=9)))
        if of is int:
            return self.integer(bounds)
        if of is float:
            low, high = bounds.get(annotated_types.Gt), bounds.get(annotated_types.Lt)
            return self.draw(
                st.floats(
                    low and low.gt,
                    high and high.lt,
                    exclude_min=bool(low),
                    exclude_max=bool(high),
                    allow_nan=False,
                    allow_infinity=False,
                )
            )
        if of is decimal.Decimal:
            return self.amount(rules)
        patterns = [rule.pattern for rule in rules if getattr(rule, "pattern", None)]
        if patterns:
            return self.draw(
                st.from_regex(
                    patterns[0].removesuffix("$") + r"\Z", alphabet=st.characters(codec="utf-8")
                )
            )
        least, most = size(bounds)
        short = st.text(min_size=least, max_size=most or 8)
        return self.draw(short if least or most else text | short)

    def integer(self, bounds: dict[Any, Any]) -> int:
        low, high = -self.reach, self.reach
        for kind, rule in bounds.items():
            if kind is annotated_types.Ge:
                low = rule.ge
            elif kind is annotated_types.Gt:
                low = rule.gt + 1
            elif kind is annotated_types.Le:
                high = rule.le
            elif kind is annotated_types.Lt:
                high = rule.lt - 1
        if step := bounds.get(annotated_types.MultipleOf):
            times = st.integers(-(-low // step.multiple_of), high // step.multiple_of)
            return int(self.draw(times) * step.multiple_of)
        edges = [n for n in (0, 1, -1, low, high, 2**31, -(2**31)) if low <= n <= high]
        near = st.integers(max(low, -99), min(high, 99))
        return int(self.draw(st.sampled_from(edges) | near | st.integers(low, high)))

    def amount(self, rules: list[Any]) -> decimal.Decimal:
        if rules:
            return decimal.Decimal(self.draw(st.integers(0, 99999))).scaleb(-2)
        edges = ["0", "-0", "0.00", "1E+3", "-1e-30", "1234567890123456789012.123456789", "1.10"]
        finite = st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str)
        return decimal.Decimal(self.draw(st.sampled_from(edges) | finite))

    def structure(self, of: Any, origin: Any, depth: int) -> Any:
        """A value with named fields, or None if the type has none."""
        kind = origin or of
        if is_typeddict(kind):
            hints = typing.get_type_hints(kind, include_extras=True)
            return {
                name: self.value(without_need(hint), (), depth + 1)
                for name, hint in hints.items()
                if name in kind.__required_keys__ or self.chance(2)
            }
        if not isinstance(kind, type):
            return None
        if issubclass(kind, RootModel):
            root = kind.model_fields["root"]
            return kind.model_validate(self.value(root.annotation, tuple(root.metadata), depth))
        if issubclass(kind, BaseModel):
            return self.model(kind, depth)
        if dataclasses.is_dataclass(kind):
            hints = typing.get_type_hints(kind, include_extras=True)
            return kind(**{name: self.value(hint, (), depth + 1) for name, hint in hints.items()})
        if issubclass(kind, tuple) and hasattr(kind, "_fields"):
            hints = typing.get_type_hints(kind, include_extras=True)
            return kind(*(self.value(hint, (), depth + 1) for hint in hints.values()))
        return None

    def model(self, of: type[BaseModel], depth: int) -> BaseModel:
        given_values: dict[str, Any] = {}
        for name, field in of.model_fields.items():
            if not field.is_required() and not tag(field) and (depth > 3 or self.chance(2)):
                continue  # a tag is always sent
            alias = field.validation_alias or field.alias or name
            assert isinstance(alias, str)
            given_values[alias] = self.value(field.annotation, tuple(field.metadata), depth + 1)
        if of.model_config.get("extra") == "allow":
            extra = typing.get_args(typing.get_type_hints(of).get("__pydantic_extra__"))
            for key in self.draw(st.lists(text, max_size=3, unique=True)):
                if key not in of.model_fields:
                    of_extra = extra[1] if len(extra) == 2 else Any
                    given_values[key] = self.value(of_extra, (), depth + 1)
        return of.model_validate(given_values)

    def container(
        self, of: Any, origin: Any, args: tuple[Any, ...], rules: list[Any], depth: int
    ) -> Any:
        kind = origin or of
        least, most = size({type(rule): rule for rule in rules})
        count = self.draw(
            st.integers(least, max(least, 0 if depth > 3 else 3 if most is None else most))
        )
        if kind is tuple and args[-1:] != (...,):
            return tuple(self.value(arg, (), depth + 1) for arg in args)
        if isinstance(kind, type) and issubclass(kind, typing.Mapping):
            keys, values = args or (str, Any)
            made: dict[Any, Any] = {}
            for _ in range(8 * count):  # some may be the same
                if len(made) < count:
                    made[self.value(keys, (), depth + 1)] = self.value(values, (), depth + 1)
            return made
        items = [self.value(args[0] if args else Any, (), depth + 1) for _ in range(count)]
        return kind(items) if kind in (list, set, frozenset, tuple) else items

    def anything(self, depth: int) -> Any:
        """What JSON can be."""
        kind = self.draw(st.integers(0, 4 if depth > 3 else 6))
        if kind == 5:
            return [self.anything(depth + 1) for _ in range(self.draw(st.integers(0, 3)))]
        if kind == 6:
            return {
                key: self.anything(depth + 1)
                for key in self.draw(st.lists(text, max_size=3, unique=True))
            }
        scalars = (st.none(), st.booleans(), text, st.floats(allow_nan=False, allow_infinity=False))
        return self.integer({}) if kind == 4 else self.draw(scalars[kind])


def flat(rules: tuple[Any, ...]) -> list[Any]:
    """Constraints, those within Field(...) included."""
    found: list[Any] = []
    for rule in rules:
        found += rule.metadata if isinstance(rule, FieldInfo) else [rule]
    return found


def size(bounds: dict[Any, Any]) -> tuple[int, int | None]:
    least, most = bounds.get(annotated_types.MinLen), bounds.get(annotated_types.MaxLen)
    return (least.min_length if least else 0), (most.max_length if most else None)


def tag(field: FieldInfo) -> bool:
    return (
        typing.get_origin(field.annotation) is typing.Literal
        and field.default in typing.get_args(field.annotation)
        and field.default is not PydanticUndefined
    )


def without_need(hint: Any) -> Any:
    return (
        typing.get_args(hint)[0]
        if getattr(typing.get_origin(hint), "_name", "") == "NotRequired"
        else hint
    )


def values_of(of: Any, count: int, reach: int, start: int) -> list[Any]:
    """So many values of a type, the same for the same start."""
    made: list[Any] = []

    @st.composite
    def whole(draw: Any) -> Any:
        return Maker(draw, reach).value(of)

    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(whole())
    def collect(value: Any) -> None:
        made.append(value)

    collect()
    return made
