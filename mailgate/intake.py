"""Mails in: the story of one batch, from the mailbox to the outbox.

    search ──▶ fetch ──▶ (A) take ──▶ parse ──▶ (B) decide, write, queue ──▶ acknowledge
    a form of the portal ────▲ (mailgate/portal/road.py, without a mailbox)

(A) keeps the bytes before anything looks at them. (B) is one transaction for
the batch; where one mail breaks it, each gets a transaction of its own and the
one that fails is held. Only then is the mailbox touched. A process that dies in
between leaves a row without an outcome, or an outcome without a move: both are
found at the next step.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice, takewhile

from mailgate import causes, effects, storms, threads, trust
from mailgate.desk import Desk
from mailgate.imap import GoneError, Mailbox, RefusedError
from mailgate.reading import TRIES, Reading
from mailgate.threads import Thread
from mailgate.worker import BACKLOG
from rules.engine import decide
from rules.model import Contribution, Line, Outcome, Settle, Taken
from rules.storms import HOUR, budgets, foreseen
from store import foresee, ledger, outbox, tallies, tickets, timers
from store.db import OutageError
from store.work import Transaction

log = logging.getLogger(__name__)

_SCAN = 5000  # UIDs compared with the ledger in one query: at its end no batch is ahead
_MOVED = 500  # mails moved in one command: a line of some 4 kB
_AHEAD = 3  # batches that the worker has to read while the desk settles another one
_CITED = 5  # tickets that one mail cites and that are foreseen; most cite one
_MOVES = 3  # moved so often and still listed, a UID is left alone


@dataclass(slots=True)
class Life:
    """The inbox as the ledger knows it since its first contact."""

    id: int
    first_uid: int  # older UIDs were there before the desk
    since: datetime  # of those, mails older than this are held
    unsettled: set[int] = field(default_factory=set)  # taken, and then the database failed
    moved: Counter[int] = field(default_factory=Counter)  # UIDs still listed after so many moves
    ahead: deque[Batch] = field(default_factory=deque)  # taken while others are settled


@dataclass(frozen=True, slots=True)
class Batch:
    """Mails that (A) keeps and that are being read."""

    taken: list[Taken]
    readings: Callable[[], list[Reading]]  # waits for them
    rest: list[int]  # the UIDs that come next


def contact(desk: Desk, mailbox: Mailbox, before: Life | None = None) -> Life:
    """Looks the inbox up in the ledger; a new one or a new UIDVALIDITY is written down.

    `before` is what the connection before this one worked with.
    """
    imap = desk.config.imap
    name = f"{imap.user}@{imap.host}/{mailbox.inbox}"
    since = desk.now() - timedelta(days=imap.first_days)
    with desk.db.transaction() as tx:
        life = Life(*ledger.contact(tx, name, mailbox.uidvalidity, mailbox.uidnext, since))
    return before if before and before.id == life.id else life


def step(desk: Desk, mailbox: Mailbox, life: Life) -> int:
    """Takes in one batch; returns how many mails it dealt with, 0 when the inbox is read.

    Raises GoneError or RefusedError of the mailbox and OutageError of the database;
    whatever it had not finished then is found again by the next step.
    """
    if life.ahead:
        return _finish(desk, mailbox, life, life.ahead.popleft())
    began = desk.now()
    waiting = _waiting(mailbox, life)
    uids = waiting[:_SCAN]
    if len(waiting) >= BACKLOG:
        desk.worker.start()
    else:  # few mails go out in the plain order: all in, then all out
        desk.worker.stop()
    with desk.db.reading() as tx:
        known = ledger.known(tx, life.id, uids)
    settled = {uid: row.outcome for uid, row in known.items() if row.outcome != Outcome.TAKEN}
    if not uids:
        with desk.db.transaction() as tx:
            timers.read_to_end(tx, life.id, began)
        return 0
    if settled:
        left = dict(islice(settled.items(), _MOVED))
        acknowledge(mailbox, left)
        life.moved.update(left.keys())
        return len(left)
    # A mail that was in hand when a process died comes alone, so that it fails alone.
    fresh = list(takewhile(lambda uid: uid not in known, uids))
    return _finish(desk, mailbox, life, _take(desk, mailbox, life, fresh or uids[:1]))


def finish(desk: Desk, mailbox: Mailbox, life: Life) -> None:
    """Deals with what was taken ahead, before the desk stops; raises as `step`."""
    if life.ahead:
        life.ahead[-1] = replace(life.ahead[-1], rest=[])
    while life.ahead:
        _finish(desk, mailbox, life, life.ahead.popleft())


def _take(desk: Desk, mailbox: Mailbox, life: Life, uids: list[int]) -> Batch:
    """(A) for the first of these mails, as many as make one batch; their reading is ordered."""
    copies = mailbox.fetch(uids, desk.config.limits.message)
    with desk.db.transaction(quick=True) as tx:  # after a power cut the mails are still there
        # An outage is not the mail's fault: only a take that ended a process counts.
        taken = ledger.take(tx, life.id, copies, desk.now(), not_again=life.unsettled)
    life.unsettled.update(copy.uid for copy in taken)
    readings = desk.read([(copy, refusal(desk, life, copy)) for copy in taken])
    last = max((copy.uid for copy in taken), default=uids[-1])
    return Batch(taken, readings, [uid for uid in uids if uid > last])


def _finish(desk: Desk, mailbox: Mailbox, life: Life, batch: Batch) -> int:
    """What a batch comes to; meanwhile the worker process reads the next ones."""
    try:
        with suppress(GoneError, RefusedError):  # settled first; the next call says it again
            _look_ahead(desk, mailbox, life, batch)
        outcomes = settle(desk, batch.readings())
    except Exception:
        life.ahead.clear()  # mails are settled in their order
        raise
    for copy in batch.taken:
        level = logging.WARNING if outcomes[copy.uid] is Outcome.HELD else logging.INFO
        log.log(level, "ledger line %d: %s", copy.id, outcomes[copy.uid])
    life.unsettled.difference_update(outcomes)
    acknowledge(mailbox, outcomes)
    life.moved.update(outcomes.keys())
    return len(outcomes) or 1  # nothing was handed out: the server is asked again


def _look_ahead(desk: Desk, mailbox: Mailbox, life: Life, batch: Batch) -> None:
    """Has the worker something to read whenever it has nothing to render."""
    while len(life.ahead) < _AHEAD and desk.worker.ready():
        last = life.ahead[-1] if life.ahead else batch
        if not last.rest:
            return
        life.ahead.append(_take(desk, mailbox, life, last.rest))


def _waiting(mailbox: Mailbox, life: Life) -> list[int]:
    """The inbox's UIDs, without those that the server lists whatever is done with them."""
    uids = mailbox.search()
    for uid in life.moved.keys() - set(uids):
        del life.moved[uid]
    return [uid for uid in uids if life.moved[uid] < _MOVES]


