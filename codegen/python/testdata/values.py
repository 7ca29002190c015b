"""Uses the generated packages as an application would: type-checked, then run."""

from __future__ import annotations

import asyncio
import copy
import datetime
import inspect
import json
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import pydantic

import aliases_client
import names_client
import texts_client
import zoo_client
from tasks_client import Status, Task, TaskCreateParams
from zoo_client import APIClient, CentrifugoRPCClient, InvalidReplyError, NotConnectedError
from zoo_client.client import _write

ERRORS = {1001: zoo_client.QuotaExceededError}
LEAF = {"name": "leaf"}
NOON = datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone.utc)


def same(model: type[pydantic.BaseModel], data: dict[str, Any]) -> None:
    """JSON that is read and written again is the same JSON."""
    for value in (model.model_validate(data), model.model_validate_json(json.dumps(data))):
        assert _write(value) == data, (_write(value), data)
        assert json.loads(json.dumps(_write(value), allow_nan=False)) == data
        text = value.model_dump_json(by_alias=True, exclude_unset=True)
        assert json.loads(text) == data, (text, data)


def refused(model: type[pydantic.BaseModel], data: dict[str, Any], *where: str | int) -> None:
    try:
        model.model_validate(data)
    except pydantic.ValidationError as error:
        assert error.errors()[0]["loc"] == where, error
    else:
        raise AssertionError(f"{model.__name__} took {data}")


EVERYTHING: dict[str, Any] = {
    "b": True,
    "s": "é\u2028\U0001f600\x00",
    "i8": -128,
    "i16": 32767,
    "i32": -(2**31),
    "i64": 2**63 - 1,
    "u8": 255,
    "u16": 0,
    "u32": 2**32 - 1,
    "u64": 2**64 - 1,
    "f32": 1.5,
    "f64": 1e300,
    "when": "2026-01-31T12:00:00.123456Z",
    "raw": "+/+/AA==",
    "any": {"x": [1, None, "y"]},
    "list": [],
    "list_of_nullable": ["a", None],
    "matrix": [[1.5], []],
    "map": {"a": 1},
    "int_map": {"-1": "x"},
    "map_of_lists": {"k": [LEAF]},
    "leaf": LEAF,
    "level": 10,
    "colour": 'dark "blue" \\ */',
    "alias": "u1",
    "alias_list": ["u1", "u2"],
}


def everything() -> None:
    same(zoo_client.Everything, EVERYTHING)
    value = zoo_client.Everything.model_validate(EVERYTHING)
    assert value.raw == b"\xfb\xff\xbf\x00"
    assert value.when.utcoffset() == datetime.timedelta(0)
    assert value.level is zoo_client.Level.HIGH
    assert value.colour is zoo_client.Colour.DARK_BLUE
    assert value.int_map == {-1: "x"}
    for name in EVERYTHING:
        refused(zoo_client.Everything, {k: v for k, v in EVERYTHING.items() if k != name}, name)
        if name != "any":
            refused(zoo_client.Everything, {**EVERYTHING, name: None}, name)
    for name, bits in (("8", 8), ("16", 16), ("32", 32), ("64", 64)):
        for key, low, high in (
            (f"i{name}", -(2 ** (bits - 1)), 2 ** (bits - 1) - 1),
            (f"u{name}", 0, 2**bits - 1),
        ):
            same(zoo_client.Everything, {**EVERYTHING, key: low})
            same(zoo_client.Everything, {**EVERYTHING, key: high})
            refused(zoo_client.Everything, {**EVERYTHING, key: low - 1}, key)
            refused(zoo_client.Everything, {**EVERYTHING, key: high + 1}, key)
    refused(zoo_client.Everything, {**EVERYTHING, "f64": float("nan")}, "f64")
    refused(zoo_client.Everything, {**EVERYTHING, "f32": float("inf")}, "f32")
    refused(zoo_client.Everything, {**EVERYTHING, "when": "2026-01-31T12:00:00"}, "when")
    refused(zoo_client.Everything, {**EVERYTHING, "raw": "not base64!"}, "raw")
    refused(zoo_client.Everything, {**EVERYTHING, "raw": "-_-_AA=="}, "raw")
    refused(zoo_client.Everything, {**EVERYTHING, "level": "high"}, "level")
    refused(zoo_client.Everything, {**EVERYTHING, "level": 2.5}, "level")
    refused(zoo_client.Everything, {**EVERYTHING, "colour": 2}, "colour")
    same(zoo_client.Everything, {**EVERYTHING, "when": "2026-01-31T12:00:00+02:00"})


