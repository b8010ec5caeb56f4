"""The whole demo put together: folder, servers, clock, boxes, and the daemon at work on them."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from threading import Event
from time import monotonic

from mailgate import daemon
from mailgate.config import load
from mailgate.demo import letters
from mailgate.demo.boxes import Boxes, Item
from mailgate.demo.clock import Clock
from mailgate.demo.journal import Journal
from mailgate.demo.letters import Draft
from mailgate.demo.loop import HOST, listen
from mailgate.demo.servers import Servers
from mailgate.demo.words import Words
from mailgate.desk import Desk
from mailgate.portal.serve import serving
from rules.model import Ticket
from store import history, outbox, timers
from store.db import Database

_PORTAL_PORT = 8080  # of the shipped configuration, if it is free
_PATIENCE = 5.0  # seconds that the desk is waited for
_GLANCE = 0.05  # seconds between two looks at it
_SMTP_SECONDS = 10.0  # after which a person's mail program gives up


class NotSentError(Exception):
    """The mail was not taken; says why, in the server's words or in a key of the page's."""


class World:
    """What the page and the play do, and what they look at. Thread-safe but for `send`."""

    def __init__(
        self, desk: Desk, clock: Clock, boxes: Boxes, servers: Servers, stop: Event, due: Event
    ) -> None:
        self.desk = desk
        self.clock = clock
        self.boxes = boxes
        self.servers = servers
        self.stop = stop
        self.words = Words(desk.config.desk.timezone)
        self._due = due
        self._serial = count(len(boxes.all()) + 1)

    def send(self, draft: Draft) -> Item:
        """Sends a person's mail over SMTP and keeps it in the box. Raises NotSentError."""
        to = letters.recipients(draft.to)
        if not to:
            raise NotSentError("address")
        answered = self.boxes.get(draft.answers)
        now = self.clock.now()
        message_id = f"{now:%Y%m%d%H%M%S}.{next(self._serial)}@client.fram.example"
        quote = self.words.quote(answered) if answered else ""
        raw = letters.write(draft, message_id, now, answered, quote)
        try:
            with smtplib.SMTP(HOST, self.servers.smtp_port, timeout=_SMTP_SECONDS) as client:
                # RFC 6531: accents before the "@".
                emails = [one.email for one in to]
                client.sendmail(draft.sender, emails, raw, mail_options=["SMTPUTF8"])
        except smtplib.SMTPRecipientsRefused as error:
            answers = (f"{code} {text.decode()}" for code, text in error.recipients.values())
            raise NotSentError("\n".join(answers)) from error
        except (smtplib.SMTPException, OSError) as error:
            raise NotSentError(str(error)) from error
        return self.boxes.add(draft.sender, raw, now, sent=True)

    def advance(self, by: timedelta) -> None:
        self.clock.advance(by)

    def settle(self) -> bool:
        """Waits until the desk has nothing left to do; False when that takes too long."""
        end = monotonic() + _PATIENCE
        while monotonic() < end and not self.stop.is_set():
            daemon.tick(self.desk, self._due)
            if self._quiet():
                return True
            self.servers.nudge()
            self.stop.wait(_GLANCE)
        return False

    def tickets(self) -> list[Ticket]:
        with self.desk.db.reading() as tx:
            return history.listing(tx)

    def _quiet(self) -> bool:
        # In this order: a mail leaves the inbox only after what follows from it is in the store.
        if self.servers.unread():
            return False
        now = self.clock.now()
        with self.desk.db.reading() as tx:
            return not outbox.in_hand(tx, now) and not timers.due(tx, now)


@contextmanager
def opened(folder: Path, text: str, first_ticket: int, stop: Event, due: Event) -> Iterator[World]:
    """A demo in `folder`, on the configuration `text`, until the block ends.

    Raises AlreadyRunningError when another one works there.
    """
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    journal = Journal(folder / "demo.jsonl")
    clock = Clock(daemon.wall_clock, journal.moved, journal.ahead())
    boxes = Boxes(journal.mails(), journal.keep)

    def receive(recipient: str, raw: bytes) -> None:
        boxes.add(recipient, raw, clock.now())

    plan = load(path, {})
    with (
        Servers(plan.policy.address, plan.imap, clock.now, receive) as servers,
        listen(_PORTAL_PORT) as pages,
    ):
        environ = {
            "MAILGATE_PORTAL__URL": f"http://{HOST}:{pages.getsockname()[1]}",
            "MAILGATE_IMAP__PORT": str(servers.imap_port),
            "MAILGATE_SMTP__PORT": str(servers.smtp_port),
            "MAILGATE_DESK__FIRST_TICKET": str(first_ticket),
        }
        config = load(path, environ)
        with closing(Database(config.database_url)) as db:
            db.migrate()
            desk = daemon.open_desk(config, db, clock.now)
            with (
                db.running(),
                serving(desk, due.set, pages),
                daemon.at_work(desk, stop, due),
            ):
                try:
                    yield World(desk, clock, boxes, servers, stop, due)
                finally:
                    stop.set()
                    due.set()
                    servers.close()  # or delivery would wait for a server that stalls
