"""The records that travel the road of a message, all frozen.

Words follow the field: RFC 5322 for mails, RFC 3834 for automatic ones, and
docs/glossary.md for the desk's own (ticket, entry, reference, standing).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox of RFC 5322 section 3.4."""

    email: str  # bare addr-spec, lower case, never empty
    name: str = ""  # display name, decoded, one line, no control characters

    def __str__(self) -> str:
        return f"{self.name} <{self.email}>" if self.name else self.email

    @property
    def label(self) -> str:
        """What a reader calls this person: the name, or the address without one."""
        return self.name or self.email


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a raw mail that is kept as a file; its bytes stay in the raw mail."""

    part: int  # rank of the part in email.message.Message.walk() of the raw mail
    name: str  # a safe file name without folders, never empty
    type: str  # MIME type, lower case
    size: int  # decoded bytes
    content_id: str = ""  # without angle brackets, "" when the part has none


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


@dataclass(frozen=True, slots=True)
class Reply:
    """A mail's text cut in two: nothing is thrown away."""

    text: str  # what the sender wrote now, without signature; blank lines trimmed
    rest: str = ""  # quoted text and signature, as it stood


