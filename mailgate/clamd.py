"""ClamAV's daemon asked about one file at a time.

Standard: clamd(8), command INSTREAM: chunks of a length in network byte order and so many bytes,
a length of 0 at the end; the answer is `stream: OK`, `stream: NAME FOUND` or `… ERROR`. The
prefix z makes both sides end with a NUL byte.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress

from mailgate.config.types import bind_address

_CHUNK = 65_536
_NAME = 120  # characters of a virus's name; it stands in mails
_ANSWER = 4_096  # bytes; a name and a word


class ScanError(Exception):
    """No verdict for this file now; another try may bring one."""


class AwayError(ScanError):
    """The scanner cannot be reached, or says nothing."""


class TooLargeError(Exception):
    """More bytes than the scanner takes (StreamMaxLength): no try will bring a verdict."""


class Clamd:
    """A scanner's address. Each question has a connection of its own, so threads may share it."""

    def __init__(self, address: str, timeout: float) -> None:
        """`address` as in [attachments] clamd, `timeout` in seconds that a question may take."""
        self._address, self._timeout = address, timeout

    def scan(self, data: bytes) -> str:
        """The name of the virus in these bytes, "" for none.

        Raises AwayError, ScanError or TooLargeError.
        """
        answer = self._ask(b"zINSTREAM\0", data)
        if answer.endswith(" FOUND"):
            return answer.removeprefix("stream: ").removesuffix(" FOUND")[:_NAME]
        if answer == "stream: OK":
            return ""
        if "size limit exceeded" in answer:
            raise TooLargeError(answer)
        raise ScanError(f"clamd at {self._address} answers {answer!r}")

    def version(self) -> str:
        """Its program and signatures: `ClamAV 1.4.3/27600/Mon Jul 20 10:00:00 2026`.

        Raises AwayError or ScanError.
        """
        answer = self._ask(b"zVERSION\0")
        if not answer.startswith("ClamAV"):
            raise ScanError(f"{self._address} answers {answer!r}, which is not clamd's answer")
        return answer

    def _ask(self, command: bytes, data: bytes | None = None) -> str:
        until = time.monotonic() + self._timeout  # a socket's own timeout begins with each byte
        try:
            with self._connect() as connection:
                connection.settimeout(_left(until))
                # One that has heard enough answers and hangs up before the end.
                with suppress(BrokenPipeError, ConnectionResetError):
                    connection.sendall(command)
                    if data is not None:
                        _send(connection, data, until)
                return self._answer(connection, until)
        except OSError as error:
            what = "does not answer in time" if isinstance(error, TimeoutError) else error
            raise AwayError(f"clamd at {self._address}: {what}") from error

    def _connect(self) -> socket.socket:
        place = bind_address(self._address)
        if place:
            return socket.create_connection(place, self._timeout)
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.settimeout(self._timeout)
            connection.connect(self._address)
        except OSError:
            connection.close()
            raise
        return connection

    def _answer(self, connection: socket.socket, until: float) -> str:
        answer = b""
        while b"\0" not in answer and len(answer) < _ANSWER:
            connection.settimeout(_left(until))
            more = connection.recv(_ANSWER)
            if not more:
                break
            answer += more
        if b"\0" not in answer:
            raise AwayError(f"clamd at {self._address} hangs up without an answer")
        words = answer.partition(b"\0")[0].decode("utf-8", "replace")
        return " ".join("".join(c if c.isprintable() else " " for c in words).split())


def _send(connection: socket.socket, data: bytes, until: float) -> None:
    for start in range(0, len(data), _CHUNK):
        chunk = data[start : start + _CHUNK]
        connection.settimeout(_left(until))
        connection.sendall(len(chunk).to_bytes(4) + chunk)
    connection.sendall(bytes(4))


def _left(until: float) -> float:
    """The seconds until then. Raises TimeoutError when there are none."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
