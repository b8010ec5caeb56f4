"""The one transaction (B): a decision's effects applied, its mails rendered and queued.

All that changes the ticket comes first, then the mails, so that each of them
shows the ticket as it is when the transaction commits.
"""

# Length: one transaction, its effects in one place; letters.py has what a mail says.
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from mailgate import letters, storms
from mailgate.cause import NO_CAUSE, Cause
from mailgate.desk import Desk
from mailgate.letters import Files, Scene
from rules.model import (
    AddEntry,
    Address,
    Away,
    Bounced,
    BounceTold,
    Ceiling,
    Clock,
    Confirmed,
    Counted,
    Effect,
    Entry,
    EntryKind,
    Failing,
    FilesKnown,
    MergeInto,
    OpenTicket,
    OutboxMail,
    Outcome,
    Reached,
    Role,
    SetOwner,
    SetRequester,
    SetState,
    Settle,
    Storm,
    Tell,
    Ticket,
    ToldLate,
)
from rules.policy import NEW, On
from rules.storms import HOUR, SETTINGS, budget, notice, sentence
from store import history, merges, outbox, reach, scans, tickets, timers
from store.tickets import Belongs
from store.work import Transaction


@dataclass(frozen=True, slots=True)
class Applied:
    """What a decision came to."""

    settle: Settle
    ticket: Ticket | None
    entry_id: int | None  # of the entry that holds the event's words


def apply(
    tx: Transaction,
    desk: Desk,
    ticket: Ticket | None,
    effects: Iterable[Effect],
    now: datetime,
    cause: Cause = NO_CAUSE,
) -> Applied:
    """Writes the effects of one decision, made on `cause`, into the open transaction."""
    change = _Change(tx, desk, ticket, now, cause)
    for effect in effects:
        change.write(effect)
    change.tell()
    change.warn()
    return Applied(change.settle, change.ended or change.ticket, change.words_id)


