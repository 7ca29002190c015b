"""The file that ``export`` writes."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["export_text", "is_stale", "write_export"]


def export_text(described: dict[str, Any]) -> str:
    """A description as it stands in the file."""
    return json.dumps(described, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def is_stale(path: Path, text: str) -> bool:
    """Whether the file is not what would be written. Raises ``OSError``."""
    return not path.exists() or path.read_bytes() != text.encode()


def write_export(path: Path, text: str) -> None:
    """Write the file in one step, so that no one sees half of it. Raises ``OSError``."""
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
