"""CPU time of the desk's figures and of searches, with 100,000 tickets of one year.

python -m tests.bench.figures
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from mailgate import daemon
from mailgate.config import load, shipped
from mailgate.portal import figures
from rules.model import EntryKind
from store import search
from store.db import Database
from store.tables import Entry, Ticket
from store.work import Words

TICKETS, BATCH = 100_000, 1_000
_NOW = datetime(2026, 7, 23, 12, tzinfo=UTC)
_SEB = "sebastien@fram.example"
_WORDS = "Bonjour, le poste ne démarre plus depuis ce matin, merci de votre aide. " * 5


def report() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(shipped(), "utf-8")
        config = load(path, {})
        with closing(Database(config.database_url)) as db:
            db.migrate()
            _fill(db)
            desk = daemon.open_desk(config, db, lambda: _NOW)
            for weeks in figures.PERIODS:
                _timed(f"figures of {weeks} weeks", figures.gather, desk, weeks, _NOW)
            with db.reading() as tx:
                for typed in ("requester4217", "#4217", "bonjour", "bonjour poste démarre matin"):
                    _timed(f"search for {typed!r}", search.find, tx, typed, limit=50)


def _timed(what: str, step: Callable[..., object], *args: object, **more: object) -> None:
    start = time.process_time()
    step(*args, **more)
    print(f"{what}, {TICKETS} tickets: {1000 * (time.process_time() - start):.0f} ms of CPU")


def _fill(db: Database) -> None:
    """Five to six entries a ticket: asked, answered, solved, closed."""
    chance = random.Random(1)
    for first in range(1, TICKETS + 1, BATCH):
        tickets: list[dict[str, Any]] = []
        entries: list[dict[str, Any]] = []
        for number in range(first, first + BATCH):
            _ticket(number, chance, tickets, entries)
        for rank, entry in enumerate(entries):
            entry["id"] = first * 10 + rank
        words = [Words(one["number"], 0, one["requester_name"]) for one in tickets]
        words += [Words(e["ticket"], e["id"], e["text"]) for e in entries if e["kind"] != "state"]
        with db.transaction() as tx:
            tx.run(insert(Ticket), *tickets)
            tx.run(insert(Entry), *entries)
            tx.dialect.index(tx.connection, words)


def _ticket(
    number: int,
    chance: random.Random,
    tickets: list[dict[str, Any]],
    entries: list[dict[str, Any]],
) -> None:
    opened = _NOW - timedelta(days=360) * (1 - number / TICKETS)
    answered = opened + timedelta(hours=chance.expovariate(1 / 3))
    solved = answered + timedelta(hours=chance.expovariate(1 / 20))
    story = [
        (opened, EntryKind.OPENING, "m@fram.example", _WORDS, "new"),
        (answered, EntryKind.NOTE, _SEB, _WORDS, "new"),
        (answered, EntryKind.STATE, _SEB, "open", "open"),
        (solved, EntryKind.NOTE, _SEB, _WORDS, "open"),
        (solved, EntryKind.STATE, _SEB, "resolved", "resolved"),
        (solved + timedelta(hours=48), EntryKind.STATE, "", "closed", "closed"),
    ]
    happened = [line for line in story if line[0] <= _NOW]
    for at, kind, author, text, _ in happened:
        line = {"ticket": number, "kind": kind, "author": author, "at": at, "text": text}
        entries.append(_ENTRY | line | {"verified": author == _SEB})
    tickets.append(
        {
            "number": number,
            "subject": "",
            "state": happened[-1][4],
            "requester": "m@fram.example",
            "requester_name": f"requester{number}",
            "owner": "",
            "bounce_told": False,
            "opened_at": opened,
            "changed_at": happened[-1][0],
            "merged_into": None,
        }
    )


_ENTRY: dict[str, Any] = {
    **dict.fromkeys(("author_name", "via", "via_name", "quoted", "automatic"), ""),
    **dict.fromkeys(("internal", "pending", "portal"), False),
    **dict.fromkeys(("raw_id", "addressed")),
    "attachments": "[]",
}


if __name__ == "__main__":
    report()
