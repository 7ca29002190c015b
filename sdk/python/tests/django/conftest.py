"""A Django project of its own for each module of tests, under real servers."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..conftest import DEADLINE
from ..proxy.conftest import SECRET, Site

SDK = Path(__file__).resolve().parents[2]

MANAGE = """
    import os, sys
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
"""

SETTINGS = f"""
    from pathlib import Path

    SECRET_KEY = "django's own"
    ROOT_URLCONF = "shop.urls"
    ALLOWED_HOSTS = ["*"]
    USE_TZ = True
    DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
    DATABASES = {{"default": {{
        "ENGINE": "django.db.backends.sqlite3", "NAME": Path(__file__).parent / "shop.sqlite3"
    }}}}
    INSTALLED_APPS = ["centrirpc.django", "orders"]
    MIDDLEWARE = [
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ]
    CENTRIRPC = {{"SECRET": "{SECRET}", "HANDLERS": ["shop.more"], "MAX_IN_FLIGHT": 2}}
"""

URLS = """
    from django.urls import include, path

    urlpatterns = [path("centrifugo/", include("centrirpc.django.urls"))]
"""

MODELS = """
    from django.db import models

    class Order(models.Model):
        user = models.CharField(max_length=50)
        item = models.CharField(max_length=50)
"""

HANDLERS = """
    import asyncio
    from pathlib import Path

    from asgiref.sync import sync_to_async
    from django.db import connection
    from django.db.backends.signals import connection_created
    from pydantic import BaseModel, Field

    from centrirpc import CallError, Conn, websocket_rpc

    from .models import Order

    NOTES = Path("notes.txt")

    def note(text: str) -> None:
        with NOTES.open("a") as file:
            file.write(text + "\\n")

    connection_created.connect(lambda **_: note("connected"), weak=False)

    class New(BaseModel):
        item: str = Field(min_length=1)

    class Orders(BaseModel):
        items: list[str]
        role: str

    @websocket_rpc("orders.add")
    async def add(params: New, conn: Conn) -> Orders:
        '''Adds an order.'''
        await Order.objects.acreate(user=conn.user_id, item=params.item)
        items = [order.item async for order in Order.objects.filter(user=conn.user_id)]
        return Orders(items=items, role=conn.meta["role"])

    @websocket_rpc("orders.count")
    async def count(conn: Conn) -> int:
        def counted() -> int:
            return Order.objects.filter(user=conn.user_id).count()

        return await sync_to_async(counted)()

    @websocket_rpc("orders.fail")
    async def fail() -> None:
        raise ValueError("secret")

    @websocket_rpc("orders.wait")
    async def wait() -> str:
        note("started")
        try:
            while not Path("go").exists():
                await asyncio.sleep(0.005)
        except asyncio.CancelledError:
            note("cancelled")
            raise
        note("ended")
        return "waited"
"""

MORE = """
    from centrirpc import websocket_rpc

    @websocket_rpc("shop.open")
    async def is_open() -> bool:
        return True
"""

WSGI_SERVER = """
    import os
    from socketserver import ThreadingMixIn
    from wsgiref.simple_server import WSGIServer, make_server

    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    from django.core.wsgi import get_wsgi_application

    class Threaded(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    server = make_server("127.0.0.1", 0, get_wsgi_application(), Threaded)
    print(f"running on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
"""

ASGI = """
    import os
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop.settings"
    from django.core.asgi import get_asgi_application
    application = get_asgi_application()
"""


class Project:
    """A Django project in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for path, code in {
            "manage.py": MANAGE,
            "shop/__init__.py": "",
            "shop/settings.py": SETTINGS,
            "shop/urls.py": URLS,
            "shop/more.py": MORE,
            "shop/asgi.py": ASGI,
            "orders/__init__.py": "",
            "orders/models.py": MODELS,
            "orders/handlers.py": HANDLERS,
            "wsgi_server.py": WSGI_SERVER,
        }.items():
            self.write(path, code)

    def write(self, path: str, code: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(code), "utf-8")

    def settings(self, text: str) -> None:
        """Put lines behind the settings."""
        self.write("shop/settings.py", textwrap.dedent(SETTINGS) + textwrap.dedent(text))

    @property
    def environment(self) -> dict[str, str]:
        return {"PYTHONPATH": str(SDK), "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"}

    def manage(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.run("manage.py", *arguments, **environment)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", *command],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=3 * DEADLINE,
            check=False,
        )

    def notes(self) -> list[str]:
        """What the handlers noted."""
        file = self.folder / "notes.txt"
        return file.read_text("utf-8").splitlines() if file.exists() else []

    @contextmanager
    def serving(self, kind: str) -> Iterator[Served]:
        """The project under uvicorn (``"asgi"``) or wsgiref (``"wsgi"``)."""
        uvicorn = ["-m", "uvicorn", "shop.asgi:application", "--port", "0", "--lifespan", "off"]
        command = [sys.executable, *(uvicorn if kind == "asgi" else ["wsgi_server.py"])]
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with process:
            served = Served(process)
            try:
                yield served
            finally:
                process.terminate()
                try:
                    process.wait(DEADLINE)
                except subprocess.TimeoutExpired:
                    process.kill()
                served.reader.join(DEADLINE)


class Served(Site):
    """A server of a project, with what it printed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.log: list[str] = []
        self._output = process.stdout
        self._ready = threading.Event()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        assert self._ready.wait(DEADLINE), "".join(self.log)
        super().__init__(self.found, "/centrifugo/rpc")

    found = 0
    kind = ""

    def _read(self) -> None:
        assert self._output is not None
        for line in self._output:
            self.log.append(line)
            if port := re.search(r"running on http://127\.0\.0\.1:(\d+)", line, re.IGNORECASE):
                self.found = int(port[1])
                self._ready.set()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)
