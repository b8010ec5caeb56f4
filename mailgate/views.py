"""What the terminal shows: JSON for programs, tables and sentences for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rules import lookalikes
from rules.engine import paused
from rules.model import (
    Address,
    Attachment,
    Entry,
    EntryKind,
    Line,
    Lookalike,
    OutboxMail,
    Outcome,
    Reach,
    Ticket,
)
from rules.policy import Policy

_MAILS = {
    "queued": "waits for its turn",
    "sending": "is being sent",
    "sent": "was sent",
    "failed": "failed for good",
    "withheld": "was withheld",
    "dropped": "was not sent any more",
}
_WITHHELD = {
    "kind": "left out, its kind is not admitted",
    "large": "left out, larger than one file may be",
    "total": "left out, the mail's files are too large together",
    "infected": "kept back, infected",
    "unscanned": "waits for the virus scanner",
    "unscannable": "left out, larger or deeper than the virus scanner takes",
}


def tickets_json(tickets: Iterable[Ticket]) -> str:
    return _json([_ticket(ticket) for ticket in tickets])


def ticket_json(ticket: Ticket, entries: Iterable[Entry]) -> str:
    history = {"entries": [_entry(entry) for entry in entries]}
    return _json(_ticket(ticket) | {"reach": [_reach(one) for one in ticket.reach]} | history)


def held_json(lines: Iterable[Line]) -> str:
    return _json([_held(line) for line in lines])


def tickets_text(tickets: Sequence[Ticket], timezone: str, width: int) -> str:
    """One line a ticket; times in the desk's zone."""
    zone = ZoneInfo(timezone)
    if not tickets:
        return "no tickets yet"
    table = _table("#", "state", "requester", "owner", "changed", "subject")
    for t in tickets:
        requester = t.requester.email if t.requester else "-"
        cells = (
            f"#{t.number}",
            t.state,
            requester,
            t.owner or "-",
            _at(t.changed, zone),
            t.subject,
        )
        table.add_row(*(Text(_plain(cell)) for cell in cells))
    return _print(table, width)


def held_text(lines: Sequence[Line], timezone: str, width: int) -> str:
    """One line a mail; times in the desk's zone."""
    zone = ZoneInfo(timezone)
    if not lines:
        return "no mail is held"
    table = _table("line", "received", "from", "subject", "reason")
    for line in lines:
        cells = (str(line.id), _at(line.received, zone), line.sender, line.subject, line.reason)
        table.add_row(*(Text(_plain(cell)) for cell in cells))
    return _print(table, width)


def ticket_text(ticket: Ticket, entries: Iterable[Entry], policy: Policy, timezone: str) -> str:
    """The ticket and its history, internal notes included: the terminal is an admin's."""
    zone = ZoneInfo(timezone)
    state = policy.states.get(ticket.state)
    head = [
        f"#{ticket.number} {ticket.subject}",
        f"{state.label if state else ticket.state}, requester {ticket.requester or 'unknown'}, "
        f"owner {ticket.owner or 'nobody yet'}",
    ]
    if ticket.merged_into:
        head.append(f"merged into #{ticket.merged_into}")
    head += [line for one in ticket.reach for line in _reach_text(one, zone)]
    if paused(policy, ticket):
        head.append("its timers wait: the requester's address fails, and nobody has acted since")
    return _plain("\n".join([*head, *(_entry_text(entry, zone) for entry in entries)]))


def line_text(
    line: Line,
    mails: Iterable[OutboxMail],
    timezone: str,
    states: Sequence[str] = (),
    odd: Iterable[Lookalike] = (),
) -> str:
    """The ledger's answer for one copy of a mail, and what came of it: states, mails."""
    received = _at(line.received, ZoneInfo(timezone))
    who = f" from {line.sender}" if line.sender else ""
    where = f"ledger line {line.id}: mail{who}, received {received} in {line.folder}"
    reason = line.reason or ("not decided yet" if line.outcome is Outcome.TAKEN else "")
    what = f"{line.outcome}: {reason}" if reason else str(line.outcome)
    led = f", which it brought to the state {', then '.join(states)}" if states else ""
    ticket = [f"  ticket #{line.ticket}{led}"] if line.ticket else []
    warnings = [f"  {_warning(one)}" for one in odd]
    return _plain("\n".join([where, f"  {what}", *ticket, *warnings, *map(_mail_text, mails)]))


def mail_text(mail: OutboxMail) -> str:
    """The outbox's answer for one mail of ours."""
    about = f"about #{mail.ticket}" if mail.ticket else "about no ticket"
    return _plain(f"a mail of the desk {about}\n{_mail_text(mail)}")


