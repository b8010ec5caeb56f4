"""What a decision is made on, as far as its effects need it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mailgate.render import Link
from rules.model import Contribution, Entry


@dataclass(frozen=True, slots=True)
class Source:
    """The mail behind an event, where there is one."""

    files: Callable[[str], bytes]  # an attachment's part -> its content
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
    links: tuple[Link, ...] = ()  # what somebody asked for who lost his links


NO_CAUSE = Cause()
