"""How long to wait after a refusal that says "later"."""

from __future__ import annotations

from random import uniform

__all__ = ["LATER", "UNKNOWN", "pause_after"]

LATER = (100, 429, 503)
"""The codes of such refusals: internal, resource_exhausted, unavailable."""

UNKNOWN = 100
"""The one of them that does not say that nothing was claimed."""

# Bounds of a pause in seconds: the first, and the longest.
_FIRST = 0.1
_LONGEST = 5.0


def pause_after(refusals: int) -> float:
    """Seconds to wait after so many refusals in a row (0 or more before the latest one).

    Anything from 0 to a bound that doubles each time: so clients that were refused together do
    not come back together.
    """
    return uniform(0, min(_LONGEST, _FIRST * 2 ** min(refusals, 16)))