def refusal(desk: Desk, life: Life, taken: Taken) -> str:
    """Why this copy is held unread; "" if it is not."""
    if not taken.whole and not taken.raw:
        return "the IMAP server lists this mail but does not hand it out"
    if not taken.whole:
        return f"larger than [limits] message ({desk.config.limits.message} bytes)"
    if taken.attempts > TRIES:
        return f"taken {TRIES} times without an outcome: it may be what ends the process"
    if taken.uid < life.first_uid and taken.received < life.since:
        return "was there before the desk and is older than [imap] first_days: not answered"
    return ""


def settle(desk: Desk, readings: Sequence[Reading]) -> dict[int, Outcome]:
    """Transaction (B) for a batch, mail by mail where one of them breaks it: uid -> outcome."""
    try:
        with desk.db.transaction() as tx:
            _foresee(tx, desk, readings)
            done = {reading.taken.uid: enter(tx, desk, reading) for reading in readings}
    except OutageError:
        raise
    except Exception as error:
        if len(readings) > 1:
            return {uid: o for one in readings for uid, o in settle(desk, [one]).items()}
        log.exception("ledger line %d: held", readings[0].taken.id)
        return hold(desk, readings[0], f"breaks the program: {type(error).__name__}")
    return done


def _foresee(tx: Transaction, desk: Desk, readings: Sequence[Reading]) -> None:
    """One query a batch for what is going to be asked of each of its mails."""
    mails = [one.mail for one in readings if one.mail]
    foresee.same_mails(tx, [mail.message_id for mail in mails])
    foresee.citing(tx, {one for mail in mails for one in threads.ids(mail)})
    cited = [tickets.citing(tx, threads.ids(mail))[:_CITED] for mail in mails]
    foresee.known(tx, {number for numbers in cited for number in numbers})
    written = [(m.sender, m.subject, ns) for m, ns in zip(mails, cited, strict=True) if m.sender]
    asked = [(who, subject, n) for who, subject, ns in written for n in (None, *ns)]
    tallies.read(tx, {key for one in asked for key in foreseen(*one)})
    counted = {one for sender, *_ in written for one in budgets(sender)}
    foresee.counts(tx, counted, desk.now() - HOUR)


