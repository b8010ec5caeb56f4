"""What three readers make of a mail, in one shape: this program, mail-parser, the standard library.

`email.policy.default` takes minutes for some headers; it is read here, under a time limit, and
nowhere in the program.
"""

from __future__ import annotations

import base64
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

import mailparser

from mailgate.attachments import attachment_bytes
from mailgate.parse import parse

LIMIT = 2  # seconds of processor time for one mail


class HungError(BaseException):
    """The limit is over. Not an Exception: what is measured here catches those."""


@dataclass(frozen=True, slots=True)
class File:
    name: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """A mail as a reader understands it."""

    subject: str
    sender: str  # address, lower case
    to: tuple[str, ...]
    cc: tuple[str, ...]
    message_id: str
    text: str
    html: str
    files: tuple[File, ...]


@contextmanager
def limited() -> Iterator[None]:
    """Raises HungError inside the block once it has used its processor time."""

    def over(number: int, frame: object) -> None:
        raise HungError

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def ours(raw: bytes) -> Reading:
    mail = parse(raw)
    return Reading(
        subject=mail.subject,
        sender=mail.sender.email if mail.sender else "",
        to=tuple(one.email for one in mail.to),
        cc=tuple(one.email for one in mail.cc),
        message_id=mail.message_id,
        text=mail.text,
        html=mail.html,
        files=tuple(
            File(one.name, one.type, attachment_bytes(raw, one.part)) for one in mail.attachments
        ),
    )


def mail_parser(raw: bytes) -> Reading:
    mail = mailparser.parse_from_bytes(raw)
    return Reading(
        subject=mail.subject or "",
        sender=_first(_emails(mail.from_)),
        to=_emails(mail.to),
        cc=_emails(mail.cc),
        message_id=(mail.message_id or "").strip("<> "),
        text="\n".join(mail.text_plain),
        html="\n".join(mail.text_html),
        files=tuple(
            File(
                one["filename"] or "",
                one["mail_content_type"] or "",
                base64.b64decode(one["payload"]) if one["binary"] else one["payload"].encode(),
            )
            for one in mail.attachments
        ),
    )


def standard(raw: bytes) -> Reading:
    mail = message_from_bytes(raw, policy=policy.default)
    return Reading(
        subject=str(mail["subject"] or ""),
        sender=_first(_specs(mail, "from")),
        to=_specs(mail, "to"),
        cc=_specs(mail, "cc"),
        message_id=str(mail["message-id"] or "").strip("<> "),
        text=_content(mail, "plain"),
        html=_content(mail, "html"),
        files=tuple(
            File(part.get_filename() or "", part.get_content_type(), _payload(part))
            for part in mail.iter_attachments()
        ),
    )


READERS: dict[str, Callable[[bytes], Reading]] = {
    "ours": ours,
    "mail-parser": mail_parser,
    "policy.default": standard,
}


def read(reader: str, raw: bytes) -> Reading | None:
    """The reading, or None where the reader raises or takes longer than the limit."""
    try:
        with limited():
            return READERS[reader](raw)
    except (Exception, HungError):
        return None


def _first(values: tuple[str, ...]) -> str:
    return values[0] if values else ""


def _emails(pairs: list[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(email.lower() for _, email in pairs or () if email)


def _specs(mail: EmailMessage, name: str) -> tuple[str, ...]:
    header = mail[name]
    return tuple(one.addr_spec.lower() for one in header.addresses) if header else ()


def _content(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return str(part.get_content()) if part else ""


def _payload(part: EmailMessage) -> bytes:
    if part.get_content_maintype() == "message":
        inner = part.get_payload()
        return inner[0].as_bytes() if isinstance(inner, list) and inner else b""
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""
