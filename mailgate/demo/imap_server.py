"""The desk's mailbox: pymap's dict backend, in memory, for one account.

Its traps, designed out (docs/decisions.md): a response is one write, because in fragments the
news of IDLE arrive torn; nothing waits for open clients, as Server.wait_closed does since Python
3.12; the greeting names no host, for finding its name may ask a resolver; no demo data.
"""

from __future__ import annotations

import asyncio
import ssl
from argparse import Namespace
from asyncio import StreamReader, StreamWriter
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from io import BytesIO
from itertools import count
from socket import socket
from typing import Any

from proxyprotocol.sock import SocketInfo
from pymap.backend.dict import Config, Login, Session
from pymap.concurrent import Subsystem
from pymap.context import connection_exit
from pymap.imap import IMAPConnection
from pymap.imap.state import ConnectionState
from pymap.parsing.message import AppendMessage
from pymap.parsing.response import Response, ResponseContinuation, UntaggedResponse
from pymap.user import Passwords, UserMetadata
from pysasl.hashing import Cleartext

from mailgate.demo.loop import close_port

_INBOX = "INBOX"
_REMIND_SECONDS = 0.2  # between two looks whether an idling client has missed something


class _Config(Config):
    @property
    def greeting(self) -> bytes:
        return b"Server ready"


class _Connection(IMAPConnection):
    idling = False

    def still_here(self) -> None:
        """Dovecot says so now and then, too; the client looks for mail then.

        RFC 3501 section 7.1.1 allows an untagged OK at any time.
        """
        if self.idling:
            self.writer.write(b"* OK Still here\r\n")

    async def write_response(self, resp: Response) -> None:
        if not isinstance(resp, UntaggedResponse):
            self.idling = isinstance(resp, ResponseContinuation) and resp.text == b"Idling."
        whole = BytesIO()
        await resp.async_write(whole)
        with suppress(ConnectionError):
            self.writer.write(whole.getvalue())
            await self.writer.drain()


class ImapServer:
    """Everything here runs in the thread of one loop."""

    def __init__(self, user: str, password: str) -> None:
        self._config = _Config(
            Namespace(passlib_cfg=None, proxy_protocol=None),
            host=None,
            port=0,
            tls_enabled=False,
            ssl_context=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
            hash_context=Cleartext(),
            cpu_subsystem=Subsystem.for_asyncio(),  # its default leaves a pool of threads behind
            invalid_user_sleep=0,
            demo_data=False,
            demo_user=user,
            demo_password=password,
        )
        self._login = Login(self._config)
        self._connections: dict[_Connection, asyncio.Task[None]] = {}
        self._reminder: asyncio.Task[None] | None = None
        self._serial = count(1)
        self._server: asyncio.Server | None = None

    async def start(self, listening: socket) -> None:
        config = self._config
        password = await Passwords(config).hash_password(config.demo_password)
        user = UserMetadata(config, config.demo_user, password=password)
        await self._login.demo_user_identity.set(user)
        self._server = await asyncio.start_server(self._accept, sock=listening)
        self._reminder = asyncio.create_task(self._remind())

    async def stop(self) -> None:
        """Closes the port and every connection, without waiting for anybody."""
        if self._server:
            await close_port(self._server)
        for connection in list(self._connections):
            connection.writer.transport.abort()

    async def deliver(self, raw: bytes, at: datetime, folder: str = _INBOX) -> None:
        """Puts a mail into a folder, received at `at` (aware)."""
        async with self._login.demo_user_identity.new_session() as session:
            await session.append_messages(folder, [AppendMessage(raw, at)])

    async def count(self, folder: str = _INBOX) -> int:
        """How many mails lie in a folder that there is."""
        async with self._login.demo_user_identity.new_session() as session:
            return await _exists(session, folder)

    async def nudge(self) -> None:
        """Makes idling clients look now."""
        for connection in self._connections:
            connection.still_here()

    async def _remind(self) -> None:
        """What came between a client's last look and its IDLE is news to nobody else."""
        while True:
            await asyncio.sleep(_REMIND_SECONDS)
            if await self.count():
                await self.nudge()

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        # Not a coroutine: one that is cancelled before it begins would leave the writer open.
        info = SocketInfo.get(writer, None, unique_id=next(self._serial).to_bytes(8, "big"))
        connection = _Connection(self._config.commands, self._config, reader, writer, info)
        self._connections[connection] = task = asyncio.create_task(self._serve(connection))
        task.add_done_callback(lambda _: self._gone(connection))

    async def _serve(self, connection: _Connection) -> None:
        async with AsyncExitStack() as stack:
            connection_exit.set(stack)
            await connection.run(ConnectionState(self._login, self._config))

    def _gone(self, connection: _Connection) -> None:
        """Not in `_serve`, which one that is cancelled before it begins never enters."""
        connection.close()
        del self._connections[connection]


async def _exists(session: Session, folder: str) -> int:
    mailbox: Any = await session.mailbox_set.get_mailbox(folder)
    return int((await mailbox.snapshot()).exists)
