"""What a decision is made on, as far as its effects need it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from mailgate.render import Link
from rules.model import Contribution, Entry, Ticket

Files = Callable[[Collection[str]], Mapping[str, bytes]]  # attachments' parts -> their contents


@dataclass(frozen=True, slots=True)
class Source:
    """The mail behind an event, where there is one."""

    files: Files
    raw_id: int
    message_id: str
    cited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """What a decision was made on, beside the ticket."""

    event: Contribution | None = None
    source: Source | None = None  # its mail
    confirmed: Source | None = None  # the mail that it confirms
    about: Entry | None = None  # what a timer reminds of
    branch: Ticket | None = None  # the merged ticket that the entry of a scan is addressed to
    links: tuple[Link, ...] = ()  # what somebody asked for who lost his links


NO_CAUSE = Cause()
