"""A raw mail made a Mail.

Standards: RFC 5322 (headers, ids), 2047 and 6532 (8-bit headers), 2045 to 2049 and
2183 (parts), 3676 (flowed text).

mail-parser reads the headers that name people and the date: it holds against
`agent@ours <evil@x>` and is linear where `email.policy.default` takes minutes. It is
given those headers alone, unfolded and in Unicode. The bodies are read from the
compat32 tree (mimetree), for mail-parser merges the bodies of attached messages into
the mail, keeps wrong charsets, NUL bytes and flowed lines, drops unnamed parts, and
would decode everything once more. What arrives in pieces is mended, and `defects`
says how.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any

from mailparser import MailParser

from mailgate import attachments, bodies, decode, mimetree
from rules import reference
from rules.model import Address, Attachment, Mail

# The headers that verdicts, trust and lists are read from.
KEPT_HEADERS = frozenset(
    {
        *("authentication-results", "auto-submitted", "content-type", "delivered-to"),
        *("feedback-id", "from", "list-help", "list-id", "list-post", "list-unsubscribe"),
        *("precedence", "return-path", "sender", "x-auto-reply-from"),
        *("x-auto-response-suppress", "x-autoreply", "x-autoreply-from", "x-autorespond"),
        *("x-autoresponder", "x-failed-recipients", "x-loop", "x-mail-autoreply", "x-mailer"),
        *("x-vacation", "x-vacation-sender"),
    }
)
KEPT_PREFIX = "x-ms-exchange-organization-"  # what an Exchange server says of its own mails

_SUBJECT_LIMIT = 2_000
_NAME_LIMIT = 200
_ADDRESS_LIMIT = 320  # RFC 3696 erratum 1690: 64 + 1 + 255
_ID_LIMIT = 998  # RFC 5322 section 2.1.1: no header line is longer
_IDS = 500  # references read from one mail
_FROM_HEADERS = 10
_PEOPLE_LIMIT = 32_768  # characters of one address header: some 500 recipients
_PEOPLE = 100  # addresses kept of one header; a help desk's mail has a handful
_SCANNED = 2_000_000  # bytes of a file in which references are looked for
_AHEAD = timedelta(days=1)  # how far a clock may be wrong before its Date is not believed

_FOLD = re.compile(r"\r?\n[ \t]*|\r")
_BRACKETED = re.compile(r"<([^<>]*)>")
# A domain is letters, digits, hyphens and dots; a local part has no blanks and no controls.
_DELIVERABLE = re.compile(r"[^\s@<>()\[\],;:\\\x00-\x20\x7f-\xa0]+@[\w-]+(\.[\w-]+)*")
_BETWEEN = re.compile(r"[\s<>(),;:\"\[\]\\]+")  # what stands between words, never in an address
_PATH = re.compile(r"<?([^\s<>@]+@[^\s<>@]+)>?")
_SOFT_BREAK = re.compile(rb"=\r?\n")  # RFC 2045 section 6.7
_HEAD_END = re.compile(rb"\A\r?\n|\r?\n\r?\n|\r\r")


@dataclass(slots=True)
class _Heads:
    """The root's header block: lower-case name -> values, unfolded, top first."""

    values: dict[str, list[str]] = field(default_factory=dict)

    def all(self, name: str) -> list[str]:
        return self.values.get(name, [])

    def first(self, name: str) -> str:
        return next((value for value in self.all(name) if value), "")


