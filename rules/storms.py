"""Storms and floods: what is counted within an hour, and what is left of a decision beyond.

Beyond a ceiling nothing is lost and nobody is told: an answer is kept on its ticket, a mail
that would open one is held. An agent's proven mails are never counted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from rules.model import (
    AddEntry,
    Address,
    BounceTold,
    Ceiling,
    Contribution,
    Effect,
    EntryKind,
    Kind,
    OpenTicket,
    Outcome,
    Role,
    Settle,
    Storm,
    Tally,
    Tell,
    Ticket,
    ToldLate,
)
from rules.policy import On, Policy

HOUR = timedelta(hours=1)
LOOP = 4  # tickets that one address opens under one subject in an hour and that it is told of
TEMPLATE = "agent-trouble"
REASON = "storm"  # of the templates' table of troubles

# What sets each ceiling, as `why`, the ticket and the admins read it.
SETTINGS = {
    Ceiling.SENDER: "[limits] per_sender_hour",
    Ceiling.TICKET: "[limits] per_ticket_hour",
    Ceiling.DESK: "[limits] per_desk_hour",
    Ceiling.BOUNCES: "[limits] bounces_hour",
    Ceiling.LOOP: "fixed",
    Ceiling.RECIPIENT: "[limits] per_address_hour",
}
_TAG = "Anomalie"  # for a policy without a row for troubles
_CHANGING = re.compile(r"[\W\d_]+")  # what differs in the subjects of a program's mails


def folded(email: str) -> str:
    """An address without its tag: `marie+x@fram.example` is read by Marie (RFC 5233)."""
    local, at, domain = email.rpartition("@")
    return f"{local.partition('+')[0] or local}{at}{domain}"


def budget(recipient: Address, event: Contribution | None) -> str:
    """What a mail to `recipient` on account of `event` counts against.

    What answers somebody's own proven mail is counted apart: forgers cannot use that up.
    """
    unproven, proven = budgets(recipient)
    author = event.author if event and event.vouched else None
    return proven if author and author.email == recipient.email else unproven


def budgets(recipient: Address) -> tuple[str, str]:
    """What mails to `recipient` may count against: (for what is not proven, for what is)."""
    email = folded(recipient.email)
    return email, f"{email} proven"


def keys(
    ticket: Ticket | None, event: Contribution, decided: Collection[Effect]
) -> list[tuple[Ceiling, str]]:
    """What a decision on a mail counts as, the narrowest first; nothing where nobody is told.

    Proven mails count apart: a flood that anybody can forge closes no ticket to its people.
    What comes by somebody's link or mail counts for its holder too, whoever signs it.
    """
    acts = any(isinstance(effect, Tell | OpenTicket) for effect in decided)
    if not acts or (event.standing.role is Role.AGENT and not event.automatic):
        return []
    if event.automatic and event.automatic.kind is Kind.BOUNCE:
        return [(Ceiling.BOUNCES, "")]
    about = ticket.number if ticket else None
    sender, *others = _counted(event.author, event.subject, about, proven=event.vouched)
    via = event.standing.via  # apart from his own words, which who has his link must not silence
    return [sender, *([(Ceiling.SENDER, f"{folded(via.email)} via")] if via else []), *others]


def foreseen(author: Address, subject: str, number: int | None) -> list[str]:
    """The tallies that a mail of this author's may be counted in, if it is what it looks like."""
    return [
        key(*one)
        for proven in (False, True)
        for one in _counted(author, subject, number, proven=proven)
    ]


def _counted(
    author: Address | None, subject: str, number: int | None, *, proven: bool
) -> list[tuple[Ceiling, str]]:
    mark = " proven" if proven else ""
    sender = f"{folded(author.email) if author else ''}{mark}"
    if number is not None:
        about = (Ceiling.TICKET, f"{number}{mark}")
    else:
        title = _CHANGING.sub(" ", subject.casefold())
        digest = hashlib.sha256(title.encode("utf-8", "replace")).hexdigest()[:32]
        about = (Ceiling.LOOP, f"{sender} {digest}")
    return [(Ceiling.SENDER, sender), about, (Ceiling.DESK, mark)]


def key(ceiling: Ceiling, what: str) -> str:
    """Under which name a tally is kept."""
    return f"{ceiling}:{what}"


def once_more(before: Tally | None, at: datetime, limit: int) -> Tally:
    """The tally with one more, at `at`. A storm goes on while each hour is over the limit."""
    if before is None:
        return Tally(at, 1)
    if at - before.since < HOUR:
        return replace(before, count=before.count + 1)
    goes_on = at - before.since < 2 * HOUR and before.count > limit
    return replace(before, since=at, count=1, told=before.told and goes_on)


def calmed(
    decided: Collection[Effect], ceiling: Ceiling, what: str, limit: int
) -> tuple[Effect, ...]:
    """What is left of a decision beyond a ceiling."""
    why = f"over the ceiling: {sentence(ceiling, what, limit)}"
    if ceiling is Ceiling.LOOP:  # the ticket opens and agents are told; the program is not
        left = (one for one in decided if not isinstance(one, Tell) or one.to_agent)
        return tuple(_because(one, f"{why}; not answered") for one in left)
    if any(isinstance(effect, OpenTicket) for effect in decided):
        return (Settle(Outcome.HELD, why),)
    left = (one for one in decided if not isinstance(one, Tell | ToldLate | BounceTold))
    return tuple(_because(one, f"{why}; kept, nobody told") for one in left)


def sentence(ceiling: Ceiling, what: str, limit: int) -> str:
    """That so much has come within the hour, and which setting says that it is too much."""
    of = {
        Ceiling.SENDER: f"mails of {what.partition(' ')[0] or 'nobody'}",
        Ceiling.TICKET: f"mails on #{what.partition(' ')[0]}",
        Ceiling.DESK: "mails to the desk",
        Ceiling.BOUNCES: "bounces",
        Ceiling.LOOP: f"tickets of {what.partition(' ')[0] or 'nobody'} under this subject",
        Ceiling.RECIPIENT: f"mails to {what.partition(' ')[0]}",
    }
    return f"more than {limit} {of[ceiling]} within an hour ({SETTINGS[ceiling]})"


def notice(policy: Policy, admins: Iterable[str], storm: Storm, text: str) -> tuple[Effect, ...]:
    """The one mail to each admin about a storm, and the entry that it is about: `text`."""
    people = [Address(email) for email in admins]
    people = people or [Address(agent.address, agent.name) for agent in policy.agents]
    tags = (row.tag for row in policy.notify if row.on is On.TROUBLE)
    tell = Tell(
        people[0],
        to_agent=True,
        on=On.TROUBLE,
        tag=next(tags, _TAG),
        template=TEMPLATE,
        row=SETTINGS[storm.ceiling],
        notice=True,
        bounded=False,
        joins=False,
        reason=REASON,
    )
    return (
        AddEntry(EntryKind.INTERNAL, None, text, internal=True),
        *(replace(tell, recipient=person) for person in people),
    )


def _because(effect: Effect, why: str) -> Effect:
    if isinstance(effect, Settle):
        return replace(effect, reason=f"{effect.reason}; {why}")
    return effect
