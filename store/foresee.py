"""What is going to be asked for each mail of a batch, asked once for all of them.

A query costs more than all else that is done for most mails, and most answers are that
nothing is known.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlmodel import col

from store import tickets, timers
from store.ledger import EFFECTIVE
from store.tables import Ledger, Outbox
from store.work import Transaction

_IDS = 2000  # Message-IDs in one query; those beyond are looked up when they are needed

_SEEN = select(col(Ledger.message_id)).where(
    col(Ledger.message_id).in_(bindparam("ids", expanding=True)),
    col(Ledger.outcome).in_(EFFECTIVE),
)
_SENT = (
    select(col(Outbox.budget), func.count())
    .where(
        col(Outbox.budget).in_(bindparam("budgets", expanding=True)),
        col(Outbox.queued_at) > bindparam("since"),
        col(Outbox.state) != "withheld",
    )
    .group_by(col(Outbox.budget))
)


def same_mails(tx: Transaction, message_ids: Collection[str]) -> None:
    """For `ledger.same_mail` of mails with these Message-IDs."""
    seen = {one for (one,) in tx.all(_SEEN, ids=list(message_ids))}
    tx.new_mails.update(one for one in message_ids if one not in seen)


def citing(tx: Transaction, message_ids: Collection[str]) -> None:
    """For `tickets.citing` of mails that carry or cite these Message-IDs."""
    tickets.look_up(tx, list(message_ids)[:_IDS])


def known(tx: Transaction, numbers: Collection[int]) -> None:
    """For what is asked of these tickets, as far as there are such, when one of them changes."""
    tickets.load_all(tx, numbers)
    there = [number for number in numbers if number in tx.files]
    tickets.look_up_ids(tx, there)
    timers.look_up(tx, there)


def counts(tx: Transaction, budgets: Collection[str], since: datetime) -> None:
    """For `outbox.count_since` of these budgets."""
    tx.sent_before.update(dict.fromkeys(budgets, 0))
    rows = tx.all(_SENT, budgets=list(budgets), since=since)
    tx.sent_before.update((budget, count) for budget, count in rows)
