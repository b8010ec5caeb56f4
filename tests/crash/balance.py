"""The books of a desk: promises 1 to 3 of the design, counted. And its picture, for comparisons."""

from __future__ import annotations

from collections import Counter, defaultdict
from contextlib import closing
from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel

from rules.model import Outcome
from store.db import Database
from store.tables import Base, Entry, Ledger, Outbox, Raw, Ticket, Timer
from store.work import Transaction, table_of
from tests.crash.desk import CrashDesk
from tests.servers.smtp_rules import Mail

EFFECTIVE = {Outcome.OPENED, Outcome.NOTED, Outcome.AUTO_REPLY, Outcome.BOUNCE}
Books = dict[type[Base], list[Any]]


def balance(desk: CrashDesk) -> None:
    """Asserts that nothing was lost, nothing done twice, and that mails out match changes.

    Each kill may have repeated one mail, that in flight, with the same bytes.
    """
    books = _read(desk)
    _mailbox(desk, books)
    _ledger(books)
    _histories(desk, books)
    _outgoing(desk, books)
    _order(desk, books)
    _timers(books)


def picture(desk: CrashDesk) -> dict[str, list[Any]]:
    """What a death must not change. Nothing random stands in it, and times to the hour."""
    books = _read(desk)
    return {
        "tickets": [(t.number, t.subject, t.state, t.requester, t.owner) for t in books[Ticket]],
        "entries": sorted(
            (e.ticket, n, e.kind, e.author, e.text, e.internal, e.verified, e.pending)
            for n, e in enumerate(books[Entry])
        ),
        "ledger": sorted((row.uid, row.outcome, row.ticket or 0) for row in books[Ledger]),
        "outbox": sorted((o.recipient, o.subject, o.event, o.state) for o in books[Outbox]),
        "accepted": sorted(
            (mail.recipients[0], str(mail.message["Subject"])) for mail in first_copies(desk)
        ),
        "timers": sorted(
            (t.ticket, t.state, t.notify, t.to_state, _hours(books, t)) for t in books[Timer]
        ),
        "mailbox": sorted(desk.folders().items()),
    }


def first_copies(desk: CrashDesk) -> list[Mail]:
    """What the SMTP server took, by Message-ID, in the order of the first copies."""
    seen: dict[str, Mail] = {}
    for mail in desk.sink.mails:
        seen.setdefault(mail.message["Message-ID"], mail)
    return list(seen.values())


def _read(desk: CrashDesk) -> Books:
    with closing(Database(desk.config.database_url)) as db, db.reading() as tx:
        return {table: _rows(tx, table) for table in (Ticket, Entry, Ledger, Raw, Outbox, Timer)}


def _rows(tx: Transaction, model: type[SQLModel]) -> list[Any]:
    table = table_of(model)
    (key,) = table.primary_key.columns
    return list(tx.all(select(*table.c).order_by(key)))


def _mailbox(desk: CrashDesk, books: Books) -> None:
    """Promise 1. Every mail lies in Done or in Held, once, and as the ledger says."""
    mails = {name: desk.dovecot.mails(desk.user, name) for name in ("INBOX", "Done", "Held")}
    assert mails["INBOX"] == []
    assert Counter(mails["Done"] + mails["Held"]) == Counter(desk.delivered)
    raws = {raw.id: raw.data for raw in books[Raw]}
    held = [raws[row.raw_id] for row in books[Ledger] if row.outcome == Outcome.HELD]
    for raw in held:  # of a mail that is too large it has the header alone
        found = [mail for mail in mails["Held"] if mail.startswith(raw)]
        assert found, "a row says held, and no file lies in Held"
        mails["Held"].remove(found[0])
    assert mails["Held"] == [], "in Held without a row that says so"


def _ledger(books: Books) -> None:
    """Promise 2. One row per copy, settled; each entry of a mail has the row that made it."""
    rows = books[Ledger]
    taken = [row.id for row in rows if row.outcome == Outcome.TAKEN]
    assert not taken, f"without an outcome: {taken}"
    assert [row.id for row in rows if row.settled_at is None or row.refile] == []
    made = [row.entry_id for row in rows if row.outcome in EFFECTIVE and row.entry_id]
    assert [entry for entry, times in Counter(made).items() if times > 1] == []
    doubles = {row.entry_id for row in rows if row.outcome == Outcome.DUPLICATE}
    assert doubles <= set(made), "a duplicate of a mail that no row took"


def _histories(desk: CrashDesk, books: Books) -> None:
    """Promises 1 and 2. One row per copy; each mail's words stand where they must, as often."""
    assert len(books[Ledger]) == len(desk.delivered)
    texts = [entry.text for entry in books[Entry]]
    found = {word: sum(word in text for text in texts) for word in desk.words}
    assert found == desk.words
    numbers = {ticket.number for ticket in books[Ticket]}
    assert {entry.ticket for entry in books[Entry]} == numbers, "a ticket without a history"


def _outgoing(desk: CrashDesk, books: Books) -> None:
    """Promise 3. What the outbox calls sent was accepted, in its bytes, and nothing else was."""
    assert [row.id for row in books[Outbox] if row.state == "sending"] == []
    never_tried = [row.id for row in books[Outbox] if row.state == "queued" and not row.attempts]
    assert never_tried == []
    copies: dict[str, list[bytes]] = defaultdict(list)
    for mail in desk.sink.mails:
        copies[_reference(mail)].append(mail.raw)
    sent = {row.reference: row for row in books[Outbox] if row.state == "sent"}
    assert copies.keys() == sent.keys()
    for reference, raws in copies.items():
        assert set(raws) == {sent[reference].data}
        assert len(raws) <= sent[reference].attempts, "an attempt that was not registered"
    repeated = len(desk.sink.mails) - len(copies)
    assert repeated <= desk.kills, "repeated more often than the process died"


def _order(desk: CrashDesk, books: Books) -> None:
    """Promise 3. Per ticket and recipient, first copies come in the order of the outbox."""
    rank = {_reference(mail): n for n, mail in enumerate(first_copies(desk))}
    last: dict[tuple[int, str], int] = {}
    for row in books[Outbox]:
        if row.state == "sent":
            key = (row.ticket, row.recipient)
            assert rank[row.reference] > last.get(key, -1), row.subject
            last[key] = rank[row.reference]


def _timers(books: Books) -> None:
    """A ticket has clocks of the state that it is in, each of them once."""
    states = {ticket.number: ticket.state for ticket in books[Ticket]}
    assert all(states[timer.ticket] == timer.state for timer in books[Timer])
    kinds = Counter((t.ticket, t.notify, t.to_state) for t in books[Timer])
    assert set(kinds.values()) <= {1}


def _hours(books: Books, timer: Timer) -> int:
    """How long after its state was entered a timer is due, to the hour."""
    entered = [
        e.at
        for e in books[Entry]
        if (e.ticket, e.kind, e.text) == (timer.ticket, "state", timer.state)
    ]
    wait: float = (timer.due_at - entered[-1]).total_seconds()
    return round(wait / 3600)


def _reference(mail: Mail) -> str:
    return str(mail.message["Message-ID"]).removeprefix("<").partition("@")[0]
