"""A desk for tests: a config file, the servers behind it, and hands to play with it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from pathlib import Path

from mailgate import daemon, views
from mailgate.config import Config, load
from rules.model import Entry, Line, Ticket
from store import history, ledger, tickets
from store.db import Database
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import Mail, SmtpSink

ADDRESS = "support@fram.example"
MARIE, SEB = "marie.dupont@fram.example", "sebastien@fram.example"
RH, NADIA = "rh@fram.example", "nadia@fram.example"
REFERENCE = re.compile(r"mg-[a-z2-7]{26}")


@dataclass
class TestDesk:
    """One desk on a mailbox of its own. `more` is appended to its config.toml."""

    folder: Path
    dovecot: Dovecot
    user: str
    sink: SmtpSink
    imap_port: int = 0
    more: str = ""
    __test__ = False

    seen: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.path.write_text(
            f"""
[desk]
name = "FRAM"
address = "{ADDRESS}"
first_ticket = 1898
[imap]
host = "127.0.0.1"
port = {self.imap_port or self.dovecot.port}
tls = "none"
user = "{self.user}"
password = "secret"
[smtp]
host = "127.0.0.1"
port = {self.sink.port}
tls = "none"
[[agents]]
name = "Sébastien"
address = "{SEB}"
{self.more}
""",
            encoding="utf-8",
        )

    @property
    def path(self) -> Path:
        return self.folder / "config.toml"

    @property
    def config(self) -> Config:
        return load(self.path, {})

    def deliver(self, *mails: bytes, folder: str = "INBOX") -> None:
        for mail in mails:
            self.dovecot.deliver(self.user, mail, folder=folder)

    def once(self, ahead: timedelta = timedelta()) -> list[Mail]:
        """Everything due, in this process, with the desk's clock moved ahead of the real one.

        Returns the mails that went out.
        """
        assert daemon.run_once(self.config, lambda: daemon.wall_clock() + ahead)
        return self.new_mails()

    def new_mails(self) -> list[Mail]:
        mails = self.sink.mails[self.seen :]
        self.seen += len(mails)
        return mails

    def tickets(self) -> list[Ticket]:
        with self._db().reading() as tx:
            return history.listing(tx)

    def ticket(self, number: int = 1898) -> Ticket:
        with self._db().reading() as tx:
            found = tickets.load(tx, number)
        assert found
        return found

    def history(self, number: int = 1898) -> list[Entry]:
        with self._db().reading() as tx:
            return history.entries(tx, number)

    def lines(self, message_id: str) -> list[Line]:
        with self._db().reading() as tx:
            return ledger.find(tx, message_id=message_id)

    def held(self) -> list[Line]:
        with self._db().reading() as tx:
            return ledger.held(tx)

    def drop(self, line: int) -> None:
        with self._db().transaction() as tx:
            ledger.drop(tx, line, daemon.wall_clock())

    def why(self, message_id: str) -> str:
        lines = self.lines(message_id)
        return "\n".join(views.line_text(line, [], "Europe/Paris") for line in lines)

    def folders(self) -> dict[str, int]:
        """How many mails lie in each folder."""
        names = ("INBOX", "Done", "Held")
        return {name: len(self.dovecot.mails(self.user, name)) for name in names}

    def _db(self) -> Database:
        return Database(self.config.database_url)


def subject(mail: Mail) -> str:
    return str(make_header(decode_header(mail.message["Subject"])))


def tagged(title: str, rest: str) -> tuple[int, str]:
    """The number and the event's bracket of one of our subjects, which ends with `rest`."""
    match = re.fullmatch(r"\[FRAM\]\[#(\d+)\]\[([^]]+)\] " + re.escape(rest), title)
    assert match, title
    return int(match[1]), match[2]


def heads(mails: list[Mail]) -> list[tuple[str, str]]:
    """(recipient, subject) of each mail, in the order in which they were taken."""
    return [(mail.recipients[0], subject(mail)) for mail in mails]


def body(mail: Mail, kind: str = "text/plain") -> str:
    """The decoded body of this type."""
    for part in mail.message.walk():
        if part.get_content_type() == kind:
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            return payload.decode("utf-8").replace("\r\n", "\n")
    raise AssertionError(f"no {kind} part")


def reference(mail: Mail) -> str:
    """The reference on the last line of a mail of ours."""
    return REFERENCE.findall(body(mail))[-1]


def parsed(raw: bytes) -> Message:
    return message_from_bytes(raw)