def _ticket(ticket: Ticket) -> dict[str, object]:
    return {
        "number": ticket.number,
        "subject": ticket.subject,
        "state": ticket.state,
        "requester": _email(ticket.requester),
        "owner": ticket.owner or None,
        "opened": _iso(ticket.opened),
        "changed": _iso(ticket.changed),
    } | ({"merged_into": ticket.merged_into} if ticket.merged_into else {})


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "kind": str(entry.kind),
        "author": _email(entry.author),
        "via": _email(entry.via),
        "at": _iso(entry.at),
        "text": entry.text,
        "internal": entry.internal,
        "verified": entry.verified,
        "attachments": [_file(one) for one in entry.attachments],
    } | {
        name: value
        for name, value in (
            ("addressed", entry.addressed),
            ("warnings", [lookalikes.sentence(one) for one in entry.lookalikes]),
        )
        if value
    }


def _file(one: Attachment) -> dict[str, object]:
    plain: dict[str, object] = {"name": one.name, "type": one.type, "size": one.size}
    if not one.withheld:
        return plain
    return plain | {"withheld": str(one.withheld), "virus": one.virus or None}


def _withheld(one: Attachment) -> str:
    return (
        f"; {_WITHHELD[one.withheld]}{': ' + one.virus if one.virus else ''}"
        if one.withheld
        else ""
    )


def _reach(one: Reach) -> dict[str, object]:
    return {
        "address": one.person.email,
        "failure": one.failure or None,
        "failing_since": _iso(one.failing_since) if one.failing_since else None,
        "absent_since": _iso(one.absent_since) if one.absent_since else None,
        "back_on": one.back_on.isoformat() if one.back_on else None,
    }


def _reach_text(one: Reach, zone: ZoneInfo) -> Iterator[str]:
    if one.failing_since:
        since = _at(one.failing_since, zone)
        yield f"{one.person.email} fails since {since}: {one.failure}"
    elif one.failure:
        yield f"{one.person.email} failed, somebody has acted since: {one.failure}"
    if one.absent_since:
        back = f", back on {one.back_on.isoformat()}" if one.back_on else ""
        yield f"{one.person.email} is away, as a machine said {_at(one.absent_since, zone)}{back}"


def _held(line: Line) -> dict[str, object]:
    return {
        "line": line.id,
        "received": _iso(line.received),
        "from": line.sender or None,
        "subject": line.subject,
        "message_id": line.message_id or None,
        "reason": line.reason,
    }


def _entry_text(entry: Entry, zone: ZoneInfo) -> str:
    marks = [
        *(["internal"] if entry.internal else []),
        *([f"via {entry.via.label}"] if entry.via else []),
        *(["automatic"] if entry.automatic else []),
        *([f"addressed to #{entry.addressed}"] if entry.addressed else []),
        *(["unverified"] if entry.author and not entry.verified and not entry.via else []),
    ]
    notes = f" ({', '.join(marks)})" if marks and entry.kind is not EntryKind.STATE else ""
    odd = [f"    {_warning(one)}" for one in entry.lookalikes]
    nobody = "an unknown sender" if entry.kind is EntryKind.OPENING else "the desk"
    lines = [f"\n{_at(entry.at, zone)}  {entry.kind}  {entry.author or nobody}{notes}", *odd]
    lines += [f"    {line}" for line in entry.text.splitlines()]
    lines += [f"    [{a.name}, {a.type}, {a.size} bytes{_withheld(a)}]" for a in entry.attachments]
    if entry.quoted:
        lines.append(f"    [… {len(entry.quoted.splitlines())} quoted lines]")
    return "\n".join(lines)


def _warning(one: Lookalike) -> str:
    return f"warning: {lookalikes.sentence(one)}"


def _mail_text(mail: OutboxMail) -> str:
    tries = f", {mail.attempts} attempts" if mail.attempts > 1 else ""
    error = f": {mail.error}" if mail.error else ""
    return (
        f"  to {mail.recipient.email}: {mail.subject}\n"
        f"    asked for by {mail.policy_row}; {_MAILS[mail.state]}{tries}{error}"
    )


def _email(person: Address | None) -> str | None:
    return person.email if person else None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _at(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M %Z")


def _json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return "".join(c if c == "\n" or c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _plain(text: str) -> str:
    """Nothing that a terminal would obey: mails may hold escape sequences."""
    return "".join(c if c == "\n" or c.isprintable() else " " for c in text)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    return table


def _print(table: Table, width: int) -> str:
    out = StringIO()
    Console(file=out, width=width, no_color=True).print(table)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
