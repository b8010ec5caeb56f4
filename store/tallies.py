"""How often something has happened within the hour: what ceilings are compared with."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlmodel import col

from rules.model import Tally
from store import tables
from store.work import Transaction

_READ = select(
    col(tables.Tally.key),
    col(tables.Tally.since),
    col(tables.Tally.count),
    col(tables.Tally.told),
    col(tables.Tally.ticket),
).where(col(tables.Tally.key).in_(bindparam("keys", expanding=True)))
_FORGET = delete(tables.Tally).where(col(tables.Tally.since) < bindparam("before"))


def read(tx: Transaction, keys: Collection[str]) -> dict[str, Tally]:
    """What is counted under these keys, as far as anything is."""
    asked = [key for key in keys if key not in tx.tallies]
    rows = tx.all(_READ, keys=asked) if asked else []
    tx.tallies |= dict.fromkeys(asked) | {key: Tally(*rest) for key, *rest in rows}
    return {key: known for key in keys if (known := tx.tallies[key])}


def write(tx: Transaction, key: str, tally: Tally) -> None:
    """Keeps a tally that was read before in this transaction."""
    tx.tallies[key] = tally
    tx.counted.add(key)


def forget(tx: Transaction, before: datetime) -> None:
    """Forgets the tallies that began before this moment."""
    tx.run(_FORGET, {"before": before})
