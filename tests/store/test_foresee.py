"""What is asked for a batch beforehand is what would be asked mail by mail, and follows changes."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from rules.model import Address, Clock
from store import foresee, tickets, timers
from store.db import Database
from store.work import Transaction

NOW = datetime(2026, 7, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)
MARIE, RH = "marie@fram.example", "rh@fram.example"
CLOCKS = [
    Clock(0, "waiting", NOW + 2 * HOUR, 2 * HOUR, "", "closed", "row 2"),
    Clock(0, "waiting", NOW + HOUR, HOUR, "reminder", "", "row 1"),
]


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path / 'mailgate.db'}")) as db:
        db.migrate()
        yield db


@pytest.fixture
def numbers(db: Database) -> list[int]:
    return [open_ticket(db, n) for n in range(3)]


def open_ticket(db: Database, rank: int) -> int:
    with db.transaction() as tx:
        number = tickets.open_ticket(tx, "Un écran", Address(MARIE), "waiting", 1, NOW).number
        for nth in range(rank):
            tickets.cite(tx, number, MARIE, f"m{nth}.{number}@x.example", ["cited@x.example"])
            tickets.cite(tx, number, RH, f"r{nth}.{number}@x.example")
        timers.set_all(tx, number, CLOCKS[:rank])
    return number


def asked(tx: Transaction, number: int) -> tuple[object, ...]:
    clocks = [replace(one, id=0) for one in timers.running(tx, number)]
    return tickets.had(tx, number, MARIE), tickets.had(tx, number, RH), clocks


@contextmanager
def counted(tx: Transaction) -> Iterator[list[str]]:
    """The statements of the block."""
    run: list[str] = []

    def note(*args: object) -> None:
        run.append(str(args[2]))

    event.listen(tx.connection, "before_cursor_execute", note)
    yield run
    event.remove(tx.connection, "before_cursor_execute", note)


def test_it_is_the_same_and_costs_no_query_a_ticket(db: Database, numbers: list[int]) -> None:
    with db.transaction() as tx:
        tickets.load_all(tx, numbers)
        one_by_one = [asked(tx, number) for number in numbers]
    with db.transaction() as tx:
        with counted(tx) as before:
            foresee.known(tx, [*numbers, 4711])
        with counted(tx) as after:
            assert [asked(tx, number) for number in numbers] == one_by_one
    assert len(before) == 4  # tickets, their people, ids, clocks
    assert after == []
    ids, _, clocks = one_by_one[2]
    assert ids == ("m0.3@x.example", "m1.3@x.example")
    assert clocks == [CLOCKS[1], CLOCKS[0]]


def test_what_the_transaction_adds_comes_behind(db: Database, numbers: list[int]) -> None:
    with db.transaction() as tx:
        foresee.known(tx, numbers)
        tickets.cite(tx, numbers[1], MARIE, "new@x.example")
        for _ in range(2):
            assert tickets.had(tx, numbers[1], MARIE) == ("m0.2@x.example", "new@x.example")
            tx.flush()
        opened = tickets.open_ticket(tx, "Un autre", Address(MARIE), "new", 1, NOW).number
        tickets.cite(tx, opened, MARIE, "first@x.example")
        tx.flush()
        assert tickets.had(tx, opened, MARIE) == ("first@x.example",)


def test_clocks_that_change_are_read_anew(db: Database, numbers: list[int]) -> None:
    with db.transaction() as tx:
        foresee.known(tx, numbers)
        first, last = timers.running(tx, numbers[2])
        timers.move(tx, first.id, last.due + HOUR)
        assert [one.id for one in timers.running(tx, numbers[2])] == [last.id, first.id]
        timers.fired(tx, last.id)
        assert [one.id for one in timers.running(tx, numbers[2])] == [first.id]
        timers.set_all(tx, numbers[2], CLOCKS[:1])
        assert timers.running(tx, numbers[2]) == CLOCKS[:1]
