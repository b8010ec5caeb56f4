"""Files that had to wait for the virus scanner: asked about again until it answers.

Nothing is locked while it works. What it says is an event on the entry's ticket like any other.
"""

from __future__ import annotations

import logging
from functools import partial

from mailgate import effects
from mailgate.attachments import contents
from mailgate.cause import Cause, Source
from mailgate.delivery import backoff
from mailgate.desk import Desk
from rules.engine import decide
from rules.model import Attachment, Scanned, Withheld
from store import history, ledger, outbox, scans, tickets
from store.db import OutageError
from store.scans import Waiting
from store.work import Transaction

log = logging.getLogger(__name__)

_BATCH = 20


def step(desk: Desk) -> int:
    """Asks about the files of one batch of entries; returns how many were answered for.

    Raises OutageError of the database.
    """
    with desk.db.reading() as tx:
        due = scans.due(tx, desk.now(), _BATCH)
    if not (due or desk.screen.away) or not desk.screen.answers():
        return 0
    done = 0
    for waiting in due:
        if desk.screen.away:
            break
        try:
            done += _entry(desk, waiting)
        except OutageError:
            raise
        except Exception:  # one entry must not keep the others waiting
            log.exception("the files of entry %d cannot be scanned; they wait", waiting.entry_id)
            _later(desk, waiting)
    return done


def _entry(desk: Desk, waiting: Waiting) -> bool:
    with desk.db.reading() as tx:
        raw = ledger.raw(tx, waiting.raw_id)
    files = desk.screen.scanned(waiting.files, raw)
    parts = frozenset(new.part for old, new in zip(waiting.files, files, strict=True) if old != new)
    if parts:
        with desk.db.transaction() as tx:
            _apply(tx, desk, waiting, raw, files, parts)
    if any(one.withheld == Withheld.UNSCANNED for one in files):
        _later(desk, waiting)
        return False
    return True


def _apply(
    tx: Transaction,
    desk: Desk,
    waiting: Waiting,
    raw: bytes,
    files: tuple[Attachment, ...],
    parts: frozenset[str],
) -> None:
    now = desk.now()
    ticket = tickets.load(tx, waiting.ticket)
    entry = history.entry(tx, waiting.entry_id)
    if ticket is None or entry is None:
        return
    told = tuple(outbox.about(tx, entry.id))
    event = Scanned(entry.id, entry.author, entry.internal, files, parts, told)
    branch = tickets.load(tx, entry.addressed) if entry.addressed else None
    source = Source(partial(contents, raw), waiting.raw_id, "", ())
    cause = Cause(source=source, about=entry, branch=branch)
    effects.apply(tx, desk, ticket, decide(desk.policy, ticket, event, now), now, cause)
    if all(one.withheld != Withheld.UNSCANNED for one in files):
        scans.done(tx, entry.id)


def _later(desk: Desk, waiting: Waiting) -> None:
    with desk.db.transaction() as tx:
        scans.later(tx, waiting.entry_id, desk.now() + backoff(waiting.tries + 1))
