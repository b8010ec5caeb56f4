"""The records that travel the road of a message, all frozen.

Words follow the field: RFC 5322 for mails, RFC 3834 for automatic ones, and
docs/glossary.md for the desk's own (ticket, entry, reference, standing).
"""

# Length: the records of the whole road, a comment per field, found in one place.
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rules.orders import Answer, Orders, Refusal


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of RFC 5322 section 3.4."""

    email: str  # bare addr-spec, lower case, never empty
    name: str = ""  # display name, decoded, one line, no control characters

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email

    @property
    def label(self) -> str:
        """What a reader calls this person: the name, or the address without one.

        A name that holds an address is none: whoever reads it would think that mail goes there.
        """
        return self.email if "@" in self.name else self.name or self.email


class Withheld(StrEnum):
    """Why a file is not handed on. It stays in its mail, and is named."""

    KIND = "kind"  # its name, type or first bytes are not admitted
    LARGE = "large"  # larger than one file may be
    TOTAL = "total"  # with those before it more than one mail may bring
    INFECTED = "infected"
    UNSCANNED = "unscanned"  # the scanner has not answered yet
    UNSCANNABLE = (
        "unscannable"  # more than the scanner takes, or messages too deep within each other
    )


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a raw mail that is kept as a file; its bytes stay in the raw mail."""

    part: str  # rank in Message.walk() of the raw mail; "2/1": the first file in a winmail.dat
    name: str  # a safe file name without folders, never empty
    type: str  # MIME type, lower case
    size: int  # decoded bytes
    content_id: str = ""  # without angle brackets, "" when the part has none
    withheld: str = ""  # a Withheld; "" for a file that is handed on
    virus: str = ""  # what the scanner calls it
    program: str = ""  # the ending that its first bytes ask for (".exe"), "" for no program

    @property
    def silent(self) -> bool:
        """Whether the words in it are not read either: the scanner has spoken against it."""
        return self.withheld in (Withheld.INFECTED, Withheld.UNSCANNABLE)

    def open_to(self, *, agent: bool) -> bool:
        """Who may download it: what its kind or size left out, agents alone; a virus, nobody."""
        judged = (Withheld.KIND, Withheld.LARGE, Withheld.TOTAL)
        return not self.withheld or (agent and self.withheld in judged)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as the desk reads it. Every text is decoded and free of NUL bytes."""

    message_id: str  # without angle brackets; made from the bytes when the mail has none
    sender: Address | None  # the first From address, else Sender, else Return-Path
    senders: tuple[Address, ...]  # every From address; more than one is legal and suspicious
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    subject: str  # one line
    date: datetime | None  # aware, UTC
    in_reply_to: tuple[str, ...]  # ids without angle brackets
    references: tuple[str, ...]  # ids without angle brackets, oldest first
    text: str  # the whole text, "\n" line ends; HTML made text when there is no plain part
    html: str  # the HTML body as sent, "" without one
    attachments: tuple[Attachment, ...]
    headers: Mapping[str, tuple[str, ...]]  # lower-case name -> raw values, top first
    body_digest: str  # sha256 (hex) of everything below the header block
    defects: tuple[str, ...] = ()  # what was mended while reading, in words
    from_html: bool = False  # text was made from html, no plain part has any
    spoken: tuple[str, ...] = ()  # whose words `text` and `html` are: parts, as in Attachment.part

    @property
    def is_report(self) -> bool:
        """Whether the mail is a multipart/report (RFC 6522), as delivery notifications are."""
        kinds = self.headers.get("content-type", ())
        return any(kind.lower().startswith("multipart/report") for kind in kinds)

    @property
    def cited(self) -> tuple[str, ...]:
        """Every id that the mail answers or descends from, oldest first."""
        return tuple(dict.fromkeys((*self.references, *self.in_reply_to)))


class Kind(StrEnum):
    """What automatic mail is (RFC 3834 section 2)."""

    AUTO_REPLY = "auto-reply"  # a vacation or out-of-office program answered
    BOUNCE = "bounce"  # a delivery status notification (RFC 3464), null return path
    GENERATED = "generated"  # a machine wrote by itself: monitoring, newsletters, scanners
    LIST = "list"  # a mailing list (RFC 2369, RFC 2919)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a mail is held to be automatic."""

    kind: Kind
    reason: str  # one sentence naming the header and its value
    sure: bool = True  # False: no header says so, only the subject and the text

    @property
    def clause(self) -> str:
        """The reason without its point, for what came of it stands behind."""
        return self.reason.removesuffix(".")


