"""Ceilings on what comes in: counted with each decision that tells anybody anything."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mailgate.config.models import Limits
from mailgate.desk import Desk
from rules import storms
from rules.model import Ceiling, Contribution, Counted, Effect, Storm, Taken, Tell, Ticket
from store import outbox, tallies
from store.work import Transaction

_FORGOTTEN = timedelta(days=1)  # a tally that is older counts nothing any more


def bounded(
    tx: Transaction,
    desk: Desk,
    taken: Taken,
    ticket: Ticket | None,
    event: Contribution,
    decided: tuple[Effect, ...],
) -> tuple[Effect, ...]:
    """What is left of `decided`, which follows from a mail, once ceilings are asked.

    The hour is that in which the mail arrived.
    """
    if taken.released:
        return decided
    at = min(taken.received, desk.now())
    counted = storms.keys(ticket, event, decided)
    return _asked(tx, desk, counted, at, ticket, event, decided)


def failed(
    tx: Transaction, desk: Desk, ticket: Ticket | None, decided: tuple[Effect, ...]
) -> tuple[Effect, ...]:
    """What is left of `decided`, which follows from a mail of ours that no server takes."""
    if not any(isinstance(effect, Tell) for effect in decided):
        return decided
    return _asked(tx, desk, [(Ceiling.BOUNCES, "")], desk.now(), ticket, None, decided)


def _asked(
    tx: Transaction,
    desk: Desk,
    counted: Sequence[tuple[Ceiling, str]],
    at: datetime,
    ticket: Ticket | None,
    event: Contribution | None,
    decided: tuple[Effect, ...],
) -> tuple[Effect, ...]:
    """Counts, the narrowest ceiling first. What is over one counts against no wider one, so
    that one flood does not close the desk to others."""
    keys = {storms.key(*one): one for one in counted}
    # An hour that has not begun was counted by a clock that ran ahead.
    known = {k: one for k, one in tallies.read(tx, keys).items() if one.since <= desk.now()}
    within: list[str] = []
    for key, (ceiling, what) in keys.items():
        limit = _limit(desk.config.limits, ceiling)
        tally = storms.once_more(known.get(key), at, limit)
        if ceiling is Ceiling.DESK and tally.count == 1:
            tallies.forget(tx, at - _FORGOTTEN)
        tallies.write(tx, key, tally)
        if tally.count <= limit or (ceiling is Ceiling.LOOP and not _answered(tx, desk, event)):
            within.append(key)
            continue
        decided = storms.calmed(decided, ceiling, what, limit)
        own = [one for one, (kind, _) in keys.items() if kind is not Ceiling.DESK]
        number = _begins(tx, [key, *own], ticket)
        if number is not None:
            decided = (*decided, Storm(ceiling, what, limit, number))
        if ceiling is not Ceiling.LOOP:
            return decided
    return (*decided, Counted(tuple(within))) if within else decided


def _answered(tx: Transaction, desk: Desk, event: Contribution | None) -> bool:
    """Whether what comes may answer what we sent: a bundle of mails sent at once does not."""
    if event is None or event.author is None:
        return False
    counts_for = storms.budget(event.author, event)
    return outbox.sent_since(tx, counts_for, desk.now() - storms.HOUR) >= storms.LOOP


def _begins(tx: Transaction, keys: Collection[str], ticket: Ticket | None) -> int | None:
    """The ticket on which to tell of a storm that begins; None for one that was told of.

    One flood passes several ceilings: all of them count as told.
    """
    known = tallies.read(tx, keys)
    numbers = [one.ticket for one in known.values() if one.ticket is not None]
    number = ticket.number if ticket else next(iter(numbers), None)
    if number is None or any(one.told for one in known.values()):
        return None
    for key, one in known.items():
        tallies.write(tx, key, replace(one, told=True))
    return number


def withheld(tx: Transaction, desk: Desk, budget: str, ticket: Ticket) -> Storm | None:
    """Counts a mail that is withheld from an address; the storm that it begins."""
    key, sender = storms.key(Ceiling.RECIPIENT, budget), storms.key(Ceiling.SENDER, budget)
    before = tallies.read(tx, [key]).get(key)
    tallies.write(tx, key, storms.once_more(before, desk.now(), 0))
    number = _begins(tx, [key, sender], ticket)
    limit = desk.config.limits.per_address_hour
    return None if number is None else Storm(Ceiling.RECIPIENT, budget, limit, number)


def on_ticket(tx: Transaction, keys: Collection[str], number: int) -> None:
    """Notes the ticket on which something was counted."""
    for key, tally in tallies.read(tx, keys).items():
        tallies.write(tx, key, replace(tally, ticket=number))


def _limit(limits: Limits, ceiling: Ceiling) -> int:
    """How many of these an hour may have."""
    return {
        Ceiling.SENDER: limits.per_sender_hour,
        Ceiling.TICKET: limits.per_ticket_hour,
        Ceiling.DESK: limits.per_desk_hour,
        Ceiling.BOUNCES: limits.bounces_hour,
        Ceiling.LOOP: storms.LOOP,
    }[ceiling]
