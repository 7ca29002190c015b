"""examples/django: a Django project, set up and served as its README says."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from ..conftest import ROOT
from ..shell import free_port, serving, typed

EXAMPLE = ROOT / "examples" / "django"
BLOCKS = dict(
    re.findall(r"^```sh (\w+)\n(.*?)^```$", (EXAMPLE / "README.md").read_text(), re.DOTALL | re.M)
)

# The virtual environment is there already, with what the second line installs.
INSTALL = """\
python3 -m venv .venv && . .venv/bin/activate
pip install '../../sdk/python[django]' uvicorn
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, so that what a reader makes is not left in the repository."""
    unwanted = shutil.ignore_patterns("*.db", "secret.txt", ".*")
    return Path(shutil.copytree(EXAMPLE, tmp_path / "django", ignore=unwanted))


@pytest.fixture
def setup(project: Path) -> str:
    """The README's lines that come before all others, typed already."""
    assert BLOCKS["setup"].startswith(INSTALL)
    lines = BLOCKS["setup"].removeprefix(INSTALL)
    assert "Applying comments.0001_initial" in typed(project, lines)
    return "".join(line for line in lines.splitlines(keepends=True) if line.startswith("export"))


def asked(project: Path, port: int) -> Any:
    return json.loads(typed(project, BLOCKS["ask"].replace(":9001", f":{port}")))


def test_it_is_served_by_wsgi_and_asgi(project: Path, setup: str) -> None:
    wsgi, _, asgi = BLOCKS["serve"].partition("# or: ")
    # The reloader watches the files and starts the server in another process.
    wsgi, asgi = wsgi.replace(" 9001", " --noreload {}"), asgi.replace("9001", "0")
    with serving(project, setup, wsgi.format(free_port())) as port:
        comment = asked(project, port)["result"]["data"]
    assert (comment["id"], comment["author"], comment["text"]) == (1, "ann", "Nice.")
    with serving(project, setup, asgi) as port:
        assert asked(project, port)["result"]["data"]["id"] == 2


def test_the_demo_mounts_it(project: Path, setup: str) -> None:
    asgi = BLOCKS["serve"].partition("# or: ")[2].replace("9001", "0")
    demo = BLOCKS["demo"].replace("examples/django/secret.txt", f"{project}/secret.txt").rstrip()
    with serving(project, setup, asgi) as port:
        asked(project, port)
        demo = demo.replace(":9001", f":{port}") + f" -addr 127.0.0.1:0 -db {project}/tasks.db"
        with serving(ROOT, demo) as demos_port:
            listed = json.loads(typed(ROOT, BLOCKS["call"].replace(":8000", f":{demos_port}")))
    assert [comment["text"] for comment in listed["comments"]] == ["Nice."]


def test_its_own_tests_pass(project: Path, setup: str) -> None:
    assert "python manage.py test" in (EXAMPLE / "README.md").read_text()
    typed(project, setup, "python -W error manage.py test")


def test_what_is_typed_after_a_change(project: Path, setup: str) -> None:
    export = BLOCKS["change"].splitlines(keepends=True)[0]
    handlers = project / "comments/handlers.py"
    handlers.write_text(handlers.read_text().replace("Adds a comment", "Puts a comment"))
    with pytest.raises(AssertionError, match=r"contract\.json is stale"):
        typed(project, setup, "python manage.py test comments.tests.ProjectTest")
    typed(project, setup, export)
    typed(project, setup, "python manage.py test comments.tests.ProjectTest")


def test_it_passes_the_strict_checkers() -> None:
    typed(
        EXAMPLE, "python -m mypy .\n", "python -m ruff check .\n", "python -m ruff format --check ."
    )