@dataclass(frozen=True, slots=True)
class Reply:
    """A mail's text cut in two: nothing is thrown away."""

    text: str  # what the sender wrote now, without signature; blank lines trimmed
    rest: str = ""  # quoted text and signature, as it stood
    signature: str = ""  # what of the rest is signature


class Alike(StrEnum):
    """In what way a sender looks like somebody else."""

    ADDRESS_IN_NAME = "address-in-name"  # the display name holds another address
    CONFUSABLE = "confusable"  # the address or domain looks like a known one (UTS #39)
    DISGUISED = "disguised"  # the domain mixes alphabets, or its letters imitate Latin ones
    KNOWN_NAME = "known-name"  # a new address under a name that is known here
    SEVERAL_FROM = "several-from"  # several addresses in From, or several From headers


@dataclass(frozen=True, slots=True)
class Lookalike:
    """What makes a sender look like somebody else: a warning for agents, never a fact."""

    kind: Alike
    shown: str  # what the mail shows: an address, a domain, a name
    meant: str = ""  # what it looks like, "" where the kind says all


@dataclass(frozen=True, slots=True)
class Absence:
    """What an automatic answer says: somebody is away."""

    email: str
    back_on: date | None  # the day of return, where it is given


class Role(StrEnum):
    """Who someone is to one ticket."""

    REQUESTER = "requester"
    AGENT = "agent"  # proven
    UNPROVEN = "unproven"  # an agent's address without proof
    OTHER = "other"  # anyone else who belongs: by a reference, a link, an ancestor
    UNVERIFIED = "unverified"  # nothing but the subject tag


@dataclass(frozen=True, slots=True)
class Standing:
    """Who says so, and what shows it."""

    role: Role
    verified: bool  # a reference or link of the author's own
    reason: str  # one sentence
    via: Address | None = None  # the holder whose mail or link someone else used


class Proof(StrEnum):
    """What stands behind a form of the portal."""

    FORM = "form"  # nothing: anyone may type any address
    LINK = "link"  # the personal link of its holder
    SESSION = "session"  # its holder is an agent who signed in


@dataclass(frozen=True, slots=True)
class Credential:
    """What a form of the portal shows where a mail cites a reference."""

    proof: Proof
    holder: Address | None = None  # whose link it is, or who signed in
    ticket: int | None = None  # the ticket that is written on; None: one is opened
    related: int | None = None  # the ticket that a new one follows


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A mail of ours that no server will take."""

    recipient: Address
    reference: str  # of that mail
    error: str  # what the server answered, or how long it was tried
    notice_of_trouble: bool  # it told of a trouble or a machine's answer: telling could loop


@dataclass(frozen=True, slots=True)
class Pending:
    """An agent's words that waited for proof, and the entry that keeps them."""

    entry_id: int
    contribution: Contribution
    opens: bool = False  # they open the ticket for somebody else


@dataclass(frozen=True, slots=True)
class Forward:
    """Somebody's mail that another one sends on. Its From is only an address: nothing proves it."""

    author: Address | None  # None where the client wrote no address
    text: str
    above: str  # what the one who forwards it wrote himself
    refusal: str = ""  # why no ticket may be opened for the author, a code of rules.keywords
    message_id: str = ""  # of an attached mail


@dataclass(frozen=True, slots=True)
class Merging:
    """What a merge needs to know beside the ticket that it ends."""

    target: Ticket | None  # None: there is no such ticket
    people: tuple[Address, ...] = ()  # who belongs to the ticket because somebody wrote to them


