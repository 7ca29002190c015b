"""The README's servers, run as it says, and called as Centrifugo calls them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from centrirpc.proxy import SECRET_HEADER

from .django.conftest import Project
from .shell import SDK, free_port, serving, tried, typed

README = (SDK / "README.md").read_text("utf-8")


def block(name: str) -> str:
    """The code of the README's file of that name."""
    return README.split(f"```python {name}\n")[1].partition("```")[0]


def shell(first: str) -> str:
    """The lines that are typed at a shell, of the README's block that begins so."""
    found = [text.partition("```")[0] for text in README.split("```sh\n")[1:]]
    (block,) = [text for text in found if text.startswith(first)]
    return block


def answer(folder: Path, lines: str, port: int) -> object:
    """What is answered to the README's line with curl."""
    return json.loads(typed(folder, lines.replace(":9000", f":{port}")))


def test_the_asgi_app(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(block("app.py"), "utf-8")
    _, lines = shell("pip install uvicorn\n").split("\n", 1)  # it is installed
    with serving(tmp_path, lines.replace("--port 9000", "--port 0")) as port:
        answered = answer(tmp_path, shell("curl -s http://127.0.0.1:9000/ "), port)
    assert answered == {"result": {"data": {"text": "Hello 456"}}}
    assert answered == json.loads(README.split("This answers `")[1].partition("`")[0])


@pytest.mark.parametrize(("variable", "reason"), [("", "no secret"), ("=x", "of 1 bytes")])
def test_the_asgi_app_without_a_secret(tmp_path: Path, variable: str, reason: str) -> None:
    (tmp_path / "app.py").write_text(block("app.py"), "utf-8")
    variable = variable and f"CENTRIRPC_PROXY_SECRET{variable} "
    done = tried(tmp_path, f"{variable}uvicorn app:app --port 0")
    assert done.returncode == 1
    last = done.stderr.rstrip().rpartition("\n")[2]
    assert last.startswith("ValueError: ")
    assert reason in last
    assert 'environ.get("CENTRIRPC_PROXY_SECRET")' in done.stderr


def test_the_django_project(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "orders/models.py").unlink()
    (tmp_path / "orders/handlers.py").write_text(block("orders/handlers.py"), "utf-8")
    (tmp_path / "shop/urls.py").write_text(block("urls.py"), "utf-8")
    project.settings(block("settings.py"))
    lines = shell("openssl rand -hex 32 >proxy-secret.txt    # once\nexport")
    before, _, serve = lines.rstrip().rpartition("\n")
    typed(tmp_path, before)
    users = (
        "from django.contrib.auth.models import User as U; U.objects.create_user('ann', 'a@b.org')"
    )
    export = f"{before.splitlines()[1]}\n"
    typed(tmp_path, export, f'python manage.py shell -c "{users}"')
    serve = serve.replace(" 9000", f" {free_port()} --noreload")  # this process and no other
    with serving(tmp_path, export, serve) as port:
        curl = shell("curl -s http://127.0.0.1:9000/centrifugo/rpc ")
        profile = {"email": "a@b.org", "groups": []}
        assert answer(tmp_path, curl, port) == {"result": {"data": profile}}
        nobody = answer(tmp_path, curl.replace('"ann"', '"bob"'), port)
        assert nobody == {"error": {"code": 404, "message": "There is no user bob."}}


def test_what_is_said_to_centrifugo() -> None:
    configuration = json.loads(README.split("```json\n")[1].partition("```")[0])
    assert list(configuration["rpc"]["proxy"]["http"]["static_headers"]) == [SECRET_HEADER]


def test_the_options_are_all_listed() -> None:
    from centrirpc.django.configuration import OPTIONS

    for option in [*OPTIONS, *OPTIONS.values(), "HANDLERS"]:
        assert re.search(rf"\b{option}\b", README), option
