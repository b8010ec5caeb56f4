"""The tables, as SQLModel classes. Rows never leave store/: callers get records.

Every time is UTC. Addresses are bare and lower case. A name ending in `_at` is
a time; an empty string means "none" where no other meaning is needed, so that
indexes and comparisons stay simple.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Index, LargeBinary, MetaData, UniqueConstraint
from sqlmodel import Field, SQLModel

# Alembic needs names to alter constraints later, on SQLite above all.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(SQLModel):
    metadata = MetaData(naming_convention=NAMES)


class Mailbox(Base, table=True):
    """One life of one IMAP folder, until its UIDVALIDITY changes (RFC 3501 2.3.1.1)."""

    __tablename__ = "mailbox"
    __table_args__ = (UniqueConstraint("folder", "uidvalidity"),)

    id: int | None = Field(default=None, primary_key=True)
    folder: str
    uidvalidity: int
    first_uid: int  # UIDNEXT at first contact: older UIDs were there before the desk
    since: datetime  # mails that were there before and are older than this are held
    read_at: datetime | None = None  # when it was last read to its end


class Raw(Base, table=True):
    """A mail as it came, stored once however many copies arrive."""

    __tablename__ = "raw"

    id: int | None = Field(default=None, primary_key=True)
    sha256: str = Field(unique=True)
    data: bytes = Field(sa_type=LargeBinary)


class Ledger(Base, table=True):
    """One row per physical copy of a mail, with one outcome and its reason."""

    __tablename__ = "ledger"
    __table_args__ = (UniqueConstraint("mailbox_id", "uid"),)

    id: int | None = Field(default=None, primary_key=True)
    mailbox_id: int = Field(foreign_key="mailbox.id")
    uid: int
    raw_id: int = Field(foreign_key="raw.id")
    whole: bool = True  # False: the mail was too large, only its header is stored
    received_at: datetime  # INTERNALDATE
    taken_at: datetime
    attempts: int = 1
    outcome: str = Field(index=True)
    reason: str = ""
    settled_at: datetime | None = None
    refile: bool = False  # settled while in the held folder: the copy belongs in done now
    # What makes two copies the same mail; empty until the mail has been parsed.
    message_id: str = Field(default="", index=True)
    sender: str = ""
    date: str = ""
    body: str = ""
    subject: str = ""
    ticket: int | None = Field(default=None, foreign_key="ticket.number")
    entry_id: int | None = Field(default=None, foreign_key="entry.id")
    credential: str = ""  # of a form of the portal, as JSON; "" for a mail


class Secret(Base, table=True):
    """Random keys of this desk, made once: what they sign stays valid after a restart."""

    __tablename__ = "secret"

    name: str = Field(primary_key=True)
    value: str


class Counter(Base, table=True):
    """Numbers handed out one by one; the row's lock makes them unique on any database."""

    __tablename__ = "counter"

    name: str = Field(primary_key=True)
    last: int


class Ticket(Base, table=True):
    __tablename__ = "ticket"

    number: int = Field(primary_key=True)
    subject: str
    state: str = Field(index=True)
    requester: str = Field(default="", index=True)
    requester_name: str = ""
    owner: str = ""
    bounce_told: bool = False  # the owner knows of a bounce that names no mail of ours
    opened_at: datetime
    changed_at: datetime
    # The ticket that took this one over. Mails for this one are entries of that one since.
    merged_into: int | None = Field(default=None, foreign_key="ticket.number", index=True)


class Participant(Base, table=True):
    """Who belongs to a ticket, with the link that is his alone."""

    __tablename__ = "participant"
    __table_args__ = (UniqueConstraint("ticket", "address"),)

    id: int | None = Field(default=None, primary_key=True)
    ticket: int = Field(foreign_key="ticket.number")
    address: str
    name: str = ""
    token: str = Field(unique=True)
    belongs: str = "full"  # "copied": in copy of the request; "": mailed once, a stranger
    late_told: bool = False
    failure: str = ""  # why a mail to this address came back; the owner has been told
    failing_at: datetime | None = None  # since when; None once somebody has acted
    absent_at: datetime | None = None  # when a machine answered that its reader is away
    back_on: date | None = None  # the day of return that it gave


class Timer(Base, table=True):
    """Something that will happen to a ticket if it stays in its state."""

    __tablename__ = "timer"

    id: int | None = Field(default=None, primary_key=True)
    ticket: int = Field(foreign_key="ticket.number", index=True)
    state: str  # the state that it belongs to
    due_at: datetime = Field(index=True)
    after: int  # seconds from entering the state, as the policy had it then
    notify: str = ""  # "reminder", or
    to_state: str = ""  # the state to move to
    policy_row: str


class Entry(Base, table=True):
    __tablename__ = "entry"

    id: int | None = Field(default=None, primary_key=True)
    ticket: int = Field(foreign_key="ticket.number", index=True)
    kind: str
    author: str = ""  # "": the desk
    author_name: str = ""
    via: str = ""
    via_name: str = ""
    at: datetime
    text: str
    quoted: str = ""
    internal: bool = False
    verified: bool = False
    automatic: str = ""
    pending: bool = False  # an agent's words without proof, until he confirms them
    raw_id: int | None = Field(default=None, foreign_key="raw.id")
    portal: bool = False  # came by a form, not by mail
    # JSON list of [part, name, type, size, content id], and where it is withheld why and the virus
    attachments: str = "[]"
    # The merged ticket whose people it is from or for: with that ticket's own entries it is
    # all that they may see.
    addressed: int | None = Field(default=None, foreign_key="ticket.number", index=True)


class Scan(Base, table=True):
    """An entry with files that the virus scanner has not answered for yet."""

    __tablename__ = "scan"

    entry_id: int = Field(primary_key=True, foreign_key="entry.id")
    tries: int = 0
    next_at: datetime = Field(index=True)


class ThreadId(Base, table=True):
    """A Message-ID that a ticket's mails carried (with who had it) or cited (with nobody)."""

    __tablename__ = "thread_id"
    __table_args__ = (
        UniqueConstraint("message_id", "ticket", "address"),
        Index("ix_thread_id_ticket_address", "ticket", "address"),
    )

    id: int | None = Field(default=None, primary_key=True)
    message_id: str
    ticket: int = Field(foreign_key="ticket.number")
    address: str = ""


class Outbox(Base, table=True):
    """An outgoing mail: rendered once, sent with the same bytes until it is taken or fails."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_state_next_at", "state", "next_at"),
        Index("ix_outbox_recipient_queued_at", "recipient", "queued_at"),
        Index("ix_outbox_ticket_recipient", "ticket", "recipient"),
    )

    id: int | None = Field(default=None, primary_key=True)
    reference: str = Field(unique=True)
    ticket: int = Field(foreign_key="ticket.number")
    entry_id: int = Field(foreign_key="entry.id", index=True)
    recipient: str
    recipient_name: str = ""
    to_agent: bool = False
    internal: bool = False  # about an internal entry: an answer stays internal
    event: str  # of the policy's row: "note", "trouble", …
    subject: str
    policy_row: str  # the policy's line that asked for it
    data: bytes = Field(sa_type=LargeBinary)
    state: str  # queued | sending | sent | failed | withheld | dropped
    exposed: bool = False  # somebody else has seen the reference: it proves no agent any more
    attempts: int = 0
    queued_at: datetime
    next_at: datetime
    sent_at: datetime | None = None
    error: str = ""
