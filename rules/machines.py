"""What machines' mails on a ticket lead to: absences, bounces, failures to deliver.

RFC 3834 section 2: automatic mail is never answered. RFC 3464: a failure is told of once,
to the agent whom it concerns, and never to the address that fails.
"""

from __future__ import annotations

from dataclasses import replace

from rules import openings
from rules.model import (
    AddEntry,
    Away,
    Bounced,
    BounceTold,
    Contribution,
    Effect,
    EntryKind,
    Failing,
    Kind,
    Outcome,
    Settle,
    Ticket,
    Undelivered,
    Verdict,
)
from rules.notify import Occasion, tells
from rules.policy import By, On, Policy
from rules.steps import entry, occasion


def on_ticket(
    policy: Policy, ticket: Ticket, event: Contribution, verdict: Verdict
) -> tuple[Effect, ...]:
    """Automatic mail on a ticket is an entry that only agents are told of (RFC 3834 section 2).

    It answers nothing: no keyword is read, no state is left, no clock is stopped.
    """
    if verdict.kind is Kind.BOUNCE:
        return _bounce(policy, ticket, event, verdict)
    on = On.LATE if policy.state(ticket.state).final else On.NOTE
    # Two machines could go on for ever.
    silent = event.answers_automatic
    reason = verdict.reason
    if event.absence:
        back = event.absence.back_on
        until = f", back on {back.isoformat()}" if back else ""
        reason = f"{verdict.clause}; {event.absence.email} is away{until}"
    return (
        *([Away(event.absence)] if event.absence else []),
        entry(event, EntryKind.AUTO_REPLY),
        *(() if silent else tells(policy, occasion(on, ticket, event))),
        Settle(openings.outcome(verdict), reason),
    )


def _bounce(
    policy: Policy, ticket: Ticket, event: Contribution, verdict: Verdict
) -> tuple[Effect, ...]:
    """A bounce says something of an address where it is about a mail of ours; else the owner
    is told of the first one. Delays and deliveries are kept, and nobody is told.

    All of them are for agents alone: they name addresses, and carry back what we sent to whomever.
    """
    if event.undelivered:
        failed = event.undelivered
        marked = f"{failed.error}; {failed.recipient.email} fails, timers that wait for it pause"
        return (
            *undelivered(policy, ticket, failed, event),
            Bounced(failed.reference, failed.error),
            Settle(Outcome.BOUNCE, f"{verdict.clause}; {marked}"),
        )
    kept = replace(entry(event, EntryKind.BOUNCE), internal=True)
    if event.harmless:
        reason = f"{verdict.clause}; a delay or a delivery: kept, nobody told"
        return (kept, Settle(Outcome.BOUNCE, reason))
    unknown = f"{verdict.clause}; it is about no mail of ours that is known"
    if ticket.bounce_told or event.answers_automatic:
        return (kept, Settle(Outcome.BOUNCE, f"{unknown}: kept, nobody told"))
    told = Occasion(
        On.TROUBLE,
        By.DESK,
        None,
        ticket.requester,
        ticket.owner,
        skip=event.answers,
        automatic=True,
        reason="bounced",
    )
    mails = tells(policy, told)
    return (kept, *mails, BounceTold(), Settle(Outcome.BOUNCE, f"{unknown}: the agent is told"))


def undelivered(
    policy: Policy, ticket: Ticket, event: Undelivered, bounce: Contribution | None = None
) -> tuple[Effect, ...]:
    """A mail of ours that failed for good is told to the owner, once for each address, and never
    to the address that fails."""
    text = f"{event.recipient.email}: {event.error}"
    failed = Occasion(
        On.TROUBLE,
        By.DESK,
        None,
        ticket.requester,
        "" if ticket.owner == event.recipient.email else ticket.owner,
        skip=event.recipient.email,
        automatic=bounce is not None,
        reason="undelivered",
    )
    kept = AddEntry(EntryKind.BOUNCE, None, text, internal=True)
    if bounce:
        kept = replace(entry(bounce, EntryKind.BOUNCE), text=text, internal=True)
    home = (bounce.branch if bounce else None) or ticket
    known = home.reach_of(event.recipient.email)
    quiet = event.notice_of_trouble or (known is not None and known.failure != "")
    mark = Failing(event.recipient.email, event.error)
    return (kept, *(() if quiet else tells(policy, failed)), mark)
