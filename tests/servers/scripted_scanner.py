"""A virus scanner that answers as it is told, byte for byte, or not at all."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.ports import HOST


class ScriptedScanner:
    """It reads a whole INSTREAM (clamd(8)), waits until `go` is set and says `answer`."""

    def __init__(self, answer: bytes = b"stream: OK\0", *, drip: float = 0) -> None:
        """`drip`: seconds before each byte of the answer."""
        self.answer, self._drip = answer, drip
        self.streams: list[bytes] = []  # what was sent, chunks put together
        self.asked = threading.Event()
        self.go = threading.Event()
        self.go.set()
        self._listener = socket.create_server((HOST, 0))
        self.address = f"{HOST}:{self._listener.getsockname()[1]}"

    @contextmanager
    def running(self) -> Iterator["ScriptedScanner"]:
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            self.go.set()
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # close alone leaves accept() waiting
            self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client, client.makefile("rb") as stream:
            command = b""
            while not command.endswith(b"\0"):
                command += stream.read(1)
            if command == b"zVERSION\0":
                client.sendall(b"ClamAV scripted\0")
                return
            assert command == b"zINSTREAM\0"
            data = b""
            while length := int.from_bytes(stream.read(4)):
                data += stream.read(length)
            self.streams.append(data)
            self.asked.set()
            self.go.wait(60)
            for piece in map(int.to_bytes, self.answer) if self._drip else [self.answer]:
                time.sleep(self._drip)
                client.sendall(piece)
