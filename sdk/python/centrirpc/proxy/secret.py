"""The secret by which a proxy shows that a request is its own."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

__all__ = ["MIN_SECRET", "SECRET_HEADER", "Secrets"]

SECRET_HEADER = "X-Centrirpc-Secret"
"""The header that carries it; a static header of the proxy in Centrifugo's configuration."""

MIN_SECRET = 16
"""The fewest bytes that a secret may have."""


class Secrets:
    """The secrets that requests may carry; more than one while they are being exchanged."""

    def __init__(self, secret: str | Iterable[str] | None, *, insecure: bool = False) -> None:
        """Raises ``ValueError`` unless there is a secret, or ``insecure`` says not to need one."""
        given = [] if secret is None else [secret] if isinstance(secret, str) else secret
        if not isinstance(given, Iterable) or not all(isinstance(one, str) for one in given):
            raise ValueError("a secret is text: give a str, or several")
        self._secrets = [one.encode() for one in given]
        if insecure and self._secrets:
            raise ValueError("there is a secret, and it is insecure: leave one of them out")
        if not self._secrets and not insecure:
            raise ValueError(
                "there is no secret, so that anybody could call as any user: give the one that the "
                f"proxy sends in the header {SECRET_HEADER}; only where nobody but the proxy can "
                "connect, say that it is insecure"
            )
        for one in self._secrets:
            if len(one) < MIN_SECRET:
                reason = f"a secret of {len(one)} bytes can be guessed"
                raise ValueError(f"{reason}: use at least {MIN_SECRET} random ones")
            if not one.isascii() or not one.decode().isprintable() or one.strip() != one:
                raise ValueError(
                    "a secret is sent in a header: use printable ASCII, no space around it"
                )

    def fit(self, sent: Iterable[bytes]) -> bool:
        """Whether the values of the header, of which there must be one, are a secret."""
        if not self._secrets:
            return True
        values = list(sent)
        if len(values) != 1:
            return False
        fit = False
        for one in self._secrets:  # all of them, each in constant time
            fit |= hmac.compare_digest(values[0], one)
        return fit