@dataclass(frozen=True, slots=True)
class Contribution:
    """What somebody adds to a ticket, or opens one with, by whatever way it came."""

    author: Address | None  # None: the mail names no sender at all
    standing: Standing
    subject: str  # the base subject
    text: str  # the new text, our references and links cut
    quoted: str = ""  # the folded rest, shown to agents alone
    attachments: tuple[Attachment, ...] = ()
    cc: tuple[Address, ...] = ()  # whom the author put in copy
    automatic: Verdict | None = None
    related: int | None = None  # another ticket's thread that this mail cites
    answers: str = ""  # the address to which the cited mail of ours went
    quotes_us: bool = False  # the folded rest is a mail of ours
    answers_internal: bool = False  # the cited mail of ours was an internal one
    answers_automatic: bool = False  # it told of a machine's answer, or of a trouble
    orders: Orders | None = None  # a proven agent's keyword lines
    answer: Answer | None = None  # a requester's #confirmer or #refuser, where it applies
    confirms: Pending | None = None  # what an agent's answer proves to be his
    undelivered: Undelivered | None = None  # what a bounce says of a mail of ours
    harmless: bool = False  # a bounce that tells of a delay or a delivery alone
    absence: Absence | None = None  # what an automatic answer tells
    repeat: bool = False  # same Message-ID, sender and date as before, another body
    portal: bool = False  # typed into a form of the portal, not mailed
    original: bool = False  # the ticket's first mail answers this one, which came later
    forward: Forward | None = None  # whose mail an agent opens the ticket with
    opening_shown: bool = False  # the ticket's opening is public: a new requester may read it
    branch: Ticket | None = None  # the merged ticket that it is addressed to
    merging: Merging | None = None  # of an agent's #fusionner
    lookalikes: tuple[Lookalike, ...] = ()  # whom the sender may be taken for
    check: bool = False  # a mail of `mailgate check`, which this desk signed
    vouched: bool = False  # a reference or link of the author's own, or our server, shows who wrote


@dataclass(frozen=True, slots=True)
class Clock:
    """A timer of one ticket, as it runs."""

    id: int
    state: str  # the state that it belongs to
    due: datetime
    after: timedelta  # from entering the state
    notify: str  # "reminder", or
    to_state: str  # the state to move to
    source: str


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scanner says of files that had to wait for it."""

    entry_id: int
    author: Address | None  # of the entry
    internal: bool  # the entry is
    files: tuple[Attachment, ...]  # all those of the entry, as they are known now
    parts: frozenset[str]  # of those that are news
    told: tuple[OutboxMail, ...]  # the mails about the entry


Event = Contribution | Undelivered | Clock | Scanned


@dataclass(frozen=True, slots=True)
class Reach:
    """What is known of an address of a ticket, where mails may not reach a reader."""

    person: Address
    failure: str  # why a mail to it came back, "" if none did; the owner knows
    failing_since: datetime | None  # None: none came back, or somebody has acted since
    absent_since: datetime | None  # when a machine answered that its reader is away
    back_on: date | None  # and until when, where it said so

    def absent(self, today: date) -> bool:
        """Whether the reader may still be away."""
        return self.absent_since is not None and (self.back_on is None or today <= self.back_on)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What decisions need to know of a ticket."""

    number: int
    subject: str
    state: str  # a key of [states]
    requester: Address | None
    owner: str  # an agent's address, "" while there is none
    opened: datetime
    changed: datetime
    late_told: frozenset[str] = frozenset()  # senders told that the ticket is final
    merged_into: int | None = None  # the ticket that took it over
    reach: tuple[Reach, ...] = ()  # of the addresses of which anything is known
    bounce_told: bool = False  # the owner knows of a bounce that names no mail of ours

    def reach_of(self, email: str) -> Reach | None:
        """What is known of one address, None for nothing."""
        return next((one for one in self.reach if one.person.email == email), None)

    @property
    def requester_fails(self) -> bool:
        """Whether mails to the requester come back, and nobody has acted since."""
        found = self.reach_of(self.requester.email) if self.requester else None
        return found is not None and found.failing_since is not None