def open_enums() -> None:
    """A value that a newer server added is read, written, compared and copied as any other."""
    data = {**EVERYTHING, "level": 2, "colour": "mauve"}
    same(zoo_client.Everything, data)
    value = zoo_client.Everything.model_validate(data)
    level: zoo_client.Level = value.level
    colour: zoo_client.Colour = value.colour
    assert isinstance(level, zoo_client.Level)
    assert isinstance(colour, zoo_client.Colour)
    assert (level, colour, f"{level} {colour}") == (2, "mauve", "2 mauve")
    assert level == zoo_client.Level(2) != zoo_client.Level.LOW < level
    assert {colour: 1}[zoo_client.Colour("mauve")] == 1
    assert repr(colour) == "<Colour.unknown 'mauve': 'mauve'>"
    assert repr(level) == "<Level.unknown 2: 2>"
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == value
    assert level not in list(zoo_client.Level)
    assert len(list(zoo_client.Colour)) == len(zoo_client.Colour.__members__) == 5
    keys = pydantic.TypeAdapter(dict[zoo_client.Level, zoo_client.Colour])
    for text in ('{"10":"red","2":"mauve"}', '{"-3":""}'):
        assert keys.dump_json(keys.validate_json(text)).decode() == text
        assert keys.validate_python(json.loads(text)) == keys.validate_json(text)
    levels: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(zoo_client.Level)
    colours: pydantic.TypeAdapter[Any] = pydantic.TypeAdapter(zoo_client.Colour)
    assert levels.validate_python(2.0) == 2
    assert levels.validate_python("10") is zoo_client.Level.HIGH
    for adapter, values in ((levels, (None, "x", 1.5)), (colours, (None, True, 1))):
        for wrong in values:
            try:
                found = adapter.validate_python(wrong)
            except pydantic.ValidationError:
                continue
            raise AssertionError(f"{wrong!r} is read as {found!r}")


PRESENT: dict[str, Any] = {
    "required": "r",
    "nullable": None,
    "required_leaf": LEAF,
    "nullable_leaf": None,
    "nullable_bytes": None,
    "nullable_enum": None,
}


def presence() -> None:
    """Unset is absent; None is sent where null is allowed, and nowhere else."""
    same(zoo_client.Presence, PRESENT)
    for name in PRESENT:
        refused(zoo_client.Presence, {k: v for k, v in PRESENT.items() if k != name}, name)
    same(zoo_client.Presence, {**PRESENT, "nullable": "n", "nullable_leaf": LEAF})
    same(zoo_client.Presence, {**PRESENT, "nullable_bytes": "AA==", "nullable_enum": ""})
    same(
        zoo_client.Presence,
        {
            **PRESENT,
            "optional": "",
            "optional_nullable": None,
            "optional_leaf": LEAF,
            "optional_nullable_leaf": None,
            "optional_list": [],
            "optional_map": {},
            "optional_when": "2026-01-31T12:00:00Z",
            "optional_bytes": "",
            "optional_bool": False,
            "optional_int": 0,
            "optional_enum": "red",
        },
    )
    value = zoo_client.Presence(
        required="r",
        nullable=None,
        required_leaf=zoo_client.Leaf(name="leaf"),
        nullable_leaf=None,
        nullable_bytes=None,
        nullable_enum=None,
        optional=None,
        optional_nullable=None,
        optional_leaf=None,
        optional_list=None,
        optional_bytes=None,
    )
    assert _write(value) == {**PRESENT, "optional_nullable": None}
    value.optional_int = 3
    value.optional_when = NOON
    value.optional = "x"
    assert _write(value) == {
        **PRESENT,
        "optional_nullable": None,
        "optional_int": 3,
        "optional_when": "2026-01-31T12:00:00Z",
        "optional": "x",
    }
    value.optional_int = value.optional_when = value.optional = None
    assert _write(value) == {**PRESENT, "optional_nullable": None}


