"""``manage.py check`` and ``manage.py centrirpc``."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from centrirpc.proxy import SECRET_HEADER

from ..conftest import ROOT
from ..proxy.conftest import SECRET
from .conftest import Project


def test_nothing_to_complain_about(project: Project) -> None:
    done = project.manage("check")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_no_settings(project: Project) -> None:
    project.settings("del CENTRIRPC")
    done = project.manage("check")
    assert done.returncode == 1
    for told in ("centrirpc.E001", "there is no secret", 'CENTRIRPC["SECRET"]', SECRET_HEADER):
        assert told in done.stderr
    assert "Traceback" not in done.stderr


WRONG: list[tuple[Any, str]] = [
    ({}, "there is no secret"),
    ([], "CENTRIRPC is no dict"),
    ({"SECRET": "short"}, "a secret of 5 bytes can be guessed"),
    ({"SECRET": 5}, "a secret is text"),
    ({"SECRET": [SECRET, 5]}, "a secret is text"),
    ({"SECRET": SECRET, "SECRETS": ""}, "unknown member 'SECRETS': write one of SECRET,"),
    ({"SECRET": SECRET, "TIMEOUT": "5"}, "timeout is '5'"),
    ({"SECRET": SECRET, "MAX_RESULT_SIZE": 0}, "max_result_size is 0"),
    ({"SECRET": SECRET}, ""),
    ({"INSECURE": True}, ""),
]


def test_wrong_settings(project: Project) -> None:
    project.write(
        "each.py",
        """
        import json, os, sys
        import django
        os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
        django.setup()
        from django.core.checks import run_checks
        from django.core.exceptions import ImproperlyConfigured
        from django.test.utils import override_settings
        from centrirpc.django.configuration import endpoint

        def makes() -> bool:
            try:
                endpoint()
            except ImproperlyConfigured:
                return False
            return True

        told = []
        for given in json.loads(sys.argv[1]):
            with override_settings(CENTRIRPC=given):
                told.append(([error.msg for error in run_checks(tags=["centrirpc"])], makes()))
        print(json.dumps(told))
        """,
    )
    done = project.run("each.py", json.dumps([given for given, _ in WRONG]))
    assert done.returncode == 0, done.stderr
    for (given, reason), (told, made) in zip(WRONG, json.loads(done.stdout), strict=True):
        assert len(told) == bool(reason), (given, told)
        assert not reason or reason in told[0]
        assert made is not bool(reason)


def test_wrong_handlers(project: Project) -> None:
    project.write(
        "shop/more.py",
        """
        from centrirpc import websocket_rpc

        @websocket_rpc("shop.open")
        async def is_open() -> "Nothing":
            return True
        """,
    )
    done = project.manage("check")
    assert done.returncode == 1
    for text in ("centrirpc.E002", "shop/more.py:4", "method shop.open", "cannot be resolved"):
        assert text in done.stderr


def test_no_handlers(project: Project) -> None:
    (project.folder / "orders/handlers.py").unlink()
    project.settings(f'CENTRIRPC = {{"SECRET": "{SECRET}"}}')
    done = project.manage("check")
    assert done.returncode == 0
    assert "centrirpc.W001" in done.stderr


@pytest.mark.parametrize("handlers", ['"shop.more"', "[1]"])
def test_handlers_that_are_no_list(project: Project, handlers: str) -> None:
    project.settings(f'CENTRIRPC["HANDLERS"] = {handlers}')
    done = project.manage("check")
    assert done.returncode == 1
    assert 'CENTRIRPC["HANDLERS"] is no list' in done.stderr


def test_export(project: Project) -> None:
    project.settings('CENTRIRPC.pop("SECRET")')  # a build need not know it
    printed = project.manage("centrirpc", "export")
    assert printed.returncode == 0, printed.stderr
    described = json.loads(printed.stdout)
    assert described["name"] == "shop"
    names = [method["name"] for method in described["methods"]]
    assert names == ["orders.add", "orders.count", "orders.fail", "orders.wait", "shop.open"]
    file = project.folder / "contract.json"
    assert project.manage("centrirpc", "export", "-o", "contract.json").returncode == 0
    assert file.read_text("utf-8") == printed.stdout
    assert project.manage("centrirpc", "export", "-o", "contract.json", "--check").returncode == 0
    named = ("centrirpc", "export", "-o", "contract.json", "--name", "till")
    stale = project.manage(*named, "--check")
    assert (stale.returncode, "contract.json is stale" in stale.stderr) == (1, True)
    assert project.manage(*named).returncode == 0
    assert json.loads(file.read_text("utf-8"))["name"] == "till"
    refused = project.manage("centrirpc", "export", "-o", "none/contract.json")
    assert (refused.returncode, "cannot write" in refused.stderr) == (2, True)


def test_export_of_wrong_handlers(project: Project) -> None:
    project.write(
        "shop/more.py",
        """
        from collections.abc import Callable
        from centrirpc import websocket_rpc

        @websocket_rpc("shop.open")
        async def is_open() -> Callable[[], None]: ...
        """,
    )
    done = project.manage("centrirpc", "export", "-o", "contract.json")
    assert done.returncode == 2
    assert "shop/more.py:5" in done.stderr
    assert not (project.folder / "contract.json").exists()


@pytest.fixture(scope="session")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("bin") / "centrirpc"
    subprocess.run(["go", "build", "-o", program, "./cmd/centrirpc"], cwd=ROOT, check=True)
    return program


def test_generate(project: Project, generator: Path) -> None:
    command = ("centrirpc", "generate", "-o", "sdk")
    done = project.manage(*command, "--centrirpc", str(generator), "--lang", "python,typescript")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (project.folder / "sdk").iterdir()) == [
        *(".centrirpc-files", "contract.json", "python", "typescript")
    ]
    on_path = {"PATH": f"{generator.parent}:/usr/bin"}
    check = project.manage(*command, "--lang", "python,typescript", "--check", **on_path)
    assert check.returncode == 0, check.stderr
    stale = project.manage(*command, "--check", "--name", "till", **on_path)
    assert stale.returncode == 1
    wrong = project.manage(*command, "--lang", "cobol", **on_path)
    assert (wrong.returncode, "cobol" in wrong.stderr) == (2, True)


def test_generate_without_the_generator(project: Project) -> None:
    for arguments in ([], ["--centrirpc", "./none"]):
        done = project.manage("centrirpc", "generate", "-o", "sdk", *arguments)
        assert done.returncode == 2
        assert "go install" in done.stderr
        assert "--centrirpc" in done.stderr
        assert "Traceback" not in done.stderr