class EntryKind(StrEnum):
    OPENING = "opening"
    NOTE = "note"
    REPLY = "reply"
    TRANSFER = "transfer"
    INTERNAL = "internal"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    STATE = "state"


class Outcome(StrEnum):
    """What became of one physical copy of a mail."""

    TAKEN = "taken"  # not decided yet
    OPENED = "opened"
    NOTED = "noted"
    DUPLICATE = "duplicate"
    AUTO_REPLY = "auto-reply"
    BOUNCE = "bounce"
    CHECK = "check"  # a mail of `mailgate check`, which came back
    EMPTY = "empty"  # an answer without words of its own: it adds nothing
    HELD = "held"
    DROPPED = "dropped"  # was held, and an admin let it go


@dataclass(frozen=True, slots=True)
class Settle:
    """The ledger's answer for the mail in hand."""

    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class OpenTicket:
    subject: str
    requester: Address | None
    cc: tuple[Address, ...] = ()  # recorded; mailed only by a reply


@dataclass(frozen=True, slots=True)
class AddEntry:
    """One line of the ticket's history."""

    kind: EntryKind
    author: Address | None  # None: the desk
    text: str
    quoted: str = ""
    via: Address | None = None
    internal: bool = False
    verified: bool = False
    automatic: str = ""  # why the words are held to be a machine's
    attachments: tuple[Attachment, ...] = ()
    pending: bool = False  # an agent's words without proof: his answer would apply them
    portal: bool = False  # came by a form of the portal
    lookalikes: tuple[Lookalike, ...] = ()  # for agents' eyes


class Ceiling(StrEnum):
    """What is counted within an hour."""

    SENDER = "sender"  # mails of one outside address
    TICKET = "ticket"  # outside mails on one ticket
    DESK = "desk"  # outside mails in all
    BOUNCES = "bounces"  # mail servers' reports of which somebody would be told
    LOOP = "loop"  # tickets of one address under one subject, as two programs open them
    RECIPIENT = "recipient"  # mails to one outside address


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something has happened since a moment."""

    since: datetime
    count: int
    told: bool = False  # the admins know that it is over its ceiling
    ticket: int | None = None  # the last one that it happened on


@dataclass(frozen=True, slots=True)
class Counted:
    """These tallies count something that happened on this ticket."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Storm:
    """A ceiling was passed for the first time: the admins are told, about this ticket."""

    ceiling: Ceiling
    what: str  # whose mails: an address, a ticket's number
    limit: int
    ticket: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Words that waited for proof have been carried out: they are not waited for any more."""

    entry_id: int


@dataclass(frozen=True, slots=True)
class Bounced:
    """A mail of ours came back: it was not delivered after all."""

    reference: str
    error: str


@dataclass(frozen=True, slots=True)
class Failing:
    """Mails to this address of the ticket come back."""

    email: str
    error: str


@dataclass(frozen=True, slots=True)
class Reached:
    """Timers may wait for this address again: it wrote, or an agent has acted."""

    email: str
    wrote: bool  # then nothing stays known of it


@dataclass(frozen=True, slots=True)
class Away:
    """A machine answered that the reader of this address is away."""

    absence: Absence


@dataclass(frozen=True, slots=True)
class BounceTold:
    """The owner knows of a bounce that names no mail of ours."""


@dataclass(frozen=True, slots=True)
class FilesKnown:
    """A scanner has answered for these files of an entry."""

    entry_id: int
    files: tuple[Attachment, ...]  # all those of the entry
    parts: frozenset[str]  # of those that are news


@dataclass(frozen=True, slots=True)
class SetState:
    state: str


@dataclass(frozen=True, slots=True)
class SetOwner:
    agent: str  # address


@dataclass(frozen=True, slots=True)
class SetRequester:
    """The ticket is this person's now. `leaves`: the one before belongs to it no more."""

    requester: Address
    leaves: bool


@dataclass(frozen=True, slots=True)
class MergeInto:
    """The ticket ends in another one, which what follows is about."""

    number: int


@dataclass(frozen=True, slots=True)
class ToldLate:
    """This sender knows by now that the ticket is final."""

    email: str


