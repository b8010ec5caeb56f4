"""A ticket as its pages show it: all of it to agents, what a link lets read to others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from mailgate.mail_filters import stanzas
from mailgate.naming import without_address
from rules import reference
from rules.model import Address, Attachment, Clock, Entry, EntryKind, Lookalike, Ticket
from rules.policy import RESOLVED, Policy
from store import history as entries_of
from store.work import Transaction

PAGE = 500  # entries
# What browsers draw and cannot run; SVG is a document with scripts.
RASTER = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_SHOWN = {"new", "open", "waiting", "resolved", "closed", "unanswered"}  # classes of the stylesheet


@dataclass(frozen=True, slots=True)
class File:
    part: str
    name: str
    size: int
    image: bool  # shown as well as offered
    withheld: str = ""  # why it is only named, a key of the words' table
    for_agents: bool = True  # who may have it all the same


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry."""

    id: int
    at: datetime
    kind: EntryKind
    author: str  # a name, "" for the desk or a sender who gave none
    by_agent: bool
    by_requester: bool
    portal: bool
    via: str  # the name of the holder whose link or mail was used
    unverified: bool
    automatic: bool
    stanzas: tuple[str, ...]
    quoted: tuple[str, ...]
    quoted_lines: int
    state: str  # of a state's line: its label
    state_name: str  # and its key in the policy
    files: tuple[File, ...]
    # For agents alone.
    internal: bool = False
    email: str = ""  # of the author
    sent: tuple[str, ...] = ()  # the addresses that a transfer or a reply went to
    mail: bool = False  # it came by a mail or form that is kept and that agents may have
    addressed: int | None = None  # the merged ticket that it is from or for
    lookalikes: tuple[Lookalike, ...] = ()  # whom its author may be taken for


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page of a history, that of the oldest entries being 1; what a ticket page shows."""

    entries: list[Entry]
    page: int
    pages: int
    newest: int  # the id of the newest entry of all


@dataclass(frozen=True, slots=True)
class Day:
    first: datetime
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """A mark on the drawing of a deadline."""

    name: str  # asked, reminder, closing
    at: datetime
    percent: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """The ticket in brief, and what is expected now."""

    number: int
    subject: str
    state: str  # a class of the stylesheet
    label: str
    final: bool
    resolved: bool
    requester: str
    owner: str  # the agent's name, "" while there is none
    opened: datetime
    changed: datetime
    closes_at: datetime | None
    minutes: int  # until then
    hours: int  # that were given
    passed: float  # percent of them
    stops: tuple[Stop, ...]


def page_of(tx: Transaction, number: int, asked: str, *, public: bool) -> HistoryPage:
    """The page that `asked` names; the newest entries where it names none."""
    count, newest = entries_of.extent(tx, number, public=public)
    pages = max(1, -(-count // PAGE))
    known = asked.isascii() and asked.isdigit() and len(asked) < 9 and 1 <= int(asked) <= pages
    page = int(asked) if known else pages
    entries = entries_of.page(tx, number, (page - 1) * PAGE, PAGE, public=public)
    return HistoryPage(entries, page, pages, newest)


def style(policy: Policy, state: str) -> str:
    """The class of the stylesheet, and the icon, of a state."""
    return state if state in _SHOWN else "closed" if policy.state(state).final else "open"


def sheet(policy: Policy, ticket: Ticket, clocks: list[Clock], now: datetime) -> Sheet:
    state, owner = policy.state(ticket.state), policy.agent(ticket.owner)
    closing = next((clock for clock in clocks if clock.to_state), None)
    start = closing.due - closing.after if closing else now
    given = closing.after if closing else timedelta()
    return Sheet(
        number=ticket.number,
        subject=ticket.subject,
        state=style(policy, ticket.state),
        label=state.label,
        final=state.final,
        resolved=ticket.state == RESOLVED,
        requester=_name(ticket.requester),
        owner=owner.name if owner else "",
        opened=ticket.opened,
        changed=ticket.changed,
        closes_at=closing.due if closing else None,
        minutes=max(0, round((closing.due - now).total_seconds() / 60)) if closing else 0,
        hours=round(given.total_seconds() / 3600),
        passed=percent(now - start, given),
        stops=_stops(policy, closing, start) if closing else (),
    )


def days(
    policy: Policy,
    ticket: Ticket,
    entries: list[Entry],
    zone: ZoneInfo,
    *,
    inside: Mapping[int, list[Address]] | None = None,
    once: Collection[str] = (),
) -> list[Day]:
    """The entries, oldest first, by the desk's days.

    `inside` shows what is for agents alone, and whom these entries went to; without it they are
    public ones, and `once` are addresses of those who were agents when they wrote.
    """

    def local(entry: Entry) -> date:
        return entry.at.astimezone(zone).date()

    found = []
    for _, group in groupby(entries, local):
        pieces = tuple(
            _piece(policy, ticket, entry, once)
            if inside is None
            else _inside(
                _piece(policy, ticket, entry, once), entry, ticket, inside.get(entry.id, [])
            )
            for entry in group
        )
        found.append(Day(pieces[0].at, pieces))
    return found


def _piece(policy: Policy, ticket: Ticket, entry: Entry, once: Collection[str]) -> Piece:
    author, is_state = entry.author, entry.kind is EntryKind.STATE
    by_agent = author is not None and entry.verified and policy.agent(author.email) is not None
    quoted = entry.quoted if _may_quote(policy, entry, once) else ""
    doubtful = entry.kind is EntryKind.NOTE and not entry.verified and entry.via is None
    return Piece(
        id=entry.id,
        at=entry.at,
        kind=entry.kind,
        author=_name(author),
        by_agent=by_agent,
        by_requester=bool(author and ticket.requester and author.email == ticket.requester.email),
        portal=entry.portal,
        via=_name(entry.via),
        unverified=doubtful and not entry.automatic,
        automatic=bool(entry.automatic),
        stanzas=() if is_state else tuple(stanzas(entry.text)),
        quoted=tuple(stanzas(quoted)),
        quoted_lines=len(quoted.splitlines()),
        state=policy.state(entry.text).label if is_state else "",
        state_name=entry.text if is_state else "",
        files=tuple(_file(one) for one in entry.attachments),
    )


def _inside(piece: Piece, entry: Entry, ticket: Ticket, sent: list[Address]) -> Piece:
    """The same with what agents see beside it."""
    return replace(
        piece,
        author=entry.author.label if entry.author else "",
        via=entry.via.label if entry.via else "",
        quoted=tuple(stanzas(entry.quoted)),
        quoted_lines=len(entry.quoted.splitlines()),
        files=tuple(replace(_file(one), name=one.name) for one in entry.attachments),
        internal=entry.internal,
        email=entry.author.email if entry.author else "",
        sent=tuple(one.email for one in sent),
        mail=entry.raw_id is not None and entry.kind is not EntryKind.STATE and whole(entry),
        addressed=entry.addressed if entry.addressed != ticket.number else None,
        lookalikes=entry.lookalikes,
    )


def whole(entry: Entry) -> bool:
    """Whether agents may have all of an entry's mail: no virus, nothing that is to be scanned."""
    return all(one.open_to(agent=True) for one in entry.attachments)


