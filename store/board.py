"""What the agents' board shows: tickets by state, owner and words, a page at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, func, or_, select
from sqlmodel import col

from rules.model import Address, Clock, Ticket
from store import search
from store.tables import Participant, Timer
from store.tables import Ticket as Row
from store.tickets import Belongs, ticket_of
from store.work import Person, Transaction, table_of

_DUE = (
    select(col(Timer.ticket).label("number"), func.min(Timer.due_at).label("due_at"))
    .group_by(col(Timer.ticket))
    .subquery()
)
_NEXT_STATE = select(func.min(Row.state)).where(col(Row.state) > bindparam("last"))
_COUNTS = (
    select(col(Row.state), func.count())
    .where(col(Row.state).in_(bindparam("states", expanding=True)), col(Row.merged_into).is_(None))
    .group_by(col(Row.state))
)
_CLOCKS = (
    select(*table_of(Timer).c)
    .where(col(Timer.ticket).in_(bindparam("numbers", expanding=True)))
    .order_by(col(Timer.due_at))
)
_UNREACHED = select(
    col(Participant.ticket),
    col(Participant.address),
    col(Participant.name),
    col(Participant.failure),
    col(Participant.failing_at),
    col(Participant.absent_at),
    col(Participant.back_on),
).where(
    col(Participant.ticket).in_(bindparam("numbers", expanding=True)),
    or_(col(Participant.failing_at).is_not(None), col(Participant.absent_at).is_not(None)),
)
_PEOPLE = (
    select(col(Participant.address), col(Participant.name))
    .where(
        col(Participant.ticket) == bindparam("number"),
        col(Participant.belongs) != Belongs.STRANGER,
    )
    .order_by(col(Participant.id))
)
_MERGED = (
    select(col(Row.number))
    .where(col(Row.merged_into) == bindparam("number"))
    .order_by(col(Row.number))
)


class Sort(StrEnum):
    DEADLINE = "deadline"  # the nearest first, then those without, the newest first
    OLDEST = "oldest"
    CHANGED = "changed"  # the last one first


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the list."""

    states: Collection[str]
    merged: bool = False  # those that others took over as well
    owner: str | None = None  # an agent's address, "" for nobody's
    typed: str = ""  # what is searched for, see store.search
    sort: Sort = Sort.DEADLINE
    skip: int = 0
    most: int = 50


@dataclass(frozen=True, slots=True)
class Listed:
    ticket: Ticket
    clocks: tuple[Clock, ...]  # soonest first


def states(tx: Transaction) -> list[str]:
    """Every state that a ticket is in, those that the policy knows no more among them."""
    found: list[str] = []
    while (row := tx.first(_NEXT_STATE, last=found[-1] if found else "")) and row[0]:
        found.append(str(row[0]))
    return found


def counts(tx: Transaction, names: Collection[str]) -> dict[str, int]:
    """How many tickets are in each of these states, merged ones apart."""
    return {str(state): int(count) for state, count in tx.all(_COUNTS, states=list(names))}


def listing(tx: Transaction, wanted: Wanted) -> tuple[list[Listed], int]:
    """One page of the list, and how many tickets it has in all."""
    conditions = _conditions(tx, wanted)
    total = tx.first(select(func.count()).select_from(table_of(Row)).where(*conditions))
    rows = tx.all(
        select(*table_of(Row).c)
        .outerjoin(_DUE, _DUE.c.number == col(Row.number))
        .where(*conditions)
        .order_by(*_ORDER[wanted.sort])
        .offset(wanted.skip)
        .limit(wanted.most)
    )
    numbers = [row.number for row in rows]
    clocks: defaultdict[int, list[Clock]] = defaultdict(list)
    for row in tx.all(_CLOCKS, numbers=numbers):
        clocks[row.ticket].append(_clock(row))
    people: defaultdict[int, dict[str, Person]] = defaultdict(dict)
    for number, address, name, *known in tx.all(_UNREACHED, numbers=numbers):
        people[number][address] = Person("", Belongs.FULL, False, name, *known)
    listed = [
        Listed(ticket_of(row._mapping, people[row.number]), tuple(clocks[row.number]))
        for row in rows
    ]
    return listed, int(total[0]) if total else 0


def people(tx: Transaction, number: int) -> list[Address]:
    """Who has a link to the ticket, in the order in which they came to it."""
    return [Address(email, name) for email, name in tx.all(_PEOPLE, number=number)]


def merged(tx: Transaction, number: int) -> list[int]:
    """The tickets that this one took over."""
    return [int(row[0]) for row in tx.all(_MERGED, number=number)]


_ORDER: dict[Sort, tuple[Any, ...]] = {
    Sort.DEADLINE: (
        case((_DUE.c.due_at.is_(None), 1), else_=0),
        _DUE.c.due_at,
        col(Row.number).desc(),
    ),
    Sort.OLDEST: (col(Row.opened_at), col(Row.number)),
    Sort.CHANGED: (col(Row.changed_at).desc(), col(Row.number).desc()),
}


def _conditions(tx: Transaction, wanted: Wanted) -> list[ColumnElement[bool]]:
    within: ColumnElement[bool] = col(Row.state).in_(list(wanted.states))
    gone = col(Row.merged_into).is_not(None)
    conditions = [or_(within, gone) if wanted.merged else within & ~gone]
    if wanted.owner is not None:
        conditions.append(col(Row.owner) == wanted.owner)
    if wanted.typed:
        found = search.matching(tx, wanted.typed)
        numbers = select(found.subquery().c.number) if found is not None else [-1]
        conditions.append(col(Row.number).in_(numbers))
    return conditions


def _clock(row: Any) -> Clock:
    after = timedelta(seconds=row.after)
    return Clock(row.id, row.state, row.due_at, after, row.notify, row.to_state, row.policy_row)
