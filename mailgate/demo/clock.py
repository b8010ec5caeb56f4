"""The desk's clock: the real time, moved ahead on request.

It is what the daemon is given as `now`, so a deadline passes as it would after a long wait.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta


class Clock:
    def __init__(
        self,
        real: Callable[[], datetime],
        moved: Callable[[timedelta], None],
        ahead: timedelta = timedelta(),
    ) -> None:
        """`real` tells the time, aware; `ahead` is how far the clock was moved before.

        `moved` is told how far after each move.
        """
        self._real = real
        self._moved = moved
        self._ahead = ahead

    def now(self) -> datetime:
        return self._real() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Moves the clock ahead. Raises ValueError for going back: timers would fire twice."""
        if by < timedelta():
            raise ValueError("the demo's clock goes forward only")
        self._ahead += by
        self._moved(self._ahead)
