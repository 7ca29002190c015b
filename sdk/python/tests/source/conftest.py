"""A registry of its own for each test, and applications in folders of their own."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from centrirpc import Registry, websocket_rpc

SDK = Path(__file__).resolve().parents[2]


@pytest.fixture
def registry() -> Registry:
    return Registry()


def add(registry: Registry, params: Any, result: Any, method: str = "tasks.get") -> None:
    """Register a handler with these types."""

    async def handler(params):  # type: ignore[no-untyped-def]
        ...

    handler.__annotations__ = {"params": params, "return": result}
    websocket_rpc(method, registry=registry)(handler)


class Application:
    """Modules of an application in a folder, and the command run there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, path: str, code: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(code), "utf-8")
        return file

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "centrirpc", *arguments],
            cwd=self.folder,
            env={"PYTHONPATH": str(SDK), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    def export(self, *arguments: str) -> Any:
        """What a successful export prints."""
        done = self.run("export", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def application(tmp_path: Path) -> Application:
    return Application(tmp_path)
