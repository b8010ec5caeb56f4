"""The way out, over SMTP (RFC 5321): one kept-open connection, one mail, one answer.

A result is a value: what became of the mail, and whether the connection still
serves. `UnreachableError` says that no mail can be tried at all at the moment.
"""

# Length: a server's answers, whatever they are, come to one of four results in one place.
from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from mailgate.config.models import Smtp

# RFC 5321 section 4.5.3.2 asks for 5 minutes per command and 10 after the final dot.
# One connection serves all mails here, so a stalling server must not stop the rest
# for that long; docs/decisions.md gives the reasons.
COMMAND_SECONDS = 60.0
DATA_SECONDS = 180.0

Auth = Callable[[smtplib.SMTP], None]


class UnreachableError(Exception):
    """There is no server, or it refuses us before any mail: the mails are not at fault."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The server took the mail."""


@dataclass(frozen=True, slots=True)
class Temporary:
    """Not now: try again later."""

    error: str


@dataclass(frozen=True, slots=True)
class Permanent:
    """Never: the server refuses this mail or its recipient."""

    error: str


Result = Sent | Temporary | Permanent

# Answers to MAIL that speak of us and not of the mail: authentication (RFC 4954
# section 6) and a server that closes (421).
_OURS = frozenset({421, 454, 530, 534, 535, 538})


def password_auth(user: str, password: str) -> Auth:
    """The seam for logins: AUTH with a password (RFC 4954); no login for an empty user."""

    def login(client: smtplib.SMTP) -> None:
        if user:
            client.login(user, password)

    return login


