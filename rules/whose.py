"""Whose ticket it is: opened for somebody else, handed over, merged into another one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from rules.model import (
    AddEntry,
    Address,
    Contribution,
    Effect,
    EntryKind,
    MergeInto,
    SetRequester,
    Tell,
    Ticket,
)
from rules.notify import Occasion, tells
from rules.orders import Code, Orders, Refusal
from rules.policy import MERGED_TAG, By, On, Policy
from rules.steps import remark

MERGED = "merged"  # the template


def refusal(policy: Policy, ticket: Ticket, event: Contribution, orders: Orders) -> Refusal | None:
    """Why an order about the ticket as a whole is not carried out; None if nothing is wrong."""
    if orders.requester and event.branch:
        return Refusal(f"#pour {orders.requester.email}", Code.MERGED)
    if not orders.merge:
        return None
    target = event.merging.target if event.merging else None
    line = orders.merge_line
    if event.branch or (target and target.merged_into):
        return Refusal(line, Code.MERGED)
    if target is None or target.number == ticket.number:
        return Refusal(line, Code.NO_TICKET)
    if any(policy.state(one.state).final for one in (ticket, target)):
        return Refusal(line, Code.FINAL)
    return None


def opening(policy: Policy, event: Contribution, requester: Address) -> tuple[AddEntry, list[Tell]]:
    """The words that a ticket for somebody else opens with, and who is told of it.

    What was forwarded is its author's, unproven; what the agent wrote himself is his.
    """
    words = AddEntry(
        EntryKind.OPENING,
        requester if event.forward else event.author,
        event.forward.text if event.forward else event.text,
        via=event.author if event.forward else None,
        verified=event.forward is None,
        attachments=event.attachments,
    )
    # The agents are told as of any request, its opener too: that is his acknowledgement.
    return words, list(tells(policy, Occasion(On.OPENED, By.ANYONE, requester, requester)))


def hand_over(
    policy: Policy, ticket: Ticket, event: Contribution, requester: Address
) -> list[Effect]:
    """The ticket becomes somebody else's, who is told of it as of a new one."""
    before = ticket.requester
    if before and before.email == requester.email:
        return []
    opened = Occasion(On.OPENED, By.ANYONE, requester, requester)
    mails = [mail for mail in tells(policy, opened) if mail.recipient.email == requester.email]
    known = event.opening_shown
    return [
        SetRequester(requester, leaves=before is not None),
        *(replace(mail, words=mail.words and known) for mail in mails),
        remark(event, f"→ {requester}"),
    ]


def merge(
    policy: Policy, ticket: Ticket, event: Contribution, target: Ticket, told: Collection[str]
) -> list[Effect]:
    """The ticket ends in another one. Its people are told once, and not of the other's.

    `told` are the agents who have a mail of this contribution already.
    """
    taken = Occasion(On.INTERNAL, By.AGENT, event.author, target.requester, target.owner)
    went, came = f"→ #{target.number}", f"← #{ticket.number} {ticket.subject}"
    return [
        remark(event, went),
        *_ended(policy, ticket, event),
        MergeInto(target.number),
        remark(event, came),
        *(mail for mail in tells(policy, taken) if mail.recipient.email not in told),
    ]


def _ended(policy: Policy, ticket: Ticket, event: Contribution) -> list[Tell]:
    """One mail to each outsider who belongs to the ticket."""
    asked = (ticket.requester,) if ticket.requester else ()
    people = (*asked, *(event.merging.people if event.merging else ()))
    known = {policy.address, *(agent.address for agent in policy.agents)}
    outside = {one.email: one for one in reversed(people) if one.email not in known}
    return [
        Tell(
            person,
            to_agent=False,
            on="merged",
            tag=MERGED_TAG,
            template=MERGED,
            row="#fusionner",
            notice=True,
            bounded=False,
            words=False,
        )
        for person in reversed(outside.values())
    ]
