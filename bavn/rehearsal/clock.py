"""A clock that only moves when it is told to. Refuses to know what time it really is."""


class SimClock:
    """Implements the Clock port; starts at ``start_us`` (microseconds since 1970) and never goes back."""

    def __init__(self, start_us: int) -> None:
        if start_us < 0:
            raise ValueError(f"time begins in 1970: {start_us}")
        self._now_us = start_us

    def now_us(self) -> int:
        return self._now_us

    def advance(self, by_us: int) -> int:
        """Move forward by ``by_us`` >= 0; returns the new moment. ValueError for a step back."""
        if by_us < 0:
            raise ValueError(f"time does not go back: {by_us}")
        self._now_us += by_us
        return self._now_us

    def until(self, moment_us: int) -> int:
        """Move forward to ``moment_us``; a moment that has passed changes nothing. Returns the moment it is now."""
        self._now_us = max(self._now_us, moment_us)
        return self._now_us