class Link:
    """The connection to the server, opened when needed and kept. Not thread-safe."""

    def __init__(self, config: Smtp, auth: Auth, tls: ssl.SSLContext | None = None) -> None:
        """`tls` is the context for certificates; None for the system's."""
        self._config = config
        self._who = f"the SMTP server {config.host}:{config.port}"
        self._auth = auth
        # Where no TLS is spoken, reading the system's certificates would cost 80 ms for nothing.
        self._tls = tls if tls or config.tls == "none" else ssl.create_default_context()
        self._client: smtplib.SMTP | None = None

    def open(self) -> None:
        """Makes sure that the server listens. Raises UnreachableError."""
        if self._client is not None and self._alive(self._client):
            return
        self.close()
        client: smtplib.SMTP | None = None
        try:
            client = self._connect()
            self._greet(client)
            self._auth(client)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if client:
                client.close()
            raise UnreachableError(f"{self._who}: {_words(error)}") from error
        self._client = client

    def send(self, sender: str, recipient: str, data: bytes) -> Result:
        """Hands over one mail to one recipient.

        Raises UnreachableError when no connection can be made. A connection that
        breaks after the mail's last byte leaves open whether it was taken:
        Temporary, so that it comes again under the same Message-ID.
        """
        reused = self._client is not None
        try:
            return self._send(sender, recipient, data)
        except _StaleError as error:
            if not reused:
                raise UnreachableError(str(error)) from error
            return self._once_more(sender, recipient, data)

    def close(self) -> None:
        """Says goodbye where the server still listens."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client.quit()
        except (smtplib.SMTPException, OSError):
            client.close()

    def _once_more(self, sender: str, recipient: str, data: bytes) -> Result:
        """A server may close a kept connection at any time: a new one settles it."""
        try:
            return self._send(sender, recipient, data)
        except _StaleError as error:
            raise UnreachableError(str(error)) from error

    def _send(self, sender: str, recipient: str, data: bytes) -> Result:
        if self._client is None:
            self.open()
        client = self._client
        assert client is not None
        try:
            refused = self._start(client, sender, recipient)
            if refused:
                self._reset()
                return refused
            return self._result(*self._hand_over(client, data))
        except smtplib.SMTPResponseException as error:  # smtplib's own: a line too long
            self._drop()
            return Temporary(f"odd answer: {_words(error)}")
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return Temporary(f"the connection broke: {_words(error)}")
        except ValueError as error:  # an address that no command can carry
            self._drop()
            return Permanent(f"cannot be written to: {_words(error)}")

    def _start(self, client: smtplib.SMTP, sender: str, recipient: str) -> Result | None:
        """MAIL, RCPT and DATA; None when the server waits for the mail's lines."""
        wide = not (sender + recipient).isascii()
        if wide and not client.has_extn("smtputf8"):
            return Permanent(f"the SMTP server cannot write to {recipient} (no SMTPUTF8, RFC 6531)")
        options = " SMTPUTF8 BODY=8BITMIME" if wide else ""
        answers = self._answers(
            client,
            f"MAIL FROM:{_path(sender)}{options}",
            f"RCPT TO:{_path(recipient)}",
            "DATA",
        )
        try:
            code, answer = next(answers)
        except (smtplib.SMTPServerDisconnected, ConnectionError) as error:
            self._drop()
            raise _StaleError(f"{self._who}: {_words(error)}") from error
        if code in _OURS:
            self._drop()
            raise _StaleError(f"{self._who}: {code} {_text(answer)}")
        if code != 250:
            # The desk's own address is refused: a setting is wrong, not this mail.
            self._drop()
            return Temporary(f"{code} {_text(answer)}")
        code, answer = next(answers)
        # RFC 5321 section 4.2.1: any 2 is yes. The mail itself is asked for by DATA alone.
        if not 200 <= code < 300:
            refused = self._result(code, answer)
            if self._client and _together(client):
                self._expect_refusal(answers)
            return refused
        code, answer = next(answers)
        if code == 354:
            return None
        self._drop()
        if 400 <= code < 600:
            return self._result(code, answer)
        return Temporary(f"odd answer to DATA: {code} {_text(answer)}")

    def _hand_over(self, client: smtplib.SMTP, data: bytes) -> tuple[int, bytes]:
        """The mail's lines, and the answer to the dot behind them."""
        if client.sock:
            client.sock.settimeout(DATA_SECONDS)
        client.send(_lines(data))
        answer = client.getreply()
        if client.sock:
            client.sock.settimeout(COMMAND_SECONDS)
        return answer

    def _expect_refusal(self, answers: Iterator[tuple[int, bytes]]) -> None:
        """Of DATA, on its way to a recipient that was refused; else the connection ends."""
        try:
            code, _ = next(answers)
        except (smtplib.SMTPException, OSError):
            code = 0
        if not 400 <= code < 600:
            self._drop()

    def _answers(self, client: smtplib.SMTP, *commands: str) -> Iterator[tuple[int, bytes]]:
        """The answer to each of these commands, once it is asked for.

        Where the server knows PIPELINING they go out together: one way instead of three.
        """
        lines = [f"{command}\r\n".encode() for command in commands]
        if any(line.find(mark) < len(line) - 2 for line in lines for mark in (b"\r", b"\n")):
            raise ValueError("an address holds a line break")
        if _together(client):
            client.send(b"".join(lines))
        for line in lines:
            if not _together(client):
                client.send(line)
            yield client.getreply()

    def _result(self, code: int, answer: bytes | str) -> Result:
        """RFC 5321 section 4.2.1: 2 is yes, 4 is not now, 5 is never."""
        self._doubt(code)
        if 200 <= code < 300:
            return Sent()
        words = f"{code} {_text(answer)}"
        return Permanent(words) if 500 <= code < 600 else Temporary(words)

    def _doubt(self, code: int) -> None:
        """Drops a connection that closes, or whose next answer may belong to this command."""
        if code == 421 or code // 100 not in (2, 4, 5):
            self._drop()

    def _reset(self) -> None:
        """Ends a mail that was not handed over. What the server says of that changes no result."""
        try:
            if self._client and self._client.rset()[0] != 250:
                self._drop()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _connect(self) -> smtplib.SMTP:
        host, port = self._config.host, self._config.port
        if self._config.tls == "implicit":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                host, port, timeout=COMMAND_SECONDS, context=self._tls
            )
        else:
            client = smtplib.SMTP(host, port, timeout=COMMAND_SECONDS)
        if client.sock:
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return client

    def _greet(self, client: smtplib.SMTP) -> None:
        client.ehlo_or_helo_if_needed()
        if self._config.tls == "starttls":
            # RFC 3207: refused or unknown is an error, never clear text.
            client.starttls(context=self._tls)
            client.ehlo()

    def _alive(self, client: smtplib.SMTP) -> bool:
        try:
            return client.noop()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False

    def _drop(self) -> None:
        client, self._client = self._client, None
        if client:
            client.close()


# In angle brackets (RFC 5321 section 4.1.1.2). A desk writes to the same people.
_path = lru_cache(maxsize=256)(smtplib.quoteaddr)


def _together(client: smtplib.SMTP) -> bool:
    """Whether the server takes commands that do not wait for each other (RFC 2920)."""
    return client.has_extn("pipelining")


def _lines(data: bytes) -> bytes:
    """A mail as it goes over the wire (RFC 5321 section 4.5.2): a dot ends it, none inside does."""
    stuffed = data.replace(b"\n.", b"\n..")
    start = b"." if data.startswith(b".") else b""
    end = b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n"
    return start + stuffed + end


class _StaleError(Exception):
    """The connection was dead before the mail was."""


def _text(answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or _text(str(error))}; are [smtp] tls and port right?"
    if isinstance(error, smtplib.SMTPNotSupportedError) and "AUTH" in str(error):
        return "offers no login; are [smtp] tls and port right? If it needs none, leave user empty"
    if isinstance(error, smtplib.SMTPResponseException):
        said = _text(error.smtp_error)
        if error.smtp_code < 0:  # smtplib's own, for what is no answer of SMTP
            return f"does not speak SMTP; are [smtp] host and port right? It says: {said}"
        return f"{error.smtp_code} {said}"
    return _text(str(error)) or type(error).__name__