class _Change:
    """The state of one `apply`: the ticket so far, the entry written last, mails to come."""

    def __init__(
        self,
        tx: Transaction,
        desk: Desk,
        ticket: Ticket | None,
        now: datetime,
        cause: Cause,
    ) -> None:
        self.tx, self.desk, self.now = tx, desk, now
        self.ticket, self.cause, self.source = ticket, cause, cause.source
        self.settle = Settle(Outcome.NOTED, "")  # events without a mail have no ledger line
        about = cause.about
        self.words = _again(about) if about else None  # the entry that holds what was said
        self.words_id = about.id if about else None
        self.last_id: int | None = None  # of the entry written last
        self.stopped = False  # an answer stopped a closing clock
        # Whose people take part, where it is a merged ticket.
        self.branch = cause.event.branch if cause.event else cause.branch
        self.ended: Ticket | None = None  # what was merged into `ticket`
        self.mails: list[tuple[Tell, AddEntry, int, Ticket]] = []
        self.storms: list[Storm] = []  # of which the admins are told
        self._running: list[Clock] | None = None  # the ticket's clocks, once all is written
        self._files: Files | None = None

    def write(self, effect: Effect) -> None:
        match effect:
            case Settle():
                self.settle = effect
            case OpenTicket():
                self._open(effect)
            case AddEntry():
                self._add(effect)
            case SetState(state):
                self._enter(state)
            case Confirmed(entry_id):
                tickets.confirmed(self.tx, entry_id)
                self.source = self.cause.confirmed
            case Bounced(reference, error):
                outbox.bounced(self.tx, reference, error)
            case Failing(email, error):
                reach.failing(self.tx, self._home, email, error, self.now)
            case Reached(email, wrote):
                self._reached(email, wrote=wrote)
            case Away(absence):
                reach.away(self.tx, self._home, absence.email, absence.back_on, self.now)
            case BounceTold():
                reach.bounce_told(self.tx, self._number)
            case FilesKnown(entry_id, files, parts):
                scans.known(self.tx, entry_id, files)
                assert self.words
                news = tuple(one for one in files if one.part in parts)
                self.words = replace(self.words, text="", attachments=news)
            case SetOwner(agent):
                self._change(owner=agent)
            case SetRequester():
                self._give(effect)
            case MergeInto(number):
                self._merge(number)
            case ToldLate(email):
                token = self.desk.new_token()
                tickets.join(self.tx, self._home, Address(email), token, Belongs.STRANGER)
                tickets.told_late(self.tx, self._home, email)
            case Tell():
                self._tell(effect)
            case Counted(keys):
                storms.on_ticket(self.tx, keys, self._number)
            case Storm():
                self.storms.append(effect)

    def tell(self) -> None:
        for tell, entry, entry_id, ticket in self.mails:
            self._queue(tell, entry, entry_id, ticket)

    def warn(self) -> None:
        """Tells the admins of the storms that began, on the tickets that they are about."""
        for storm in self.storms:
            ticket = merges.current(self.tx, tickets.load(self.tx, storm.ticket))
            text = self.desk.renderer.storm(storm, SETTINGS[storm.ceiling])
            told = notice(self.desk.policy, self.desk.config.desk.admins, storm, text)
            apply(self.tx, self.desk, ticket, told, self.now)

    @property
    def _ticket(self) -> Ticket:
        assert self.ticket is not None
        return self.ticket

    @property
    def _number(self) -> int:
        return self._ticket.number

    @property
    def _home(self) -> int:
        """The ticket whose people take part: the merged one, where the event is addressed to it."""
        return (self.branch or self._ticket).number

    def _open(self, effect: OpenTicket) -> None:
        first = self.desk.config.desk.first_ticket
        self.ticket = tickets.open_ticket(
            self.tx, effect.subject, effect.requester, NEW, first, self.now
        )
        people = [(person, Belongs.COPIED) for person in effect.cc]
        if effect.requester:
            people.insert(0, (effect.requester, Belongs.FULL))
        for person, belongs in people:
            tickets.join(self.tx, self._number, person, self.desk.new_token(), belongs)

    def _give(self, effect: SetRequester) -> None:
        """The ticket gets another requester; the one before may have to leave."""
        before, person = self._ticket.requester, effect.requester
        if effect.leaves and before and self.desk.policy.agent(before.email) is None:
            merges.leave(self.tx, self._number, before.email, self.desk.new_token())
        tickets.join(self.tx, self._number, person, self.desk.new_token(), Belongs.FULL)
        tickets.change(self.tx, self._number, self.now, requester=person)
        self.ticket = replace(self._ticket, requester=person, changed=self.now)

    def _merge(self, number: int) -> None:
        """The ticket ends; what follows is about the one that takes it over."""
        merges.merge(self.tx, self._number, number, self.now)
        self.ended, self.ticket = self._ticket, tickets.load(self.tx, number)

    def _add(self, entry: AddEntry) -> None:
        source = self.source
        addressed = self.branch.number if self.branch else None
        entry_id = tickets.add_entry(
            self.tx, self._number, entry, self.now, source.raw_id if source else None, addressed
        )
        self.last_id = entry_id
        self._change()
        if entry.kind is not EntryKind.STATE:
            self.words, self.words_id = entry, entry_id
        if source and self._may_cite():
            event = self.cause.event  # what was forwarded is not its author's mail
            writer = entry.via if event and event.forward else entry.author
            author = writer.email if writer else ""
            tickets.cite(self.tx, self._home, author, source.message_id, source.cited)

    def _may_cite(self) -> bool:
        """A stranger's or a forger's ids must not become part of the ticket's thread."""
        event = self.cause.event
        doubtful = (Role.UNVERIFIED, Role.UNPROVEN)
        return event is None or event.standing.role not in doubtful

    def _enter(self, state: str) -> None:
        """A new state, with its clocks; entering the same one again starts them anew."""
        ticket, policy = self.ticket, self.desk.policy
        assert ticket is not None
        event = self.cause.event
        outside = event is not None and event.standing.role is not Role.AGENT
        self.stopped |= outside and any(timer.state for timer in policy.state(ticket.state).timers)
        self._change(state=state)
        timers.set_all(
            self.tx,
            ticket.number,
            [
                Clock(0, state, self.now + t.after, t.after, t.notify, t.state, t.source)
                for t in policy.state(state).timers
            ],
        )

    def _reached(self, email: str, *, wrote: bool) -> None:
        """An address may be waited for again: its timers go on where they stopped."""
        number = self._home if wrote else self._number
        since = reach.reached(self.tx, number, email, wrote=wrote)
        if since is None or number != self._number:  # a merged ticket has no timers
            return
        for clock in timers.running(self.tx, self._number):
            timers.move(self.tx, clock.id, clock.due + (self.now - since))

    def _tell(self, tell: Tell) -> None:
        """A mail about the words, or about the bare news that the last entry is."""
        if tell.words and self.words and self.words_id:
            self.mails.append((tell, self.words, self.words_id, self._ticket))
        else:
            news = AddEntry(
                EntryKind.STATE, self.cause.event.author if self.cause.event else None, ""
            )
            # A reminder may have no question: the agent only set the state.
            about = self.last_id or self.words_id or history.newest(self.tx, self._number)
            self.mails.append((tell, news, about, self._ticket))

    def _change(self, state: str = "", owner: str = "") -> None:
        tickets.change(self.tx, self._number, self.now, state, owner)
        assert self.ticket is not None
        self.ticket = replace(
            self.ticket,
            state=state or self.ticket.state,
            owner=owner or self.ticket.owner,
            changed=self.now,
        )

    def _shown(self, tell: Tell, ticket: Ticket) -> Ticket:
        """The ticket as this mail's reader knows it, whatever became of it meanwhile.

        Those of a merged ticket read its own number and subject. A change of state is the
        news of the ticket that it happens to, for that one's people.
        """
        now = next(one for one in (self.ended, self.ticket) if one and one.number == ticket.number)
        if self.branch is None or tell.to_agent or tell.on == On.STATE:
            return now
        branch = self.branch
        return replace(
            now, number=branch.number, subject=branch.subject, requester=branch.requester
        )

    def _queue(self, tell: Tell, entry: AddEntry, entry_id: int, ticket: Ticket) -> None:
        person, ticket = tell.recipient, self._shown(tell, ticket)
        belongs = Belongs.FULL if tell.joins else Belongs.STRANGER
        token = tickets.join(self.tx, ticket.number, person, self.desk.new_token(), belongs)
        knows = tell.joins or tickets.belongs(self.tx, ticket.number, person.email)
        ancestors = tickets.had(self.tx, ticket.number, person.email)
        files = self._riding(entry)
        letter = letters.compose(
            self._scene(ticket), tell, entry, token if knows else "", ancestors, files
        )
        data = self.desk.worker.render(letter)
        counts_for = budget(person, self.cause.event)
        withheld = self._over_ceiling(tell, counts_for)
        outbox.enqueue(
            self.tx,
            OutboxMail(
                id=0,
                reference=letter.reference,
                ticket=ticket.number,
                entry_id=entry_id,
                recipient=person,
                event=tell.on,
                subject=self.desk.renderer.subject(letter),
                policy_row=tell.row,
                state="withheld" if withheld else "queued",
                attempts=0,
                queued=self.now,
                error=withheld,
            ),
            data,
            budget=counts_for,
            to_agent=tell.to_agent,
            internal=entry.internal,
        )
        tickets.cite(self.tx, ticket.number, person.email, self.desk.renderer.message_id(letter))

    def _scene(self, ticket: Ticket) -> Scene:
        if self._running is None:
            self._running = timers.running(self.tx, self._number)
        about = self.cause.about
        written = tickets.load(self.tx, ticket.number)  # with whom mails do not reach by now
        return Scene(
            self.desk,
            replace(ticket, reach=written.reach if written else ()),
            self.cause.event,
            self.now,
            about.at if about else self.now,
            self._running if ticket.number == self._number else [],
            self.stopped,
            self.cause.links,
        )

    def _riding(self, entry: AddEntry) -> Files:
        if not entry.attachments or self.source is None:
            return ()
        if self._files is None:
            limit = self.desk.config.smtp.attach_limit
            self._files = letters.riding(entry, self.source, limit)
        return self._files

    def _over_ceiling(self, tell: Tell, counts_for: str) -> str:
        """Why this mail is withheld: the ceiling per outside address and hour; "" if it is not."""
        limit = self.desk.config.limits.per_address_hour
        if not tell.bounded:
            return ""
        if outbox.count_since(self.tx, counts_for, self.now - HOUR) < limit:
            return ""
        storm = storms.withheld(self.tx, self.desk, counts_for, self._ticket)
        self.storms += [storm] if storm else []
        return sentence(Ceiling.RECIPIENT, counts_for, limit)


def _again(entry: Entry) -> AddEntry:
    """An entry of the history, told of once more: its words, without its files."""
    return AddEntry(
        entry.kind,
        entry.author,
        entry.text,
        internal=entry.internal,
        verified=entry.verified,
        lookalikes=entry.lookalikes,
    )
