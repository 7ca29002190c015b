"""examples/tasks/pydantic: the demo's API, written in Python."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from centrirpc import CallError, Conn, Registry
from centrirpc.source import default_registry

from ..conftest import ROOT
from .conftest import SDK, Application

FOLDER = ROOT / "examples" / "tasks" / "pydantic"


@pytest.fixture(scope="module")
def contract() -> Any:
    """The contract of the demo's Go router, without what the Django project serves."""
    found = json.loads((ROOT / "examples/tasks/api/contract.json").read_text("utf-8"))
    django = json.loads((ROOT / "examples/django/contract.json").read_text("utf-8"))
    types = {**django["validation"]["$defs"], **django["serialization"]["$defs"]}
    elsewhere = {"methods": [method["name"] for method in django["methods"]], "types": types}
    for key, names in elsewhere.items():
        found[key] = [one for one in found[key] if one["name"] not in names]
    codes = [error["code"] for error in django["errors"]]
    found["errors"] = [error for error in found["errors"] if error["code"] not in codes]
    return found


def test_it_is_the_api_of_the_go_demo(contract: Any) -> None:
    described = Application(FOLDER).export("handlers", "--name", "tasks")
    assert (described["name"], described["doc"]) == (contract["name"], contract["doc"])
    # Streams are not written in Python yet.
    methods = [method for method in contract["methods"] if method["kind"] != "stream"]
    for ours, theirs in zip(described["methods"], methods, strict=True):
        for key in ("name", "kind", "doc", "deprecated", "timeout_ms", "idempotent", "volatile"):
            assert ours[key] == theirs.get(key, type(ours[key])()), (ours["name"], key)
        assert ours["errors"] == theirs.get("errors", [])
        for key in ("params", "result"):
            reference = theirs[key]["ref"] if key in theirs else None
            assert ours[key] == (reference and {"$ref": f"#/$defs/{reference}"})
    for ours, theirs in zip(described["errors"], contract["errors"], strict=True):
        assert (ours["code"], ours["reason"], ours["doc"]) == (
            *(theirs["code"], theirs["reason"], theirs["doc"]),
        )
    for ours, theirs in zip(described["channels"], contract["channels"], strict=True):
        assert (ours["name"], ours["doc"]) == (theirs["name"], theirs["doc"])
        assert ours["event"] == {"$ref": f"#/$defs/{theirs['event']['ref']}"}
    tags = {
        variant["ref"]: type_["tag"]
        for type_ in contract["types"]
        for variant in type_.get("variants", [])
    }
    taken, sent = (described[mode]["$defs"] for mode in ("validation", "serialization"))
    for type_ in contract["types"]:
        if type_["name"].startswith("TaskImport"):
            continue  # only the stream has these
        for schema in filter(None, (taken.get(type_["name"]), sent.get(type_["name"]))):
            assert schema["description"] == type_["doc"]
            fields = type_.get("fields", [])
            # A variant has its union's tag as a field in Python, and not in Go.
            tag = [tags[type_["name"]]] if type_["name"] in tags else []
            names = [field["name"] for field in fields]
            assert list(schema.get("properties", [])) == tag + names
            required = [field["name"] for field in fields if field.get("required")]
            assert schema.get("required", []) == tag + required
            values = [value["string"] for value in type_.get("values", [])]
            assert schema.get("enum", []) == values
        assert type_["name"] in {**taken, **sent}


def test_it_passes_the_strict_checkers() -> None:
    for command in (["mypy", "--strict"], ["ruff", "check", "--config", "pyproject.toml"]):
        checked = subprocess.run(
            [sys.executable, "-m", *command, str(FOLDER / "handlers.py")],
            cwd=SDK,
            capture_output=True,
            text=True,
            check=False,
        )
        assert checked.returncode == 0, checked.stdout


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delitem(sys.modules, "handlers", raising=False)
    __import__("handlers")
    return default_registry


async def faults(board: Registry, method: str, params: dict[str, Any]) -> list[str]:
    with pytest.raises(CallError) as caught:
        await board.call(method, params, Conn("ann"))
    if caught.value.code != 400:
        return [caught.value.reason]
    return [f"{fault['field']} {fault['rule']}" for fault in caught.value.details]


async def test_the_life_of_a_task(board: Registry) -> None:
    async def call(method: str, params: dict[str, Any]) -> Any:
        return await board.call(method, params, Conn("ann"))

    task = await call("tasks.create", {"title": "Write", "due": "2031-02-03T04:05:06Z"})
    assert "assignee" not in task
    assert (task["status"], task["tags"], task["created_by"]) == ("open", [], "ann")
    changes = {"id": task["id"], "status": "done", "tags": ["a"], "clear": ["due"]}
    updated = await call("tasks.update", changes)
    del task["due"]
    assert updated == {**task, "status": "done", "tags": ["a"], "version": 2}
    assert await call("tasks.list", {"status": "done"}) == {
        "tasks": [updated],
        "more": False,
    }
    assert await call("tasks.list", {"status": "open"}) == {"tasks": [], "more": False}
    assert await call("tasks.get_stats", {"user_id": "ann"}) == {
        "total": 1,
        "by_status": {"open": 0, "in_progress": 0, "done": 1},
    }
    assert await call("tasks.delete", {"id": task["id"]}) is None
    assert await faults(board, "tasks.delete", {"id": task["id"]}) == ["not_found"]
    wrong = {"title": " ", "status": "lost", "tags": ["a", "a"], "assignee": {"email": "x"}}
    assert await faults(board, "tasks.create", wrong) == [
        *("title value", "status enum", "tags value"),
        *("assignee.name required", "assignee.email value"),
    ]
    for _ in range(2000):
        last = await call("tasks.create", {"title": "One of many"})
    page = await call("tasks.list", {"after": last["id"] - 201})
    assert (len(page["tasks"]), page["more"]) == (200, True)
    page = await call("tasks.list", {"after": page["tasks"][-1]["id"]})
    assert page == {"tasks": [last], "more": False}
    assert await faults(board, "tasks.create", {"title": "One more"}) == ["board_full"]