def _may_quote(policy: Policy, entry: Entry, once: Collection[str]) -> bool:
    """Whose quote is known to be of mails that outsiders were sent.

    An agent's may be of an internal mail, and whoever has no proof may be an agent at home.
    """
    author = entry.author.email if entry.author else ""
    agent = policy.agent(author) is not None or author in once
    return not agent and (entry.verified or entry.via is not None)


def _file(one: Attachment) -> File:
    image = one.type in RASTER and not one.withheld
    name = reference.cut(one.name, "")
    return File(one.part, name, one.size, image, one.withheld, one.open_to(agent=True))


def _stops(policy: Policy, closing: Clock, start: datetime) -> tuple[Stop, ...]:
    reminders = [
        Stop("reminder", start + timer.after, percent(timer.after, closing.after))
        for timer in policy.state(closing.state).timers
        if timer.notify and timer.after < closing.after
    ]
    return (Stop("asked", start, 0.6), *reminders[:1], Stop("closing", closing.due, 99.4))


def percent(part: timedelta, whole: timedelta) -> float:
    """How much of the whole has passed, 0 to 100."""
    return round(min(max(100 * (part / whole), 0), 100), 1) if whole else 0.0


def _name(person: Address | None) -> str:
    """What outsiders call this person: never an address."""
    return without_address(person.label) if person else ""
