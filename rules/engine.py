"""decide(): what follows from one event on one ticket. Values in, values out.

The order of the effects is the order in which they happen and in which mails
go out: the entry, then the state it leads to, then who is told of each.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rules.model import (
    AddEntry,
    Address,
    Contribution,
    Effect,
    EntryKind,
    Event,
    Kind,
    OpenTicket,
    Outcome,
    Role,
    SetOwner,
    SetState,
    Settle,
    Ticket,
    ToldLate,
    Undelivered,
    Verdict,
)
from rules.notify import Occasion, tells
from rules.policy import NEW, OPEN, By, On, Policy

_BY = {
    Role.REQUESTER: By.REQUESTER,
    Role.AGENT: By.AGENT,
    Role.UNPROVEN: By.AGENT,
    Role.OTHER: By.OTHER,
    Role.UNVERIFIED: By.UNVERIFIED,
}
# Troubles that the templates put into words; others come as sentences.
UNPROVEN, EMPTY = "unproven", "empty"


def decide(
    policy: Policy, ticket: Ticket | None, event: Event, now: datetime
) -> tuple[Effect, ...]:
    """What follows from `event` on `ticket` (None: it belongs to none) at `now` (aware).

    Total: every event has an answer, and nothing is raised.
    """
    del now  # the clocks of the states will ask for it
    if isinstance(event, Undelivered):
        return _undelivered(policy, ticket, event) if ticket else ()
    if event.author and event.author.email == policy.address:
        return (Settle(Outcome.HELD, "the desk's own address wrote it: answering could loop"),)
    if ticket is None:
        return _open(policy, event)
    if event.repeat:
        return _repeat(event)
    if policy.states[ticket.state].final:
        return _late(policy, ticket, event)
    if event.automatic:
        return _automatic(policy, ticket, event, event.automatic)
    if event.standing.role is Role.UNPROVEN:
        return _inside(policy, ticket, event, UNPROVEN, event.standing.reason)
    if event.standing.role is Role.AGENT and not event.text and not event.attachments:
        return _inside(policy, ticket, event, EMPTY, "an answer without words of its own")
    return _note(policy, ticket, event)


def _open(policy: Policy, event: Contribution) -> tuple[Effect, ...]:
    verdict = event.automatic
    if verdict and verdict.kind in (Kind.AUTO_REPLY, Kind.BOUNCE):
        return (Settle(_outcome(verdict), f"{verdict.reason}; it belongs to no ticket"),)
    occasion = Occasion(
        On.OPENED, By.ANYONE, event.author, event.author, agents_only=verdict is not None
    )
    reason = verdict.reason if verdict else event.standing.reason
    return (
        OpenTicket(event.subject, event.author, _outside(policy, event.cc)),
        _entry(event, EntryKind.OPENING),
        *tells(policy, occasion),
        Settle(Outcome.OPENED, reason),
    )


def _repeat(event: Contribution) -> tuple[Effect, ...]:
    reason = "same Message-ID, sender and date as an earlier mail, other body: kept, nobody told"
    whole = "\n\n".join(part for part in (event.text, event.quoted) if part)
    return (
        AddEntry(EntryKind.NOTE, event.author, "", whole, attachments=event.attachments),
        Settle(Outcome.NOTED, reason),
    )


def _late(policy: Policy, ticket: Ticket, event: Contribution) -> tuple[Effect, ...]:
    """A final ticket keeps what comes, changes nothing, and tells each sender once."""
    author = event.author
    known = author is None or event.automatic is not None or author.email in ticket.late_told
    mails = tells(policy, _occasion(On.LATE, ticket, event, agents_only=known))
    told = (ToldLate(mail.recipient.email) for mail in mails if not mail.to_agent)
    unproven = event.standing.role is Role.UNPROVEN
    return (
        _entry(event, EntryKind.INTERNAL if unproven else _kind(event.automatic)),
        *mails,
        *told,
        Settle(Outcome.NOTED, f"{event.standing.reason}; the ticket is final, nothing changes"),
    )


def _automatic(
    policy: Policy, ticket: Ticket, event: Contribution, verdict: Verdict
) -> tuple[Effect, ...]:
    """Automatic mail on a ticket is an entry that only agents are told of (RFC 3834 section 2)."""
    return (
        _entry(event, _kind(verdict)),
        *tells(policy, _occasion(On.NOTE, ticket, event, agents_only=True)),
        Settle(_outcome(verdict), verdict.reason),
    )


def _inside(
    policy: Policy, ticket: Ticket, event: Contribution, trouble: str, reason: str
) -> tuple[Effect, ...]:
    """An agent's mail that must not go out: it stays among agents, and he is told."""
    agent = policy.agent(event.author.email) if event.author else None
    occasion = Occasion(
        On.TROUBLE,
        By.DESK,
        None,
        ticket.requester,
        ticket.owner,
        agent=Address(agent.address, agent.name) if agent else None,
        reason=trouble,
    )
    return (
        _entry(event, EntryKind.INTERNAL),
        *tells(policy, _occasion(On.INTERNAL, ticket, event)),
        *tells(policy, occasion),
        Settle(Outcome.NOTED, f"{reason}; kept as an internal note"),
    )


