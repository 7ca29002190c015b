"""What READMEs say to type at a shell."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .conftest import DEADLINE

SDK = Path(__file__).resolve().parents[1]

_LISTENS = re.compile(r"(?:server at|running on|listening on) http://127\.0\.0\.1:(\d+)", re.I)


def free_port() -> int:
    """Where nobody listens, for servers that do not say which port they took."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def environment() -> dict[str, str]:
    """As in an activated virtual environment that this package is installed in."""
    kept = {name: value for name, value in os.environ.items() if "CENTRIRPC" not in name}
    python = {"PYTHONPATH": str(SDK), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    return {**kept, **python, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def tried(folder: Path, *lines: str) -> subprocess.CompletedProcess[str]:
    """How lines end, in a shell that stops at the first that fails."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(lines)],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=4 * DEADLINE,
        check=False,
    )


def typed(folder: Path, *lines: str) -> str:
    """What lines print that all succeed."""
    done = tried(folder, *lines)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def serving(folder: Path, *lines: str) -> Iterator[int]:
    """The server that the last line starts; gives its port."""
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", "".join(lines)],
        cwd=folder,
        env=environment(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # the server is a child of the shell
    )
    said: list[str] = []
    ports: list[int] = []
    ready = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if found := _LISTENS.search(line):
                ports.append(int(found[1]))
                ready.set()
        ready.set()

    with process:
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        try:
            assert ready.wait(4 * DEADLINE), "".join(said)
            assert ports, "".join(said)
            yield ports[0]
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            reader.join(DEADLINE)
