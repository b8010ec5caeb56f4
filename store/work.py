"""One transaction at work: reads at once, writes together at its end.

A mail causes a dozen small writes. Done one by one they cost more than all
reading and deciding; gathered over a batch of mails they are one statement a
table. So rows wait in memory, and whoever reads what this transaction may have
written asks its memory first: the tickets in hand (`files`), the Message-IDs and
the mails that were added.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol

from sqlalchemy import (
    Connection,
    Executable,
    Insert,
    Select,
    Table,
    bindparam,
    insert,
    update,
)
from sqlmodel import SQLModel, col

from rules.model import Clock, EntryKind, Tally
from store import tables


@dataclass(slots=True)
class Person:
    """A participant, as this transaction has it."""

    token: str
    belongs: str
    late_told: bool = False
    name: str = ""
    failure: str = ""
    failing_at: datetime | None = None
    absent_at: datetime | None = None
    back_on: date | None = None


@dataclass(slots=True)
class File:
    """A ticket in hand: what was read of it, and what this transaction did."""

    row: dict[str, Any]  # the columns of the ticket's row
    people: dict[str, Person]  # by address
    new: bool
    changed: bool = False
    named: bool = False  # subject or requester are to be written
    ids: dict[str, list[str]] = field(default_factory=dict)  # Message-IDs added, by address
    ids_before: dict[str, list[str]] | None = None  # the database's; None: not asked for yet
    clocks: list[Clock] | None = None  # set here; None: as the database has them
    clocks_before: list[Clock] | None = None  # the database's; None: not asked for yet


class Words(NamedTuple):
    """What the search finds: an entry's text, or with entry 0 a ticket's subject and requester."""

    ticket: int
    entry: int
    text: str


class Matching(Protocol):
    def __call__(self, words: str, *, prefix: bool) -> Select[Any]:
        """(number, place) of the tickets that have these words one behind the other.

        With `prefix` the last one may go on. The place is 0 where the ticket's subject or
        requester has them, else 1. Case and accents make no difference.
        """


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs between databases, as far as a transaction needs it (see store.db)."""

    first_id: Callable[[Connection, Table], int]  # from where ids may be handed out
    or_ignore: Callable[[Insert], Insert]  # leaves out rows that are there already
    index: Callable[[Connection, Iterable[Words]], None]  # the search will find these
    forget: Callable[[Connection, Iterable[int]], None]  # tickets' subjects and requesters no more
    matching: Matching


