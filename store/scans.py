"""Files of entries as they are stored, and those that wait for the virus scanner."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlmodel import col

from rules.model import Attachment
from store.tables import Entry, Scan
from store.work import Transaction

_DUE = (
    select(
        col(Scan.entry_id),
        col(Scan.tries),
        col(Entry.ticket),
        col(Entry.raw_id),
        col(Entry.attachments),
    )
    .join(Entry, col(Entry.id) == col(Scan.entry_id))
    .where(col(Scan.next_at) <= bindparam("now"))
    .order_by(col(Scan.next_at), col(Scan.entry_id))
    .limit(bindparam("most"))
)
_LATER = (
    update(Scan)
    .where(col(Scan.entry_id) == bindparam("b_entry"))
    .values(tries=col(Scan.tries) + 1, next_at=bindparam("again"))
)
_DONE = delete(Scan).where(col(Scan.entry_id) == bindparam("b_entry"))
_FILES = (
    update(Entry)
    .where(col(Entry.id) == bindparam("b_entry"))
    .values(attachments=bindparam("files"))
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry whose files are to be scanned."""

    entry_id: int
    tries: int
    ticket: int
    raw_id: int
    files: tuple[Attachment, ...]


def written(files: Sequence[Attachment]) -> str:
    """The files of an entry as its row keeps them."""
    return json.dumps([_row(one) for one in files])


def read(files: str) -> tuple[Attachment, ...]:
    """What `written` wrote."""
    rows: Sequence[tuple[str | int, str, str, int, str]] = json.loads(files)
    # The first tables were written with a number for the part.
    return tuple(Attachment(str(row[0]), *row[1:]) for row in rows)


def wait(tx: Transaction, entry_id: int, now: datetime) -> None:
    """Notes that files of this entry are to be scanned."""
    tx.add(Scan, entry_id=entry_id, tries=0, next_at=now)


def due(tx: Transaction, now: datetime, most: int) -> list[Waiting]:
    """Entries to be tried now, those that waited longest first."""
    rows = tx.all(_DUE, now=now, most=most)
    return [
        Waiting(entry, tries, ticket, raw, read(files)) for entry, tries, ticket, raw, files in rows
    ]


def later(tx: Transaction, entry_id: int, again: datetime) -> None:
    """The scanner did not answer for all of its files: it is due again then."""
    tx.run(_LATER, {"b_entry": entry_id, "again": again})


def known(tx: Transaction, entry_id: int, files: Sequence[Attachment]) -> None:
    """The scanner has answered: the entry's files as they are known now."""
    tx.flush()  # the entry may be waiting itself
    tx.run(_FILES, {"b_entry": entry_id, "files": written(files)})


def done(tx: Transaction, entry_id: int) -> None:
    """Nothing of this entry waits any more."""
    tx.run(_DONE, {"b_entry": entry_id})


def _row(one: Attachment) -> list[str | int]:
    plain: list[str | int] = [one.part, one.name, one.type, one.size, one.content_id]
    return [*plain, one.withheld, one.virus] if one.withheld else plain