def hold(desk: Desk, reading: Reading, reason: str) -> dict[int, Outcome]:
    """Sets a mail aside with what is known of it; even that may be what breaks."""
    what = Settle(Outcome.HELD, reason)
    for mail in (reading.mail, None):
        try:
            with desk.db.transaction() as tx:
                ledger.settle(tx, reading.taken.id, what, desk.now(), mail)
            break
        except OutageError:
            raise
        except Exception:
            log.exception("ledger line %d: held without its headers", reading.taken.id)
    return {reading.taken.uid: Outcome.HELD}


def enter(tx: Transaction, desk: Desk, reading: Reading) -> Outcome:
    """One mail's way into the open transaction: which ticket, who says so, what follows."""
    now, policy, taken, mail = desk.now(), desk.policy, reading.taken, reading.mail
    if mail is None:
        ledger.settle(tx, taken.id, Settle(Outcome.HELD, reading.refusal), now)
        return Outcome.HELD
    bounce = reading.judged.bounce
    returned = bounce.references if bounce else ()
    thread = threads.find(tx, policy, mail, returned, taken.credential)
    ticket = thread.ticket
    if reading.refusal:  # it names its ticket all the same: it may be the answer waited for
        held, number = Settle(Outcome.HELD, reading.refusal), ticket.number if ticket else None
        ledger.settle(tx, taken.id, held, now, mail, number)
        return Outcome.HELD
    same_body, earlier = ledger.same_mail(tx, mail)
    event, cause = causes.of_mail(tx, desk, reading, mail, thread)
    if earlier and _forged(tx, earlier, thread, event):
        earlier = None
    if earlier and same_body:
        answer = Settle(Outcome.DUPLICATE, f"the same mail as ledger line {earlier.id}")
        ledger.settle(tx, taken.id, answer, now, mail, earlier.ticket, earlier.entry_id)
        return Outcome.DUPLICATE
    if earlier and ticket and mail.date:
        event = replace(event, repeat=True)
        cause = replace(cause, event=event)
    decided = storms.bounded(tx, desk, taken, ticket, event, decide(policy, ticket, event, now))
    done = effects.apply(tx, desk, ticket, decided, now, cause)
    outbox.expose(tx, trust.exposed(policy, mail, thread))
    number = done.ticket.number if done.ticket else None
    ledger.settle(tx, taken.id, done.settle, now, mail, number, done.entry_id)
    return done.settle.outcome


def _forged(tx: Transaction, earlier: Line, thread: Thread, event: Contribution) -> bool:
    """Whether the earlier mail may be a forger's copy of this one, which must not silence it."""
    now_on = thread.ticket.number if thread.ticket else None
    if thread.issued and earlier.ticket not in (thread.issued.ticket, now_on):
        return True
    if earlier.entry_id is None:
        return False
    known = {"verified": event.standing.verified, "automatic": event.automatic is not None}
    return tickets.pending(tx, earlier.entry_id) is not None or tickets.doubtful(
        tx, earlier.entry_id, **known
    )


def acknowledge(mailbox: Mailbox, outcomes: Mapping[int, Outcome]) -> None:
    """Moves settled mails out of the inbox: what is held to Held, the rest to Done."""
    held = [uid for uid, outcome in outcomes.items() if outcome is Outcome.HELD]
    mailbox.move(held, mailbox.held)
    mailbox.move([uid for uid in outcomes if uid not in held], mailbox.done)


def retry(desk: Desk, row: int) -> Outcome:
    """Decides a held mail anew; `refile` then moves its file."""
    with desk.db.reading() as tx:
        taken = ledger.again(tx, row)
    return settle(desk, desk.read([(taken, "")])())[taken.uid]


def refile(desk: Desk, mailbox: Mailbox) -> int:
    """Moves files out of Held whose mails were settled there; returns how many."""
    with desk.db.reading() as tx:
        waiting = ledger.to_refile(tx)
    for row, raw, whole in waiting:
        with desk.db.reading() as tx:
            stay = ledger.held_alike(tx, row)
        files = mailbox.find_held(raw, whole)
        mailbox.move(files[: max(len(files) - stay, 0)], mailbox.done, mailbox.held)
        with desk.db.transaction() as tx:
            ledger.refiled(tx, row)
    return len(waiting)
