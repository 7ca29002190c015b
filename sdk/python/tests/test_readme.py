"""The README's code, type-checked and run against a real server."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from .conftest import DEADLINE, Server

FOLDER = Path(__file__).resolve().parents[1]


def test_readme(own_server: Server, tmp_path: Path, user: str) -> None:
    blocks = (FOLDER / "README.md").read_text("utf-8").split("```python\n")[1:]
    files = []
    for number, block in enumerate(blocks):
        code = block.partition("```")[0]
        code = code.replace("ws://127.0.0.1:8000/connection/websocket", own_server.url)
        files.append(tmp_path / f"readme_{number}.py")
        files[-1].write_text(code.replace('"TOKEN"', repr(own_server.token(user))), "utf-8")
    assert len(files) == 6
    command = [sys.executable, "-m", "mypy", "--strict", *map(str, files)]
    checked = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout
    outputs = []
    for file in files:
        ran = subprocess.run(
            [sys.executable, "-W", "error", str(file)],
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            env={"PYTHONPATH": str(FOLDER), "NO_PROXY": "*"},
            check=False,
        )
        assert (ran.returncode, ran.stderr) == (0, ""), ran.stderr
        outputs.append(ran.stdout)
    assert outputs[0] == "{'user_id': '456'}\n"
    assert outputs[2] == "result {'rows': 3}\n"
    assert "publish tasks.list" in outputs[3]
    assert "reply tasks.list" in outputs[3]
    assert outputs[5] == "{'text': 'Hello ann'}\ngreet Greeting Greets whoever calls.\n"
    result, refused, invalid = map(ast.literal_eval, outputs[4].splitlines())
    assert result == {"total": 3}
    assert (refused["reason"], refused["details"]) == ("quota_exceeded", {"limit": 0})
    assert invalid["details"][0]["field"] == "user_id"
