"""Mails in: the story of one batch, from the mailbox to the outbox.

    search ──▶ fetch ──▶ (A) take ──▶ parse ──▶ (B) decide, write, queue ──▶ acknowledge

(A) keeps the bytes before anything looks at them. (B) is one transaction for
the batch; where one mail breaks it, each gets a transaction of its own and the
one that fails is held. Only then is the mailbox touched. A process that dies in
between leaves a row without an outcome, or an outcome without a move: both are
found at the next step.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile

from sqlmodel import Session

from mailgate import effects, threads, trust
from mailgate.contribution import contribution
from mailgate.desk import Desk
from mailgate.imap import Mailbox
from mailgate.parse import parse
from rules.engine import decide
from rules.model import Mail, Outcome, Settle, Taken
from store import ledger
from store.db import OutageError

log = logging.getLogger(__name__)

_SCAN = 500  # UIDs compared with the ledger in one query
_TRIES = 2  # taken so often without an outcome, a mail may be what kills the process


@dataclass(frozen=True, slots=True)
class Life:
    """The inbox as the ledger knows it since its first contact."""

    id: int
    first_uid: int  # older UIDs were there before the desk
    since: datetime  # of those, mails older than this are held


@dataclass(frozen=True, slots=True)
class Reading:
    """A copy and the mail in it, or why nothing may come of it."""

    taken: Taken
    mail: Mail | None
    refusal: str = ""


def contact(desk: Desk, mailbox: Mailbox) -> Life:
    """Looks the inbox up in the ledger; a new one or a new UIDVALIDITY is written down."""
    imap = desk.config.imap
    name = f"{imap.user}@{imap.host}/{mailbox.inbox}"
    since = desk.now() - timedelta(days=imap.first_days)
    with desk.db.transaction() as tx:
        return Life(*ledger.contact(tx, name, mailbox.uidvalidity, mailbox.uidnext, since))


def step(desk: Desk, mailbox: Mailbox, life: Life) -> int:
    """Takes in one batch; returns how many mails it dealt with, 0 when the inbox is read.

    Raises GoneError or RefusedError of the mailbox and OutageError of the database;
    whatever it had not finished then is found again by the next step.
    """
    uids = mailbox.search()[:_SCAN]
    with desk.db.reading() as tx:
        known = ledger.known(tx, life.id, uids)
    settled = {uid: row.outcome for uid, row in known.items() if row.outcome != Outcome.TAKEN}
    if settled or not uids:
        acknowledge(mailbox, settled)
        return len(settled)
    # A mail that was in hand when a process died comes alone, so that it fails alone.
    fresh = list(takewhile(lambda uid: uid not in known, uids))
    copies = mailbox.fetch(fresh or uids[:1], desk.config.limits.message)
    with desk.db.transaction() as tx:
        taken = ledger.take(tx, life.id, copies, desk.now())
    outcomes = settle(desk, [read(copy, refusal(desk, life, copy)) for copy in taken])
    acknowledge(mailbox, outcomes)
    return len(outcomes)


def refusal(desk: Desk, life: Life, taken: Taken) -> str:
    """Why this copy is held unread; "" if it is not."""
    if not taken.whole and not taken.raw:
        return "the IMAP server lists this mail but does not hand it out"
    if not taken.whole:
        return f"larger than [limits] message ({desk.config.limits.message} bytes)"
    if taken.attempts > _TRIES:
        return f"taken {_TRIES} times without an outcome: it may be what ends the process"
    if taken.uid < life.first_uid and taken.received < life.since:
        return "was there before the desk and is older than [imap] first_days: not answered"
    return ""


def read(taken: Taken, refusal: str = "") -> Reading:
    """Parses outside any lock. `parse` does not raise, but one mail must not stop the rest."""
    try:
        return Reading(taken, parse(taken.raw, taken.received), refusal)
    except Exception as error:
        log.exception("ledger line %d: parsing failed", taken.id)
        return Reading(taken, None, refusal or f"cannot be parsed: {type(error).__name__}")


def settle(desk: Desk, readings: Sequence[Reading]) -> dict[int, Outcome]:
    """Transaction (B) for a batch, mail by mail where one of them breaks it: uid -> outcome."""
    try:
        with desk.db.transaction() as tx:
            return {reading.taken.uid: enter(tx, desk, reading) for reading in readings}
    except OutageError:
        raise
    except Exception as error:
        if len(readings) > 1:
            return {uid: o for one in readings for uid, o in settle(desk, [one]).items()}
        log.exception("ledger line %d: held", readings[0].taken.id)
        broken = Reading(readings[0].taken, None, f"breaks the program: {type(error).__name__}")
    return settle(desk, [broken])


def enter(tx: Session, desk: Desk, reading: Reading) -> Outcome:
    """One mail's way into the open transaction: which ticket, who says so, what follows."""
    now, policy, taken, mail = desk.now(), desk.policy, reading.taken, reading.mail
    if reading.refusal or mail is None:
        ledger.settle(tx, taken.id, Settle(Outcome.HELD, reading.refusal), now, mail)
        return Outcome.HELD
    same_body, earlier = ledger.same_mail(tx, mail)
    if earlier and same_body:
        answer = Settle(Outcome.DUPLICATE, f"the same mail as ledger line {earlier.id}")
        ledger.settle(tx, taken.id, answer, now, mail, earlier.ticket, earlier.entry_id)
        return Outcome.DUPLICATE
    thread = threads.find(tx, policy, mail)
    standing = trust.standing(policy, mail, thread)
    event = contribution(desk.config, mail, thread, standing, repeat=earlier is not None)
    source = effects.Source(taken.raw, taken.raw_id, mail.message_id, mail.cited)
    decided = decide(policy, thread.ticket, event, now)
    done = effects.apply(tx, desk, thread.ticket, decided, now, event, source)
    number = done.ticket.number if done.ticket else None
    ledger.settle(tx, taken.id, done.settle, now, mail, number, done.entry_id)
    return done.settle.outcome


def acknowledge(mailbox: Mailbox, outcomes: Mapping[int, Outcome]) -> None:
    """Moves settled mails out of the inbox: what is held to Held, the rest to Done."""
    held = [uid for uid, outcome in outcomes.items() if outcome is Outcome.HELD]
    mailbox.move(held, mailbox.held)
    mailbox.move([uid for uid in outcomes if uid not in held], mailbox.done)


def retry(desk: Desk, row: int) -> Outcome:
    """Decides a held mail anew; `refile` then moves its file."""
    with desk.db.reading() as tx:
        taken = ledger.again(tx, row)
    why = "" if taken.whole else "only its header is here: raise [limits] message and move it back"
    return settle(desk, [read(taken, why)])[taken.uid]


def refile(desk: Desk, mailbox: Mailbox) -> int:
    """Moves files out of Held whose mails were settled there; returns how many."""
    with desk.db.reading() as tx:
        waiting = ledger.to_refile(tx)
    for row, raw, whole in waiting:
        mailbox.move(mailbox.find_held(raw, whole), mailbox.done, mailbox.held)
        with desk.db.transaction() as tx:
            ledger.refiled(tx, row)
    return len(waiting)
