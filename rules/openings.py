"""How a ticket opens: by anybody's mail, for somebody else, or by a colleague who was quicker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from rules import whose
from rules.agent import REFUSED, UNPROVEN, decide_agent, trouble
from rules.model import (
    Address,
    Contribution,
    Effect,
    EntryKind,
    Kind,
    OpenTicket,
    Outcome,
    Role,
    SetRequester,
    Settle,
    Ticket,
    Verdict,
)
from rules.notify import Occasion, tells
from rules.orders import Orders
from rules.policy import NEW, By, On, Policy
from rules.steps import entry


def open_ticket(policy: Policy, event: Contribution, now: datetime) -> tuple[Effect, ...]:
    """A mail that belongs to no ticket opens one, unless a machine answered or returned it."""
    if event.orders:
        return _open_for(policy, event, now)
    verdict = event.automatic
    if verdict and verdict.sure and verdict.kind in (Kind.AUTO_REPLY, Kind.BOUNCE):
        return (Settle(outcome(verdict), f"{verdict.clause}; it belongs to no ticket"),)
    automatic = verdict is not None
    opened = Occasion(
        On.OPENED,
        By.ANYONE,
        event.author,
        event.author,
        agents_only=automatic,
        automatic=automatic,
    )
    reason = f"{verdict.clause}; not answered" if verdict else event.standing.reason
    return (
        OpenTicket(event.subject, event.author, _strangers(policy, event.cc)),
        entry(event, EntryKind.OPENING),
        *tells(policy, opened),
        Settle(Outcome.OPENED, reason),
    )


def _open_for(policy: Policy, event: Contribution, now: datetime) -> tuple[Effect, ...]:
    """An agent opens a ticket for somebody else: by #pour, or by forwarding a mail.

    Without proof, or with a line that cannot be carried out, it is his own until he
    answers, and nobody outside sees it.
    """
    orders = event.orders or Orders()
    if event.standing.role is not Role.AGENT or orders.refused or orders.requester is None:
        reason = REFUSED if orders.refused else UNPROVEN
        inside = replace(
            entry(event, EntryKind.OPENING),
            quoted=event.forward.text if event.forward else event.quoted,
            internal=True,
            pending=True,
        )
        opened = Occasion(On.OPENED, By.ANYONE, event.author, None, agents_only=True)
        asked = trouble(policy, event, event.author, "", reason)
        why = event.standing.reason
        if orders.refused:
            why = f"keyword line refused: {orders.refused[0].code}"
        return (
            OpenTicket(event.subject, event.author, _strangers(policy, event.cc)),
            inside,
            *tells(policy, opened),
            *tells(policy, asked),
            Settle(Outcome.OPENED, f"{why}; the agent's own until he answers"),
        )
    others = [one for one in event.cc if one.email != orders.requester.email]
    words, news = whose.opening(policy, event, orders.requester)
    ticket = Ticket(0, event.subject, NEW, orders.requester, "", now, now)
    return (
        OpenTicket(event.subject, orders.requester, _strangers(policy, others)),
        words,
        *news,
        *_own_words(policy, ticket, event),
        Settle(Outcome.OPENED, f"{event.standing.reason}; for {orders.requester.email}"),
    )


def opened_late(policy: Policy, ticket: Ticket, event: Contribution) -> tuple[Effect, ...]:
    """The ticket that waited for its agent's proof becomes the one that he meant to open."""
    orders = event.orders or Orders()
    if orders.refused or orders.requester is None:
        return decide_agent(policy, ticket, event)
    requester = orders.requester
    agent = event.author.email if event.author else ""
    words, news = whose.opening(policy, event, requester)
    mails = (one for one in news if one.recipient.email in (requester.email, agent))
    return (
        SetRequester(requester, leaves=False),
        words,
        *mails,
        *_own_words(policy, replace(ticket, requester=requester), event),
        Settle(Outcome.NOTED, f"{event.standing.reason}; for {requester.email}"),
    )


def _own_words(policy: Policy, ticket: Ticket, event: Contribution) -> tuple[Effect, ...]:
    """What the agent says and orders beside what the ticket opens with: inside, if not said so."""
    orders = replace(event.orders or Orders(), requester=None)
    text = event.text if event.forward else ""
    if not (text or orders.any):
        return ()
    orders = replace(orders, kind=orders.kind or EntryKind.INTERNAL)
    own = replace(event, text=text, attachments=(), orders=orders, forward=None)
    done = decide_agent(policy, ticket, own)
    return tuple(effect for effect in done if not isinstance(effect, Settle))


def original(policy: Policy, event: Contribution) -> tuple[Effect, ...]:
    """The mail that the ticket's first one answers: a colleague's answer was quicker.

    The ticket becomes its sender's. The colleague still belongs.
    """
    assert event.author is not None
    opened = Occasion(On.OPENED, By.ANYONE, event.author, event.author)
    return (
        SetRequester(event.author, leaves=False),
        entry(event, EntryKind.OPENING),
        *tells(policy, opened),
        Settle(Outcome.NOTED, event.standing.reason),
    )


def outcome(verdict: Verdict) -> Outcome:
    return Outcome.BOUNCE if verdict.kind is Kind.BOUNCE else Outcome.AUTO_REPLY


def _strangers(policy: Policy, people: Iterable[Address]) -> tuple[Address, ...]:
    """Those who are neither the desk nor an agent."""
    return tuple(a for a in people if a.email != policy.address and policy.agent(a.email) is None)
