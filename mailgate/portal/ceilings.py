"""How much one caller may do within an hour; kept in memory, so a restart forgets it."""

from __future__ import annotations

import ipaddress
from collections import defaultdict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

_HOUR = timedelta(hours=1)
_MANY = 1000  # keys after which those that did nothing for an hour are forgotten


class Ceiling:
    """Counts by key. Thread-safe."""

    def __init__(self, limit: int, now: Callable[[], datetime]) -> None:
        self._limit, self._now = limit, now
        self._times: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._many = _MANY
        self._lock = Lock()

    def admits(self, key: str) -> bool:
        """Whether `key` may go on; if so, it is counted."""
        with self._lock:
            now = self._now()
            times = self._times[key]
            while times and now - times[0] > _HOUR:
                times.popleft()
            if len(self._times) > self._many:
                self._forget(now)
            if len(times) >= self._limit:
                return False
            self._times[key].append(now)
            return True

    def _forget(self, now: datetime) -> None:
        idle = [key for key, times in self._times.items() if not times or now - times[-1] > _HOUR]
        for key in idle:
            del self._times[key]
        self._many = max(_MANY, 2 * len(self._times))  # looked through ever more rarely


def client(host: str) -> str:
    """The key of a client's address: an IPv6 line has a whole /64 (RFC 6177) to itself."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 4:
        return host
    return str(ipaddress.ip_network(f"{address}/64", strict=False))