def recursion() -> None:
    tree = {
        "value": "root",
        "left": {"value": "l", "left": None, "children": []},
        "right": {"value": "r", "left": None, "children": []},
        "children": [{"value": "c", "left": None, "children": []}],
    }
    same(zoo_client.Node, tree)
    refused(zoo_client.Node, {**tree, "children": [{"value": 1}]}, "children", 0, "value")
    same(zoo_client.Ping, {"pong": {"ping": {"pong": {"ping": None}}}})
    same(zoo_client.Ping, {})
    same(zoo_client.PageLeaf, {"items": [LEAF]})
    same(zoo_client.Empty, {})
    assert _write(zoo_client.Empty.model_validate({"newer": 1})) == {}


def hostile_names() -> None:
    names = [field.serialization_alias or name for name, field in zoo_client.Hostile.model_fields.items()]
    assert names[:5] == ["class", "x-y", "1st", "_id", "model_dump"]
    same(zoo_client.Hostile, {name: name for name in names})
    assert "class_" in zoo_client.Hostile.model_fields
    assert "été" in zoo_client.Hostile.model_fields
    shadows = {
        "str": "s", "int": 1, "list": ["l"], "bool": True, "dict": {"k": "v"}, "float": 0.5,
        "bytes": "AAE=", "Field": {}, "datetime": "2026-01-31T12:00:00Z", "_id": "1", "id": "2",
        "__class__": "3", "self": "4", "cls": "5", "data": "6", "model_name": "7",
        "model_fields_set": "8", "x_": "9", "import": "10", "match": "11", "type": "12",
        "名前": "13", "\ufb01t": "14", "e\u0301": "15", "a.b.c": "16", "a": "17", 'a"b': "18",
        "line\nbreak": "19", "{x}": "20", "None": {"None": "21"},
    }  # fmt: skip
    same(names_client.Shadows, shadows)
    same(names_client.Shadows, {**shadows, "Shadows": shadows, "validate": "v", "__init__": "i"})
    same(names_client.List, {"list": [{"list": []}]})
    by_name = names_client.None_(None__="x")
    assert _write(by_name) == {"None": "x"}
    assert by_name == names_client.None_.model_validate({"None": "x"})
    assert names_client.StrEnum.VALUE_1_ST.value == '\x00"\\'
    assert names_client.StrEnum("name") is names_client.StrEnum.NAME


def aliases() -> None:
    holder: dict[str, Any] = {
        "a": [1, None],
        "deep": {"x": {"y": None, "z": {}}},
        "when": ["2026-01-31T12:00:00Z"],
    }
    same(aliases_client.Holder, holder)
    same(aliases_client.Holder, {**holder, "tree": [[], [[]]], "maybe": None, "back": [holder]})
    refused(aliases_client.Holder, {**holder, "a": [256]}, "a", 0)
    holder_model = aliases_client.Holder.model_validate(holder)
    holder_model.maybe = holder_model.sure = None
    assert _write(holder_model) == {**holder, "maybe": None}


def texts() -> None:
    assert texts_client.Kind.C.value == "${x}{y}\\N{DASH}"
    assert texts_client.Kind.A.value == '"""\\"\x00\u202e\u2029``` </script> {x} %s \\'
    doc = inspect.getdoc(texts_client.One)
    assert doc is not None
    assert doc.startswith('"""\\"\x00\u202e\n``` </script>'), ascii(doc)
    assert texts_client.APIClient.two.__doc__ == '"'
    assert texts_client.APIClient.three.__doc__ == 'ends with a backslash and a quote \\"'
    key = next(iter(texts_client.One.model_fields.values())).serialization_alias
    assert key is not None
    one = {key: "x", "c": "\U0001f600"}
    same(texts_client.One, one)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rpc = texts_client.CentrifugoRPCClient("ws://127.0.0.1:1/x", "", "1")
        texts_client.APIClient(rpc).one(texts_client.One.model_validate(one)).close()
    assert [w.category for w in caught] == [DeprecationWarning]


