"""The one transaction (B): a decision's effects applied, its mails rendered and queued.

All that changes the ticket comes first, then the mails, so that each of them
shows the ticket as it is when the transaction commits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session

from mailgate.desk import Desk
from mailgate.parse import attachment_bytes
from mailgate.render import Letter
from rules.model import (
    AddEntry,
    Address,
    Attachment,
    Contribution,
    Effect,
    EntryKind,
    OpenTicket,
    OutboxMail,
    Outcome,
    SetOwner,
    SetState,
    Settle,
    Tell,
    Ticket,
    ToldLate,
)
from rules.policy import NEW
from store import outbox, tickets

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Source:
    """The mail behind an event, where there is one."""

    raw: bytes
    raw_id: int
    message_id: str
    cited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a decision came to."""

    settle: Settle
    ticket: Ticket | None
    entry_id: int | None  # of the entry that holds the event's words


def apply(
    tx: Session,
    desk: Desk,
    ticket: Ticket | None,
    effects: Iterable[Effect],
    now: datetime,
    event: Contribution | None = None,
    source: Source | None = None,
) -> Applied:
    """Writes the effects of one decision into the open transaction.

    `event` and `source` are the contribution behind them and its mail, if any.
    """
    change = _Change(tx, desk, ticket, now, event, source)
    for effect in effects:
        change.write(effect)
    change.tell()
    return Applied(change.settle, change.ticket, change.words_id)


class _Change:
    """The state of one `apply`: the ticket so far, the entry written last, mails to come."""

    def __init__(
        self,
        tx: Session,
        desk: Desk,
        ticket: Ticket | None,
        now: datetime,
        event: Contribution | None,
        source: Source | None,
    ) -> None:
        self.tx, self.desk, self.now = tx, desk, now
        self.ticket, self.event, self.source = ticket, event, source
        self.settle = Settle(Outcome.NOTED, "")  # events without a mail have no ledger line
        self.words: AddEntry | None = None  # the entry that holds what was said
        self.words_id: int | None = None
        self.mails: list[tuple[Tell, AddEntry, int]] = []
        self._files: tuple[tuple[Attachment, bytes], ...] | None = None

    def write(self, effect: Effect) -> None:
        match effect:
            case Settle():
                self.settle = effect
            case OpenTicket():
                self._open(effect)
            case AddEntry():
                self._add(effect)
            case SetState(state):
                self._change(state=state)
            case SetOwner(agent):
                self._change(owner=agent)
            case ToldLate(email):
                tickets.join(
                    self.tx, self._number, Address(email), self.desk.new_token(), belongs=False
                )
                tickets.told_late(self.tx, self._number, email)
            case Tell():
                assert self.words is not None
                self.mails.append((effect, self.words, self.words_id or 0))

    def tell(self) -> None:
        for tell, entry, entry_id in self.mails:
            self._queue(tell, entry, entry_id)

    @property
    def _number(self) -> int:
        assert self.ticket is not None
        return self.ticket.number

    def _open(self, effect: OpenTicket) -> None:
        first = self.desk.config.desk.first_ticket
        self.ticket = tickets.open_ticket(
            self.tx, effect.subject, effect.requester, NEW, first, self.now
        )
        for person in (effect.requester, *effect.cc):
            if person:
                tickets.join(self.tx, self._number, person, self.desk.new_token())

    def _add(self, entry: AddEntry) -> None:
        source = self.source
        entry_id = tickets.add_entry(
            self.tx, self._number, entry, self.now, source.raw_id if source else None
        )
        if entry.kind is EntryKind.STATE:
            return
        self.words, self.words_id = entry, entry_id
        self._change()
        if source:
            author = entry.author.email if entry.author else ""
            tickets.cite(self.tx, self._number, author, source.message_id, source.cited)

    def _change(self, state: str = "", owner: str = "") -> None:
        tickets.change(self.tx, self._number, self.now, state, owner)
        assert self.ticket is not None
        self.ticket = replace(
            self.ticket,
            state=state or self.ticket.state,
            owner=owner or self.ticket.owner,
            changed=self.now,
        )

    def _queue(self, tell: Tell, entry: AddEntry, entry_id: int) -> None:
        person = tell.recipient
        token = tickets.join(
            self.tx, self._number, person, self.desk.new_token(), belongs=tell.joins
        )
        knows = tell.joins or tickets.belongs(self.tx, self._number, person.email)
        letter = self._letter(tell, entry, token if knows else "")
        rendered = self.desk.renderer.render(letter)
        withheld = self._over_ceiling(tell)
        outbox.enqueue(
            self.tx,
            OutboxMail(
                id=0,
                reference=letter.reference,
                ticket=self._number,
                entry_id=entry_id,
                recipient=person,
                event=tell.on,
                subject=rendered.subject,
                policy_row=tell.row,
                state="withheld" if withheld else "queued",
                attempts=0,
                queued=self.now,
                error=withheld,
                data=rendered.data,
            ),
            to_agent=tell.to_agent,
            internal=entry.internal,
        )
        tickets.cite(self.tx, self._number, person.email, rendered.message_id)

    def _letter(self, tell: Tell, entry: AddEntry, token: str) -> Letter:
        ticket, event, policy = self.ticket, self.event, self.desk.policy
        assert ticket is not None
        owner = policy.agent(ticket.owner)
        files = () if tell.notice else self._riding(entry)
        return Letter(
            template=tell.template,
            tag=tell.tag,
            number=ticket.number,
            subject=ticket.subject,
            state=ticket.state,
            state_label=policy.states[ticket.state].label,
            requester=ticket.requester,
            owner_name=owner.name if owner else "",
            recipient=tell.recipient,
            to_agent=tell.to_agent,
            author=entry.author,
            by_agent=bool(entry.author and policy.agent(entry.author.email)),
            via=entry.via.label if entry.via else "",
            text=entry.text,
            quoted=entry.quoted if tell.to_agent else "",
            attachments=entry.attachments,
            files=files,
            unverified=bool(entry.author) and not entry.verified and not entry.via,
            automatic=tell.notice,
            automatic_note=entry.automatic,
            reason=tell.reason,
            related=event.related if event else None,
            cc=event.cc if event and tell.to_agent else (),
            token=token,
            reference=self.desk.new_reference(),
            ancestors=tickets.had(self.tx, ticket.number, tell.recipient.email),
            date=self.now,
            quote_internal=entry.internal,
        )

    def _riding(self, entry: AddEntry) -> tuple[tuple[Attachment, bytes], ...]:
        """The entry's attachments with their bytes, or none where they are too large together."""
        if self._files is None:
            size = sum(attachment.size for attachment in entry.attachments)
            fits = self.source and size <= self.desk.config.smtp.attach_limit
            raw = self.source.raw if self.source else b""
            self._files = tuple(
                (a, attachment_bytes(raw, a.part)) for a in entry.attachments if fits
            )
        return self._files

    def _over_ceiling(self, tell: Tell) -> str:
        """Why this mail is withheld: the ceiling per outside address and hour; "" if it is not."""
        limit = self.desk.config.limits.per_address_hour
        if not tell.bounded:
            return ""
        sent = outbox.count_since(self.tx, tell.recipient.email, self.now - _HOUR)
        if sent < limit:
            return ""
        return f"more than {limit} mails to this address within an hour ([limits] per_address_hour)"