@dataclass(frozen=True, slots=True)
class Tell:
    """One mail to one recipient, about the entry added last."""

    recipient: Address
    to_agent: bool
    on: str  # the event of the policy's row: "note", "trouble", …
    tag: str
    template: str
    row: str  # the line of the policy that asked for it
    notice: bool = False  # made by the desk itself, not a person's words relayed
    bounded: bool = True  # counts against the ceiling per outside address and hour
    joins: bool = True  # the recipient belongs to the ticket from now on and gets a link
    words: bool = True  # the entry's text goes along; False for the bare news of a state
    reason: str = ""  # what went wrong, for a trouble mail
    refused: tuple[Refusal, ...] = ()  # keyword lines that were not carried out
    files: bool = False  # the entry's files go along, although the desk speaks


Effect = (
    Settle
    | OpenTicket
    | AddEntry
    | Confirmed
    | Bounced
    | Failing
    | Reached
    | Away
    | BounceTold
    | FilesKnown
    | SetState
    | SetOwner
    | SetRequester
    | MergeInto
    | ToldLate
    | Tell
    | Counted
    | Storm
)


@dataclass(frozen=True, slots=True)
class Copy:
    """One physical copy of a mail, as the mailbox hands it out."""

    uid: int
    received: datetime | None  # INTERNALDATE, aware; None where the server does not say
    raw: bytes
    size: int  # RFC822.SIZE
    whole: bool = True  # False: only the header block was fetched


@dataclass(frozen=True, slots=True)
class Taken:
    """A copy whose bytes are safe in the store, on its way to an outcome."""

    id: int  # of the ledger row
    uid: int
    raw_id: int
    attempts: int  # how often it was taken, this time included
    received: datetime
    raw: bytes
    whole: bool = True
    credential: Credential | None = None  # of a form; None for a mail
    released: bool = False  # an admin has it decided anew: no ceiling holds it


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ledger, as `why` and `held` show it."""

    id: int
    folder: str
    uid: int
    received: datetime
    outcome: Outcome
    reason: str
    attempts: int
    message_id: str
    sender: str
    subject: str
    ticket: int | None
    entry_id: int | None
    raw_id: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Issued:
    """A reference of ours, found again in a mail that came in."""

    reference: str
    ticket: int
    holder: Address  # to whom that mail of ours went
    to_agent: bool
    internal: bool  # that mail was about an internal entry
    exposed: bool  # somebody else has seen the reference
    pending: int  # the entry whose words wait for this agent's proof, 0 for none
    automatic: bool = False  # that mail told of a machine's answer, or of a trouble
    branch: int = 0  # the merged ticket that its entry was addressed to, 0 for none


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a ticket's history, as it is shown."""

    id: int
    kind: EntryKind
    author: Address | None
    via: Address | None
    at: datetime
    text: str
    quoted: str
    internal: bool
    verified: bool
    automatic: str
    attachments: tuple[Attachment, ...]
    raw_id: int | None
    portal: bool = False  # came by a form of the portal
    addressed: int | None = None  # the merged ticket that it was addressed to
    lookalikes: tuple[Lookalike, ...] = ()  # for agents' eyes


@dataclass(frozen=True, slots=True)
class OutboxMail:
    """A mail of ours in the outbox."""

    id: int
    reference: str
    ticket: int | None  # None: it is about no ticket, and no entry
    entry_id: int | None
    recipient: Address
    event: str  # of the policy's row: "note", "trouble", …
    subject: str
    policy_row: str
    state: str  # queued | sending | sent | failed | withheld | dropped
    attempts: int
    queued: datetime
    error: str
    data: bytes = b""  # empty where only the facts are asked for


class Request(NamedTuple):
    """A ticket's beginning, as the desk's figures see it."""

    opened: datetime
    answered: datetime | None  # when an agent first wrote to its requester, or settled it
    awaited: bool  # a person asked: an answer is due


class Move(NamedTuple):
    """A ticket's coming into a state, as the desk's figures see it."""

    ticket: int
    opened: datetime  # the ticket
    at: datetime
    state: str