def parse(raw: bytes, received: datetime | None = None, keep: frozenset[str] = frozenset()) -> Mail:
    """A raw mail, any bytes at all, as the desk reads it.

    `received` (aware, or naive UTC) is when the mailbox took it: a Date more than a
    day later is not believed and becomes None. `keep` names further headers, lower
    case, wanted in `Mail.headers`. Raises nothing but MemoryError; takes linear time.
    """
    tree = mimetree.tree(raw)
    heads = _heads(tree.root)
    defects = ["parts were left out: too many or too deep"] if tree.capped else []
    if tree.mended:
        defects.append("lines among the headers are none: they were set apart")
    people = _people(heads, defects)
    senders = _senders(heads, people)
    body = bodies.read(tree, defects)
    return Mail(
        message_id=_message_id(raw, heads, defects),
        sender=senders[0] if senders else _other_sender(heads, defects),
        senders=senders,
        to=people["to"],
        cc=people["cc"],
        reply_to=people["reply-to"],
        subject=decode.one_line(decode.words(heads.first("subject")[:_SUBJECT_LIMIT])),
        date=_believed(people["date"], received, defects),
        in_reply_to=_ids(heads.all("in-reply-to")),
        references=_ids(heads.all("references")),
        text=body.text,
        html=body.html,
        attachments=tuple(body.attachments),
        headers=_kept(heads, keep),
        body_digest=_body_digest(raw),
        defects=tuple(defects),
        from_html=body.from_html,
    )


def attachment_bytes(raw: bytes, part: str) -> bytes:
    """The decoded bytes of the attachment with this `Attachment.part`.

    Raises LookupError when the mail has no such part, or none that holds bytes.
    """
    rank, _, member = part.partition("/")
    for leaf in mimetree.tree(raw).leaves:
        if str(leaf.rank) == rank:
            return attachments.data(leaf, member)
    raise LookupError(f"the mail has no part {part} that holds bytes")


def holds_reference(attachment: Attachment, data: bytes, portal_url: str = "") -> bool:
    """Whether a file, or a mail that is attached as one, holds a reference or link of ours."""
    # UTF-16 is ASCII with zeros between; quoted-printable breaks lines anywhere.
    joined = _SOFT_BREAK.sub(b"", data[:_SCANNED].replace(b"\0", b""))
    places = [attachment.name, data[:_SCANNED].decode("latin-1"), joined.decode("latin-1")]
    if attachment.type.startswith("message/") or attachment.name.lower().endswith(".eml"):
        inner = parse(data[:_SCANNED])
        places += [inner.message_id, *inner.references, inner.text, inner.html]
    return reference.shown(places, portal_url)


def _heads(root: Message) -> _Heads:
    heads = _Heads()
    for name, value in root.raw_items():
        unfolded = _FOLD.sub(" ", str(value)).strip()
        heads.values.setdefault(name.strip().lower(), []).append(unfolded)
    return heads


