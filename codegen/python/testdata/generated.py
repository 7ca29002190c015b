"""Reads and writes generated values of every type, as a contract describes them.

What is read is written again as the same JSON, for each struct and each result, event and
error detail of the contracts whose packages stand beside this file.
"""

from __future__ import annotations

import base64
import datetime
import decimal
import importlib
import json
import re
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pydantic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Type = dict[str, Any]
UTC = datetime.timezone.utc
SPAN = pydantic.TypeAdapter(datetime.timedelta)
ENCODINGS = {"": "", "base64url": "-_", "utf-8": None}

texts = st.text(st.characters(codec="utf-8"), max_size=8)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
zones = st.integers(-23 * 60, 23 * 60).map(lambda m: datetime.timezone(datetime.timedelta(minutes=m)))
moments = st.datetimes(timezones=zones | st.just(UTC))


def iso_span(span: datetime.timedelta) -> str:
    sign, span = ("-", -span) if span < datetime.timedelta() else ("", span)
    hours, rest = divmod(span.seconds, 3600)
    return f"{sign}P{span.days}DT{hours}H{rest // 60}M{rest % 60}.{span.microseconds:06}S"


FORMATS: dict[str, st.SearchStrategy[str]] = {
    "date-time": moments.map(datetime.datetime.isoformat)
    | st.datetimes().map(lambda t: t.isoformat() + "Z"),
    "local-date-time": (moments | st.datetimes()).map(datetime.datetime.isoformat),
    "date": st.dates().map(datetime.date.isoformat),
    "time": st.times().map(datetime.time.isoformat) | st.times().map(lambda t: t.isoformat() + "Z"),
    "duration": st.timedeltas(datetime.timedelta(-10**6), datetime.timedelta(10**6)).map(iso_span),
    "uuid": st.uuids().map(str),
    "decimal": st.decimals(allow_nan=False, allow_infinity=False).map(str)
    | st.integers().map(str),
}

# Strings of these formats are equal if what they say is.
SAID: dict[str, Callable[[str], object]] = {
    "date-time": datetime.datetime.fromisoformat,
    "local-date-time": datetime.datetime.fromisoformat,
    "time": datetime.time.fromisoformat,
    "duration": SPAN.validate_python,
    "uuid": uuid.UUID,
    "decimal": decimal.Decimal,
}


def class_of(models: Any, name: str) -> Any:
    name = name[:1].upper() + name[1:]
    return getattr(models, name, None) or getattr(models, name + "_")


