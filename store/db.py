"""The one seam at the database: engine, transactions, schema, and what differs between databases.

Everything that only SQLite knows stands here; the other modules of store/ write
portable SQL (decisions.md says why).
"""

# Length: all that a second database would need a second of.
from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Insert,
    Select,
    Table,
    case,
    column,
    create_engine,
    event,
    func,
    insert,
    select,
    table,
    text,
)
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from store.tables import Base
from store.work import Dialect, Transaction, Words

# The index of words, which SQLAlchemy cannot describe (sqlite.org/fts5.html).
_INDEX = (
    "create virtual table search using fts5 (text, content='', columnsize=0,"
    " tokenize='unicode61 remove_diacritics 2')"
)
SCHEMA = "0008"  # the newest revision in store/migrations/versions
_BUSY_SECONDS = 30  # how long a writer waits for another one


class OutageError(Exception):
    """The database does not answer or refuses to commit: nobody's mail is at fault."""


class WrongSchemaError(Exception):
    """The database was made by another version of mailgate."""


class AlreadyRunningError(Exception):
    """Another process works on this database."""


_File = tuple[int, int]  # what tells a file from every other one: device and inode


class Database:
    """One database, shared by the threads of a process."""

    def __init__(self, url: str) -> None:
        """`url` is an SQLAlchemy URL with an absolute path: sqlite:////path/mailgate.db."""
        self._engine = create_engine(
            url,
            connect_args={"timeout": _BUSY_SECONDS},
            hide_parameters=True,  # an error's text must not quote mails
        )
        self.path = Path(self._engine.url.database or "")
        self._writing = Lock()  # SQLite's own waiting is a sleep: a busy thread would starve others
        self._held: dict[Path, _File] = {}  # files that must stay what they are
        event.listen(self._engine, "connect", self._connected)
        event.listen(self._engine, "begin", _begin)
        self._quick = self._engine.execution_options(quick=True)

    @contextmanager
    def transaction(self, *, quick: bool = False) -> Iterator[Transaction]:
        """A writing transaction that holds the write lock from its start.

        Commits when the block ends, rolls back when it raises. Raises OutageError when
        the database cannot be reached, is locked for too long or refuses to commit, and
        when its file is another one by now: what is written would be nowhere.
        A `quick` one survives the death of the process, but not a power cut before the
        next one that is not: it does not wait for the disk.
        """
        engine = self._quick if quick else self._engine
        self._stand()
        with self._writing, _outages(), engine.begin() as connection:
            work = Transaction(connection, SQLITE)
            yield work
            work.flush()
            self._stand()

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A reading transaction: one consistent view, never waits for a writer."""
        self._stand()
        with _outages(), self._engine.connect() as plain:
            yield Transaction(plain.execution_options(reading=True), SQLITE)

    def migrate(self) -> None:
        """Brings the schema to this version, making the database when there is none.

        Raises WrongSchemaError when a newer mailgate made it, OutageError when it
        cannot be written.
        """
        with _files():
            self._make_private()
        with _outages():
            revision = self.revision()
            if not revision:
                _make(self._engine)
            elif revision != SCHEMA:
                _upgrade(self._engine, self.path)

    def revision(self) -> str:
        """The schema's revision, "" for an empty or missing database."""
        with _outages(), self._engine.connect() as plain:
            connection = plain.execution_options(reading=True)
            if not self._engine.dialect.has_table(connection, "alembic_version"):
                return ""
            found = connection.execute(text("select version_num from alembic_version"))
            return str(found.scalar() or "")

    def check(self) -> None:
        """Raises WrongSchemaError unless the schema is this version's."""
        if not self.path.exists():
            raise WrongSchemaError(
                f"{self.path}: there is no database yet; `mailgate run` makes it"
            )
        revision = self.revision()
        if revision != SCHEMA:
            made = f"has schema {revision}" if revision else "is empty"
            raise WrongSchemaError(
                f"{self.path}: the database {made}, this mailgate needs {SCHEMA}; "
                "start `mailgate run` of this version once to bring it up to date"
            )

    @contextmanager
    def running(self) -> Iterator[None]:
        """Holds the database for one daemon, until the process ends in whatever way.

        Raises AlreadyRunningError when another process holds it. On SQLite one daemon
        works at a time, so a mail marked "sending" at its start belongs to a dead one.
        """
        lock = self.path.with_name(self.path.name + ".lock")
        with _files():
            handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyRunningError(
                    f"{self.path}: another mailgate is running on this database; "
                    "stop it first, or leave the work to it"
                ) from None
            self._held[lock] = _file(os.fstat(handle))
            yield
        finally:
            self._held.pop(lock, None)
            os.close(handle)

    def close(self) -> None:
        self._engine.dispose()
        self._held.clear()

    def _connected(self, connection: Any, record: ConnectionPoolEntry) -> None:
        _set_up(connection, record)
        self._held.setdefault(self.path, _file(self.path.stat()))

    def _stand(self) -> None:
        """Raises OutageError where a file was removed or replaced under the process.

        SQLite would go on with one that has no name any more, and make an empty one beside it;
        a second daemon would find no lock.
        """
        for path, before in list(self._held.items()):
            with _files():
                now = _file(path.stat()) if path.exists() else None
            if now != before:
                raise OutageError(
                    f"{path}: was removed or replaced while mailgate works on it; "
                    "stop mailgate, put the right file there, and start it again"
                )

    def _make_private(self) -> None:
        """Makes the file readable by its owner alone: it holds everybody's mails."""
        if not self.path.exists():
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))


