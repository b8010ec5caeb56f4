"""Guards of the road that the child can take away, to prove that the crash walk misses them.

Each mutant works as well as the program does while nobody kills it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import update
from sqlmodel import col

from mailgate import daemon, imap, intake
from mailgate.desk import Desk
from mailgate.intake import Reading
from rules.model import OutboxMail, Outcome
from store import ledger, outbox
from store.tables import Outbox
from store.work import Transaction


def forgetful() -> None:
    """The inbox is not compared with the ledger: a mail that is settled is taken again."""

    def known(tx: Transaction, mailbox: int, uids: Collection[int]) -> dict[int, Any]:
        return {}

    blind = SimpleNamespace(**vars(ledger) | {"known": known})
    setattr(intake, "ledger", blind)  # noqa: B010 - of this module alone


def unregistered() -> None:
    """An attempt is written down once it has been made, and not before."""
    claim, all_sent = outbox.claim, outbox.all_sent

    def claim_quietly(tx: Transaction, now: datetime, limit: int) -> list[OutboxMail]:
        attempt = tx.connection.begin_nested()
        mails = claim(tx, now, limit)
        attempt.rollback()
        return mails

    def sent_at_last(tx: Transaction, mails: Iterable[tuple[str, datetime]]) -> None:
        taken = [reference for reference, _ in mails]
        mine = update(Outbox).where(col(Outbox.reference).in_(taken))
        tx.run(mine.values(attempts=col(Outbox.attempts) + 1, state="sending"))
        all_sent(tx, mails)

    outbox.claim, outbox.all_sent = claim_quietly, sent_at_last


def absent_minded() -> None:
    """What the last process had in hand is due again before the sent log is read."""
    setattr(daemon, "catch_up", lambda _desk: None)  # noqa: B010 - of this module alone


def hasty() -> None:
    """Mails are acknowledged to the IMAP server before (B) has committed."""
    fetch, settle = imap.Mailbox.fetch, intake.settle
    used: list[imap.Mailbox] = []

    def remember(self: imap.Mailbox, uids: Sequence[int], limit: int) -> Any:
        used[:] = [self]
        return fetch(self, uids, limit)

    def settle_late(desk: Desk, readings: Sequence[Reading]) -> dict[int, Outcome]:
        for mailbox in used:
            mailbox.move([one.taken.uid for one in readings if not one.refusal], mailbox.done)
        return settle(desk, readings)

    imap.Mailbox.fetch, intake.settle = remember, settle_late  # type: ignore[method-assign]


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant for mutant in (forgetful, unregistered, hasty, absent_minded)
}
