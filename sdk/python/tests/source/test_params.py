"""Params as strictly as the contract says, and as the Go server judges them."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from enum import Enum, IntEnum
from math import isfinite
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, create_model

from centrirpc import CallError, MessageRouter, Registry
from centrirpc.source.strict_json import MAX_DEPTH, InvalidJSON, decode

from ..conftest import ROOT


class Anything(BaseModel):
    whole: int = 0
    ratio: float = 0
    text: str = ""
    flag: bool = False
    moment: datetime | None = None
    amount: Decimal = Decimal(0)
    lists: list[list[int]] = []
    by_name: dict[str, dict[str, int]] = {}
    any: Any = None


def serve(model: Any, name: str = "take") -> MessageRouter:
    """A router with one method, that gives back its params."""

    async def take(params: Any) -> Any:
        return params

    take.__annotations__ = {"params": model, "return": model}
    router = MessageRouter(Registry())
    router.register_handler(name, take)
    return router


def nested(opening: str, value: str, closing: str, depth: int) -> str:
    return '{"any": ' + opening * depth + value + closing * depth + "}"


async def faults(router: MessageRouter, params: Any, name: str = "take") -> list[str]:
    with pytest.raises(CallError) as caught:
        await router.handle_message(name, params)
    assert caught.value.code == 400
    for fault in caught.value.details:
        assert fault["message"].startswith(fault["field"] or "the params")
    return [f"{fault['field']} {fault['rule']}" for fault in caught.value.details]


@pytest.mark.parametrize(
    "params",
    [
        *('{"whole": "5"}', '{"whole": 5.0}', '{"whole": 1e3}', '{"whole": true}'),
        *('{"ratio": "1.5"}', '{"ratio": false}', '{"text": 5}', '{"text": null}'),
        *('{"flag": 1}', '{"flag": "yes"}', '{"moment": 1700000000}', '{"lists": {}}'),
    ],
)
async def test_types_are_not_coerced(params: str) -> None:
    (field,) = json.loads(params)
    assert await faults(serve(Anything), params) == [f"{field} type"]


async def test_validators_speak_in_their_own_words() -> None:
    def refuse(text: str) -> str:
        if text == "a":
            raise AssertionError("is the first letter")
        raise ValueError("must not be said")

    router = serve(create_model("Said", text=Annotated[str, AfterValidator(refuse)]))
    for text, message in (("a", "text: is the first letter"), ("b", "text: must not be said")):
        with pytest.raises(CallError) as caught:
            await router.handle_message("take", {"text": text})
        assert caught.value.details == [{"field": "text", "rule": "value", "message": message}]


async def test_what_the_contract_takes() -> None:
    params = '{"whole": -0, "ratio": 3, "moment": "2031-02-03T04:05:06Z", "amount": "1.10"}'
    taken = await serve(Anything).handle_message("take", params)
    assert (taken["whole"], taken["ratio"], taken["amount"]) == (0, 3.0, "1.10")
    assert (await serve(Anything).handle_message("take", '{"amount": 1.5}'))["amount"] == "1.5"


@pytest.mark.parametrize(
    ("params", "fault"),
    [
        *[(text, " type") for text in ("[]", "1", '"x"', "true")],
        *[(text, " json") for text in ("{", "{}{}", "", "\ufeff{}", "{'a': 1}", '{"a": 1,}')][:2],
        *[(text, " json") for text in ("\ufeff{}", "{'a': 1}", '{"a": 1,}', b"\xff{}", b"{\0}")],
        *[
            (f'{{"any": {text}}}', " json")
            for text in ("NaN", "-Infinity", "1e999", "01", "1" * 5000)
        ],
        ('{"any": "\\ud800"}', " json"),
        ('{"whole": 1, "whole": 2}', "whole json"),
        ('{"any": [0, {"a": {"b": 1, "b": 1}}]}', "any[1].a.b json"),
        ('{"by_name": {"x": {"y": 1, "y": 2}}}', "by_name[x][y] json"),
        ('{"unknown": {"y": 1, "y": 2}}', "unknown.y json"),
        ({"any": float("nan")}, " json"),
        ({"any": object()}, " json"),
        (nested("[", "", "]", MAX_DEPTH), " json"),
        ('{"any": ' + "[" * 100_000, " json"),
        (nested('{"a":', "1", "}", 100_000), " json"),
    ],
)
async def test_what_is_no_json(params: Any, fault: str) -> None:
    assert await faults(serve(Anything), params) == [fault]


async def test_long_keys_around_many_values() -> None:
    items = ",".join(["1"] * 20_000)
    few = f'{{"by_name": {{"{"k" * 60_000}": {{"x": 1}}}}, "lists": [[{items}]]}}'
    assert await serve(Anything).handle_message("take", few)
    many = f'{{"any": {{"{"k" * 60_000}": [{items}]}}}}'
    assert await faults(serve(Anything), many) == [" json"]


async def test_the_deepest_params() -> None:
    deep = nested("[", "", "]", MAX_DEPTH - 1)
    taken = await serve(Anything).handle_message("take", deep)
    assert taken["any"] == json.loads(deep)["any"]


async def test_a_method_without_params_wants_an_object_too() -> None:
    router = MessageRouter(Registry())

    async def nothing() -> None: ...

    router.register_handler("nothing", nothing)
    for params in (None, "", b"", "null", " null ", "{}", '{"more": 1}'):
        assert await router.handle_message("nothing", params) is None
    assert await faults(router, "[]", "nothing") == [" type"]
    assert await faults(router, "rubbish", "nothing") == [" json"]


async def test_long_keys_do_not_make_long_errors() -> None:
    router = serve(Anything)
    params = {"by_name": {"k" * 20_000: {str(n): "x" for n in range(60)}}}
    with pytest.raises(CallError) as caught:
        await router.handle_message("take", params)
    assert 1 <= len(caught.value.details) < 3
    assert len(json.dumps(caught.value.wire())) < 100_000


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False).filter(isfinite),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_strict_json_reads_what_json_is(value: Any) -> None:
    text = json.dumps(value)
    assert decode(text) == decode(text.encode()) == value


@given(st.binary() | st.text())
def test_strict_json_refuses_in_one_way(text: Any) -> None:
    try:
        decode(text)
    except InvalidJSON as error:
        assert str(error)  # noqa: PT017


# The params of conformance/api, which the Go server judges in the conformance tests: the same
# cases, the same fields and rules.


class Colour(Enum):
    RED = "red"
    UNSET = ""


class Level(IntEnum):
    LOW = -1
    HIGH = 3


class OrderLine(BaseModel):
    name: Annotated[str, Field(min_length=1)]
    quantity: Annotated[int, Field(gt=0, le=255)]
    colour: Colour | None = None


class Address(BaseModel):
    city: Annotated[str, Field(min_length=1)]
    zip: Annotated[str, Field(min_length=5, max_length=5, pattern="^[0-9]+$")]


class Order(BaseModel):
    customer: Annotated[str, Field(min_length=2, max_length=20)]
    email: str = ""
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=3)]
    discount: Annotated[int, Field(ge=0, le=50)] | None = None
    address: Address
    remarks: dict[str, Annotated[str, Field(min_length=1)]] = {}
    priority: Literal["low", "high", ""] = ""


Scalars = create_model(
    "Scalars",
    bool=bool,
    text=str,
    **dict.fromkeys(("int", "int8", "int16", "int32", "int64", "uint16"), int),  # type: ignore[call-overload]
    uint=Annotated[int, Field(ge=0)],
    float32=float,
    float64=float,
)


class Named(BaseModel):
    colour: Colour
    colours: list[Colour]
    favourite: Colour | None
    level: Level


class Times(BaseModel):
    at: AwareDatetime
    ended: AwareDatetime
    steps: list[AwareDatetime]
    by_name: dict[str, AwareDatetime]


class Containers(BaseModel):
    by_int: dict[int, str]


class Old(BaseModel):
    x: int
    y: int


MODELS = {
    "orders.place": Order,
    "echo.scalars": Scalars,
    "echo.named": Named,
    "echo.times": Times,
    "echo.containers": Containers,
    "old.echo": Old,
}

# Rules that Pydantic has no name for, or a type of Go's that Python does not have.
GO_ONLY = {
    *("email email", "address.zip numeric", "priority oneof", "address.city required"),
    *("uint8 type", "uint32 type", "int8 type", "by_uint8[256] type", "uint type"),
}
OURS = {"address.city min", "address.zip pattern", "priority enum", "uint gte"}
CASES = [
    case
    for case in json.loads((ROOT / "conformance/cases/params.json").read_text("utf-8"))
    if case.get("method") in MODELS
]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
async def test_faults_are_those_of_the_go_server(case: dict[str, Any]) -> None:
    method = case["method"]
    router = serve(MODELS[method], method)
    expected = case["expect"].get("error")
    if expected is None:
        assert await router.handle_message(method, case["params"])
        return
    want = {f"{fault['field']} {fault['rule']}" for fault in expected["details"]}
    said = await faults(router, case.get("params"), method)
    if case["name"] == "params_missing_deep":
        assert set(said) == want
    else:
        assert set(said) - OURS == want - GO_ONLY


def test_the_shared_cases_are_there() -> None:
    assert len(CASES) >= 10