def _first_id(connection: Connection, table: Table) -> int:
    """The next free id: the write lock is held, so nobody else hands one out meanwhile."""
    return int(connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1


def _or_ignore(statement: Insert) -> Insert:
    return statement.prefix_with("OR IGNORE")


_SEARCH = table("search", column("rowid", BigInteger), column("search"), column("text"))
_OWN = 32  # bits of a row's id below the ticket's number: the entry's id, 0 for the ticket itself
_FORGET = text(
    "insert into search (search, rowid, text) select 'delete', number << 32,"
    " subject || ' ' || requester_name || ' ' || requester from ticket where number = :number"
)


def _index(connection: Connection, words: Iterable[Words]) -> None:
    """In the order of their ids: each step back would cost FTS5 a segment of its own.

    Written by triggers the same would cost one for every row.
    """
    rows = sorted((one.ticket << _OWN | one.entry, one.text) for one in words)
    statement = insert(_SEARCH)
    connection.execute(statement, [{"rowid": rowid, "text": said} for rowid, said in rows])


def _forget(connection: Connection, numbers: Iterable[int]) -> None:
    """The index keeps no text of its own: it is told what it has to forget."""
    for number in numbers:
        connection.execute(_FORGET, {"number": number})


def _matching(words: str, *, prefix: bool) -> Select[Any]:
    """A phrase of FTS5, in which every character but the quote stands for itself.

    sqlite.org/fts5.html, 3.1 and 3.2: between quotes, a quote is doubled.
    """
    phrase = '"' + words.replace('"', '""') + '"' + ("*" if prefix else "")
    number = _SEARCH.c.rowid.op(">>")(_OWN)
    in_entry = case((_SEARCH.c.rowid.op("&")((1 << _OWN) - 1) > 0, 1), else_=0)
    return (
        select(number.label("number"), func.min(in_entry).label("place"))
        .where(_SEARCH.c.search.op("match")(phrase))
        .group_by(number)
    )


SQLITE = Dialect(_first_id, _or_ignore, _index, _forget, _matching)


def _file(found: os.stat_result) -> _File:
    return found.st_dev, found.st_ino


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        # Its subclasses but OperationalError speak of one statement's values, not of the database.
        if type(error) not in (DatabaseError, OperationalError):
            raise
        raise OutageError(f"the database refuses: {error.orig}") from error


@contextmanager
def _files() -> Iterator[None]:
    """Around what handles the database's files by itself, and nothing of the caller's."""
    try:
        yield
    except OSError as error:
        raise OutageError(f"the database cannot be used: {error}") from error


def _set_up(connection: Any, _record: ConnectionPoolEntry) -> None:
    """WAL and FULL: a committed change survives a power cut (sqlite.org/pragma.html)."""
    connection.isolation_level = None  # the driver's own BEGIN would come too late
    for pragma in (
        "journal_mode=wal",
        "synchronous=full",
        "foreign_keys=on",
        "wal_autocheckpoint=4000",  # pages, 16 MB: a batch of mails writes half of that
    ):
        connection.execute(f"pragma {pragma}")


def _begin(connection: Connection) -> None:
    """IMMEDIATE: a deferred transaction that reads first may fail to write later.

    In WAL, FULL waits for the disk at each commit, NORMAL at a checkpoint; both survive the
    process (sqlite.org/pragma.html#pragma_synchronous).
    """
    options = connection.get_execution_options()
    if options.get("reading"):
        connection.exec_driver_sql("begin")
        return
    driver: Any = connection.connection.driver_connection
    driver.execute(f"pragma synchronous={'normal' if options.get('quick') else 'full'}")
    connection.exec_driver_sql("begin immediate")


def _make(engine: Engine) -> None:
    """What all migrations come to, at once: alembic takes a third of a second for it."""
    with engine.begin() as connection:
        Base.metadata.create_all(connection, checkfirst=False)
        connection.execute(text(_INDEX))
        connection.execute(
            text(
                "create table alembic_version (version_num VARCHAR(32) not null,"
                " constraint alembic_version_pkc primary key (version_num))"
            )
        )
        connection.execute(text("insert into alembic_version values (:head)"), {"head": SCHEMA})


def _upgrade(engine: Engine, path: Path) -> None:
    # Imported late: alembic costs a quarter of a second that most starts do not need.
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    with as_file(files("store") / "migrations") as scripts, engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(scripts))
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise WrongSchemaError(
                f"{path}: the database was made by a newer mailgate ({error}); "
                "install that version, or name another database in [store] url"
            ) from error
