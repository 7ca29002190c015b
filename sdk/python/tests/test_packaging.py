"""What is installed, and what each part of it needs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

SDK = Path(__file__).resolve().parents[1]


def test_all_packages_are_installed() -> None:
    project = tomllib.loads((SDK / "pyproject.toml").read_text("utf-8"))
    found = {
        ".".join(file.parent.relative_to(SDK).parts)
        for file in (SDK / "centrirpc").rglob("__init__.py")
    }
    assert set(project["tool"]["setuptools"]["packages"]) == found


@pytest.mark.parametrize(
    ("module", "without"),
    [
        ("centrirpc.source", ["centrifuge", "django"]),
        ("centrirpc.asgi", ["centrifuge", "django", "starlette", "uvicorn", "asgiref"]),
        ("centrirpc.django.views", ["centrifuge", "starlette", "uvicorn"]),
        ("centrirpc.rpc_client", ["pydantic", "django", "starlette", "uvicorn"]),
    ],
)
def test_each_part_needs_its_own_dependencies_only(module: str, without: list[str]) -> None:
    code = f"import sys; sys.modules.update(dict.fromkeys({without!r})); import {module}"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={"PYTHONPATH": str(SDK), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
