"""Writing mails as a client does: new ones, answers that quote, drafts from a `mailto:` link."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import getaddresses
from html import escape, unescape
from itertools import count
from urllib.parse import parse_qs, unquote, urlsplit

from mailgate.demo.boxes import Item
from mailgate.demo.people import person
from mailgate.mime import Outgoing, serialize
from rules.model import Address

_ANSWERED = re.compile(r"re\s*:", re.IGNORECASE)
# As the HTML layout of the desk's mails writes them.
_LINK = re.compile(
    r'(?P<head><a\b[^<>]* href=")(?P<link>mailto:[^"<>]*)(?P<tail>"[^<>]*>)(?P<words>[^<]*)'
)
_ADDRESS = re.compile(r"[^\s@<>(),;:\"]+@[^\s@<>(),;:\"]+")


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the composer."""

    sender: str  # address
    to: str = ""  # addresses as they were typed
    subject: str = ""
    text: str = ""
    answers: int = 0  # the mail of this number, 0 for none


def reply(item: Item, text: str = "") -> Draft:
    """The draft of an answer to a mail that its owner received."""
    sender = (*item.mail.reply_to, *item.mail.senders)[:1]
    subject = item.mail.subject
    if not _ANSWERED.match(subject):
        subject = f"Re: {subject}"
    return Draft(item.owner, sender[0].email if sender else "", subject, text, item.id)


def from_mailto(sender: str, link: str) -> Draft:
    """The draft that a `mailto:` link opens (RFC 6068)."""
    parts = urlsplit(link)
    # A plus is a plus there, not a blank.
    fields = parse_qs(parts.query.replace("+", "%2B"), keep_blank_values=True)
    subject, body = (fields.get(name, [""])[0] for name in ("subject", "body"))
    return Draft(sender, unquote(parts.path), subject, body.replace("\r\n", "\n"))


def recipients(typed: str) -> list[Address]:
    """The addresses in a field; [] if one of them is none."""
    found = [
        Address(email.lower(), name) for name, email in getaddresses([typed.replace(";", ",")])
    ]
    if not typed.isprintable():
        return []
    return found if all(_ADDRESS.fullmatch(one.email) for one in found) else []


def write(
    draft: Draft, message_id: str, at: datetime, answered: Item | None = None, quote: str = ""
) -> bytes:
    """The mail as bytes. `quote` stands below the text of an answer to `answered`."""
    first, *others = recipients(draft.to)
    sender = person(draft.sender)
    named = Address(sender.address.email, sender.address.name or sender.name)
    text = draft.text.replace("\r\n", "\n").rstrip()
    before = answered.mail.cited if answered else ()
    return serialize(
        Outgoing(
            sender=named,
            to=first,
            subject=draft.subject,
            message_id=message_id,
            date=at,
            text=f"{text}\n\n{quote}" if quote else f"{text}\n",
            in_reply_to=answered.mail.message_id if answered else "",
            references=(*before, answered.mail.message_id) if answered else (),
            headers=(("Cc", ", ".join(one.email for one in others)),) if others else (),
        )
    )


def mailto_links(html: str) -> list[tuple[str, str]]:
    """(words, link) of each `mailto:` link in a mail of the desk."""
    return [(unescape(match["words"]), unescape(match["link"])) for match in _LINK.finditer(html)]


def relinked(html: str, address: Callable[[int], str]) -> str:
    """A mail of the desk with each `mailto:` link leading to `address` of its rank instead."""
    rank = count()
    return _LINK.sub(
        lambda m: f"{m['head']}{escape(address(next(rank)))}{m['tail']}{m['words']}", html
    )
