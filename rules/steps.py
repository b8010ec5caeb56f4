"""What several decisions are made of: the entry for somebody's words, the move to a state."""

from __future__ import annotations

from rules.model import (
    AddEntry,
    Address,
    Contribution,
    Effect,
    EntryKind,
    Role,
    SetState,
    Tell,
    Ticket,
)
from rules.notify import Occasion, tells
from rules.policy import By, On, Policy

BY = {
    Role.REQUESTER: By.REQUESTER,
    Role.AGENT: By.AGENT,
    Role.UNPROVEN: By.AGENT,
    Role.OTHER: By.OTHER,
    Role.UNVERIFIED: By.UNVERIFIED,
}


def reader(ticket: Ticket, event: Contribution) -> Address | None:
    """The requester for whom somebody's words are: of the merged ticket, where they are of one."""
    return (event.branch or ticket).requester


def occasion(
    on: On,
    ticket: Ticket,
    event: Contribution,
    *,
    agents_only: bool = False,
    others: tuple[Address, ...] = (),
) -> Occasion:
    """What the [[notify]] table is asked about somebody's contribution."""
    return Occasion(
        on,
        BY[event.standing.role],
        event.author,
        reader(ticket, event),
        ticket.owner,
        agents_only=agents_only or event.automatic is not None,
        automatic=event.automatic is not None,
        # What answered by itself at that address would answer this mail as well.
        skip=event.answers if event.automatic else "",
        others=others,
    )


def entry(event: Contribution, kind: EntryKind, *, pending: bool = False) -> AddEntry:
    """The history's line for what somebody said."""
    unproven = event.standing.role is Role.UNPROVEN
    return AddEntry(
        kind,
        event.author,
        event.text,
        event.quoted,
        via=event.standing.via,
        internal=kind is EntryKind.INTERNAL
        or (kind is not EntryKind.OPENING and (unproven or from_inside(event))),
        verified=event.standing.verified,
        automatic=event.automatic.reason if event.automatic else "",
        attachments=event.attachments,
        pending=pending,
        portal=event.portal,
        lookalikes=event.lookalikes,
    )


def remark(event: Contribution, text: str) -> AddEntry:
    """A line for agents about what somebody had done."""
    return AddEntry(
        EntryKind.INTERNAL,
        event.author,
        text,
        via=event.standing.via,
        internal=True,
        verified=event.standing.verified,
        portal=event.portal,
    )


def from_inside(event: Contribution) -> bool:
    """Whether the words may be of an internal mail of ours, and are for agents alone.

    Who answers one and was not sent it has it from an agent, or is one at home. A machine quotes
    as it likes, also what it answers by our subject alone; an agent's says where he is.
    """
    role, machine = event.standing.role, event.automatic is not None
    if event.answers_internal:
        return machine or role is Role.UNVERIFIED
    return machine and role in (Role.UNVERIFIED, Role.AGENT)


def move(
    policy: Policy,
    ticket: Ticket,
    state: str,
    author: Address | None,
    by: By,
    *,
    verified: bool = False,
    with_words: bool = False,
) -> tuple[list[Effect], tuple[Tell, ...]]:
    """The move to a state, and the mails that tell of it.

    `with_words`: the entry written before may ride in a row with `fold`.
    """
    moved = Occasion(On.STATE, by, author, ticket.requester, ticket.owner, state=state)
    mails = tells(policy, moved, with_words=with_words)
    line = AddEntry(EntryKind.STATE, author, state, verified=verified)
    return [SetState(state), line], mails
