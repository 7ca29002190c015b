"""The view under a real ASGI and a real WSGI server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ..conftest import DEADLINE
from ..proxy.conftest import HEADERS, RECORDED, SECRET, forwarded, request
from .conftest import Project, Served

KINDS = pytest.mark.parametrize("kind", ["asgi", "wsgi"])


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(tmp_path_factory.mktemp("project"))
    done = project.manage("migrate", "--run-syncdb", "-v", "0")
    assert done.returncode == 0, done.stderr
    return project


@pytest.fixture(scope="module", params=["asgi", "wsgi"])
def site(request: pytest.FixtureRequest, migrated: Project) -> Iterator[Served]:
    with migrated.serving(request.param) as served:
        served.kind = request.param
        yield served


@pytest.fixture(autouse=True)
def _no_notes(migrated: Project) -> None:
    for name in ("notes.txt", "go"):
        (migrated.folder / name).unlink(missing_ok=True)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def test_calls(site: Served) -> None:
    role = {"role": "admin"}
    for items in (["tea"], ["tea", "tea"]):
        answer = site.ask(request("orders.add", {"item": "tea"}, meta=role, user=site.kind))
        assert answer == {"result": {"data": {"items": items, "role": "admin"}}}
    assert site.ask(request("orders.count", user=site.kind)) == {"result": {"data": 2}}
    assert site.ask(request("shop.open")) == {"result": {"data": True}}
    error = site.ask(RECORDED)["error"]
    assert error == {"code": 405, "message": "there is no method 'tasks.get_stats'"}
    details = site.ask(forwarded("orders.add", {"item": ""}))["error"]["details"]
    assert [(fault["field"], fault["rule"]) for fault in details] == [("item", "min")]


def test_nothing_leaks(site: Served) -> None:
    internal = {"code": 500, "message": "internal error"}
    assert site.ask(request("orders.fail")) == {"error": internal}
    until(lambda: any("ValueError: secret" in line for line in site.log))


def test_what_is_no_request_of_a_proxy(site: Served) -> None:
    assert site.send(RECORDED, {**HEADERS, "X-Centrirpc-Secret": "x" * len(SECRET)})[0] == 401
    assert site.send(RECORDED, {"Content-Type": "application/json"})[0] == 401
    status, headers, _ = site.send(b"", method="GET")
    assert (status, headers["allow"]) == (405, "POST")
    assert site.send(RECORDED, {**HEADERS, "Content-Type": "text/plain"})[0] == 415
    assert site.send(b"x" * ((128 << 10) + 1))[0] == 413
    for body in (b"", b"[]", b"\xff\x00"):
        assert site.send(body)[0] == 400


def test_a_deadline(site: Served) -> None:
    assert site.ask(forwarded("orders.wait", timeout_ms=20))["error"]["code"] == 504


def test_the_bound_of_calls(site: Served, migrated: Project) -> None:
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(site.ask, request("orders.wait")) for _ in range(2)]
        until(lambda: migrated.notes().count("started") == 2)
        assert site.ask(forwarded("orders.wait"))["error"]["reason"] == "resource_exhausted"
        (migrated.folder / "go").touch()
        assert [call.result() for call in waiting] == [{"result": {"data": "waited"}}] * 2
    assert site.ask(request("orders.wait")) == {"result": {"data": "waited"}}


@pytest.mark.parametrize("site", ["asgi"], indirect=True)  # a WSGI server hears of none
def test_disconnects(site: Served, migrated: Project) -> None:
    connection = site.open(forwarded("orders.wait"))
    until(lambda: migrated.notes() == ["started"])
    connection.close()
    until(lambda: migrated.notes() == ["started", "cancelled"])
    connection = site.open(request("orders.wait"))
    until(lambda: migrated.notes()[2:] == ["started"])
    connection.close()
    assert site.ask(request("shop.open"))
    (migrated.folder / "go").touch()
    until(lambda: migrated.notes()[2:] == ["started", "ended"])


@pytest.mark.parametrize("site", ["wsgi"], indirect=True)
def test_nothing_notices_a_disconnect_under_wsgi(site: Served, migrated: Project) -> None:
    connection = site.open(forwarded("orders.wait"))
    until(lambda: migrated.notes() == ["started"])
    connection.close()
    assert site.ask(request("shop.open"))
    (migrated.folder / "go").touch()
    until(lambda: migrated.notes() == ["started", "ended"])
    (migrated.folder / "go").unlink()
    connection = site.open(forwarded("orders.wait", timeout_ms=500))
    connection.close()
    until(lambda: migrated.notes()[2:] == ["started", "cancelled"])  # but its time ends it


def test_database_connections_are_closed_after_each_call(site: Served, migrated: Project) -> None:
    # With CONN_MAX_AGE 0, as it is unless configured, each request makes a connection of its own.
    for calls in (1, 2, 3):
        assert site.ask(request("orders.count")) == {"result": {"data": 0}}
        assert migrated.notes().count("connected") == calls


@KINDS
def test_a_body_over_djangos_own_bound(project: Project, kind: str) -> None:
    project.settings("DATA_UPLOAD_MAX_MEMORY_SIZE = 1000")
    with project.serving(kind) as site:
        assert site.send(b"x" * 1001)[0] == 413
        assert site.ask(request("shop.open")) == {"result": {"data": True}}


@KINDS
def test_wrong_settings_are_not_told_to_callers(project: Project, kind: str) -> None:
    project.settings("CENTRIRPC = {}")
    with project.serving(kind) as site:
        status, headers, body = site.send(RECORDED)
        assert (status, body) == (503, b"not configured\n")
        assert headers["x-centrirpc-refused"] == "1"  # so that a caller knows: it did not run
        until(lambda: any("there is no secret" in line for line in site.log))
