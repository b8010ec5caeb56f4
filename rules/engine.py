"""decide(): what follows from one event on one ticket. Values in, values out.

The order of the effects is the order in which they happen and in which mails
go out: the entry, then the state it leads to, then who is told of each.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from rules import files, openings
from rules.agent import UNPROVEN, decide_agent, keep_inside
from rules.machines import on_ticket, undelivered
from rules.model import (
    AddEntry,
    Clock,
    Confirmed,
    Contribution,
    Effect,
    EntryKind,
    Event,
    Outcome,
    Reached,
    Role,
    Scanned,
    Settle,
    Ticket,
    ToldLate,
    Undelivered,
)
from rules.notify import Occasion, tells
from rules.orders import Answer, Orders
from rules.policy import OPEN, RESOLVED, By, On, Policy
from rules.steps import BY, entry, from_inside, move, occasion

_HELP = Orders(help=True)
_NOTHING = "an answer without words of its own, such as a quote or a signature: it adds nothing"


def decide(
    policy: Policy, ticket: Ticket | None, event: Event, now: datetime
) -> tuple[Effect, ...]:
    """What follows from `event` on `ticket` (None: it belongs to none) at `now` (aware).

    Total: every event has an answer, and nothing is raised.
    """
    if isinstance(event, Clock):
        return _ring(policy, ticket, event, now) if ticket else ()
    if isinstance(event, Undelivered):
        return undelivered(policy, ticket, event) if ticket else ()
    if isinstance(event, Scanned):
        return files.scanned(policy, ticket, event) if ticket else ()
    if event.check:
        return (Settle(Outcome.CHECK, "`mailgate check` sent it, to see whether it comes back"),)
    return files.told(policy, event, _contributed(policy, ticket, event, now))


def _contributed(
    policy: Policy, ticket: Ticket | None, event: Contribution, now: datetime
) -> tuple[Effect, ...]:
    """What somebody's words lead to, whoever he is."""
    if event.automatic:  # a machine has nothing carried out
        event = replace(event, orders=None)
    if event.author and event.author.email == policy.address:
        return (Settle(Outcome.HELD, "the desk's own address wrote it: answering could loop"),)
    if ticket is None:
        return openings.open_ticket(policy, event, now)
    if event.repeat:
        return _repeat(event)
    if event.automatic:
        return on_ticket(policy, ticket, event, event.automatic)
    if event.original:
        return openings.original(policy, event)
    if _says_nothing(event):
        return (Settle(Outcome.EMPTY, f"{event.standing.reason}; {_NOTHING}"),)
    return (*_reached(ticket, event), *_person(policy, ticket, event))


def paused(policy: Policy, ticket: Ticket) -> bool:
    """Whether the ticket's timers wait: its state waits for one whom mails do not reach."""
    return ticket.requester_fails and policy.state(ticket.state).answer != ""


def _person(policy: Policy, ticket: Ticket, event: Contribution) -> tuple[Effect, ...]:
    """What somebody's own words on a ticket lead to."""
    if policy.state(ticket.state).final and not _acts_on_final(event):
        return _late(policy, ticket, event)
    match event.standing.role:
        case Role.UNPROVEN:
            return keep_inside(policy, ticket, event, UNPROVEN, event.standing.reason)
        case Role.AGENT if event.confirms:
            return _confirm(policy, ticket, event)
        case Role.AGENT:
            return decide_agent(policy, ticket, event)
    return _outside(policy, ticket, event)


def _repeat(event: Contribution) -> tuple[Effect, ...]:
    reason = "same Message-ID, sender and date as an earlier mail, other body: kept, nobody told"
    whole = "\n\n".join(part for part in (event.text, event.quoted) if part)
    by_agent = event.standing.role in (Role.AGENT, Role.UNPROVEN)
    return (
        AddEntry(
            EntryKind.NOTE,
            event.author,
            "",
            whole,
            internal=by_agent or from_inside(event),
            verified=event.standing.verified,
            attachments=event.attachments,
            lookalikes=event.lookalikes,
        ),
        Settle(Outcome.NOTED, reason),
    )


def _late(policy: Policy, ticket: Ticket, event: Contribution) -> tuple[Effect, ...]:
    """A final ticket keeps what comes, changes nothing, and tells each sender once."""
    known = event.author is None or event.author.email in (event.branch or ticket).late_told
    mails = tells(policy, occasion(On.LATE, ticket, event, agents_only=known))
    if from_inside(event):
        mails = tuple(replace(mail, words=mail.to_agent) for mail in mails)
    told = (ToldLate(mail.recipient.email) for mail in mails if not mail.to_agent)
    asked = event.orders is not None and event.orders.kind not in (None, EntryKind.NOTE)
    role = event.standing.role  # whoever else cites an internal mail of ours has it from an agent
    answered = event.answers_internal and role is Role.AGENT
    inside = asked or answered or role is Role.UNPROVEN
    return (
        entry(event, EntryKind.INTERNAL if inside else EntryKind.NOTE),
        *mails,
        *told,
        Settle(Outcome.NOTED, f"{event.standing.reason}; the ticket is final, nothing changes"),
    )


