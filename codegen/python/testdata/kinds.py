"""Uses every kind of type as an application would: type-checked, then run."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import json
import pickle
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, assert_type

import pydantic

import constraints_client as constraints
import everything_client as every
import unions_client as unions
import zoo_client as zoo
from everything_client.client import _write
from everything_client.models import _FROM_WIRE
from values import Recorder, refused, same

NOON = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone.utc)

SCALARS: dict[str, Any] = {
    "flag_text": "true",
    "count_text": "-9223372036854775808",
    "unsigned_text": "18446744073709551615",
    "ratio_text": "1e+21",
    "quoted_text": '"a \\"quote\\" and \\u2028"',
    "took": 1_500_000_000,
    "exact": 10**30,
    "unbounded": -(10**40),
    "id": "0b5ad2f1-8f3c-4d0a-9c1e-2f7f4d6f0a11",
    "when": "2026-01-31T12:00:00.123456+02:00",
    "when_local": "2026-01-31T12:00:00",
    "day": "2026-01-31",
    "clock": "12:00:00",
    "span": "-P1DT30M",
    "price": "1E+3",
    "mail": "a@b.c",
    "link": "https://x.y/z?a=b",
    "ip4": "",
    "ip6": "fe80::1%eth0",
    "ip": "::ffff:1.2.3.4",
    "host": "x",
    "odd": "?",
    "raw": "+/+/AA==",
    "raw_url": "-_-_AA==",
    "raw_text": "é",
    "raws": ["", "_w=="],
    "anything": [None, {"x": 1}],
}


def read(model: type[pydantic.BaseModel], data: dict[str, Any]) -> Any:
    return model.model_validate(data, by_alias=True, by_name=False, context=_FROM_WIRE)


def scalars() -> None:
    value: every.Scalars = read(every.Scalars, SCALARS)
    assert json.dumps(SCALARS) and every.Scalars.model_validate_json(json.dumps(SCALARS)) == value
    assert_type(value.flag_text, bool)
    assert_type(value.count_text, int)
    assert_type(value.took, datetime.timedelta)
    assert_type(value.took_maybe, datetime.timedelta | None)
    assert_type(value.exact, int | float)
    assert_type(value.id, uuid.UUID)
    assert_type(value.when_local, datetime.datetime)
    assert_type(value.day, datetime.date)
    assert_type(value.clock, datetime.time)
    assert_type(value.span, datetime.timedelta)
    assert_type(value.price, decimal.Decimal)
    assert_type(value.raws, list[bytes])
    assert value.flag_text is True
    assert (value.count_text, value.unsigned_text) == (-(2**63), 2**64 - 1)
    assert value.quoted_text == 'a "quote" and \u2028'
    assert value.took == datetime.timedelta(seconds=1.5)
    assert (value.exact, value.unbounded) == (10**30, -(10**40))
    assert value.span == datetime.timedelta(days=-1, minutes=-30)
    assert value.price == decimal.Decimal(1000)
    assert value.raw == value.raw_url == b"\xfb\xff\xbf\x00"
    assert value.raw_text == "é".encode()
    written = _write(value)
    assert json.loads(written.pop("quoted_text")) == value.quoted_text
    assert float(written.pop("ratio_text")) == 1e21
    assert written == {k: v for k, v in SCALARS.items() if k not in ("quoted_text", "ratio_text")}
    # Within Python, text is text: even such that is in quotes.
    made = value.model_copy(update={"quoted_text": '"x"'})
    assert _write(made)["quoted_text"] == '"\\"x\\""'
    assert read(every.Scalars, _write(made)).quoted_text == '"x"'
    for key, wrong in (
        ("flag_text", "maybe"), ("count_text", "9223372036854775808"), ("count_text", "x"),
        ("unsigned_text", "-1"), ("ratio_text", "NaN"), ("quoted_text", "no quotes"),
        ("quoted_text", "1"), ("took", 1.5), ("took", 2**63), ("took", True), ("took", "PT1S"),
        ("exact", float("inf")), ("id", "x"), ("when", "2026-01-31T12:00:00"), ("day", "x"),
        ("raw_url", "+/+/"), ("raw_url", "a"), ("price", "x"), ("price", "NaN"),
    ):  # fmt: skip
        try:
            read(every.Scalars, {**SCALARS, key: wrong})
        except pydantic.ValidationError as error:
            assert error.errors()[0]["loc"][0] == key, error
        else:
            raise AssertionError(f"{key} took {wrong!r}")
    for wire, held in ((999, 0), (-999, 0), (1999, 1), (-1999, -1), (2**63 - 1, (2**63 - 1) // 1000)):
        took = read(every.Scalars, {**SCALARS, "took": wire}).took
        assert took == datetime.timedelta(microseconds=held), (wire, took)
    assert read(every.Scalars, {**SCALARS, "raw_url": "_w"}).raw_url == b"\xff"


CAT = {"kind": "cat", "name": "Tom"}
SHAPES: dict[str, Any] = {
    "pair": ["a", 1],
    "nested": [["x"], CAT, ["y", "z"]],
    "rgb": [0, 128, 255],
    "grid": [[1.5, 2], [3, 4]],
    "nine": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    "none": [],
    "by_id": {"-7": CAT},
    "by_small": {"255": "x"},
    "lists": {"k": ["a", None]},
    "number_or_text": "1",
    "unions": ["x", 1, None, "2026-01-31T12:00:00Z"],
    "amount": "1.50",
    "animal": {"kind": "dog", "name": "Rex", "friend": {"kind": "kitten", "name": "Tim"}},
    "animals": [CAT],
    "animals_by_name": {"Tom": CAT},
    "shape": {"type": "box", "width": 1, "inside": {"type": "circle", "radius": 0.5}},
    "shapes": [{"type": "circle", "radius": 2}],
    "open": {"id": "1", "copy": 1, "model_dump": None, "x": {"y": []}},
    "tree": {"value": {"value": "v", "children": []}, "children": [], "pair": [None, None]},
    "names": ["n"],
    "pair_named": ["p", 2],
    "either": ["list"],
}


def shapes() -> None:
    same(every.Shapes, SHAPES)
    value = every.Shapes.model_validate(SHAPES)
    assert_type(value.pair, tuple[str, int])
    assert_type(value.pair_maybe, tuple[str, int | None] | None)
    assert_type(value.number_or_text, int | str)
    assert_type(value.by_id, dict[int, every.Cat])
    assert_type(value.either, int | str | list[str])
    assert_type(value.amount, decimal.Decimal)
    assert (value.pair, value.by_small) == (("a", 1), {255: "x"})
    assert isinstance(value.shape, every.FigureBox)
    assert isinstance(value.shape, every.Box)
    assert isinstance(value.shape.inside, every.FigureCircle)
    assert value.shape.inside.type == "circle"
    assert value.open.model_extra == {"copy": 1, "model_dump": None, "x": {"y": []}}
    assert isinstance(value.animal, every.Dog)
    assert isinstance(value.animal.friend, every.Cat)
    same(every.Shapes, {**SHAPES, "number_or_text": 1, "union_maybe": None, "animal_maybe": None})
    for either in (True, CAT, ["a"], []):
        same(every.Shapes, {**SHAPES, "union_maybe": either})
    for amount in (1.5, 2):
        assert _write(every.Shapes.model_validate({**SHAPES, "amount": amount}))["amount"] == str(amount)
    refused(every.Shapes, {**SHAPES, "rgb": [1, 2]}, "rgb")
    refused(every.Shapes, {**SHAPES, "pair": ["a"]}, "pair", 1)
    refused(every.Shapes, {**SHAPES, "pair": ["a", 1, 2]}, "pair")
    refused(every.Shapes, {**SHAPES, "none": [1]}, "none")
    refused(every.Shapes, {**SHAPES, "shape": {"radius": 1}}, "shape")
    refused(every.Shapes, {**SHAPES, "shape": {"type": "circle"}}, "shape", "FigureCircle", "radius")
    assert pickle.loads(pickle.dumps(value)) == value


def tags() -> None:
    """The tag is sent whoever made the value; what is unknown is kept as it is."""
    made: list[tuple[pydantic.BaseModel, dict[str, Any]]] = [
        (every.FigureCircle(radius=1), {"type": "circle", "radius": 1}),
        (every.Dog(name="Rex"), {"kind": "dog", "name": "Rex"}),
        (every.Cat(kind="kitten", name="T"), {"kind": "kitten", "name": "T"}),
        (every.TaskEventCreated(id=1), {"event": "created", "id": 1}),
        (every.Circle(radius=1), {"radius": 1}),
        (unions.Own(), {"class": "own"}),
        (unions.Self(), {"class": "self"}),
        (unions.ShapePlain(class_="flat", x=1), {"class": "flat", "x": 1}),
        (unions.ShapeCat(name="T"), {"kind": "cat", "class": "cat", "name": "T"}),
        (constraints.Square(side=1), {"kind": "square", "side": 1}),
    ]
    for value, wire in made:
        assert _write(value) == wire, value
        assert _write(value.model_copy()) == wire
        assert _write(pickle.loads(pickle.dumps(value))) == wire
    box = every.FigureBox(width=1, inside=every.FigureCircle(radius=1))
    assert _write(box)["inside"] == {"type": "circle", "radius": 1}
    figure: pydantic.TypeAdapter[every.Figure] = pydantic.TypeAdapter(every.Figure)
    newer: dict[str, Any] = {"type": "star", "rays": [5], "copy": None, "type_": "x", "model_fields": {}}
    star = figure.validate_python(newer)
    assert isinstance(star, every.UnknownFigure)
    assert (star.type, (star.model_extra or {})["rays"]) == ("star", [5])
    assert figure.dump_python(star, mode="json", by_alias=True, exclude_unset=True) == newer
    match star:
        case every.FigureCircle(radius=radius):
            raise AssertionError(radius)
        case every.UnknownFigure(type=tag):
            assert tag == "star"
        case _:
            raise AssertionError(star)
    form: pydantic.TypeAdapter[constraints.Form] = pydantic.TypeAdapter(constraints.Form)
    wrongs: tuple[Any, ...] = ({}, {"type": 1}, {"type": None}, [], None, "circle", every.Circle(radius=1))
    for adapter, tag in ((figure, "type"), (form, "kind")):
        for wrong in (*wrongs, *([{tag: "star"}] if tag == "kind" else [])):
            try:
                found = adapter.validate_python(wrong)
            except pydantic.ValidationError:
                continue
            raise AssertionError(f"{wrong!r} was taken as {found!r}")
    pets = [{"kind": "dog", "name": "R"}, {"kind": "shark", "name": "S"}, {"kind": "cat", "name": "T"}]
    for twins in (
        {"one_or_true": 1, "true_or_number": True, "zero_or_flag": False},
        {"one_or_true": True, "true_or_number": 1.0, "zero_or_flag": 0},
    ):
        # To Python 1 == True, but not in their text.
        assert read(unions.Twins, twins).model_dump_json() == json.dumps(twins, separators=(",", ":"))
    read_pets = pydantic.TypeAdapter(list[unions.Cat | unions.Dog | unions.Fish]).validate_python(pets)
    assert [type(pet).__name__ for pet in read_pets] == ["Dog", "Fish", "Cat"]


DEEP: dict[str, Any] = {
    "small": 0, "even": 2, "wide": 10**30, "natural": 10, "odd_bound": 2, "half": 0.5,
    "any_number": 1.5, "quoted": 1, "quoted_float": 0.5, "quoted_number": 7,
    "quoted_span": datetime.timedelta(1), "span": datetime.timedelta(seconds=1),
    "price": decimal.Decimal("0.1"), "amount": decimal.Decimal("0.01"), "code": "AB1",
    "look": "x", "broken": "y", "hostile": "\"'`\\{}$/*\u2028", "day": datetime.date(2026, 1, 31),
    "mail": "m", "text_in_text": "abc", "data": b"", "unique": [{"n": 1}, {"n": 2}],
    "words": ["a", "b"], "table": {"a": 1}, "pair": (1, "x"), "choice": "abc", "flag": True,
    "size": "s", "grade": 2, "rate": 1.0, "name": "abcde", "named_size": "a", "maybe": None,
    "shape": {"kind": "ring", "radius": 1.0},
}  # fmt: skip


def checks() -> None:
    """What is only sent is checked; what the server sends too is not."""
    value = constraints.Deep.model_validate(DEEP)
    assert _write(value)["quoted_span"] == "86400000000000"
    assert constraints.Deep.model_validate_json(json.dumps(_write(value))) == value
    wrong: list[tuple[str, Any]] = [
        ("small", -6), ("small", 5), ("even", 0), ("even", 3), ("wide", 10**30 + 1), ("natural", 11),
        ("natural", -1), ("odd_bound", 11), ("half", 0), ("half", 1.5), ("half", 0.7),
        ("any_number", 1.75), ("any_number", -2), ("quoted", 10), ("quoted", "0"),
        ("quoted_float", 0.25), ("price", decimal.Decimal("0.09")), ("price", 101), ("amount", 0),
        ("code", "A"), ("code", "ABCDE"), ("code", "ab"), ("hostile", "a"), ("mail", "m" * 21),
        ("text_in_text", "ab"), ("unique", [{"n": 1}, {"n": 1}]), ("unique", [{"n": -1}]),
        ("unique", [{"n": 1}, {"n": 2}, {"n": 3}, {"n": 4}]), ("words", ["a", "a"]), ("words", ["a"]),
        ("words", ["a", ""]), ("table", {}), ("table", {"abcd": 1}), ("table", {"a": 10}),
        ("pair", (0, "x")), ("pair", (1, "")), ("choice", 10), ("choice", "ab"), ("flag", False),
        ("size", "l"), ("grade", 3), ("name", "abcdef"), ("name", ""), ("named_size", "c"),
        ("maybe", 2), ("sometimes", "x"), ("either", 2.5), ("shape", {"kind": "round", "radius": 0}),
        ("shape", {"kind": "oval"}),
    ]  # fmt: skip
    for key, bad in wrong:
        try:
            constraints.Deep.model_validate({**DEEP, key: bad})
        except pydantic.ValidationError as error:
            assert error.errors()[0]["loc"][0] == key, error
        else:
            raise AssertionError(f"{key} took {bad!r}")
    # Pydantic's regular expressions have no look-ahead: the server alone checks that one.
    assert constraints.Deep.model_validate({**DEEP, "look": "x"}).look == "x"
    same(constraints.Shared, {"age": 1000, "size": "xl", "sizes": ["a", "b", "c"]})
    same(constraints.Lists, {"shared": {"age": -1, "sizes": []}, "level": 1})
    refused(constraints.Lists, {"shared": {"age": 1, "sizes": []}, "level": 0}, "level")
    refused(constraints.Shared, {"age": 1, "size": 7, "sizes": []}, "size")
    same(every.Checked, {**CHECKED, "age": -1, "size": "xl", "grade": 9, "colour": "mauve"})


CHECKED: dict[str, Any] = {
    "age": 1, "score": 0.5, "title": "A1", "tags": ["aa"], "meta": {}, "colour": "red",
}  # fmt: skip


def names() -> None:
    """A field whose name is not its key is given by either; on the wire it is the key alone."""
    keys = {"class_": "class", "x_y": "x-y", "field_1st": "1st", "id_": "_id", "model_dump_": "model_dump", "copy_": "copy"}
    fields = {name: f.serialization_alias or name for name, f in zoo.Hostile.model_fields.items()}
    assert keys.items() <= fields.items()
    named = zoo.Hostile.model_validate({name: name for name in fields})
    keyed = zoo.Hostile.model_validate({key: name for name, key in fields.items()})
    assert named == keyed
    assert _write(named) == {key: name for name, key in fields.items()}
    assert read(unions.ValueError_, {"x": "AAE="}).x == b"\x00\x01"
    refused(unions.ValueError_, {"x": "!"}, "x")
    assert unions.TypeError_.from_reply(1001, "", "", None).details is None
    by_name = unions.Extra(class_=1, copy_="x")
    by_key = unions.Extra.model_validate({"class": 1, "copy": "x"})
    assert by_name == by_key
    assert _write(by_name) == {"class": 1, "copy": "x"}
    wire = {"class": 1, "class_": 2, "copy_": "c", "plain": {"x": 1}}
    extra = unions.Extra.model_validate(wire, by_alias=True, by_name=False)
    assert (extra.class_, extra.copy_) == (1, None)
    assert extra.model_extra == {"class_": 2, "copy_": "c", "plain": unions.Plain(x=1)}
    assert _write(extra) == wire


class Replaying(every.CentrifugoRPCClient):
    """Hands events to handlers by itself."""

    def __init__(self) -> None:
        self.errors: list[Exception] = []
        super().__init__("ws://127.0.0.1:1/x", "", "1", on_error=self.errors.append)
        self.handlers: dict[str, Callable[[Any], Awaitable[None] | None]] = {}

    async def subscribe(self, channel: str, handler: Any, **options: Any) -> Any:
        assert options == {"timeout": 3}, options
        self.handlers[channel] = handler


async def channels() -> None:
    rpc = Replaying()
    api = every.APIClient(rpc)
    seen: list[Any] = []

    async def later(event: every.TaskEvent) -> None:
        seen.append(event)

    await api.subscribe_tasks(later, project_id="p-1", timeout=3)
    await api.subscribe_news(seen.append, timeout=3)
    assert list(rpc.handlers) == ["tasks:p-1", "news"]
    waiting = rpc.handlers["tasks:p-1"]({"event": "removed", "id": 1, "by": "x"})
    assert waiting is not None
    await waiting
    rpc.handlers["news"]("hello")
    assert seen == [every.TaskEventRemoved(id=1, by="x"), "hello"]
    for channel, wrong in (("news", 1), ("tasks:p-1", {"event": "removed"})):
        try:
            rpc.handlers[channel](wrong)
        except every.InvalidReplyError as error:
            assert f"an event of {channel.replace('p-1', '{project_id}')} is not" in str(error)
        else:
            raise AssertionError(f"{wrong} was taken")
    odd = unions.APIClient(Replaying())  # type: ignore[arg-type]
    await odd.subscribe_class(seen.append, from_="x", timeout_=7, timeout=3)
    assert isinstance(odd.rpc, Replaying)
    assert list(odd.rpc.handlers) == ["class:x.7"]
    for bad in ("", "a:b", "a b", "é", "{x}", "#"):
        try:
            await api.subscribe_tasks(later, project_id=bad)
        except ValueError as error:
            assert "project_id" in str(error)
        else:
            raise AssertionError(f"{bad!r} was taken")
    try:
        await odd.subscribe_class(seen.append, from_="x", timeout_=0)
    except ValueError as error:
        assert "greater than or equal to 1" in str(error)
    else:
        raise AssertionError("a parameter was not checked")


def errors() -> None:
    quota = every.QuotaExceededError.from_reply(1001, "quota_exceeded", "no", {"limit": 1, "used": 2})
    assert isinstance(quota, every.QuotaExceededError)
    assert isinstance(quota, every.ServerError)
    assert_type(quota.details, every.Quota)
    assert quota.details.used == 2
    copy = pickle.loads(pickle.dumps(quota))
    assert (type(copy), copy.details, copy.code) == (every.QuotaExceededError, quota.details, 1001)
    bitten = every.BittenError.from_reply(1003, "", "", {"kind": "lion", "mane": True})
    assert isinstance(bitten, every.BittenError)
    assert isinstance(bitten.details, every.UnknownAnimal)
    listed = unions.ListGivenError.from_reply(1000, "", "", [{"class": "own"}])
    assert listed.details == [unions.Own()]
    a1 = unions.A1BError.from_reply(1999, "", "", "2026-01-31T12:00:00Z")
    assert a1.details == NOON
    try:
        every.QuotaExceededError.from_reply(1001, "", "", {"limit": 1})
    except ValueError as error:
        assert "used" in str(error)
    else:
        raise AssertionError("details without a field were taken")
    doc = every.APIClient.quota_spend.__doc__ or ""
    for line in (
        "QuotaExceededError: No more this month. Its details are of type Quota.",
        "AsleepError: The animals sleep.",
        "BittenError: Code 1003. Its details are of type Animal.",
    ):
        assert line in doc, doc


async def results() -> None:
    def api(result: Any) -> every.APIClient:
        return every.APIClient(Recorder(result))  # type: ignore[arg-type]

    assert_type(await api({"kind": "dog", "name": "R"}).zoo_animal(), every.Animal)
    assert await api(["x", 1]).zoo_pair() == ("x", 1)
    assert await api("1.50").zoo_price() == decimal.Decimal("1.50")
    assert await api(1_000_000).zoo_took() == datetime.timedelta(milliseconds=1)
    assert await api([{"type": "circle", "radius": 1}]).zoo_figures() == [every.FigureCircle(radius=1)]
    for union in (None, "x", 1, every.Cat(kind="cat", name="T")):
        wire = _write(union) if isinstance(union, every.Cat) else union
        assert await api(wire).zoo_union() == union
    scalars = await api(SCALARS).zoo_scalars(read(every.Scalars, SCALARS))
    assert scalars.quoted_text == 'a "quote" and \u2028'
    wrongs: tuple[Any, ...] = ({"name": "no tag"}, [], 1.5)
    for wrong in wrongs:
        try:
            await api(wrong).zoo_animal()
        except every.InvalidReplyError as error:
            assert "the result of zoo.animal" in str(error)
        else:
            raise AssertionError(f"{wrong} was taken")


if __name__ == "__main__":
    scalars()
    shapes()
    tags()
    checks()
    names()
    errors()
    asyncio.run(channels())
    asyncio.run(results())
