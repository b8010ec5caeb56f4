"""Hands for tests of the pages: a desk with its portal on a real socket, and forms filled in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import httpx
from sqlalchemy import select, update
from sqlmodel import col
from starlette.routing import Route

from mailgate import daemon
from mailgate.config import load, shipped
from mailgate.desk import Desk
from mailgate.effects import apply as write
from mailgate.portal import serve, session
from mailgate.portal.app import app
from mailgate.portal.bind import listening
from mailgate.portal.road import Draft, File, submit
from mailgate.portal.site import Site
from rules.model import Address, Credential, Effect, Entry, EntryKind, Outcome, Proof, Ticket
from store import history, sessions, tickets
from store.db import Database
from store.sessions import Purpose
from store.tables import Base, Outbox, Participant
from store.tables import Ticket as Ticket_

MARIE = Address("marie.dupont@fram.example", "Marie DUPONT")
SEB = Address("sebastien@fram.example", "Sébastien")
RH = Address("rh@fram.example", "RH")
TITLE = "Arrivée de Jean MARTIN dans l'agence Toulouse le 01/08"
_HIDDEN = re.compile(r'<input type="hidden" name="form" value="([^"]+)">')


@dataclass
class Portal:
    desk: Desk
    url: str
    ahead: list[timedelta] = field(default_factory=list)  # how far the desk's clock is moved
    woken: list[bool] = field(default_factory=list)

    def client(self) -> httpx.Client:
        """A browser: it keeps cookies and follows nothing by itself."""
        return httpx.Client(base_url=self.url, timeout=20)

    def sign_in_path(self, agent: Address = SEB) -> str:
        """The path of a sign-in link, as it is mailed."""
        token, now = self.desk.new_token(), self.desk.now()
        with self.desk.db.transaction() as tx:
            until = now + timedelta(minutes=15)
            sessions.grant(tx, Purpose.SIGN_IN, token, agent.email, now, until)
        return f"{session.SIGN_IN}/{token}"

    @contextmanager
    def board(self, agent: Address = SEB) -> Iterator[httpx.Client]:
        """The browser of an agent who is signed in."""
        with self.client() as client:
            assert fill(client, self.sign_in_path(agent)).status_code == 303
            yield client

    def opening(self, text: str = "Bonjour.", files: tuple[File, ...] = ()) -> str:
        """Opens a ticket of Marie's as the form does; returns her token."""
        draft = Draft(MARIE, TITLE, text, self.desk.new_token(), self.desk.now(), files)
        assert submit(self.desk, draft, Credential(Proof.FORM)) is Outcome.OPENED
        return self.token(MARIE.email)

    def apply(self, number: int, *effects: Effect) -> None:
        """Has effects written as a decision would."""
        with self.desk.db.transaction() as tx:
            ticket = tickets.load(tx, number)
            write(tx, self.desk, ticket, effects, self.desk.now())

    def nobodys(self, number: int) -> None:
        """The ticket's requester is unknown, as of a mail without any sender."""
        nobody = {"requester": "", "requester_name": ""}
        with self.desk.db.transaction() as tx:
            tx.run(update(Ticket_).where(col(Ticket_.number) == number).values(nobody))

    def say(self, text: str, agent: Address = SEB, number: int = 1) -> None:
        """A signed-in agent writes on a ticket, keyword lines and all."""
        draft = Draft(agent, TITLE, text, self.desk.new_token(), self.desk.now())
        assert submit(self.desk, draft, Credential(Proof.SESSION, agent, number)) is Outcome.NOTED

    def token(self, email: str, number: int = 1) -> str:
        person = (col(Participant.address) == email, col(Participant.ticket) == number)
        with self.desk.db.reading() as tx:
            row = tx.first(select(col(Participant.token)).where(*person))
        assert row, email
        return str(row[0])

    def mails(self) -> list[tuple[str, str]]:
        """(recipient, event) of every mail of ours, in order."""
        with self.desk.db.reading() as tx:
            rows = tx.all(select(col(Outbox.recipient), col(Outbox.event)).order_by(col(Outbox.id)))
        return [(str(recipient), str(event)) for recipient, event in rows]

    def data(self) -> bytes:
        """All mails of ours in one."""
        with self.desk.db.reading() as tx:
            return b"".join(row[0] for row in tx.all(select(col(Outbox.data))))

    def history(self, number: int = 1) -> list[Entry]:
        with self.desk.db.reading() as tx:
            return history.entries(tx, number)

    def notes(self, number: int = 1) -> list[Entry]:
        return [one for one in self.history(number) if one.kind is EntryKind.NOTE]

    def tickets(self) -> list[Ticket]:
        with self.desk.db.reading() as tx:
            return history.listing(tx)

    def dump(self) -> dict[str, list[tuple[object, ...]]]:
        """All that the database holds."""
        with self.desk.db.reading() as tx:
            return {
                name: sorted(map(tuple, tx.all(select(table))), key=repr)
                for name, table in Base.metadata.tables.items()
            }


@contextmanager
def running(
    folder: Path, *, language: str = "fr", more: str = "", **environ: str
) -> Iterator[Portal]:
    """A desk in `folder` with its portal at work; `environ` sets keys of its configuration.

    `more` is added at the end of the file, such as another agent.
    """
    path = folder / "config.toml"
    text = shipped().replace('language = "fr"', f'language = "{language}"') + more
    path.write_text(text, "utf-8")
    ahead: list[timedelta] = []

    def now() -> datetime:
        return daemon.wall_clock() + sum(ahead, timedelta())

    with listening("127.0.0.1", 0) as sock:
        url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        config = load(path, {"MAILGATE_PORTAL__URL": url} | environ)
        with closing(Database(config.database_url)) as db:
            db.migrate()
            desk = daemon.open_desk(config, db, now)
            woken: list[bool] = []
            with serve.serving(desk, lambda: woken.append(True), sock):
                yield Portal(desk, url, ahead, woken)


def routes(desk: Desk) -> list[Route]:
    """Every route of the portal."""
    return [one for one in app(Site(desk, lambda: None)).routes if isinstance(one, Route)]


def form_of(page: httpx.Response) -> str:
    """The hidden word of a page's form; the one to sign out stands before it."""
    found: list[str] = _HIDDEN.findall(page.text)
    assert found, page.text
    return found[-1]


def fill(
    client: httpx.Client, path: str, files: list[File] | None = None, **fields: str
) -> httpx.Response:
    """Asks for the page and posts its form, as multipart where there are files."""
    data = {"form": form_of(client.get(path))} | fields
    sent = [("files", (name, content, kind)) for name, kind, content in files or []]
    return client.post(path, data=data, files=sent or None)


NEW = {
    "mail": MARIE.email,
    "author": MARIE.name,
    "subject": TITLE,
    "text": "Pouvez-vous préparer son poste ?",
}
