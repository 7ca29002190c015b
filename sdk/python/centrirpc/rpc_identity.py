"""Who a client is, and so where its replies arrive."""

from __future__ import annotations

from .rpc_errors import ConnectError
from .rpc_wire import check_user_id, reply_channel, user_id_of_token

__all__ = ["Identity"]


class Identity:
    """The user id and the reply channel of a client, both empty while they are not known.

    Raises ``ValueError`` if the user id, that of the token or the session cannot be used.
    """

    def __init__(self, token: str, user_id: str | None, session: str | None) -> None:
        self.user_id = ""
        self.reply_channel = ""
        self._session = session
        known = user_id_of_token(token) if user_id is None else user_id
        # Or else the server says it at each connect.
        self._fixed = known is not None
        reply_channel("x", session)
        if known is not None:
            self._set(known)

    def connected(self, said: str | None) -> None:
        """Heed what the server says at connect: ConnectError if replies could not arrive."""
        if self._fixed:
            if said is not None and said != self.user_id:
                raise ConnectError(
                    0,
                    f"the client is for the user {self.user_id!r}, but the server knows it as "
                    f"{said!r}; replies would not arrive",
                )
            return
        if said is None:
            raise ConnectError(
                0, "the user id is not known: the server does not say it; pass user_id"
            )
        try:
            check_user_id(said)
        except ValueError as error:
            reason = f"the server gave a user id that cannot be used: {error}"
            raise ConnectError(0, reason) from error
        self._set(said)

    def _set(self, user_id: str) -> None:
        self.reply_channel = reply_channel(user_id, self._session)
        self.user_id = user_id
