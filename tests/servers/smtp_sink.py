"""An SMTP server that collects mails and misbehaves on request (aiosmtpd, in a thread).

sink.refuse("bad@x.example")                            550 at RCPT, always
sink.refuse("slow@x.example", 451, times=2)             451 at RCPT twice, then accepted
sink.refuse("full@x.example", 452, at="data")           452 after the final dot
sink.stall("hang@x.example")                            no answer to the final dot
sink.drop_after_dot("gone@x.example", accept=True)      cut before the answer, mail kept
sink.drop_at_rcpt("cut@x.example")                      cut in the middle of a session
"""

import asyncio
import contextlib
import socket
import ssl
import threading
from collections import Counter
from typing import Any, Literal

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.certificate import local_certificate
from tests.servers.loop import LoopThread
from tests.servers.ports import HOST, free_port
from tests.servers.running import Server
from tests.servers.smtp_rules import ACCEPT_AND_DROP, DROP, STALL, Mail, Rules, Step
from tests.servers.waiting import wait_until


class SmtpSink(Server):
    """tls: "none", "starttls" (offered, not required) or "implicit"; certificate and trust by
    local_certificate(). login: the one (user, password) that may send; nobody else may.
    smtputf8=False: the extension is not offered. close_after=n: 421 instead of a connection's
    mail n+1. A stopped sink keeps its port, mails and rules for the next start()."""

    host = HOST

    def __init__(
        self,
        *,
        tls: Literal["none", "starttls", "implicit"] = "none",
        login: tuple[str, str] | None = None,
        smtputf8: bool = True,
        close_after: int | None = None,
    ) -> None:
        self.port = free_port()
        self.tries: Counter[str] = Counter()  # RCPT commands by recipient, refused ones included
        self.connections = 0
        self.login_failures = 0
        self._tls, self._login = tls, login
        self._smtputf8, self._close_after = smtputf8, close_after
        self._mails: list[Mail] = []
        self._changed = threading.Condition()
        self._rules = Rules()
        self._loop: LoopThread | None = None
        self._server: asyncio.Server | None = None
        self._sessions: set[_Smtp] = set()
        self._released = asyncio.Event()
        self._stalled = 0

    # -- life ------------------------------------------------------------------------------

    def start(self) -> None:
        if self._loop is not None:
            return
        self._loop = LoopThread("smtp-sink")
        self._released = asyncio.Event()
        self._loop.run(self._listen())

    def stop(self) -> None:
        """Close the port and every connection."""
        if self._loop is None:
            return
        self._loop.run(self._end())
        self._loop.close()
        self._loop = None

    def drop_connections(self) -> None:
        """Cut every open connection now; new ones are welcome."""
        if self._loop is not None:
            self._loop.run(self._cut_all())

    def client_context(self) -> ssl.SSLContext:
        """Trusts this server's certificate."""
        return local_certificate().client_context()

    async def _listen(self) -> None:
        implicit = local_certificate().server_context() if self._tls == "implicit" else None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, HOST, self.port, ssl=implicit)

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        await self._cut_all()

    async def _cut_all(self) -> None:
        for session in list(self._sessions):
            session.cut()
        while self._sessions:
            await asyncio.sleep(0)

    def _session(self) -> "_Smtp":
        starttls = local_certificate().server_context() if self._tls == "starttls" else None
        return _Smtp(
            self,
            hostname="sink.test",  # the default asks the resolver
            enable_SMTPUTF8=self._smtputf8,
            tls_context=starttls,
            authenticator=self._authenticate if self._login else None,
            auth_require_tls=False,
            loop=asyncio.get_running_loop(),
        )

    # -- what came in ----------------------------------------------------------------------

    @property
    def mails(self) -> list[Mail]:
        """The accepted mails in their order."""
        with self._changed:
            return list(self._mails)

    def to(self, recipient: str) -> list[Mail]:
        """The accepted mails with this envelope recipient, in their order."""
        wanted = recipient.lower()
        return [m for m in self.mails if wanted in (r.lower() for r in m.recipients)]

    def wait_for(self, n: int, timeout: float = 10) -> list[Mail]:
        """The accepted mails as soon as there are n; AssertionError after timeout seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._mails) >= n, timeout):
                seen = [(mail.recipients, mail.message["Subject"]) for mail in self._mails]
                raise AssertionError(f"{n} mails expected within {timeout} s, came: {seen}")
            return list(self._mails)

    # -- how it misbehaves -----------------------------------------------------------------

    def refuse(
        self, recipient: str, code: int = 550, *, at: Step = "rcpt", times: int | None = None
    ) -> None:
        """Answer `code` to this recipient's RCPT or to the final dot; times=None: always."""
        kind = "not now" if code < 500 else "not here"
        self._rules.set(recipient, at, f"{code} {code // 100}.2.0 {kind}: {recipient}", times)

    def stall(self, recipient: str) -> None:
        """Leave the final dot unanswered until release(), or until the client goes away."""
        self._rules.set(recipient, "data", STALL, None)

    def release(self) -> None:
        """Accept the mails that are stalled, and do not stall again."""
        self._rules.forget(STALL)
        if self._loop is not None:
            self._loop.loop.call_soon_threadsafe(self._released.set)

    def wait_stalled(self, n: int = 1, timeout: float = 10) -> None:
        """Return when n mails (since the start) have been left without an answer."""
        wait_until(lambda: self._stalled >= n, timeout, f"{n} stalled mails")

    def drop_after_dot(self, recipient: str, *, accept: bool, times: int | None = 1) -> None:
        """Close the connection instead of answering the final dot; accept: the mail is kept."""
        self._rules.set(recipient, "data", ACCEPT_AND_DROP if accept else DROP, times)

    def drop_at_rcpt(self, recipient: str, times: int | None = 1) -> None:
        self._rules.set(recipient, "rcpt", DROP, times)

    def obey(self) -> None:
        """Forget all rules."""
        self._rules.forget()

    # -- aiosmtpd's hooks, called in the loop's thread ------------------------------------------

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        if isinstance(data, LoginPassword):
            given = (data.login.decode(), data.password.decode())
            if given == self._login:
                return AuthResult(success=True, auth_data=given[0])
        self.login_failures += 1
        # handled=False lets aiosmtpd answer 535; its default leaves the client waiting.
        return AuthResult(success=False, handled=False)

    async def handle_EHLO(  # noqa: N802
        self,
        server: "_Smtp",
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        session.host_name = hostname
        # aiosmtpd offers AUTH even where nobody can log in.
        return [r for r in responses if self._login or not r.startswith("250-AUTH")]

    async def handle_MAIL(  # noqa: N802
        self,
        server: "_Smtp",
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        if self._login and not session.authenticated:
            return "530 5.7.0 Authentication required"
        if self._close_after is not None and server.accepted >= self._close_after:
            await server.leave("421 4.7.0 sink.test too many mails on one connection")
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self,
        server: "_Smtp",
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        with self._changed:
            self.tries[address.lower()] += 1
        reply = self._rules.take([address], "rcpt")
        if reply == DROP:
            await server.leave()
        if reply is not None:
            return reply
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, server: "_Smtp", session: Session, envelope: Envelope
    ) -> str:
        reply = self._rules.take(envelope.rcpt_tos, "data")
        if reply == STALL:
            self._stalled += 1
            await self._released.wait()
        elif reply == DROP:
            await server.leave()
        elif reply is not None and reply != ACCEPT_AND_DROP:
            return reply
        self._keep(server, session, envelope)
        if reply == ACCEPT_AND_DROP:
            await server.leave()
        return "250 2.0.0 OK"

    def _keep(self, server: "_Smtp", session: Session, envelope: Envelope) -> None:
        server.accepted += 1
        mail = Mail(
            sender=envelope.mail_from or "",
            recipients=tuple(envelope.rcpt_tos),
            raw=envelope.original_content or b"",
            options=tuple(envelope.mail_options),
            login=session.auth_data,
            tls=self._tls == "implicit" or session.ssl is not None,
            connection=server.number,
        )
        with self._changed:
            self._mails.append(mail)
            self._changed.notify_all()


class _Smtp(SMTP):
    """One connection."""

    def __init__(self, sink: SmtpSink, **options: Any) -> None:
        super().__init__(sink, **options)
        self._sink = sink
        self.number = self.accepted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not self.number:  # STARTTLS makes the connection a second time
            self._socket = transport.get_extra_info("socket")
            self._sink.connections += 1
            self.number = self._sink.connections
            self._sink._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._sink._sessions.discard(self)
        super().connection_lost(error)

    def cut(self) -> None:
        # A TLS transport that is closing already waits for the client's farewell, and can no
        # longer be aborted (in Python 3.11.2 that raises): the socket itself is shut.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if isinstance(self.transport, asyncio.WriteTransport) and not self.transport.is_closing():
            self.transport.abort()

    async def leave(self, farewell: str | None = None) -> None:
        """Close the connection, after a last reply if given. Does not return: losing its
        connection cancels the handler."""
        if farewell is None:
            self.cut()
        else:
            await self.push(farewell)
            assert self.transport is not None
            self.transport.close()
        await asyncio.Event().wait()
