"""Who calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Conn"]


@dataclass(frozen=True, slots=True)
class Conn:
    """The connection that a call came over, as the server knows it. Read-only."""

    user_id: str
    """The user, from the verified token."""
    client_id: str = ""
    """The connection's own id; empty if the call came without one."""
    transport: str = ""
    """How it is connected, such as ``"websocket"``."""
    info: Any = None
    """What the token's ``info`` says, decoded."""
    meta: Any = None
    """What the token's ``meta`` says, decoded."""
