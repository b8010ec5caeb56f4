"""Everybody's mailbox: what each person received and sent, in memory, oldest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from mailgate.demo.people import PEOPLE
from mailgate.parse import parse
from rules.model import Mail


@dataclass(frozen=True, slots=True)
class Item:
    """One mail in one box."""

    id: int  # its rank among all mails of all boxes, from 1
    owner: str  # whose box: an address, lower case
    sent: bool  # written by the owner; False: received
    at: datetime  # by the desk's clock
    raw: bytes
    mail: Mail


class Boxes:
    """Filled by the SMTP server's thread, read by the page's."""

    def __init__(
        self, before: Iterable[tuple[str, bytes, datetime, bool]], keep: Callable[[Item], None]
    ) -> None:
        """`before` has (owner, mail, when, whether sent); `keep` is told of each new mail."""
        self._keep = keep
        self._lock = Lock()
        self._items: list[Item] = []
        for owner, raw, at, sent in before:
            self._append(owner, raw, at, sent)

    def add(self, owner: str, raw: bytes, at: datetime, *, sent: bool = False) -> Item:
        with self._lock:
            item = self._append(owner, raw, at, sent)
            self._keep(item)
        return item

    def all(self) -> list[Item]:
        with self._lock:
            return list(self._items)

    def get(self, number: int) -> Item | None:
        found = self.all()[number - 1 : number] if number > 0 else []
        return found[0] if found else None

    def received(self, owner: str) -> list[Item]:
        return [item for item in self.all() if item.owner == owner and not item.sent]

    def owners(self) -> list[str]:
        """The story's people, then everybody else who has a mail."""
        addresses = [person.address.email for person in PEOPLE]
        return list(dict.fromkeys([*addresses, *(item.owner for item in self.all())]))

    def _append(self, owner: str, raw: bytes, at: datetime, sent: bool) -> Item:
        item = Item(len(self._items) + 1, owner.lower(), sent, at, raw, parse(raw, at))
        self._items.append(item)
        return item
