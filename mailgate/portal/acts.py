"""What agents do on the board, on the road of a mail: their forms become keyword lines.

So the board can do what a mail can, no more and no less, and one rule decides both. A line
that would be refused is said on the form, before anything is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from mailgate.desk import Desk
from mailgate.portal import road
from mailgate.portal.road import Draft, File
from rules import whose
from rules.keywords import read_agent, shown
from rules.model import (
    Address,
    Contribution,
    Credential,
    EntryKind,
    Merging,
    Outcome,
    Proof,
    Role,
    Standing,
    Ticket,
)
from rules.orders import Orders, Refusal
from rules.policy import OPEN, Agent, Policy

# The fields that become keyword lines, and what the line does (rules.keywords).
_ADDRESSED = {"reply": "cc", "transfer": "to"}
NOTE, INTERNAL = "note", "internal"
KINDS = (NOTE, *_ADDRESSED, INTERNAL)


@dataclass(frozen=True, slots=True)
class Wish:
    """What was filled in, one line each but for the text."""

    text: str
    kind: str = NOTE  # one of KINDS
    cc: str = ""  # addresses
    to: str = ""
    state: str = ""  # a key of the policy's states, "" for no change
    owner: str = ""  # an agent's address, "" for no change
    requester: str = ""  # an address: the ticket becomes this person's
    merge: str = ""  # a number


def lines(policy: Policy, wish: Wish) -> dict[str, str]:
    """The keyword lines of a wish, by the field that each comes from."""
    word = {name: written.partition(" ")[0] for written, name in shown(policy)}
    found: dict[str, str] = {}
    if field := _ADDRESSED.get(wish.kind):
        found[field] = f"#{word[wish.kind]} {getattr(wish, field)}"
    elif wish.kind == INTERNAL:
        found["kind"] = f"#{word[INTERNAL]}"
    keywords = policy.state(wish.state).keywords if wish.state else ()
    if keywords:
        found["state"] = f"#{keywords[0]}"
    if wish.owner:
        found["owner"] = f"#{word['assign']} {wish.owner}"
    if wish.requester:
        found["requester"] = f"#{word['for']} {wish.requester}"
    if wish.merge:
        found["merge"] = f"#{word['merge']} {wish.merge}"
    return {name: line.rstrip() for name, line in found.items()}


def written(policy: Policy, wish: Wish) -> str:
    """A wish as the text of a mail. Keyword lines at the head of its own text count as well."""
    return "\n".join([*lines(policy, wish).values(), wish.text])


def target(policy: Policy, agent: Agent, wish: Wish) -> int:
    """The number of the ticket that a wish would merge with, its text's own lines read; or 0."""
    return read_agent(policy, agent.address, written(policy, wish))[0].merge


def refusals(
    policy: Policy,
    agent: Agent,
    ticket: Ticket,
    wish: Wish,
    target: Ticket | None,
    *,
    files: bool,
) -> dict[str, Refusal | str]:
    """Why a wish would not be carried out, by field: a refused line, or the code of an error.

    `target` is the ticket that it would merge with, where there is one. What can change
    meanwhile, the rules look at again.
    """
    if any(getattr(wish, field) for kind, field in _ADDRESSED.items() if kind != wish.kind):
        return {"kind": "unused"}
    orders, text = read_agent(policy, agent.address, written(policy, wish))
    said = bool(text or files)
    if not orders.refused:
        refused = _about_tickets(policy, agent, ticket, orders, target)
        orders = Orders(refused=(refused,)) if refused else orders
    if orders.refused:
        by_line = {line: name for name, line in lines(policy, wish).items()}
        return {_field(by_line, one): one for one in reversed(orders.refused)}
    if not said and not orders.any:
        return {"text": "empty"}
    if _in_vain(policy, ticket, orders):
        return {"text": "final"}
    public = orders.kind in (None, EntryKind.NOTE) and not orders.help
    if said and public and (orders.requester or ticket.requester) is None:
        return {"text": "nobody"}
    return {}


def submit(
    desk: Desk,
    agent: Agent,
    ticket: Ticket,
    wish: Wish,
    key: str,
    shown_at: datetime,
    files: tuple[File, ...] = (),
) -> Outcome:
    """Has it decided as a mail of the agent's on this ticket. Raises OutageError."""
    author = Address(agent.address, agent.name)
    draft = Draft(
        author,
        ticket.subject,
        written(desk.policy, wish),
        f"{key}-{ticket.number}",  # one form may be about several tickets
        shown_at,
        files,
    )
    return road.submit(desk, draft, Credential(Proof.SESSION, author, ticket.number))


def may_act(policy: Policy, ticket: Ticket, wish: Wish) -> bool:
    """Whether a wish without words changes this ticket: a closed one is opened again or stays."""
    if ticket.merged_into:
        return False
    return not policy.state(ticket.state).final or wish.state == OPEN


def _in_vain(policy: Policy, ticket: Ticket, orders: Orders) -> bool:
    """Whether a closed ticket would keep the words and pass over what is asked beside them."""
    if ticket.merged_into or not policy.state(ticket.state).final or orders.state == OPEN:
        return False
    goes_out = orders.kind in (EntryKind.REPLY, EntryKind.TRANSFER)
    return goes_out or bool(orders.owner or orders.requester or orders.state)


def _field(by_line: Mapping[str, str], refused: Refusal) -> str:
    return next((name for line, name in by_line.items() if refused.line[:99] == line[:99]), "text")


def _about_tickets(
    policy: Policy, agent: Agent, ticket: Ticket, orders: Orders, target: Ticket | None
) -> Refusal | None:
    """What the rules say of an order about the ticket as a whole."""
    event = Contribution(
        author=Address(agent.address, agent.name),
        standing=Standing(Role.AGENT, verified=True, reason=""),
        subject=ticket.subject,
        text="",
        merging=Merging(target),
        branch=ticket if ticket.merged_into else None,
    )
    return whose.refusal(policy, ticket, event, orders)