def _reached(ticket: Ticket, event: Contribution) -> tuple[Effect, ...]:
    """Somebody who writes can be written to; an agent who acts lets the timers go on."""
    role = event.standing.role
    if role is Role.AGENT and ticket.requester and ticket.requester_fails and _acts(event):
        return (Reached(ticket.requester.email, wrote=False),)
    home = event.branch or ticket
    known = home.reach_of(event.author.email) if event.author else None
    if known and role not in (Role.UNVERIFIED, Role.UNPROVEN):
        return (Reached(known.person.email, wrote=True),)
    return ()


def _acts(event: Contribution) -> bool:
    """Whether an agent does something that others notice: not by an internal note."""
    orders = event.orders
    if orders and (orders.kind or orders.state):
        return orders.state != "" or orders.kind is not EntryKind.INTERNAL
    return not event.answers_internal


def _confirm(policy: Policy, ticket: Ticket, event: Contribution) -> tuple[Effect, ...]:
    """An agent's answer proves that earlier words are his: they are carried out, once."""
    assert event.confirms is not None
    said = event.text or event.attachments
    answer = (entry(event, EntryKind.INTERNAL),) if said else ()
    carry_out = openings.opened_late if event.confirms.opens else decide_agent
    done = carry_out(policy, ticket, _carried_out(event))
    return (*answer, Confirmed(event.confirms.entry_id), *done)


def _carried_out(event: Contribution) -> Contribution:
    """The words that an agent's mail has carried out: its own, or those that it confirms, for
    the requester whom it names in place of what was refused."""
    if event.confirms is None:
        return event
    words, named = event.confirms.contribution, event.orders and event.orders.requester
    if not (event.confirms.opens and named):
        return words
    return replace(words, orders=replace(words.orders or Orders(), requester=named, refused=()))


def _outside(policy: Policy, ticket: Ticket, event: Contribution) -> tuple[Effect, ...]:
    """Anybody else's note: it stops a closing clock and puts the ticket back in work."""
    role, state = event.standing.role, policy.state(ticket.state)
    settled = _confirmed_state(policy, ticket) if event.answer is Answer.CONFIRM else ""
    said = event.text or event.attachments or not settled
    words: tuple[Effect, ...] = ()
    if said:
        words = (
            entry(event, EntryKind.NOTE),
            *tells(policy, occasion(On.NOTE, ticket, event, agents_only=from_inside(event))),
        )
    changes, news = (
        move(
            policy,
            ticket,
            settled or state.answer,
            event.author,
            BY[role],
            verified=event.standing.verified,
        )
        if settled or state.answer
        else ([], ())
    )
    return (*words, *changes, *news, Settle(Outcome.NOTED, event.standing.reason))


def _says_nothing(event: Contribution) -> bool:
    """An outside answer that is all quote, signature, blank. An agent's is told to him."""
    outside = event.standing.role not in (Role.AGENT, Role.UNPROVEN)
    return outside and not (event.text or event.attachments or event.answer)


def _confirmed_state(policy: Policy, ticket: Ticket) -> str:
    """Where the requester's confirmation leads: where silence would; "" if it means nothing."""
    if ticket.state != RESOLVED:
        return ""
    return next((timer.state for timer in policy.state(RESOLVED).timers if timer.state), "")


def _acts_on_final(event: Contribution) -> bool:
    """A proven agent's #rouvrir, alone in leaving a final state; his errors and a question for
    the keywords are answered as ever."""
    orders = _carried_out(event).orders
    if event.standing.role is not Role.AGENT or orders is None:
        return False
    return orders.state == OPEN or bool(orders.refused or orders.merge) or orders == _HELP


def _ring(policy: Policy, ticket: Ticket, clock: Clock, now: datetime) -> tuple[Effect, ...]:
    """A timer is due. One that belongs to a state already left does nothing."""
    if ticket.state != clock.state or now < clock.due or policy.state(ticket.state).final:
        return ()
    if paused(policy, ticket):
        return ()
    if clock.to_state:
        changes, news = move(policy, ticket, clock.to_state, None, By.TIMER, with_words=True)
        return (*changes, *news)
    reminded = Occasion(On.REMINDER, By.TIMER, None, ticket.requester, ticket.owner)
    return tells(policy, reminded)