def _note(policy: Policy, ticket: Ticket, event: Contribution) -> tuple[Effect, ...]:
    by_agent = event.standing.role is Role.AGENT
    settle = Settle(Outcome.NOTED, event.standing.reason)
    if by_agent and event.answers_internal:
        mails = tells(policy, _occasion(On.INTERNAL, ticket, event))
        return (_entry(event, EntryKind.INTERNAL), *mails, settle)
    effects: list[Effect] = [
        _entry(event, EntryKind.NOTE),
        *tells(policy, _occasion(On.NOTE, ticket, event)),
    ]
    if by_agent and ticket.state == NEW:
        effects += _take_up(policy, ticket, event)
    return (*effects, settle)


def _take_up(policy: Policy, ticket: Ticket, event: Contribution) -> list[Effect]:
    """The first public answer of an agent makes him the owner and moves new to open."""
    agent = policy.agent(event.author.email) if event.author else None
    owned: list[Effect] = [SetOwner(agent.address)] if agent and not ticket.owner else []
    return [
        *owned,
        SetState(OPEN),
        AddEntry(EntryKind.STATE, event.author, OPEN),
        *tells(policy, _occasion(On.STATE, ticket, event, state=OPEN)),
    ]


def _undelivered(policy: Policy, ticket: Ticket, event: Undelivered) -> tuple[Effect, ...]:
    """A mail of ours that failed for good is told to the owner, never to the address that fails."""
    text = f"{event.recipient.email}: {event.error}"
    occasion = Occasion(
        On.TROUBLE,
        By.DESK,
        None,
        ticket.requester,
        "" if ticket.owner == event.recipient.email else ticket.owner,
        skip=event.recipient.email,
        reason=text,
    )
    entry = AddEntry(EntryKind.BOUNCE, None, text, internal=True)
    return (entry, *(() if event.notice_of_trouble else tells(policy, occasion)))


def _occasion(
    on: On, ticket: Ticket, event: Contribution, *, state: str = "", agents_only: bool = False
) -> Occasion:
    return Occasion(
        on,
        _BY[event.standing.role],
        event.author,
        ticket.requester,
        ticket.owner,
        state=state,
        agents_only=agents_only,
    )


def _entry(event: Contribution, kind: EntryKind) -> AddEntry:
    return AddEntry(
        kind,
        event.author,
        event.text,
        event.quoted,
        via=event.standing.via,
        internal=kind is EntryKind.INTERNAL,
        verified=event.standing.verified,
        automatic=event.automatic.reason if event.automatic else "",
        attachments=event.attachments,
    )


def _kind(verdict: Verdict | None) -> EntryKind:
    if verdict is None:
        return EntryKind.NOTE
    return EntryKind.BOUNCE if verdict.kind is Kind.BOUNCE else EntryKind.AUTO_REPLY


def _outcome(verdict: Verdict) -> Outcome:
    return Outcome.BOUNCE if verdict.kind is Kind.BOUNCE else Outcome.AUTO_REPLY


def _outside(policy: Policy, people: Iterable[Address]) -> tuple[Address, ...]:
    """Those who are neither the desk nor an agent."""
    return tuple(a for a in people if a.email != policy.address and policy.agent(a.email) is None)
