"""What a proven agent's mail does: his words, and the keyword lines above them.

All or nothing: one line that cannot be carried out applies none, and the words
stay inside, so that nothing leaks.
"""

from __future__ import annotations

from dataclasses import replace

from rules import whose
from rules.model import (
    Address,
    Contribution,
    Effect,
    EntryKind,
    Outcome,
    SetOwner,
    Settle,
    Tell,
    Ticket,
)
from rules.notify import Occasion, tells
from rules.orders import Orders
from rules.policy import NEW, OPEN, Agent, By, On, Policy
from rules.steps import entry, move, occasion, reader, remark

# Troubles that the templates put into words; others come as sentences.
UNPROVEN, SEVERAL, EMPTY = "unproven", "several", "empty"
REFUSED, NOBODY = "refused", "nobody"
_ON = {
    EntryKind.NOTE: On.NOTE,
    EntryKind.REPLY: On.REPLY,
    EntryKind.TRANSFER: On.TRANSFER,
    EntryKind.INTERNAL: On.INTERNAL,
}


def decide_agent(policy: Policy, ticket: Ticket, event: Contribution) -> tuple[Effect, ...]:
    """The effects of a proven agent's contribution on a ticket that he may change."""
    orders = event.orders or Orders()
    if refusal := whose.refusal(policy, ticket, event, orders):
        event = replace(event, orders=Orders(refused=(refusal,)))
        orders = event.orders or Orders()
    if orders.refused:
        reason = f"keyword line refused: {orders.refused[0].code}"
        return keep_inside(policy, ticket, event, REFUSED, reason)
    said = bool(event.text or event.attachments)
    if not said and not orders.any:
        return keep_inside(policy, ticket, event, EMPTY, "an answer without words of its own")
    effects: list[Effect] = []
    if orders.requester:
        effects += whose.hand_over(policy, ticket, event, orders.requester)
        ticket = replace(ticket, requester=orders.requester)
    kind = orders.kind or _default_kind(event, orders)
    if reader(ticket, event) is None and kind is EntryKind.NOTE and said:
        reason = "the ticket's requester is unknown, so nobody could read the note"
        return keep_inside(policy, ticket, event, NOBODY, reason)
    written = said or kind in (EntryKind.REPLY, EntryKind.TRANSFER)
    words: tuple[Tell, ...] = ()
    if written:
        effects.append(entry(event, kind))
        words = tells(policy, occasion(_ON[kind], ticket, event, others=orders.addresses))
    public = written and kind is not EntryKind.INTERNAL
    changes, news = _state(policy, ticket, event, orders, public=public)
    told = {tell.recipient.email for tell in words if tell.on == On.INTERNAL}
    owner, owned = _owner(policy, ticket, event, orders, told, public=public)
    folded = {tell.recipient.email for tell in news if tell.words}
    effects += [tell for tell in words if tell.recipient.email not in folded]
    effects += [*owner, *changes, *news, *owned]
    effects += _help(policy, event, orders)
    if orders.merge and event.merging and event.merging.target:
        known = {one.recipient.email for one in effects if isinstance(one, Tell) and one.to_agent}
        effects += whose.merge(policy, ticket, event, event.merging.target, known)
    return (*effects, Settle(Outcome.NOTED, event.standing.reason))


def _default_kind(event: Contribution, orders: Orders) -> EntryKind:
    """An answer goes where what it answers came from; a question to the desk stays inside."""
    inside = event.answers_internal or orders.help
    return EntryKind.INTERNAL if inside else EntryKind.NOTE


def trouble(
    policy: Policy, event: Contribution, requester: Address | None, owner: str, what: str
) -> Occasion:
    """What the [[notify]] table is asked about an agent's mail that is not carried out."""
    agent = policy.agent(event.author.email) if event.author else None
    return Occasion(
        On.TROUBLE,
        By.DESK,
        None,
        requester,
        owner,
        agent=_person(agent) if agent else None,
        reason=what,
        refused=event.orders.refused if event.orders else (),
    )


def keep_inside(
    policy: Policy, ticket: Ticket, event: Contribution, what: str, reason: str
) -> tuple[Effect, ...]:
    """An agent's mail that must not go out: it stays among agents, and he is told why.

    Where somebody else signed it first, it is nobody's to confirm.
    """
    agent = policy.agent(event.author.email) if event.author else None
    if agent is None and what == UNPROVEN:
        what = SEVERAL
    concerned = trouble(policy, event, ticket.requester, ticket.owner, what)
    return (
        entry(event, EntryKind.INTERNAL, pending=what == UNPROVEN),
        *(() if what == EMPTY else tells(policy, occasion(On.INTERNAL, ticket, event))),
        *tells(policy, concerned),
        Settle(Outcome.NOTED, f"{reason}; kept as an internal note"),
    )


def _state(
    policy: Policy,
    ticket: Ticket,
    event: Contribution,
    orders: Orders,
    *,
    public: bool,
) -> tuple[list[Effect], tuple[Tell, ...]]:
    """The state that was asked for; else the first public answer moves new to open."""
    state = orders.state or (OPEN if ticket.state == NEW and public else "")
    if not state:
        return [], ()
    # The state is told to the ticket's own requester, who must not read what others are told.
    words = public and event.branch is None
    return move(policy, ticket, state, event.author, By.AGENT, verified=True, with_words=words)


def _owner(
    policy: Policy,
    ticket: Ticket,
    event: Contribution,
    orders: Orders,
    told: set[str],
    *,
    public: bool,
) -> tuple[list[Effect], list[Effect]]:
    """Who owns the ticket from now on, and the line that tells an agent who was assigned.

    `told` are those who have this contribution's words as agents already.
    """
    author = policy.agent(event.author.email) if event.author else None
    if assigned := policy.agent(orders.owner):
        news = Occasion(On.INTERNAL, By.AGENT, event.author, ticket.requester, assigned.address)
        if author and author.address == assigned.address == ticket.owner:
            return [], []  # his already
        mails = [mail for mail in tells(policy, news) if mail.recipient.email not in told]
        return [SetOwner(assigned.address)], [remark(event, f"→ {assigned.name}"), *mails]
    if public and author and ticket.state == NEW and not ticket.owner:
        return [SetOwner(author.address)], []
    return [], []


def _help(policy: Policy, event: Contribution, orders: Orders) -> list[Effect]:
    """The list of keywords, for an agent who asked for it."""
    agent = policy.agent(event.author.email) if event.author else None
    if not orders.help or agent is None:
        return []
    mail = Tell(
        _person(agent),
        to_agent=True,
        on="help",
        tag="#aide",
        template="agent-help",
        row="#aide",
        notice=True,
        bounded=False,
        words=False,
    )
    return [remark(event, mail.tag), mail]


def _person(agent: Agent) -> Address:
    return Address(agent.address, agent.name)
