"""The Pydantic side of the test: makes values, answers calls, and judges what came back.

    python source.py SEED COUNT

Takes a JSON object a line, {"do": "values"}, {"do": "call"} or {"do": "judge"}, and answers
each with a line of JSON.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import sys
import warnings
from datetime import timedelta
from typing import Any

import scalars
import shapes
from centrirpc import CallError, Conn
from centrirpc.source import default_registry
from handlers import ECHOED, GIVEN, VALUES
from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError
from values import INT64, SAFE, values_of

Json = Any


class Case:
    """A value, and the JSON that it is in each direction."""

    def __init__(self, number: int, method: str, value: Any) -> None:
        self.method = method
        self.value = value
        self.echoed = method in ECHOED
        self.adapter = TypeAdapter[Any](ECHOED.get(method) or GIVEN[method])
        self.params = json.dumps({"number": number})
        if self.echoed:
            self.params = accepted(value)
        self.result = json.dumps(self.adapter.dump_python(value, mode="json", by_alias=True))

    def holds(self) -> bool:
        """Whether Pydantic itself reads what it writes as the same value."""
        return not self.faults(self.params, self.result, self.result)

    def faults(self, sent: str, answered: str, result: str) -> list[str]:
        """What is wrong with the params as they were sent, and with the result as the client
        read and wrote it."""
        found = different(json.loads(self.params), json.loads(sent), "params")
        found += different(json.loads(answered), json.loads(result), "result")
        if self.echoed:
            found += self.reread(sent, "params")
        if not isinstance(self.value, shapes.TwoAliases):  # whose result is not its params
            found += self.reread(result, "result")
        elif json.loads(self.result) != json.loads(result):
            found.append("result: it is another")
        return found

    def reread(self, text: str, side: str) -> list[str]:
        try:
            return changed(self.value, self.adapter.validate_json(text), side)
        except ValidationError as error:
            return [f"{side}: Pydantic refuses it: {error}"]


def accepted(value: BaseModel) -> str:
    """A value as params: what is unset is absent, and some is sent in another form."""
    text = value.model_dump_json(by_alias=True, exclude_unset=True, exclude_computed_fields=True)
    if isinstance(value, shapes.TwoAliases):
        return text.replace('"twoOut"', '"twoIn"').replace('"itemOut"', '"itemIn"')
    if isinstance(value, scalars.Seconds):
        return json.dumps({"period": TypeAdapter(timedelta).dump_python(value.period, mode="json")})
    return text


def different(a: Json, b: Json, at: str) -> list[str]:
    """Where two values of JSON differ; the content of texts is left to Pydantic."""
    if isinstance(a, dict) and isinstance(b, dict):
        lost = [f"{at}: {key!r} is lost" for key in a.keys() - b.keys()]
        lost += [f"{at}: {key!r} is added" for key in b.keys() - a.keys()]
        return lost + [
            f for key in a.keys() & b.keys() for f in different(a[key], b[key], f"{at}.{key}")
        ]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [
            f
            for n, (x, y) in enumerate(zip(a, b, strict=True))
            for f in different(x, y, f"{at}[{n}]")
        ]
    if isinstance(a, str) and isinstance(b, str):
        return []
    alike = (type(a) is type(b) and a == b) or same_number(a, b)
    return [] if alike else [f"{at}: {a!r} became {b!r}"]


def same_number(a: Any, b: Any) -> bool:
    """Whether it is one number, where JSON does not tell 1.0 from 1."""
    return {type(a), type(b)} == {int, float} and float(a) == float(b)


def changed(a: Any, b: Any, at: str) -> list[str]:
    """Where two values differ, types, offsets and digits included."""
    if type(a) is not type(b):
        return [] if same_number(a, b) else [f"{at}: {a!r} became {b!r}"]
    if isinstance(a, BaseModel):
        found = changed(a.__dict__, b.__dict__, at)
        found += changed(a.__pydantic_extra__, b.__pydantic_extra__, at)
        if at.startswith("params") and not isinstance(a, RootModel):
            found += changed(a.model_fields_set, b.model_fields_set, at + ".model_fields_set")
        return found
    if dataclasses.is_dataclass(a):
        return changed(a.__dict__, b.__dict__, at)
    if isinstance(a, dict):
        if a.keys() != b.keys():
            return [f"{at}: the keys {[*a]!r} became {[*b]!r}"]
        return [f for key in a for f in changed(a[key], b[key], f"{at}.{key}")]
    if isinstance(a, list | tuple) and len(a) == len(b):
        return [
            f
            for n, (x, y) in enumerate(zip(a, b, strict=True))
            for f in changed(x, y, f"{at}[{n}]")
        ]
    offsets = hasattr(a, "utcoffset") and a.utcoffset() != b.utcoffset()
    digits = hasattr(a, "as_tuple") and a.as_tuple() != b.as_tuple()
    return [f"{at}: {a!r} became {b!r}"] if a != b or offsets or digits else []


INHERITED = ["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty"]


def literal(value: Json) -> str:
    """JSON as an expression of TypeScript; empty where the compiler takes a key for the member
    that every object inherits, and its type for the value's."""
    text = json.dumps(value)
    return "" if any(f'"{name}":' in text for name in INHERITED) else text


def make(start: int, count: int) -> tuple[list[Case], int]:
    """Cases of each method, and how many values were left out."""
    cases: list[Case] = []
    left_out = 0
    reaches = ((SAFE, count), (INT64, count // 4), (10**40, count // 4))
    for method, of in {**ECHOED, **GIVEN}.items():
        for reach, wanted in reaches:
            for value in values_of(of, wanted, reach, start):
                VALUES.append(value)
                case = Case(len(cases), method, value)
                if case.holds():
                    cases.append(case)
                else:
                    left_out += 1
                    VALUES.pop()
    return cases, left_out


def described(case: Case) -> dict[str, Any]:
    sides = [json.loads(text) for text in (case.params, case.result)]
    furthest = max(map(reach, sides))
    holders = ["python"] + ["go"] * (furthest <= INT64) + ["typescript"] * (furthest <= SAFE)
    literals = [literal(side) for side in sides]
    return {"method": case.method, "params": case.params, "holders": holders, "literals": literals}


def reach(value: Json) -> int:
    """How far from zero the integers are."""
    if isinstance(value, dict | list):
        return max(map(reach, value.values() if isinstance(value, dict) else value), default=0)
    return abs(value) if isinstance(value, int) else 0


async def call(method: str, params: str) -> dict[str, Any]:
    try:
        return {"result": await default_registry.call(method, params, Conn("456"))}
    except CallError as error:
        return {"error": f"{error} {json.dumps(error.details)}"}


def main(start: int, count: int) -> None:
    warnings.simplefilter("ignore")  # a deprecated field, and a field that shadows a member
    cases, left_out = make(start, count)
    for line in sys.stdin:
        asked = json.loads(line)
        match asked["do"]:
            case "values":
                answer: Any = {"cases": [described(c) for c in cases], "left_out": left_out}
            case "call":
                answer = asyncio.run(call(asked["method"], asked["params"]))
            case "judge":
                answer = cases[asked["number"]].faults(
                    asked["sent"], asked["answered"], asked["result"]
                )
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
