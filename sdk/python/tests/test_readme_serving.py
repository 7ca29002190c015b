"""The README's servers, run as it says, and called as Centrifugo calls them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from centrirpc.proxy import SECRET_HEADER

from .django.conftest import SDK, Project, Served
from .proxy.conftest import SECRET, request

README = (SDK / "README.md").read_text("utf-8")


def block(name: str) -> str:
    """The code of the README's file of that name."""
    return README.split(f"```python {name}\n")[1].partition("```")[0]


def test_the_asgi_app(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(block("app.py"), "utf-8")
    assert "uvicorn app:app" in README
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(SDK), "CENTRIRPC_PROXY_SECRET": SECRET}
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        site = Served(process)
        try:
            site.path = "/"
            assert site.ask(request("greet")) == {"result": {"data": {"text": "Hello 456"}}}
        finally:
            process.terminate()
            site.reader.join()


def test_the_django_project(tmp_path: Path) -> None:
    project = Project(tmp_path)
    (tmp_path / "orders/models.py").unlink()
    (tmp_path / "orders/handlers.py").write_text(block("orders/handlers.py"), "utf-8")
    (tmp_path / "shop/urls.py").write_text(block("urls.py"), "utf-8")
    secret = "what Centrifugo sends in X-Centrirpc-Secret"
    assert secret in block("settings.py")
    settings = block("settings.py").replace(secret, SECRET)
    auth = 'INSTALLED_APPS += ["django.contrib.auth", "django.contrib.contenttypes"]\n'
    project.settings(settings + auth)
    checked = project.manage("check")
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr
    users = "from django.contrib.auth.models import User; User.objects.create_user('ann', pk=456)"
    for command in (["migrate", "-v", "0"], ["shell", "-c", users]):
        done = project.manage(*command)
        assert done.returncode == 0, done.stderr
    with project.serving("asgi") as site:
        answer = site.ask(request("orders.profile"))
        assert answer == {"result": {"data": {"name": "ann", "groups": []}}}


def test_what_is_said_to_centrifugo() -> None:
    configuration = json.loads(README.split("```json\n")[1].partition("```")[0])
    assert list(configuration["rpc"]["proxy"]["http"]["static_headers"]) == [SECRET_HEADER]


def test_the_options_are_all_listed() -> None:
    from centrirpc.django.configuration import OPTIONS

    for option in [*OPTIONS, *OPTIONS.values(), "HANDLERS"]:
        assert re.search(rf"\b{option}\b", README), option
