"""The schema: migrations make what the tables say, and SCHEMA is their head."""

from contextlib import closing
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from store import history, outbox, reach, tickets
from store.db import SCHEMA, Database, OutageError
from store.tables import Base

NOW = datetime(2026, 7, 20, tzinfo=UTC)
ROWS_OF_0001 = (
    "insert into ticket (number, subject, state, requester, requester_name, owner, opened_at,"
    " changed_at) values (7, 'Écran', 'open', 'm@x', '', '', '2026-07-20 00:00:00',"
    " '2026-07-20 00:00:00')",
    "insert into entry (id, ticket, kind, author, author_name, via, via_name, at, text, quoted,"
    " internal, verified, automatic, pending, attachments) values (1, 7, 'opening', 'm@x', '', '',"
    " '', '2026-07-20 00:00:00', 'Il est noir.', '', 0, 1, '', 0, '[]')",
    "insert into outbox (id, reference, ticket, entry_id, recipient, recipient_name, to_agent,"
    " internal, event, subject, policy_row, data, state, exposed, attempts, queued_at, next_at,"
    " error) values (1, 'mg-x', 7, 1, 'm@x', '', 0, 0, 'opened', '[FRAM][#7]', 'config.toml:57',"
    " 'bytes', 'sent', 0, 1, '2026-07-20 00:00:00', '2026-07-20 00:00:00', '')",
)


def upgrade(path: Path, revision: str) -> None:
    """Makes a database as the release of this revision had it."""
    config = Config()
    config.set_main_option("script_location", str(files("store") / "migrations"))
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "mailgate.db"
    with closing(Database(f"sqlite:///{path}")) as db:
        db.migrate()
    return path


def test_the_migrations_make_exactly_the_tables(tmp_path: Path) -> None:
    path = tmp_path / "migrated.db"
    upgrade(path, "head")
    with create_engine(f"sqlite:///{path}").connect() as connection:
        opts = {"render_as_batch": True, "include_name": _is_ours}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, Base.metadata) == []


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """Not the tables in which FTS5 keeps the index (tests/store/test_search.py)."""
    return kind != "table" or not str(name).startswith("search")


def test_a_new_database_is_what_the_migrations_make(path: Path, tmp_path: Path) -> None:
    """But for the order of columns and the defaults, which rows of older releases needed."""
    upgrade(tmp_path / "migrated.db", "head")
    assert shape(path) == shape(tmp_path / "migrated.db")


def shape(path: Path) -> dict[str, object]:
    """A database's tables: columns, indices, foreign keys, and the schema's revision."""
    found: dict[str, object] = {}
    with create_engine(f"sqlite:///{path}").connect() as connection:

        def rows(pragma: str, of: str) -> list[tuple[Any, ...]]:
            return [tuple(row) for row in connection.exec_driver_sql(f"pragma {pragma}('{of}')")]

        (found["revision"],) = connection.exec_driver_sql("select * from alembic_version").one()
        tables = connection.exec_driver_sql(
            "select name, sql from sqlite_master where type = 'table'"
        )
        for name, sql in tables.all():
            indices = {
                (tuple(column for *_, column in rows("index_info", index)), unique, origin)
                for _, index, unique, origin, _ in rows("index_list", name)
            }
            columns = {
                (column, kind, needed, bool(key))
                for _, column, kind, needed, _, key in rows("table_info", name)
            }
            keys = {key[2:] for key in rows("foreign_key_list", name)}
            virtual = sql if "virtual" in sql.casefold() else ""
            found[name] = columns, indices, keys, virtual
    return found


def test_schema_is_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(files("store") / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA


def test_a_database_of_the_first_release_is_brought_up_to_date(tmp_path: Path) -> None:
    """With rows in it that point at each other, which a copied table would lose."""
    path = tmp_path / "old.db"
    upgrade(path, "0001")
    with create_engine(f"sqlite:///{path}").begin() as old:
        old.exec_driver_sql("pragma foreign_keys=on")
        for row in ROWS_OF_0001:
            old.exec_driver_sql(row)
    with closing(Database(f"sqlite:///{path}")) as db:
        db.migrate()
        db.check()
        with db.transaction() as tx:
            ticket = tickets.load(tx, 7)
            (entry,) = history.entries(tx, 7)
            assert tx.all(text("pragma foreign_key_check")) == []
            assert [mail.reference for mail in outbox.about(tx, 1)] == ["mg-x"]
            tickets.change(tx, 7, ticket.changed if ticket else NOW, merged_into=7)
    assert ticket
    assert (ticket.subject, ticket.merged_into) == ("Écran", None)
    assert (entry.text, entry.addressed) == ("Il est noir.", None)


def test_a_second_migration_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    with closing(Database(f"sqlite:///{path}")) as db:
        db.migrate()
        db.check()
    assert path.read_bytes() == before


def test_durable_settings(path: Path) -> None:
    with closing(Database(f"sqlite:///{path}")) as db, db.reading() as tx:
        connection = tx.connection
        assert connection.exec_driver_sql("pragma journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("pragma synchronous").scalar() == 2
        assert connection.exec_driver_sql("pragma foreign_keys").scalar() == 1


def test_only_a_quick_transaction_does_not_wait_for_the_disk(path: Path) -> None:
    with closing(Database(f"sqlite:///{path}")) as db:
        for quick, synchronous in ((False, 2), (True, 1), (False, 2)):
            with db.transaction(quick=quick) as tx:
                assert tx.connection.exec_driver_sql("pragma synchronous").scalar() == synchronous


def fill(db: Database) -> None:
    big = "insert into raw (sha256, data) values (:n, zeroblob(9000))"
    with db.transaction() as tx:
        tx.connection.exec_driver_sql("pragma max_page_count = 1")
        for n in range(2000):
            tx.connection.execute(text(big), {"n": n})


def test_a_full_database_is_an_outage_and_changes_nothing(path: Path) -> None:
    with closing(Database(f"sqlite:///{path}")) as db:
        with pytest.raises(OutageError, match="full"):
            fill(db)
        with db.reading() as tx:
            assert tx.connection.execute(text("select count(*) from raw")).scalar() == 0


def test_an_error_of_the_callers_own_is_no_outage(path: Path) -> None:
    """jinja2's TemplateNotFound is an OSError: a lost template is no lost database."""
    with (
        closing(Database(f"sqlite:///{path}")) as db,
        pytest.raises(FileNotFoundError),
        db.transaction(),
    ):
        raise FileNotFoundError("a template")


def test_tickets_of_the_first_schema_have_nobody_who_fails(tmp_path: Path) -> None:
    path, now = tmp_path / "old.db", "2026-07-20 09:00:00"
    with create_engine(f"sqlite:///{path}").begin() as connection:
        config = Config()
        config.set_main_option("script_location", str(files("store") / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for row in (
            f"ticket values (7, 'Titre', 'waiting', 'm@x', '', '', '{now}', '{now}')",
            "participant values (1, 7, 'm@x', 'Marie', 'token', 'full', 0)",
        ):
            connection.execute(text(f"insert into {row}"))
    with closing(Database(f"sqlite:///{path}")) as db:
        db.migrate()
        with db.transaction() as tx:
            ticket = tickets.load(tx, 7)
            assert ticket
            assert (ticket.reach, ticket.bounce_told) == ((), False)
            reach.failing(tx, 7, "m@x", "550", datetime(2026, 7, 21, tzinfo=UTC))
        with db.reading() as tx:
            again = tickets.load(tx, 7)
            assert again
            assert [(one.person.name, one.failure) for one in again.reach] == [("Marie", "550")]
