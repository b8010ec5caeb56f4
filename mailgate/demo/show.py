"""The demo as a visitor plays it: where the story is, what has just come, what the page shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock

from mailgate.demo.boxes import Item
from mailgate.demo.letters import Draft, mailto_links
from mailgate.demo.people import Person, person
from mailgate.demo.play import draft
from mailgate.demo.story import Row, Story
from mailgate.demo.world import World
from rules.model import Clock, Line, Ticket
from store import history, ledger, tickets, timers
from store.work import Transaction

_COLUMNS = re.compile(r"(?<=\S) {2,}")
_WIDTH = 72  # at which the desk wraps the text half of its mails


@dataclass(frozen=True, slots=True)
class Card:
    """One received mail."""

    item: Item
    fresh: bool  # it came with the last thing that the visitor did
    text: str
    links: tuple[tuple[str, int], ...]  # words and rank of its `mailto:` links
    page: str  # the reader's own page of the ticket, "" in a mail without link


@dataclass(frozen=True, slots=True)
class Box:
    owner: Person
    cards: tuple[Card, ...]  # newest first


@dataclass(frozen=True, slots=True)
class File:
    """A ticket as the page lists it."""

    ticket: Ticket
    label: str
    owner: str
    clocks: tuple[Clock, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """A mail to the desk, and the ledger's line of it once there is one."""

    item: Item
    line: Line | None


class Show:
    def __init__(self, world: World, story: Story) -> None:
        self.world = world
        self.story = story
        portal = re.escape(world.desk.config.portal.url)
        self._page = re.compile(rf"{portal}/t/[\w-]+")
        self._acting = Lock()
        self._seen = len(world.boxes.all())  # mails that were there before the last act
        self._start = 0  # mails that were there before the story began (again)

    def send(self, written: Draft) -> None:
        """Sends a mail and waits for what follows from it. Raises NotSentError."""
        with self._acting:
            self._seen = len(self.world.boxes.all())
            self.world.send(written)
            self.world.settle()

    def advance(self, by: timedelta) -> None:
        """Moves the clock and waits for what follows from it."""
        with self._acting:
            self._seen = len(self.world.boxes.all())
            self.world.advance(by)
            self.world.settle()

    def restart(self) -> None:
        """Begins the story anew, with another ticket."""
        with self._acting:
            self._start = self._seen = len(self.world.boxes.all())

    def release(self) -> None:
        """Answers the mails that stall@… withholds."""
        with self._acting:
            self.world.servers.release()
            self.world.settle()

    def done(self) -> int:
        """How many rows of the story have happened."""
        items = self.world.boxes.all()[self._start :]
        return self.story.done([(i.owner, i.mail.subject) for i in items if not i.sent])

    def next_row(self) -> Row | None:
        return next(iter(self.story.rows[self.done() :]), None)

    def suggestion(self) -> Draft:
        """The mail that the story wants now; an empty one where it wants none."""
        row = self.next_row()
        if row and row.by:
            return draft(self.world, self.story, row)
        return Draft(self.story.rows[0].by, self.world.desk.policy.address)

    def boxes(self) -> list[Box]:
        items = self.world.boxes.all()
        return [
            Box(person(owner), tuple(self._card(i) for i in reversed(items) if _got(i, owner)))
            for owner in self.world.boxes.owners()
        ]

    def arrived(self) -> list[Item]:
        """What came with the last act."""
        return [item for item in self.world.boxes.all()[self._seen :] if not item.sent]

    def files(self) -> list[File]:
        """The tickets, newest first."""
        policy = self.world.desk.policy
        with self.world.desk.db.reading() as tx:
            found = [(t, _clocks(tx, t)) for t in history.listing(tx)]
        return [
            File(
                ticket,
                policy.state(ticket.state).label,
                person(ticket.owner).name if ticket.owner else "",
                clocks,
            )
            for ticket, clocks in reversed(found)
        ]

    def traces(self) -> list[Trace]:
        """What became of each mail to the desk, newest first."""
        desk = self.world.desk
        sent = [
            item
            for item in reversed(self.world.boxes.all())
            if item.sent and any(to.email == desk.policy.address for to in item.mail.to)
        ]
        with desk.db.reading() as tx:
            return [
                Trace(item, next(iter(ledger.find(tx, item.mail.message_id)), None))
                for item in sent
            ]

    def revision(self) -> str:
        """A text that changes when the page would show something else."""
        marks = [f"{f.ticket.number}{f.ticket.state}{f.ticket.owner}" for f in self.files()]
        marks += [str(len(self.world.boxes.all())), str(self.world.servers.stalled)]
        marks += [trace.line.outcome for trace in self.traces() if trace.line]
        return ".".join(marks)

    def _card(self, item: Item) -> Card:
        links = tuple((words, rank) for rank, (words, _) in enumerate(mailto_links(item.mail.html)))
        found = self._page.search(item.mail.html)
        page = found[0] if found else ""
        return Card(item, item.id > self._seen, unwrapped(item.mail.text), links, page)


def unwrapped(text: str) -> str:
    """A text without the line ends that wrapping at 72 columns put there, and without columns."""
    lines = _COLUMNS.sub("\u2003", text.strip("\n")).split("\n")
    out = lines[:1]
    for line in lines[1:]:
        words = line.split(" ")
        if words[0] and len(out[-1].rpartition("\n")[2]) + 1 + len(words[0]) > _WIDTH:
            out[-1] += f" {line}"
        else:
            out.append(line)
    return "\n".join(out)


def _got(item: Item, owner: str) -> bool:
    return item.owner == owner and not item.sent


def _clocks(tx: Transaction, ticket: Ticket) -> tuple[Clock, ...]:
    tickets.load(tx, ticket.number)
    return tuple(timers.running(tx, ticket.number))