def _kept(heads: _Heads, keep: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    return {
        name: tuple(values)
        for name, values in heads.values.items()
        if name in KEPT_HEADERS or name in keep or name.startswith(KEPT_PREFIX)
    }


def _people(heads: _Heads, defects: list[str]) -> dict[str, Any]:
    """The addresses of From (the first one), To, Cc and Reply-To, and the date."""
    view = {name: heads.first(name)[:_PEOPLE_LIMIT] for name in ("from", "date")}
    # RFC 5322 section 3.6 allows one of each; clients read them all.
    view |= {
        name: ", ".join(filter(None, heads.all(name)))[:_PEOPLE_LIMIT]
        for name in ("to", "cc", "reply-to")
    }
    reading = _mail_parser(view)
    found: dict[str, Any] = {
        name: _addresses(getattr(reading, name.replace("-", "_"), ()), view[name])
        for name in ("to", "cc", "reply-to")
    }
    found["from"] = _addresses(getattr(reading, "from_", ()), view["from"])
    found["date"] = getattr(reading, "date", None)
    if reading is None:
        defects.append("mail-parser could not read the addresses")
    if view["date"] and found["date"] is None:
        defects.append("the Date header is no date")
    return found


def _mail_parser(view: Mapping[str, str]) -> MailParser | None:
    """What mail-parser makes of these headers; None when it raises."""
    message = Message()
    for name, value in view.items():
        if value:
            message[name] = value
    try:
        return MailParser(message)
    except Exception:  # whatever a library raises on hostile input, the mail is read
        return None


def _addresses(pairs: Iterable[tuple[str, str]], value: str) -> tuple[Address, ...]:
    """mail-parser's (name, address) pairs as addresses, each once.

    Where none is an address, the words of `value` that look like one: `Marie marie@x`.
    """
    found: dict[str, Address] = {}
    for name, email in pairs or ():
        email = decode.one_line(email).lower().rstrip(".")
        if len(email) > _ADDRESS_LIMIT or not _DELIVERABLE.fullmatch(email):
            continue
        # Encoded words in quotes are text to RFC 2047 and encoded words to every client.
        # Only one that stood so in the header is decoded: anything else was already.
        if "=?" in name and name in value:
            name = decode.words(name, guess=False)
        name = decode.one_line(name)[:_NAME_LIMIT]
        found.setdefault(email, Address(email, "" if name.lower() == email else name))
    if not found and value:
        return _addresses([("", word) for word in _BETWEEN.split(value) if "@" in word], "")
    return tuple(found.values())[:_PEOPLE]


def _senders(heads: _Heads, people: Mapping[str, Any]) -> tuple[Address, ...]:
    """Every address of every From header, in order (RFC 5322 section 3.6.2)."""
    senders = {address.email: address for address in people["from"]}
    for value in [value for value in heads.all("from") if value][1:_FROM_HEADERS]:
        for address in _addresses(getattr(_mail_parser({"from": value}), "from_", ()), value):
            senders.setdefault(address.email, address)
    return tuple(senders.values())


def _other_sender(heads: _Heads, defects: list[str]) -> Address | None:
    """Sender, else Return-Path, for a mail whose From names no address."""
    value = heads.first("sender")
    if value:
        found = _addresses(getattr(_mail_parser({"from": value}), "from_", ()), value)
        if found:
            defects.append("no address in From: the Sender header stands for it")
            return found[0]
    path = _PATH.fullmatch(heads.first("return-path"))
    if path and len(path[1]) <= _ADDRESS_LIMIT:
        defects.append("no address in From: the Return-Path stands for it")
        return Address(decode.one_line(path[1]).lower())
    defects.append("no address in From")
    return None


def _believed(
    date: datetime | None, received: datetime | None, defects: list[str]
) -> datetime | None:
    if date is None or received is None:
        return date
    if received.tzinfo is None:
        received = received.replace(tzinfo=UTC)
    if date - received > _AHEAD:
        defects.append("the Date header lies in the future")
        return None
    return date


def _message_id(raw: bytes, heads: _Heads, defects: list[str]) -> str:
    found = _ids(heads.all("message-id"))
    if found:
        return found[0]
    defects.append("no Message-ID: one was made from the bytes")
    return f"sha256-{hashlib.sha256(raw).hexdigest()[:32]}@mailgate.invalid"


def _ids(values: Iterable[str]) -> tuple[str, ...]:
    """The message ids in these headers (RFC 5322 section 3.6.4), each once, in order.

    Blanks inside one are folding. Senders with the standard library's default policy
    encode long ids (RFC 2047), which is against section 5 there; they are decoded.
    """
    found: dict[str, None] = {}
    for value in values:
        value = decode.words(value)
        pieces = _BRACKETED.findall(value)
        # Without brackets: the words that look like ids.
        pieces = pieces or [word.strip("<>") for word in value.split() if "@" in word]
        for piece in pieces:
            one = "".join(decode.one_line(piece).split())
            if one and len(one) <= _ID_LIMIT:
                found[one] = None
            if len(found) == _IDS:
                return tuple(found)
    return tuple(found)


def _body_digest(raw: bytes) -> str:
    r"""sha256 (hex) of what stands below the header block, line ends made `\n`."""
    head = _HEAD_END.search(raw)
    body = raw[head.end() :] if head else b""
    return hashlib.sha256(body.replace(b"\r\n", b"\n").replace(b"\r", b"\n")).hexdigest()
