"""Who is told of an occasion: the [[notify]] table applied, pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.keywords import Refusal
from rules.model import Address, Tell
from rules.policy import Agent, By, Notify, On, Policy, To

# Templates that no row has to name.
AGENT_STATE, LINKS, SIGN_IN = "agent-state", "links", "sign-in"

# Where the author is told of his own doing: the desk speaks there, not he.
_TO_AUTHOR = {
    (On.OPENED, To.REQUESTER),
    (On.STATE, To.REQUESTER),
    (On.REMINDER, To.REQUESTER),
    (On.LATE, To.AUTHOR),
    (On.TROUBLE, To.AGENT),
}


@dataclass(frozen=True, slots=True)
class Occasion:
    """One event that rows of the table may answer, and the people it knows."""

    on: On
    by: By
    author: Address | None  # who caused it; None: the desk
    requester: Address | None
    owner: str = ""  # an agent's address
    state: str = ""  # for On.STATE: the state it leads to
    agent: Address | None = None  # for On.TROUBLE: whom it concerns; None: the owner, or all
    skip: str = ""  # an address that must not be written to: it is the one that fails
    others: tuple[Address, ...] = ()  # the copies of a reply, the addresses of a transfer
    agents_only: bool = False
    automatic: bool = False  # a machine's words: their mails are bounded for agents too
    reason: str = ""
    refused: tuple[Refusal, ...] = ()


def tells(policy: Policy, occasion: Occasion, *, with_words: bool = True) -> tuple[Tell, ...]:
    """The mails that the table asks for, in its order; each recipient at most once.

    Never to the desk itself, and to the author only where the desk answers him.
    `with_words` False: what was said is not for these mails, not even with `fold`.
    """
    mails: dict[str, Tell] = {}
    author = _canonical(policy, occasion.author.email) if occasion.author else ""
    for row in policy.notify:
        if not _matches(row, occasion):
            continue
        for to in row.to:
            for person, is_agent in _recipients(policy, occasion, to):
                if person.email in (policy.address, occasion.skip) or person.email in mails:
                    continue
                if person.email == author and (row.on, to) not in _TO_AUTHOR:
                    continue
                if occasion.agents_only and not is_agent:
                    continue
                mails[person.email] = _tell(
                    row, to, person, occasion, is_agent=is_agent, with_words=with_words
                )
    return tuple(mails.values())


def _matches(row: Notify, occasion: Occasion) -> bool:
    return (
        row.on is occasion.on and row.by in (occasion.by, By.ANYONE) and row.state == occasion.state
    )


def _recipients(policy: Policy, occasion: Occasion, to: To) -> Iterator[tuple[Address, bool]]:
    match to:
        case To.REQUESTER | To.AUTHOR:
            person = occasion.requester if to is To.REQUESTER else occasion.author
            if person:
                agent = policy.agent(person.email)
                yield (_person(agent), True) if agent else (person, False)
        case To.AGENT if occasion.agent:
            yield occasion.agent, True
        case To.AGENTS | To.OWNER | To.AGENT:
            owner = policy.agent(occasion.owner) if to is not To.AGENTS else None
            for agent in [owner] if owner else policy.agents:
                yield _person(agent), True
        case To.COPIES | To.ADDRESS:
            for other in occasion.others:
                yield other, policy.agent(other.email) is not None


def _tell(
    row: Notify, to: To, person: Address, occasion: Occasion, *, is_agent: bool, with_words: bool
) -> Tell:
    timer = occasion.by is By.TIMER  # its mails quote the question that was not answered
    words = with_words and (row.fold or timer or row.on is not On.STATE)
    notice = (row.on, to) in _TO_AUTHOR and (timer or not (row.fold and words))
    return Tell(
        person,
        to_agent=is_agent,
        on=row.on,
        tag=row.tag,
        template=template_for(row, to, is_agent=is_agent),
        row=row.source,
        notice=notice or row.on is On.TROUBLE,
        bounded=occasion.automatic or (not is_agent and occasion.by is not By.AGENT),
        joins=to is not To.AUTHOR,
        words=words,
        reason=occasion.reason,
        refused=occasion.refused,
    )


def template_for(row: Notify, to: To, *, is_agent: bool) -> str:
    """The template of a row's mail. Agents have their own, one for all states, but when
    they are told as anybody would be: as requester, in copy, by a transfer."""
    if not is_agent or to in (To.REQUESTER, To.COPIES, To.ADDRESS):
        return row.template
    return AGENT_STATE if row.on is On.STATE else f"agent-{row.template}"


def _person(agent: Agent) -> Address:
    return Address(agent.address, agent.name)


def _canonical(policy: Policy, email: str) -> str:
    agent = policy.agent(email)
    return agent.address if agent else email
