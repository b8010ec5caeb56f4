"""The portal's connections: how many there are, and how long a request may take to come in.

Each is an open file of the process that also reads the mailbox and writes the database: a visitor
who opened a thousand and said nothing would leave it none.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

MOST = 200  # at once
HEAD, BODY = 20.0, 300.0  # seconds until the head of a request is there, and its body
BACKLOG = 50  # taken at one go before the first of them is looked at


class Connection(H11Protocol):
    """Ends when it makes the portal wait; when there are too many, the one that ends next goes."""

    _wait: tuple[float, asyncio.TimerHandle] | None = (
        None  # what is missing of a request has so long
    )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        full = len(self.connections) >= MOST
        waiting = [one for one in self.connections if isinstance(one, Connection) and one._wait]
        super().connection_made(transport)
        self._look()
        if full:
            min(waiting, key=Connection._ends, default=self).break_off()

    def handle_events(self) -> None:
        super().handle_events()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        self._expect(0)
        super().connection_lost(exc)

    def break_off(self) -> None:
        self.connections.discard(self)
        self.transport.abort()

    def _ends(self) -> float:
        return self._wait[1].when() if self._wait else float("inf")

    def _look(self) -> None:
        request: RequestResponseCycle | None = self.cycle
        if request is None or request.response_complete:
            self._expect(HEAD)
        else:
            self._expect(BODY if request.more_body else 0)

    def _expect(self, seconds: float) -> None:
        """Starts the time for what is missing, once; 0 for nothing."""
        if self._wait and self._wait[0] == seconds:
            return
        if self._wait:
            self._wait[1].cancel()
        self._wait = (seconds, self.loop.call_later(seconds, self.break_off)) if seconds else None
