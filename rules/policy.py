"""The desk's policy: the tables of config.toml as frozen records.

`mailgate.config` reads and validates the file; nothing here reads anything.
Every record carries `source` ("config.toml:57"), so that an effect can say
which line of the file asked for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# The two states every desk has: a ticket starts in the first, and the first
# public answer of an agent moves it to the second.
NEW = "new"
OPEN = "open"
# The state whose end the requester may confirm or refuse, in a policy that has it.
RESOLVED = "resolved"
# Told to those of a merged ticket, whatever the desk's own table says.
MERGED_TAG = "Regroupé"
# Told of files that are not handed on, or are at last.
FILES_TAG = "Pièces jointes"


class On(StrEnum):
    """The events a notification can answer."""

    OPENED = "opened"
    NOTE = "note"
    REPLY = "reply"
    TRANSFER = "transfer"
    STATE = "state"
    REMINDER = "reminder"
    LATE = "late"  # a note on a ticket whose state is final
    INTERNAL = "internal"
    TROUBLE = "trouble"  # a bounce, a refused line, an agent without proof


class By(StrEnum):
    """Who caused the event."""

    ANYONE = "anyone"
    AGENT = "agent"
    REQUESTER = "requester"
    OTHER = "other"  # anyone else who belongs: link, reference, participant
    UNVERIFIED = "unverified"  # by the subject tag alone
    TIMER = "timer"
    DESK = "desk"


class To(StrEnum):
    """Who is told."""

    REQUESTER = "requester"
    AGENTS = "agents"
    OWNER = "owner"  # all agents while the ticket has none
    COPIES = "copies"  # the addresses of a reply
    ADDRESS = "address"  # the address of a transfer
    AUTHOR = "author"
    AGENT = "agent"  # the agent whom a trouble concerns


@dataclass(frozen=True, slots=True)
class Timer:
    """What happens when a ticket has stayed `after` in a state: exactly one of notify, state."""

    after: timedelta
    notify: str  # "reminder" or ""
    state: str  # the state to move to, or ""
    source: str


@dataclass(frozen=True, slots=True)
class State:
    name: str  # the key: states.NAME
    label: str  # what people read
    keywords: tuple[str, ...]  # without "#"
    final: bool
    answer: str  # the state an outside answer moves to, "" for none
    timers: tuple[Timer, ...]  # soonest first
    source: str


@dataclass(frozen=True, slots=True)
class Notify:
    """One row of the [[notify]] table."""

    on: On
    by: By
    state: str  # for `on = "state"`: the state it leads to; else ""
    to: tuple[To, ...]
    tag: str  # the third bracket of the subject
    template: str  # templates/mail/LANGUAGE/NAME.j2; "agent-NAME" for agents
    fold: bool  # the entry's text rides in the state's mail
    source: str


@dataclass(frozen=True, slots=True)
class Agent:
    name: str
    address: str  # bare, lower case
    aliases: tuple[str, ...] = ()  # bare, lower case


@dataclass(frozen=True, slots=True)
class Policy:
    """All that decisions depend on beside the ticket, the event and the hour."""

    desk: str  # the name in the subject tag
    former_desks: tuple[str, ...]  # older names whose tags still count
    address: str  # the desk's own address, bare, lower case
    agents: tuple[Agent, ...]
    states: Mapping[str, State]
    notify: tuple[Notify, ...]
    thanks: tuple[str, ...] = ()  # what confirms a solution, as people write it
    language: str = "fr"  # of what is shown, "fr" or "en"

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag that the desk writes as the third bracket of a subject."""
        return tuple(dict.fromkeys((*(row.tag for row in self.notify), MERGED_TAG, FILES_TAG)))

    def state(self, name: str) -> State:
        """The state of this name. One that was taken out of the file while tickets are in it
        is an open state without clocks: nothing happens by itself until an agent moves them."""
        return self.states.get(name) or State(name, name, (), False, "", (), "no longer there")

    def agent(self, email: str) -> Agent | None:
        """The agent who writes from `email` (bare, lower case), or None."""
        for agent in self.agents:
            if email == agent.address or email in agent.aliases:
                return agent
        return None
