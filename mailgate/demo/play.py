"""`mailgate demo --play`: the seed's story plays by itself and is held against its table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from mailgate.demo.boxes import Item
from mailgate.demo.letters import Draft, reply
from mailgate.demo.story import Row, Story
from mailgate.demo.world import World

_HOUR = timedelta(hours=1)


class DifferenceError(Exception):
    """The desk did not do what the table says; names the row and the first difference."""


def play(world: World, story: Story, say: Callable[[str], None]) -> None:
    """Plays every row and says what happens. Raises DifferenceError or NotSentError."""
    for row in story.rows:
        if row.hours:
            _wait(world, row)
        seen = len(world.boxes.all())
        if row.by:
            world.send(draft(world, story, row))
        _settled(world, row)
        new = world.boxes.all()[seen:]
        state = _state(world, story, row)
        label = world.desk.policy.states[state].label
        now = world.clock.now()
        said = {"row": row, "number": story.number, "now": now, "new": new, "label": label}
        say(world.words.render("play.txt.j2", **said).rstrip())
        got = [(item.owner, item.mail.subject) for item in new if not item.sent]
        if difference := story.difference(row, got, state):
            raise _wrong(row, difference)


def draft(world: World, story: Story, row: Row) -> Draft:
    """The mail that a person of the story writes now: the first one, or an answer to the last."""
    text = row.text.strip("\n")
    last = world.boxes.received(row.by)[-1:]
    if row is story.rows[0] or not last:
        return Draft(row.by, world.desk.policy.address, story.subject, text)
    return reply(last[0], text)


def _wait(world: World, row: Row) -> None:
    """Lets the row's hours pass; nothing may happen in the hour before."""
    world.advance(row.hours * _HOUR - _HOUR)
    seen = len(world.boxes.all())
    _settled(world, row)
    early: list[Item] = world.boxes.all()[seen:]
    if early:
        raise _wrong(row, f"an hour too early: {early[0].mail.subject!r} to {early[0].owner}")
    world.advance(_HOUR)


def _settled(world: World, row: Row) -> None:
    if not world.settle():
        raise _wrong(row, "the desk was stopped" if world.stop.is_set() else "the desk is stuck")


def _state(world: World, story: Story, row: Row) -> str:
    for ticket in world.tickets():
        if ticket.number == story.number:
            return ticket.state
    raise _wrong(row, f"there is no ticket #{story.number}")


def _wrong(row: Row, what: str) -> DifferenceError:
    where = f"row {row.number}" if row.number else f"“{row.title}”"
    return DifferenceError(f"{where}: {what}")
