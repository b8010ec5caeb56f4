"""The way to everybody's mailbox: an SMTP server that knows no other, and fails on request.

refused@…   550 at RCPT, always
later@…     451 at RCPT twice, then the mail is taken
stall@…     no answer to the final dot for 30 s, or until `release`
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from socket import socket
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailgate.demo.loop import close_port

Deliver = Callable[[str, bytes], Awaitable[None]]

REFUSED, LATER, STALL = "refused", "later", "stall"
_DEFERRALS = 2  # of a mail to later@…
STALL_SECONDS = 30.0


class SmtpServer:
    """Everything here runs in the thread of one loop; `deliver` gets (recipient, mail)."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._deferred: Counter[str] = Counter()
        self._released = asyncio.Event()
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self.stalled = 0  # mails that wait for their answer

    async def start(self, listening: socket) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), sock=listening)

    async def stop(self) -> None:
        """Closes the port and every connection, without waiting for anybody."""
        if self._server:
            await close_port(self._server)
        for connection in list(self._connections):
            connection.cut()

    async def release(self) -> None:
        """Answers the mails that wait."""
        self._released.set()
        self._released = asyncio.Event()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for its hook
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        who = address.lower().partition("@")[0]
        if who == REFUSED:
            return f"550 5.1.1 <{address}>: nobody of this name here"
        if who == LATER and self._deferred[address] < _DEFERRALS:
            self._deferred[address] += 1
            return f"451 4.2.0 <{address}>: not now, try again later"
        del self._deferred[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name for its hook
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if any(address.lower().startswith(f"{STALL}@") for address in envelope.rcpt_tos):
            await self._stall()
        for address in envelope.rcpt_tos:
            await self._deliver(address, envelope.original_content or b"")
        return "250 2.0.0 OK"

    async def _stall(self) -> None:
        self.stalled += 1
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._released.wait(), STALL_SECONDS)
        finally:
            self.stalled -= 1


class _Connection(SMTP):
    def __init__(self, server: SmtpServer) -> None:
        # A host name of our own, because the default asks a resolver for one.
        super().__init__(server, hostname="demo.invalid", enable_SMTPUTF8=True)
        self._open = server._connections

    def connection_made(self, transport: Any) -> None:
        self._open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._open.discard(self)
        super().connection_lost(error)

    def cut(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
