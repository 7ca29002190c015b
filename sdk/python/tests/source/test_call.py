"""Registry.call: params read, handlers run, results and errors as callers get them."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator
from typing_extensions import TypedDict

from centrirpc import CallError, Conn, Registry, declare_error, websocket_rpc

from ..conftest import vectors


class Color(Enum):
    RED = "red"


class Circle(BaseModel):
    kind: Literal["circle"]
    radius: float


class Square(BaseModel):
    kind: Literal["square"]
    side: int


class Person(BaseModel):
    name: str = Field(min_length=1)


class Cash(BaseModel):
    method: Literal["cash"] = Field(alias="m")


class Card(BaseModel):
    method: Literal["card"] = Field(alias="m")


def choose(value: Any) -> Any:
    return value.get("kind") if isinstance(value, dict) else value.kind


class Everything(BaseModel):
    model_config = ConfigDict(extra="forbid")

    number: Annotated[int, Field(ge=1, lt=10, multiple_of=3)] = 3
    people: list[Person] = []
    by_name: dict[str, Person] = {}
    by_number: dict[int, Person] = {}
    shape: Annotated[Circle | Square, Field(discriminator="kind")] | None = None
    paid: Annotated[Cash | Card, Field(discriminator="method")] | None = None
    chosen: Annotated[
        Annotated[Circle, Tag("circle")] | Annotated[Square, Tag("square")], Discriminator(choose)
    ] = Square(kind="square", side=1)
    either: Person | list[int] | None = None
    pair: tuple[int, Person] | None = None
    color: Color = Color.RED
    when: datetime | None = None
    wire_name: str = Field("", alias="wireName", pattern="^[a-z]*$", max_length=3)
    even: int = 0

    @field_validator("even")
    @classmethod
    def check_even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even")
        return value


@pytest.mark.parametrize(
    ("params", "faults"),
    [
        ({"number": 0}, ["number gte"]),
        ({"number": 12}, ["number lt"]),
        ({"number": 4}, ["number multiple_of"]),
        ({"number": "x"}, ["number type"]),
        ({"number": None, "color": "blue"}, ["number type", "color enum"]),
        ({"people": [{"name": "a"}, {}]}, ["people[1].name required"]),
        ({"people": [{"name": ""}]}, ["people[0].name min"]),
        ({"people": {}}, ["people type"]),
        ({"by_name": {"a.b": {}}}, ["by_name[a.b].name required"]),
        ({"by_number": {"7": {"name": 7}}}, ["by_number[7].name type"]),
        ({"by_number": {"x": {"name": "a"}}}, ["by_number[x] type"]),
        ({"shape": {"kind": "circle"}}, ["shape.radius required"]),
        ({"shape": {"kind": "circle", "radius": "x", "circle": 1}}, ["shape.radius type"]),
        ({"shape": {"kind": "oval"}}, ["shape.kind enum"]),
        ({"shape": {}}, ["shape.kind required"]),
        ({"paid": {"m": "gold"}}, ["paid.m enum"]),
        ({"paid": {}}, ["paid.m required"]),
        ({"chosen": {"kind": "oval"}}, ["chosen enum"]),
        ({"either": {}}, ["either.name required", "either type"]),
        ({"either": ["x"]}, ["either type", "either[0] type"]),
        ({"pair": [1, {}]}, ["pair[1].name required"]),
        ({"pair": [1]}, ["pair[1] required"]),
        ({"when": "tomorrow"}, ["when type"]),
        ({"wireName": "abcd"}, ["wireName max"]),
        ({"wireName": "A"}, ["wireName pattern"]),
        ({"wire_name": "a"}, ["wire_name unknown"]),
        ({"even": 1}, ["even value"]),
        ([], [" type"]),
        ("{", [" json"]),
        (b'{"number": 1', [" json"]),
    ],
)
async def test_faults(registry: Registry, params: Any, faults: list[str]) -> None:
    @websocket_rpc("check", registry=registry)
    async def check(params: Everything) -> None:
        raise AssertionError("it ran")

    with pytest.raises(CallError) as caught:
        await registry.call("check", params)
    error = caught.value.wire()
    assert (error["code"], error["reason"]) == (400, "invalid_params")
    assert [f"{fault['field']} {fault['rule']}" for fault in error["details"]] == faults
    for fault in error["details"]:
        assert set(fault) == {"field", "rule", "message"}
        assert fault["message"].startswith(fault["field"] or "the params")
    more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
    assert error["message"] == error["details"][0]["message"] + more
    json.dumps(error, allow_nan=False)


async def test_many_faults_are_cut(registry: Registry) -> None:
    @websocket_rpc("check", registry=registry)
    async def check(params: Everything) -> None: ...

    with pytest.raises(CallError) as caught:
        await registry.call("check", {"people": [{}] * 1000})
    assert len(caught.value.details) == 64


class Report(BaseModel):
    made: datetime
    color: Color
    wire_name: str = Field(serialization_alias="wireName")


async def test_a_result_is_written_as_json(registry: Registry) -> None:
    seen = []

    @websocket_rpc("report", registry=registry)
    async def report(conn: Conn, params: Everything) -> list[Report]:
        seen.append((conn.user_id, params.when))
        assert params.when is not None
        return [Report(made=params.when, color=Color.RED, wire_name="x")]

    params = {"when": "2031-02-03T04:05:06Z"}
    want = [{"made": "2031-02-03T04:05:06Z", "color": "red", "wireName": "x"}]
    for given in (params, json.dumps(params), json.dumps(params).encode()):
        assert await registry.call("report", given, Conn("ann")) == want
    assert seen == [("ann", datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC))] * 3


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)

    when: datetime
    pair: tuple[int, int]


async def test_params_are_read_as_json_also_by_strict_models(registry: Registry) -> None:
    @websocket_rpc("strict", registry=registry)
    async def strict(params: Strict) -> int:
        return sum(params.pair)

    assert await registry.call("strict", {"when": "2031-02-03T04:05:06Z", "pair": [1, 2]}) == 3


class Settings(TypedDict, total=False):
    dark: bool


async def test_no_params(registry: Registry) -> None:
    @websocket_rpc("nothing", registry=registry)
    async def nothing() -> None: ...

    @websocket_rpc("settings", registry=registry)
    async def settings(params: Settings) -> Settings:
        return params

    given: Any
    for given in (None, {}, "", b"null"):
        assert await registry.call("nothing", given) is None
        assert await registry.call("settings", given) == {}
    assert await registry.call("nothing", {"more": 1}) is None


class Quota(BaseModel):
    limit: int


QuotaExceeded = declare_error(1001, "quota_exceeded", "No more tasks.", details=Quota)
Closed = declare_error(1002, "closed")


@pytest.mark.parametrize(
    ("raised", "wire"),
    [
        (
            QuotaExceeded("You have 10.", Quota(limit=10)),
            {
                "code": 1001,
                "reason": "quota_exceeded",
                "message": "You have 10.",
                "details": {"limit": 10},
            },
        ),
        (QuotaExceeded, {"code": 1001, "reason": "quota_exceeded", "message": "No more tasks."}),
        (Closed("Later."), {"code": 1002, "reason": "closed", "message": "Later."}),
        (CallError(404, "Gone."), {"code": 404, "reason": "not_found", "message": "Gone."}),
        (ValueError("secret"), {"code": 500, "reason": "internal", "message": "internal error"}),
        (TimeoutError("secret"), {"code": 500, "reason": "internal", "message": "internal error"}),
    ],
)
async def test_errors_of_handlers(
    registry: Registry, raised: Exception, wire: dict[str, Any]
) -> None:
    @websocket_rpc("fail", registry=registry, errors=(QuotaExceeded, Closed), timeout=60)
    async def fail() -> None:
        raise raised

    with pytest.raises(CallError) as caught:
        await registry.call("fail", {})
    assert caught.value.wire() == wire
    assert caught.value.wire() == wire


def test_details_of_another_type_stay_here(caplog: pytest.LogCaptureFixture) -> None:
    error = QuotaExceeded("No.", {"limit": "many"})  # type: ignore[arg-type]
    assert "details" not in error.wire()
    assert "quota_exceeded" in caplog.text


def test_reasons_of_the_protocol() -> None:
    for code in vectors("codes"):
        assert CallError(code["code"], "").reason == code["reason"]


@pytest.mark.parametrize("wrong", ["x", {"limit": "x"}, Person(name="a"), float("nan"), None])
async def test_a_result_of_another_type_is_internal(
    registry: Registry, wrong: Any, caplog: pytest.LogCaptureFixture
) -> None:
    @websocket_rpc("quota", registry=registry)
    async def quota() -> Quota:
        return wrong  # type: ignore[no-any-return]

    @websocket_rpc("ratio", registry=registry)
    async def ratio() -> float:
        return float("nan")

    @websocket_rpc("any", registry=registry)
    async def anything() -> Any:
        return {"x": [object()]}

    for method in ("quota", "ratio", "any"):
        with pytest.raises(CallError) as caught:
            await registry.call(method, {})
        assert caught.value.code == 500
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


async def test_unknown_method(registry: Registry) -> None:
    with pytest.raises(CallError) as caught:
        await registry.call("nope", {})
    assert caught.value.wire()["reason"] == "method_not_found"


async def test_timeout_and_cancelling(registry: Registry) -> None:
    ended = []

    @websocket_rpc("wait", registry=registry, timeout=0.01)
    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(True)
            raise

    with pytest.raises(CallError) as caught:
        await registry.call("wait", {})
    assert (caught.value.code, ended) == (504, [True])

    @websocket_rpc("wait.on", registry=registry)
    async def wait_on() -> None:
        started.set()
        await wait()

    started = asyncio.Event()
    task = asyncio.create_task(registry.call("wait.on", {}))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True, True]


def test_declared_errors_are_exceptions() -> None:
    with pytest.raises(QuotaExceeded) as caught:
        raise QuotaExceeded("No.", Quota(limit=1))
    assert caught.value.details == Quota(limit=1)
    assert str(caught.value) == "quota_exceeded (1001): No."
    assert (QuotaExceeded.__name__, QuotaExceeded.__module__) == ("QuotaExceeded", __name__)
    assert QuotaExceeded.__doc__ == "No more tasks."
