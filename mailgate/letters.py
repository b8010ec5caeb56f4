"""What a template is told: one mail to one recipient, drawn from the ticket as it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from mailgate.attachments import fitting
from mailgate.cause import Source
from mailgate.desk import Desk
from mailgate.reference_files import holds_reference
from mailgate.render import Letter, Link
from rules import reference
from rules.engine import paused
from rules.keywords import shown
from rules.model import AddEntry, Address, Attachment, Clock, Contribution, Role, Tell, Ticket
from rules.reference import CUT

Files = tuple[tuple[Attachment, bytes], ...]
_TEXT = 100_000  # characters of relayed words in one mail; some clients clip at 102 kB


@dataclass(frozen=True, slots=True)
class Scene:
    """What all mails of one change have in common."""

    desk: Desk
    ticket: Ticket  # as it is when the transaction commits
    event: Contribution | None
    now: datetime
    asked_at: datetime  # of the question that a timer is about
    clocks: list[Clock]
    stopped: bool  # an answer stopped a closing clock
    links: tuple[Link, ...] = ()  # of the recipient's own open tickets, where he asked for them


def compose(
    scene: Scene, tell: Tell, entry: AddEntry, token: str, ancestors: tuple[str, ...], files: Files
) -> Letter:
    """The letter for one mail about `entry`, whose `files` may ride along."""
    ticket, event, policy = scene.ticket, scene.event, scene.desk.policy
    owner = policy.agent(ticket.owner)
    relayed = tell.words and (tell.files or not tell.notice)
    named = _named(scene, entry, to_agent=tell.to_agent)
    return Letter(
        template=tell.template,
        tag=tell.tag,
        number=ticket.number,
        subject=ticket.subject,
        state=ticket.state,
        state_label=policy.state(ticket.state).label,
        closed=policy.state(ticket.state).final,
        requester=ticket.requester,
        owner_name=owner.name if owner else "",
        recipient=tell.recipient,
        to_agent=tell.to_agent,
        author=entry.author,
        by_agent=bool(entry.author and entry.verified and policy.agent(entry.author.email)),
        via=entry.via.label if entry.via else "",
        via_link=entry.portal,
        text=_clip(entry.text) if tell.words else "",
        quoted=entry.quoted if tell.to_agent and event and not event.quotes_us else "",
        attachments=tuple(one for one in named if relayed and not one.withheld),
        left_out=tuple(one for one in named if one.withheld and (tell.words or tell.reason)),
        files=_for_reader(scene, files, to_agent=tell.to_agent) if relayed else (),
        unverified=event is not None and event.standing.role is Role.UNVERIFIED,
        automatic=tell.notice or bool(entry.automatic),
        automatic_note=entry.automatic,
        lookalikes=entry.lookalikes if tell.to_agent else (),
        reason=tell.reason,
        related=event.related if event else None,
        branch=event.branch.number if event and event.branch else None,
        opener=event.author if event and _opened_for(event) else None,
        opened_for=_opened_for(event) if event else None,
        cc=event.cc if event and tell.to_agent else (),
        token=token,
        reference=scene.desk.new_reference(),
        ancestors=ancestors,
        date=scene.now,
        quote_internal=entry.internal,
        clock_stopped=scene.stopped,
        clock_waits=paused(policy, ticket) and bool(scene.clocks),
        reach=ticket.reach if tell.to_agent else (),
        refused=tell.refused,
        asked_at=scene.asked_at,
        reminder_at=next((clock.due for clock in scene.clocks if clock.notify), None),
        closes_at=next((clock.due for clock in scene.clocks if clock.to_state), None),
        keywords=shown(policy) if tell.to_agent and policy.agent(tell.recipient.email) else (),
        links=scene.links,
    )


def _opened_for(event: Contribution) -> Address | None:
    """Whose the ticket is to be, where an agent says so."""
    said = event.confirms.contribution if event.confirms else event
    named = [one.orders.requester for one in (event, said) if one.orders]
    return next((one for one in named if one), None)


def riding(entry: AddEntry, source: Source, limit: int) -> Files:
    """Of the entry's attachments those that fit into `limit` bytes together, in their order."""
    fit = fitting(entry.attachments, limit)
    read = source.files([one.part for one in fit]) if fit else {}
    return tuple((one, read[one.part]) for one in fit)


def _named(scene: Scene, entry: AddEntry, *, to_agent: bool) -> tuple[Attachment, ...]:
    """The entry's attachments as their reader is told of them."""
    portal = scene.desk.config.portal.url
    return tuple(
        one if to_agent else replace(one, name=reference.cut(one.name, portal))
        for one in entry.attachments
    )


def _for_reader(scene: Scene, files: Files, *, to_agent: bool) -> Files:
    """A file that holds a reference or link of ours is for agents alone.

    Whoever has it could write as the one to whom it was given.
    """
    portal = scene.desk.config.portal.url
    return tuple(one for one in files if to_agent or not holds_reference(*one, portal))


def _clip(text: str) -> str:
    """As much of a text as a mail carries; the rest is on the ticket."""
    return text if len(text) <= _TEXT else text[:_TEXT] + "\n" + CUT
