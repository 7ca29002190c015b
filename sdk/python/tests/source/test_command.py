"""``python -m centrirpc export``: what it imports, prints, writes and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import SDK, Application

HANDLERS = '''
    """About tasks."""

    from pydantic import BaseModel
    from centrirpc import websocket_rpc

    print("imported")

    class Params(BaseModel):
        id: int

    @websocket_rpc("tasks.{0}")
    async def {0}(params: Params) -> list[Params]:
        """Gives them."""
'''


def handlers(method: str) -> str:
    return HANDLERS.replace("{0}", method)


def test_a_module(application: Application) -> None:
    application.write("myapp/handlers.py", handlers("list"))
    described = application.export("myapp.handlers")
    assert (described["name"], described["doc"]) == ("myapp", "About tasks.")
    (method,) = described["methods"]
    assert (method["name"], method["source"]) == ("tasks.list", "myapp/handlers.py#list")
    assert str(application.folder) not in json.dumps(described)


def test_a_package_with_its_modules(application: Application) -> None:
    application.write("myapp/__init__.py", handlers("in_package"))
    application.write("myapp/b.py", handlers("in_b"))
    application.write("myapp/deep/a.py", handlers("in_namespace"))
    application.write("myapp/deeper/__init__.py", "")
    application.write("myapp/deeper/a.py", handlers("in_a"))
    application.write("other.py", handlers("in_other"))
    for left_out in ("tests/test_a", "test_b", "conftest", "__main__", "migrations/first"):
        application.write(f"myapp/{left_out}.py", "raise SystemExit('imported')")
        (application.folder / "myapp" / left_out).parent.joinpath("__init__.py").touch()
    described = application.export("myapp", "other", "--name", "tasks")
    assert described["name"] == "tasks"
    sources = [method["source"] for method in described["methods"]]
    assert sources == [
        "myapp/deeper/a.py#in_a",
        "myapp/b.py#in_b",
        "other.py#in_other",
        "myapp/__init__.py#in_package",
    ]
    params = [method["params"]["$ref"] for method in described["methods"]]
    assert params[1] == "#/$defs/myapp__b__Params"


def test_writing_and_checking(application: Application) -> None:
    application.write("tasks.py", handlers("list"))
    output = application.folder / "contract.json"
    assert application.run("export", "tasks", "-o", "contract.json", "--check").returncode == 1
    first = application.run("export", "tasks", "-o", "contract.json")
    assert (first.returncode, first.stdout, first.stderr) == (0, "", "imported\n")
    text = output.read_bytes()
    printed = application.run("export", "tasks")
    assert (printed.stdout.encode(), printed.stderr) == (text, "imported\n")
    output.chmod(0o640)
    assert application.run("export", "tasks", "-o", "contract.json").returncode == 0
    assert (output.read_bytes(), output.stat().st_mode & 0o777) == (text, 0o640)
    assert application.run("export", "tasks", "-o", "contract.json", "--check").returncode == 0
    application.write("tasks.py", handlers("show"))
    stale = application.run("export", "tasks", "-o", "contract.json", "--check")
    assert stale.returncode == 1
    assert "contract.json is stale" in stale.stderr
    assert output.read_bytes() == text
    names = {file.name for file in application.folder.iterdir()}
    assert names == {"contract.json", "tasks.py"}


def test_everything_wrong_is_listed_and_nothing_is_written(application: Application) -> None:
    application.write("myapp/__init__.py", "")
    application.write(
        "myapp/a.py",
        """
        from collections.abc import Callable
        from centrirpc import Channel, websocket_rpc

        @websocket_rpc("tasks.one")
        def one() -> None: ...

        @websocket_rpc("tasks.two")
        async def two(*args) -> None: ...

        @websocket_rpc("tasks.three")
        async def three() -> "Missing": ...

        @websocket_rpc("tasks.four")
        async def four() -> Callable[[], None]: ...

        Channel("{", event=int)
        """,
    )
    application.write("myapp/b.py", "import nowhere\n")
    application.write("myapp/c.py", "def f(:\n")
    application.write("myapp/e.py", "from centrirpc import declare_error\ndeclare_error(1, 'a')\n")
    application.write("myapp/d.py", "def f():\n    raise SystemExit(3)\n\nf()\n")
    (application.folder / "contract.json").write_text("old")
    done = application.run("export", "myapp", "absent", "my/x.py", "-o", "contract.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert (application.folder / "contract.json").read_text() == "old"
    lines = sorted(done.stderr.splitlines())
    wanted = [
        "cannot import absent: ModuleNotFoundError: No module named 'absent'; run this in",
        "my/x.py is a path, not the name of a module; write my.x",
        "myapp/a.py:11: method tasks.three: myapp.a.three: an annotation cannot be resolved: name",
        "myapp/a.py:14: method tasks.four: myapp.a.four: result (Callable[[], None]): JSON",
        "myapp/a.py:17: channel '{': its name has a { without a }; write it like",
        "myapp/a.py:5: method tasks.one: myapp.a.one: it is not async; write it with async def",
        "myapp/a.py:8: method tasks.two: myapp.a.two: it takes *args; write (params: Model)",
        "myapp/b.py:1: cannot import myapp.b: ModuleNotFoundError: No module named 'nowhere'",
        "myapp/c.py:1: cannot import myapp.c: SyntaxError: ",
        "myapp/d.py:2: cannot import myapp.d: SystemExit: 3",
        "myapp/e.py:2: declare_error(1, 'a'): the code is not in 1000..1999; choose one there",
    ]
    for line, want in zip(lines, wanted, strict=True):
        assert line.startswith(want)


def test_all_faults_of_a_module_are_told_at_once(application: Application) -> None:
    application.write(
        "handlers.py",
        """
        from centrirpc import Channel, Registry, declare_error, websocket_rpc

        rpc = Registry()
        Wrong = declare_error("7", "Not Good")
        WrongToo = declare_error(8, "quota")
        Channel("a:{x", event=int, registry=rpc)
        Channel("b}", event=int, registry=rpc)

        @websocket_rpc("tasks.one", registry=rpc, errors=[Wrong, WrongToo])
        async def one() -> type[int]: ...
        """,
    )
    done = application.run("export", "handlers", "--registry", "handlers:rpc")
    assert (done.returncode, done.stdout) == (2, "")
    wanted = [
        "handlers.py:10: method tasks.one: handlers.one: result (type[int]): JSON Schema has",
        "handlers.py:5: declare_error('7', 'Not Good'): 'Not Good' is no reason of an error; ",
        "handlers.py:5: declare_error('7', 'Not Good'): the code is not in 1000..1999; ",
        "handlers.py:6: declare_error(8, 'quota'): the code is not in 1000..1999; ",
        "handlers.py:7: channel 'a:{x': its name has a { without a }; ",
        "handlers.py:8: channel 'b}': its name has a } without a {; ",
    ]
    for line, want in zip(sorted(done.stderr.splitlines()), wanted, strict=True):
        assert line.startswith(want)


def test_a_failed_import_is_told_at_the_users_line(application: Application) -> None:
    """Not where Pydantic raised it, nor only where the module that failed was imported."""
    application.write("shop.py", "import stock.models\n")
    application.write(
        "stock/models.py",
        """
        from pydantic import BaseModel

        class Item(BaseModel):
            when: range
        """,
    )
    done = application.run("export", "shop")
    want = "stock/models.py:4: cannot import shop: PydanticSchemaGenerationError: "
    assert done.stderr.startswith(want)


@pytest.mark.parametrize(
    ("target", "module"),
    [
        ("./shop.py", "shop"),
        ("shop.py", "shop"),
        ("shops/__init__.py", "shops"),
        ("./shops/", "shops"),
        ("shops/books.py", "shops.books"),
        (".shop", "shop"),
    ],
)
def test_a_file_in_place_of_a_module(application: Application, target: str, module: str) -> None:
    application.write("shops/__init__.py", "")
    handler = "from centrirpc import websocket_rpc\n@websocket_rpc('a')\nasync def a() -> None: ..."
    for file in ("shop.py", "shops/books.py"):
        application.write(file, handler)
    done = application.run("export", target)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.endswith(f"; write {module}\n")
    assert application.export(module)["name"] == module.partition(".")[0]


def test_a_file_elsewhere_in_place_of_a_module(application: Application) -> None:
    for target in ("../shop.py", "/nowhere/shop.py", "./my-shop.py"):
        done = application.run("export", target, "--name", "shop")
        assert done.returncode == 2
        want = f"{target} is a path, not the name of a module; run this in the folder it is in"
        assert done.stderr.startswith(want)


def test_a_wrong_handler_stops_an_ordinary_import(application: Application) -> None:
    application.write(
        "handlers.py",
        """
        from centrirpc import websocket_rpc

        @websocket_rpc("tasks.one")
        def one() -> None: ...
        """,
    )
    done = subprocess.run(
        [sys.executable, "-c", "import handlers"],
        cwd=application.folder,
        env={"PYTHONPATH": str(SDK)},
        capture_output=True,
        text=True,
        check=False,
    )
    want = "HandlerError: handlers.py:4: method tasks.one: handlers.one: it is not async; write"
    assert want in done.stderr


def test_another_registry(application: Application) -> None:
    application.write("myapp/rpc.py", "from centrirpc import Registry\n\nrpc = Registry()\n")
    application.write(
        "myapp/handlers.py",
        """
        from centrirpc import Channel, websocket_rpc
        from myapp.rpc import rpc

        Channel("tasks", event=int, registry=rpc)

        @websocket_rpc("tasks.list", registry=rpc)
        async def list_tasks() -> list[int]: ...
        """,
    )
    described = application.export("myapp.handlers", "--registry", "myapp.rpc:rpc")
    assert len(described["methods"]) == len(described["channels"]) == 1
    for arguments, message in (
        ([], "no handlers are registered by myapp.handlers; name the modules"),
        (["--registry", "myapp.rpc:nothing"], "cannot import the registry myapp.rpc:nothing"),
        (["--registry", "sys:path"], "sys:path is no Registry; write MODULE:NAME of one"),
        (["--name", "My App"], "'My App' is no name of an API; write lower-case letters"),
        (["-o", "absent/contract.json"], "cannot write absent/contract.json: No such file"),
        (["--check"], "--check needs -o FILE"),
    ):
        chosen = ["--registry", "myapp.rpc:rpc"] if arguments else []
        done = application.run("export", "myapp.handlers", *chosen, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert message in done.stderr


def test_django(application: Application) -> None:
    application.write("mysite/__init__.py", "")
    application.write(
        "mysite/settings.py",
        """
        SECRET_KEY = "test"
        INSTALLED_APPS = ["django.contrib.contenttypes", "mysite.board.apps.BoardConfig"]
        USE_TZ = True
        """,
    )
    application.write("mysite/board/__init__.py", '"""The board."""\n')
    application.write(
        "mysite/board/apps.py",
        """
        from django.apps import AppConfig

        class BoardConfig(AppConfig):
            name = "mysite.board"
            label = "tasks"
        """,
    )
    application.write(
        "mysite/board/models.py",
        """
        from django.db import models

        class Task(models.Model):
            title = models.CharField(max_length=200, help_text="What is to be done.")
        """,
    )
    application.write("mysite/board/migrations/__init__.py", "raise SystemExit('imported')")
    application.write("mysite/board/tests.py", "raise SystemExit('imported')")
    application.write(
        "mysite/board/rpc.py",
        """
        from pydantic import BaseModel
        from centrirpc import Conn, websocket_rpc
        from mysite.board.models import Task

        class Count(BaseModel):
            count: int

        @websocket_rpc("tasks.count")
        async def count(conn) -> Count:
            return Count(count=await Task.objects.acount())
        """,
    )
    settings = ["--django-settings", "mysite.settings"]
    described = application.export("tasks", *settings)
    assert (described["name"], described["doc"]) == ("tasks", "The board.")
    assert described["methods"][0]["source"] == "mysite/board/rpc.py#count"
    by_name = application.export("mysite.board", *settings, "--name", "tasks")
    assert by_name == described
    without = application.run("export", "mysite.board.rpc")
    assert (without.returncode, without.stdout) == (2, "")
    assert "cannot import mysite.board.rpc: ImproperlyConfigured: " in without.stderr
    wrong = application.run("export", "tasks", "--django-settings", "mysite.setting")
    assert wrong.returncode == 2
    assert "cannot import the Django settings mysite.setting: ModuleNotFound" in wrong.stderr


@pytest.mark.parametrize(
    ("blocked", "works", "fails"),
    [
        ("centrifuge", "websocket_rpc, Registry, HandlerError", "CentrifugoRPCClient"),
        ("centrifuge", "*; websocket_rpc, Channel, ServerError", "CentrifugoRPCClient"),
        ("pydantic", "CentrifugoRPCClient, Frame, ServerError", "websocket_rpc"),
        ("pydantic", "*; CentrifugoRPCClient, ServerError", "Channel"),
    ],
)
def test_each_half_needs_only_its_own(tmp_path: Path, blocked: str, works: str, fails: str) -> None:
    """Neither the client nor the source needs what the other is built on."""
    code = f"import sys; sys.modules[{blocked!r}] = None; from centrirpc import "
    for names, good in ((works, True), (fails, False)):
        done = subprocess.run(
            [sys.executable, "-c", code + names],
            cwd=tmp_path,
            env={"PYTHONPATH": str(SDK)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == good, done.stderr
        assert good or f"import of {blocked} halted" in done.stderr


def test_names_of_the_package() -> None:
    import centrirpc

    assert {"CentrifugoRPCClient", "websocket_rpc", "Channel"} < set(centrirpc.__all__)
    assert {*centrirpc._CLIENT, *centrirpc._SOURCE} < set(centrirpc.__all__)
    for name in centrirpc.__all__:
        assert getattr(centrirpc, name) is not None
        assert name in dir(centrirpc)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        centrirpc.nothing  # noqa: B018
