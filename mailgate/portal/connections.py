"""A connection of the portal: it ends where a request does not come whole in time.

uvicorn bounds only the pause between two requests. A proxy in front would keep silent clients
away; without one they would take the files that the whole desk may open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST = 500  # at once; a process may often open no more than 1024 files
AT_ONCE = 100  # asyncio takes so many before it looks at the first (uvicorn: 2048)
# How long a request's head and its body may take: 20 MB by a line of 1 Mbit/s take 160 s.
SECONDS: Mapping[type, float] = {h11.IDLE: 20, h11.SEND_BODY: 300}


class Connection(H11Protocol):
    """What uvicorn makes for each client."""

    _waits: type | None = None  # for which piece, as h11 names the client's state
    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as there
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.abort()
        else:
            self._watch()

    def handle_events(self) -> None:
        """Called for what comes, and after an answer for what came with the request before."""
        super().handle_events()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """Each piece has its time; that of a piece goes on while it drips."""
        state = self.conn.their_state
        if state is self._waits:
            return
        self._stop()
        self._waits = state
        if state in SECONDS:
            self._end = self.loop.call_later(SECONDS[state], self.transport.close)

    def _stop(self) -> None:
        if self._end:
            self._end.cancel()
            self._end = None