class Recorder(CentrifugoRPCClient):
    """Answers calls by itself, and remembers them."""

    def __init__(self, result: Any = None) -> None:
        super().__init__("ws://127.0.0.1:1/x", "", "1")
        self.result = result
        self.calls: list[Any] = []

    async def call(self, method: str, params: Any = None, **options: Any) -> Any:
        self.calls.append(("call", method, params, options))
        return self.result

    async def notify(self, method: str, params: Any = None, **options: Any) -> None:
        self.calls.append(("notify", method, params, options))


async def typed_client() -> None:
    leaf = zoo_client.Leaf(name="leaf")
    rpc = Recorder(LEAF)
    api = APIClient(rpc)
    assert api.rpc is rpc
    assert await api.users_get_user_by_id(leaf) == leaf
    await api.zoo_move(leaf, timeout=2)
    await api.ping()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        await api.zoo_old(leaf)
    plain = {"timeout": None, "on_progress": None}
    assert rpc.calls == [
        ("call", "users.get_user_by_id", LEAF, {**plain, "errors": ERRORS}),
        ("notify", "zoo.move", LEAF, {"timeout": 2, "errors": ERRORS}),
        ("call", "ping", None, {**plain, "errors": ERRORS}),
        ("call", "zoo.old", LEAF, {**plain, "timeout": 1.5, "idempotent": True, "errors": ERRORS}),
    ]
    count: int = await APIClient(Recorder(2**53)).zoo_count()
    assert count == 2**53
    names: list[str] = await APIClient(Recorder(["a"])).zoo_names()
    assert names == ["a"]
    counts: dict[str, int] = await APIClient(Recorder({"a": 1})).zoo_counts()
    assert counts == {"a": 1}
    assert await APIClient(Recorder("AAE=")).zoo_blob() == b"\x00\x01"
    assert await APIClient(Recorder("2026-01-31T12:00:00Z")).zoo_when() == NOON
    assert await APIClient(Recorder(-5)).zoo_level() is zoo_client.Level.NEGATIVE
    assert await APIClient(Recorder()).zoo_maybe() is None
    assert await APIClient(Recorder(LEAF)).zoo_maybe() == leaf
    assert await APIClient(Recorder([1, None])).zoo_any() == [1, None]
    wrong: list[tuple[Any, Callable[[APIClient], Any]]] = [
        (2**63, APIClient.zoo_count),
        ([None], APIClient.zoo_names),
        ({"nam": "x"}, APIClient.zoo_maybe),
        (None, APIClient.zoo_page),
        ("x", APIClient.zoo_level),
    ]
    for result, method in wrong:
        try:
            await method(APIClient(Recorder(result)))
        except InvalidReplyError as error:
            assert "not what the contract says" in str(error)
        else:
            raise AssertionError(f"{result} was taken")


async def really_not_connected() -> None:
    api = APIClient(CentrifugoRPCClient("ws://127.0.0.1:1/x", "", "1"))
    try:
        await api.ping()
    except NotConnectedError:
        return
    raise AssertionError("called without a connection")


def tasks() -> None:
    params = TaskCreateParams(title="t", status=Status.IN_PROGRESS, due=NOON, assignee=None)
    assert _write(params) == {
        "title": "t",
        "status": "in_progress",
        "due": "2026-01-31T12:00:00Z",
    }
    same(
        Task,
        {
            "id": 1,
            "title": "t",
            "status": "open",
            "tags": [],
            "assignee": {"name": "n"},
            "created_at": "2026-01-31T12:00:00Z",
        },
    )


if __name__ == "__main__":
    everything()
    open_enums()
    presence()
    recursion()
    hostile_names()
    aliases()
    texts()
    tasks()
    asyncio.run(typed_client())
    asyncio.run(really_not_connected())
