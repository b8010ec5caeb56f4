"""A TCP relay in front of a server, which can be cut at a chosen point of the conversation.

relay = Relay(dovecot.port)
# the MOVE was done and committed, the client never learns it:
relay.cut_when(lambda direction, data: direction == "server" and b"OK Move completed" in data)
# a server that does not say when a mail came:
relay.rewrite(lambda data: re.sub(rb' INTERNALDATE "[^"]*"', b"", data))
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Literal

from tests.servers.loop import LoopThread
from tests.servers.ports import HOST, free_port
from tests.servers.running import Server
from tests.servers.waiting import wait_until

Direction = Literal["client", "server"]  # who sent the bytes
Predicate = Callable[[Direction, bytes], bool]
Rewrite = Callable[[bytes], bytes]


class Relay(Server):
    """From `port` to `target` on 127.0.0.1, byte for byte (TLS included)."""

    host = HOST

    def __init__(self, target: int) -> None:
        self.port = free_port()
        self.connections = 0  # accepted since the start
        self.cuts = 0
        self._target = target
        self._predicate: Predicate | None = None
        self._rewrite: Rewrite | None = None
        self._keep = 0
        self._once = True
        self._loop: LoopThread | None = None
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    def start(self) -> None:
        if self._loop is None:
            self._loop = LoopThread("relay")
            self._loop.run(self._listen())

    def stop(self) -> None:
        if self._loop is not None:
            self.refuse()
            self.cut()
            self._loop.close()
            self._loop = None

    def cut_when(self, predicate: Predicate, *, keep: int = 0, once: bool = True) -> None:
        """Close both sides of a connection when predicate(direction, data) holds.

        direction is who sent: "client" or "server"; data is what one read gave, up to 64 kB.
        Its first `keep` bytes are still passed on, the rest never. once=False: at every match.
        """
        self._keep, self._once, self._predicate = keep, once, predicate

    def rewrite(self, change: Rewrite | None) -> None:
        """Pass on change(data) for what the server sends. data is what one read gave: short
        answers come whole. None: as it comes."""
        self._rewrite = change

    def wait_cut(self, n: int = 1, timeout: float = 10) -> None:
        """Return when n connections (since the start) have been cut by cut_when."""
        wait_until(lambda: self.cuts >= n, timeout, f"{n} cut connections")

    def cut(self) -> None:
        """Close all open connections now."""
        if self._loop is not None:
            self._loop.run(self._cut_all())

    def refuse(self) -> None:
        """Refuse new connections (ECONNREFUSED); open ones go on."""
        if self._loop is not None:
            self._loop.run(self._unlisten())

    def accept(self) -> None:
        """Accept new connections again, on the same port."""
        if self._loop is not None:
            self._loop.run(self._listen())

    # -- in the loop's thread ------------------------------------------------------------------

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, HOST, self.port)

    async def _unlisten(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _cut_all(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        writers = [writer]
        try:
            with contextlib.suppress(OSError):
                far_reader, far_writer = await asyncio.open_connection(HOST, self._target)
                self._open.add(far_writer)
                writers.append(far_writer)
                pumps = [
                    asyncio.create_task(self._pump("client", reader, far_writer)),
                    asyncio.create_task(self._pump("server", far_reader, writer)),
                ]
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            for one in writers:
                one.close()  # what is written already still goes out
                self._open.discard(one)

    async def _pump(
        self, direction: Direction, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while data := await reader.read(65536):
            if self._predicate is not None and self._predicate(direction, data):
                if self._once:
                    self._predicate = None
                writer.write(data[: self._keep])
                self.cuts += 1
                return
            if self._rewrite is not None and direction == "server":
                data = self._rewrite(data)
            writer.write(data)
            await writer.drain()
