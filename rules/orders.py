"""What keyword lines ask for, and why a line is refused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rules.model import Address, EntryKind


class Code(StrEnum):
    """Why a line is refused."""

    UNKNOWN = "unknown"
    NO_ADDRESS = "no-address"
    BAD_ADDRESS = "bad-address"  # no address at all, or the desk's own
    UNKNOWN_AGENT = "unknown-agent"
    EXTRA = "extra"  # words where none belong
    CONFLICT = "conflict"  # two kinds of entry, two states, two owners
    COPIED = "copied"  # a note, transfer or internal note with a non-agent in copy
    ONE_ADDRESS = "one-address"  # where one person is to be named, two are
    MACHINE = "machine"  # the address of a desk or a program: a ticket for it would loop
    NO_NUMBER = "no-number"  # no ticket's number
    NO_TICKET = "no-ticket"  # a number that no ticket has, or this one's
    FINAL = "final"  # a merge with a ticket that is closed
    MERGED = "merged"  # a ticket that another one took over already


@dataclass(frozen=True, slots=True)
class Refusal:
    line: str  # as written, at most 100 characters; for COPIED the address
    code: Code
    nearest: str = ""  # valid keyword without "#"; for UNKNOWN_AGENT an agent's name


@dataclass(frozen=True, slots=True)
class Orders:
    """What an agent asks for beside his words. With a refusal, nothing of it."""

    kind: EntryKind | None = None  # NOTE, REPLY, TRANSFER, INTERNAL; None: no line says
    addresses: tuple[Address, ...] = ()  # copies of a reply, or where a transfer goes; each once
    state: str = ""  # key of the policy's state
    owner: str = ""  # address of the agent who is to own the ticket
    help: bool = False  # the list of keywords is wanted
    requester: Address | None = None  # whose ticket it is to be
    merge: int = 0  # number of the ticket that is to take this one over
    merge_line: str = ""  # as it was written, for its refusal
    refused: tuple[Refusal, ...] = ()

    @property
    def any(self) -> bool:
        """Whether any keyword line was found."""
        return self != Orders()


class Answer(StrEnum):
    """A requester's word on a solution."""

    CONFIRM = "confirm"
    REFUSE = "refuse"