def table_of(model: type[SQLModel]) -> Table:
    """The Core table of a model."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


# Parents before children: the order in which waiting rows are written.
_ORDER = (
    tables.Ticket,
    tables.Participant,
    tables.Entry,
    tables.Scan,
    tables.ThreadId,
    tables.Timer,
    tables.Outbox,
)


_SEARCHED = 100_000  # characters of an entry that are found: nobody types more

_CHANGING = ("state", "owner", "changed_at", "requester", "requester_name", "merged_into")
_CHANGE = (
    update(tables.Ticket)
    .where(col(tables.Ticket.number) == bindparam("b_number"))
    .values({name: bindparam(name) for name in _CHANGING})
)
_TALLY = (
    update(tables.Tally)
    .where(col(tables.Tally.key) == bindparam("b_key"))
    .values({name: bindparam(name) for name in ("since", "count", "told", "ticket")})
)
_NUMBER = (
    update(tables.Counter)
    .where(col(tables.Counter.name) == bindparam("b_name"))
    .values(last=bindparam("last"))
)


class Transaction:
    """What the functions of store/ work on. `Database` makes and ends it."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self.connection = connection
        self.files: dict[int, File] = {}
        self.citing: defaultdict[str, set[int]] = defaultdict(set)  # Message-ID -> its tickets
        self.queued: Counter[str] = Counter()  # mails added, by the ceiling they count against
        self.tallies: dict[str, Tally | None] = {}  # those that were read, None for none
        self.counted: set[str] = set()  # keys of tallies to be written
        self.pending: dict[
            int, tuple[int, EntryKind]
        ] = {}  # entries that wait for proof -> raw mail
        self.settled: set[str] = set()  # Message-IDs of mails settled and not yet written
        # What was asked for a batch of mails beforehand (store/foresee.py):
        self.new_mails: set[str] = set()  # Message-IDs of which no copy took effect
        self.looked_up: set[str] = set()  # Message-IDs whose tickets stand in `citing`
        self.sent_before: dict[str, int] = {}  # budget -> mails of the last hour
        self.last_number: int | None = None  # of the tickets, once one was handed out
        self.dialect = dialect
        self._ids: dict[str, int] = {}
        self._to_come: list[tuple[dict[str, Any], str, Callable[[], Any]]] = []
        self._rows: dict[str, list[dict[str, Any]]] = {table_of(m).name: [] for m in _ORDER}
        self._updates: dict[int, tuple[Executable, list[dict[str, Any]]]] = {}

    def all(self, statement: Executable, **values: object) -> Sequence[Any]:
        """The rows of a query."""
        return self.connection.execute(statement, values).all()

    def first(self, statement: Executable, **values: object) -> Any | None:
        """The first row of a query, None without one."""
        return self.connection.execute(statement, values).first()

    def run(self, statement: Executable, *rows: dict[str, Any]) -> int:
        """Writes at once; returns how many rows were touched."""
        return self.connection.execute(statement, list(rows) if rows else None).rowcount

    def add(self, model: type[SQLModel], **values: object) -> dict[str, Any]:
        """A row to be written together with the others of its table."""
        self._rows[table_of(model).name].append(values)
        return values

    def fill(self, row: dict[str, Any], name: str, value: Callable[[], Any]) -> None:
        """A value of an added row that is asked for when the row is written: it takes long."""
        self._to_come.append((row, name, value))

    def later(self, statement: Executable, **values: object) -> None:
        """An update to be run together with the others of the same (module-level) statement."""
        self._updates.setdefault(id(statement), (statement, []))[1].append(values)

    def new_id(self, model: type[SQLModel]) -> int:
        """The id for a row that is going to be added."""
        table = table_of(model)
        if table.name not in self._ids:
            self._ids[table.name] = self.dialect.first_id(self.connection, table)
        self._ids[table.name] += 1
        return self._ids[table.name] - 1

    def flush(self) -> None:
        """Writes everything that waits."""
        words = self._words()
        self._hand_over()
        for row, name, value in self._to_come:
            row[name] = value()
        self._to_come.clear()
        for model in _ORDER:
            rows = self._rows[table_of(model).name]
            if rows:
                statement = insert(table_of(model))
                if model is tables.ThreadId:
                    statement = self.dialect.or_ignore(statement)
                self.connection.execute(statement, rows)
                rows.clear()
        for update_one, values in self._updates.values():
            self.connection.execute(update_one, values)
        self._updates.clear()
        self.settled.clear()
        if words:
            self.dialect.index(self.connection, words)

    def _words(self) -> list[Words]:
        """What the search has to learn of what waits; it forgets what that replaces."""
        named = {number: file.row for number, file in self.files.items() if file.named}
        self.dialect.forget(self.connection, (n for n in named if not self.files[n].new))
        for number in named:
            self.files[number].named = False
        words = [
            Words(number, 0, f"{row['subject']} {row['requester_name']} {row['requester']}")
            for number, row in named.items()
        ]
        for row in self._rows[table_of(tables.Entry).name]:
            if row["kind"] != EntryKind.STATE and row["text"]:
                words.append(Words(row["ticket"], row["id"], row["text"][:_SEARCHED]))
        return words

    def _hand_over(self) -> None:
        """Puts the tickets in hand among what waits."""
        for number, file in self.files.items():
            row = file.row
            if file.new:
                self.add(tables.Ticket, **row)
            elif file.changed:
                values = {name: row[name] for name in _CHANGING}
                self.later(_CHANGE, b_number=number, **values)
            file.new = file.changed = False
        self._write_tallies()
        if self.last_number is not None:
            self.later(_NUMBER, b_name="ticket", last=self.last_number)

    def _write_tallies(self) -> None:
        """The row may be new, or have been forgotten a moment ago."""
        rows = {
            key: {"since": one.since, "count": one.count, "told": one.told, "ticket": one.ticket}
            for key in sorted(self.counted)
            if (one := self.tallies[key])
        }
        if rows:
            there = self.dialect.or_ignore(insert(table_of(tables.Tally)))
            self.connection.execute(there, [{"key": key, **row} for key, row in rows.items()])
            self.connection.execute(_TALLY, [{"b_key": key, **row} for key, row in rows.items()])
        self.counted.clear()