class Contract:
    """A contract, with values of its types and what makes two of them equal."""

    def __init__(self, data: dict[str, Any], models: Any) -> None:
        self.data = data
        self.models = models
        self.types = {t["name"]: t for t in data["types"]}
        self.cached: dict[str, st.SearchStrategy[Any]] = {}
        self.structs: dict[str, type[pydantic.BaseModel]] = {
            t["name"]: class_of(models, t["name"]) for t in data["types"] if t["kind"] == "struct"
        }
        self.read: set[str] = set()
        for part in [*data["methods"], *data.get("channels", []), *data.get("errors", [])]:
            for key in ("result", "item", "event", "details"):
                self.reach(part.get(key))

    def reach(self, t: Any) -> None:
        """Note the types of values that the server sends."""
        if isinstance(t, list):
            for item in t:
                self.reach(item)
        elif isinstance(t, dict):
            if isinstance(t.get("ref"), str) and t["ref"] not in self.read:
                self.read.add(t["ref"])
                self.reach(self.types[t["ref"]])
            for item in t.values():
                self.reach(item)

    # -- values -----------------------------------------------------------------------

    def values(self, t: Type) -> st.SearchStrategy[Any]:
        found = self.bare(t)
        return st.none() | found if t.get("nullable") else found

    def bare(self, t: Type) -> st.SearchStrategy[Any]:
        limits = t.get("constraints", {})
        if "one_of" in limits:
            return st.sampled_from(limits["one_of"])
        match t["kind"]:
            case "bool":
                return self.quoted(t, st.booleans())
            case "integer":
                return self.quoted(t, self.integers(t, limits))
            case "float":
                return self.quoted(t, self.floats(t, limits))
            case "string":
                return self.quoted(t, self.strings(t, limits))
            case "bytes" if t.get("format") == "utf-8":
                return texts
            case "bytes":
                altchars = ENCODINGS[t.get("format", "")]
                return st.binary(max_size=8).map(
                    lambda raw: base64.b64encode(raw, (altchars or "+/").encode()).decode()
                )
            case "any":
                return anything
            case "list":
                return st.lists(
                    self.values(t["elem"]),
                    min_size=limits.get("min_items", 0),
                    max_size=limits.get("max_items", 3),
                    unique_by=(lambda v: json.dumps(v, sort_keys=True)) if limits.get("unique") else None,
                )
            case "tuple":
                return st.tuples(*map(self.values, t["items"])).map(list)
            case "map":
                return st.dictionaries(
                    self.values(t["key"]).map(lambda k: k if isinstance(k, str) else str(k)),
                    self.values(t["elem"]),
                    min_size=limits.get("min_items", 0),
                    max_size=limits.get("max_items", 3),
                )
            case "union":
                return st.one_of(*(self.values({**i, **({"constraints": limits} if limits else {})}) for i in t["items"]))
            case "ref" if limits:
                return self.bare({**self.types[t["ref"]]["base"], "constraints": limits | self.types[t["ref"]]["base"].get("constraints", {})})
            case "ref":
                return st.deferred(lambda: self.named(t["ref"]))
        raise AssertionError(t)

    def named(self, name: str) -> st.SearchStrategy[Any]:
        if name not in self.cached:
            t = self.types[name]
            match t["kind"]:
                case "struct":
                    self.cached[name] = self.struct(t)
                case "enum":
                    known = [v.get("string", v.get("int")) for v in t["values"]]
                    newer = texts if t["base"]["kind"] == "string" else st.integers(-(2**63), 2**63 - 1)
                    self.cached[name] = st.sampled_from(known) | newer
                case "union":
                    self.cached[name] = self.variants(t)
                case "alias":
                    self.cached[name] = self.values(t["base"])
        return self.cached[name]

    def struct(self, t: Type) -> st.SearchStrategy[Any]:
        fields = {f["name"]: self.values(f["type"]) for f in t.get("fields", [])}
        needed = {f["name"] for f in t.get("fields", []) if f.get("required")}
        tags = {u["tag"] for u in self.types.values() for v in u.get("variants", []) if v["ref"] == t["name"]}
        needed |= tags & fields.keys()  # a tag is always sent
        for tag in tags & fields.keys():
            fields[tag] = st.sampled_from(
                [x for u in self.types.values() for v in u.get("variants", []) if (u.get("tag"), v["ref"]) == (tag, t["name"]) for x in v["values"]]
            )
        # Half of the time an optional field is absent, so that what is recursive ends.
        found: st.SearchStrategy[Any] = st.fixed_dictionaries(
            {k: v for k, v in fields.items() if k in needed},
            optional={k: v for k, v in fields.items() if k not in needed},
        )
        if "extra" in t:
            names = (texts | st.sampled_from(["class_", "copy_", "self", "model_config", "__dict__"])).filter(
                lambda k: k not in fields and k not in tags
            )
            extra = st.dictionaries(names, self.values(t["extra"]), max_size=3)
            found = st.tuples(found, extra).map(lambda both: {**both[1], **both[0]})
        return found

    def variants(self, t: Type) -> st.SearchStrategy[Any]:
        tag = t["tag"]
        known = [
            st.tuples(self.named_later(v["ref"]), st.sampled_from(v["values"])).map(
                lambda both: {**both[0], tag: both[1]}
            )
            for v in t["variants"]
        ]
        if t["name"] not in self.read:
            return st.one_of(*known)
        taken = {x for v in t["variants"] for x in v["values"]}
        newer = st.dictionaries(texts, anything, max_size=3)
        return st.one_of(
            *known,
            st.tuples(newer, texts.filter(lambda x: x not in taken)).map(lambda b: {**b[0], tag: b[1]}),
        )

    def named_later(self, name: str) -> st.SearchStrategy[Any]:
        return st.deferred(lambda: self.named(name))

    def quoted(self, t: Type, found: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return found.map(json.dumps) if t.get("quoted") else found

    def integers(self, t: Type, limits: Type) -> st.SearchStrategy[int]:
        bits = t.get("bits", 0) or 200
        low, high = (0, 2**bits - 1) if t.get("unsigned") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        low = max([low, *(int(limits[k]) + d for k, d in (("minimum", 0), ("exclusive_minimum", 1)) if k in limits)])
        high = min([high, *(int(limits[k]) - d for k, d in (("maximum", 0), ("exclusive_maximum", 1)) if k in limits)])
        step = limits.get("multiple_of", 1)
        if t.get("format") == "nanoseconds":
            step = 1000  # what a timedelta holds
        return st.integers(-(-low // step), high // step).map(lambda n: n * step)

    def floats(self, t: Type, limits: Type) -> st.SearchStrategy[Any]:
        low, high = limits.get("minimum", limits.get("exclusive_minimum")), limits.get("maximum", limits.get("exclusive_maximum"))
        if "multiple_of" in limits:
            step = limits["multiple_of"]
            numbers = [n * step for n in range(-100, 100) if low < n * step < high]
            return st.sampled_from(numbers)
        found = st.floats(
            low, high, allow_nan=False, allow_infinity=False,
            exclude_min="exclusive_minimum" in limits, exclude_max="exclusive_maximum" in limits,
        )  # fmt: skip
        if t.get("bits") or limits:
            return found
        return found | st.integers()

    def strings(self, t: Type, limits: Type) -> st.SearchStrategy[str]:
        if t.get("format") == "decimal" and limits:
            low, high = limits.get("minimum", limits.get("exclusive_minimum")), limits.get("maximum")
            low = None if low is None else decimal.Decimal(str(low)) + decimal.Decimal("0.125")
            return st.decimals(low, high, allow_nan=False, allow_infinity=False, places=3).map(str)
        if t.get("format") in FORMATS:
            return FORMATS[t["format"]]
        low, high = limits.get("min_length", 0), limits.get("max_length", 12)
        found = st.text(st.characters(codec="utf-8"), min_size=low, max_size=high)
        if limits.get("pattern"):
            try:
                pattern = re.compile(limits["pattern"], re.ASCII)
            except re.error:
                return found
            found = st.from_regex(pattern).filter(
                lambda s: "\n" not in s and low <= len(s) <= high and pattern.search(s) is not None
            )
        return found

    # -- equality ---------------------------------------------------------------------

    def equal(self, t: Type, a: Any, b: Any) -> bool:
        """Whether two JSON values say the same."""
        if a is None or b is None:
            return a is b
        if t["kind"] == "ref":
            return self.equal_named(self.types[t["ref"]], a, b)
        if t.get("quoted"):
            return type(a) is type(b) is str and self.equal({**t, "quoted": False}, json.loads(a), json.loads(b))
        match t["kind"]:
            case "bool" | "any" | "integer":
                return same_json(a, b)
            case "float":
                return type(a) is not bool and type(b) is not bool and bool(a == b)
            case "string":
                said = SAID.get(t.get("format", ""), str)
                return type(a) is type(b) is str and said(a) == said(b)
            case "bytes":
                return bool(a == b)
            case "list":
                return len(a) == len(b) and all(self.equal(t["elem"], x, y) for x, y in zip(a, b))
            case "tuple":
                return len(a) == len(b) == len(t["items"]) and all(map(self.equal, t["items"], a, b))
            case "map":
                return self.equal_map(t, a, b)
            case "union":
                return self.equal_union(t, a, b)
        raise AssertionError(t)

    def equal_map(self, t: Type, a: Any, b: Any) -> bool:
        # Two keys that say the same become one, the last; so they are no test.
        if len(a) != len(b):
            keys = [k for i, k in enumerate(a) if not any(self.equal_key(t, k, o) for o in list(a)[i + 1 :])]
            return len(keys) == len(b)
        pairs = [(k, o) for k in a for o in b if self.equal_key(t, k, o)]
        return len(pairs) >= len(a) and all(
            any(k == p and self.equal(t["elem"], a[k], b[o]) for p, o in pairs) for k in a
        )

    def equal_key(self, t: Type, a: str, b: str) -> bool:
        key = t["key"]
        if key["kind"] == "ref":
            return a == b
        return self.equal(key, *((json.loads(k) if key["kind"] == "integer" else k) for k in (a, b)))

    def equal_union(self, t: Type, a: Any, b: Any) -> bool:
        kinds = sorted(f"{i['kind']} {i.get('format')}" for i in t["items"])
        if kinds == ["float None", "string decimal"]:  # always sent as a string
            return isinstance(b, str) and decimal.Decimal(str(a)) == decimal.Decimal(b)
        return same_json(a, b) or any(self.tried(item, a, b) for item in t["items"])

    def tried(self, t: Type, a: Any, b: Any) -> bool:
        try:
            return self.equal(t, a, b)
        except (TypeError, ValueError, AttributeError, KeyError, ArithmeticError):
            return False

    def equal_named(self, t: Type, a: Any, b: Any) -> bool:
        match t["kind"]:
            case "alias":
                return self.equal(t["base"], a, b)
            case "enum":
                return same_json(a, b)
            case "union":
                if a.get(t["tag"]) != b.get(t["tag"]):
                    return False
                for v in t["variants"]:
                    if a[t["tag"]] in v["values"]:
                        return self.equal_struct(self.types[v["ref"]], a, b, t["tag"])
                return same_json(a, b)
        return self.equal_struct(t, a, b)

    def equal_struct(self, t: Type, a: Any, b: Any, tag: str | None = None) -> bool:
        fields = {f["name"]: f["type"] for f in t.get("fields", [])}
        if tag is not None:
            fields.setdefault(tag, {"kind": "string"})
        other = t.get("extra", {"kind": "any"})
        return bool(a.keys() == b.keys()) and all(self.equal(fields.get(k, other), a[k], b[k]) for k in a)


def same_json(a: Any, b: Any) -> bool:
    """JSON's equality: 1 is 1.0, and no true."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same_json(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same_json, a, b))
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def check(contract: Contract, name: str, t: Type, adapter: pydantic.TypeAdapter[Any], examples: int) -> None:
    context = getattr(contract.models, "_FROM_WIRE", None)

    @settings(
        max_examples=examples, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(contract.values(t))
    def round_trip(data: Any) -> None:
        read = adapter.validate_python(data, by_alias=True, by_name=False, context=context)
        written = adapter.dump_python(read, mode="json", by_alias=True, exclude_unset=True)
        assert contract.equal(t, data, written), (name, data, written)
        json.dumps(written, allow_nan=False)
        text = json.dumps(data)
        read = adapter.validate_json(text, by_alias=True, by_name=False)
        written = json.loads(adapter.dump_json(read, by_alias=True, exclude_unset=True))
        assert contract.equal(t, data, written), (name, data, written)

    round_trip()


def main(names: list[str]) -> None:
    total = 0
    for name in names:
        data = json.loads(Path(f"{name}.json").read_text("utf-8"))
        models = importlib.import_module(f"{name}_client.models")
        client = importlib.import_module(f"{name}_client.client")
        contract = Contract(data, models)
        for struct, model in contract.structs.items():
            check(contract, struct, {"kind": "ref", "ref": struct}, pydantic.TypeAdapter(model), 40)
            total += 1
        for adapter, t in results(data, client, models):
            check(contract, adapter, t, getattr(client, adapter), 20)
            total += 1
    print(total)


def results(data: Any, client: Any, models: Any) -> list[tuple[str, Type]]:
    """The adapters of a client, with the types that they read."""
    found = []
    for kind, part, key in (
        *(("RESULT", m, "result") for m in data["methods"]),
        *(("ITEM", m, "item") for m in data["methods"]),
        *(("EVENT", c, "event") for c in data.get("channels", [])),
    ):
        if key in part:
            words = re.findall("[a-z]+|[0-9]+", part["name"].partition("{")[0])
            name = f"_{'SUBSCRIBE_' * (kind == 'EVENT')}{'_'.join(words).upper()}_{kind}"
            if hasattr(client, name):
                found.append((name, part[key]))
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
