"""Answers to what is no request of a proxy: plain HTTP errors."""

from __future__ import annotations

__all__ = ["REFUSED_HEADER", "Refusal"]

REFUSED_HEADER = "X-Centrirpc-Refused"
"""Set to ``1`` in an answer with status 503: ours, not a proxy's; the call did not run."""


class Refusal(Exception):
    """An HTTP error instead of an answer. The text is for who sets up the proxy."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(status, text)
        self.status = status
        """400, 401, 405, 413 or 415."""
        self.text = text

    @property
    def headers(self) -> dict[str, str]:
        """The response's headers."""
        headers = {"Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff"}
        return headers | ({"Allow": "POST"} if self.status == 405 else {})

    @property
    def body(self) -> bytes:
        """The response's body."""
        return f"{self.text}\n".encode()
