"""An SMTP server that answers as it is told, byte for byte, and so can break the protocol.

server = ScriptedSmtp()
server.say("rcpt", b"252 2.5.2 cannot verify\\r\\n", times=1)   # instead of "250 ok"
server.mails                                    # taken: "250 ok" came after the dot
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from tests.servers.ports import HOST

# greeting and dot: what stands before the first command and after the mail. A server told what to
# say to "nobody" says that to DATA after it refused RCPT.
STEPS = ("greeting", "ehlo", "noop", "mail", "rcpt", "data", "dot", "rset")
_ANSWERS = {
    "greeting": b"220 scripted.test\r\n",
    "data": b"354 go ahead\r\n",
    "nobody": b"503 5.5.1 no recipient\r\n",  # to DATA, after a refused RCPT
}


class ScriptedSmtp:
    """One thread per connection; `with ScriptedSmtp().running() as server:`."""

    host = HOST

    def __init__(self) -> None:
        self.mails: list[tuple[str, bytes]] = []  # (RCPT argument, bytes before the dot)
        self.connections = 0
        self.patient = False  # whether the answers to MAIL and RCPT wait for DATA
        self._script: defaultdict[str, list[bytes]] = defaultdict(list)
        self._always: dict[str, bytes] = {}
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]

    def say(self, step: str, answer: bytes, times: int | None = None) -> None:
        """Answer so at this step; b"" closes the connection. times=None: always."""
        if times is None:
            self._always[step] = answer
        else:
            self._script[step] += [answer] * times

    @contextmanager
    def running(self) -> Iterator[ScriptedSmtp]:
        threading.Thread(target=self._accept, daemon=True).start()
        try:
            yield self
        finally:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # close alone leaves accept() waiting
            self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, _EndError), client, client.makefile("rwb") as stream:
            self._answer(stream, "greeting")
            recipient, named = "", True
            while line := stream.readline():
                words = line.decode("latin-1").split(None, 1)
                command = words[0].lower() if words else ""
                if command == "rcpt":
                    recipient = words[1].strip()
                said = self._answer(stream, command if named or command != "data" else "nobody")
                if command in ("mail", "rcpt"):
                    named = command == "mail" or said.startswith(b"2")
                if command == "data" and said.startswith(b"354"):
                    self._answer(stream, "dot", (recipient, _until_dot(stream)))
                if command == "quit" or said.startswith(b"421"):
                    return

    def _answer(self, stream: BinaryIO, step: str, mail: tuple[str, bytes] | None = None) -> bytes:
        usual = self._always.get(step, _ANSWERS.get(step, b"250 ok\r\n"))
        answer = self._script[step].pop(0) if self._script[step] else usual
        if not answer:
            raise _EndError
        if mail and answer.startswith(b"250 ok"):
            self.mails.append(mail)
        stream.write(answer)
        if not (self.patient and step in ("mail", "rcpt")):
            stream.flush()
        return answer


def _until_dot(stream: BinaryIO) -> bytes:
    lines = []
    while (line := stream.readline()) != b".\r\n":
        if not line:
            raise _EndError
        lines.append(line)
    return b"".join(lines)


class _EndError(Exception):
    """The connection closes here."""
