"""Outgoing mails as bytes: a small serializer, and a second look at what it wrote.

Standards: RFC 5322 (the message), 2045 and 2046 (its parts), 6532 (a local part
in UTF-8); `mailgate.mime_headers` has those of header values.

The standard library's EmailMessage is not used: its policies encode long
Message-IDs, which breaks threading in Outlook, and decode text that looks like
an encoded word, which lets a subject such as `=?utf-8?q?a=0D=0ABcc:_x?=` write
headers of its own. Here every text from outside loses its control characters
and its `=?` before it is encoded, and `verify` parses the finished bytes again.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import format_datetime
from functools import lru_cache

from mailgate.mime_headers import (
    HeaderInjection,
    Meaning,
    ascii_domain,
    clean,
    name_parameters,
    parse,
    read,
    write,
)
from rules.model import Address

__all__ = ["HeaderInjection", "Outgoing", "ascii_domain", "clean", "serialize", "verify"]

# Boundaries that neither quoted-printable nor base64 can contain (RFC 2045 section 6.7).
_MIXED, _ALTERNATIVE = "=_m", "=_a"
_ID_LIMIT = 900  # longer ids fit no line of 998
_ID = re.compile(r"[!-;=?-~]+")  # printable ASCII without < and >
_TYPE = re.compile(r"(?!multipart/|message/)[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One mail to one recipient, before it is bytes."""

    sender: Address  # From
    to: Address
    subject: str
    message_id: str  # without angle brackets, as every id here
    date: datetime  # aware
    text: str
    html: str = ""  # "" for a mail of plain text
    in_reply_to: str = ""
    references: tuple[str, ...] = ()  # oldest first
    headers: tuple[tuple[str, str], ...] = ()  # further headers, in order
    files: tuple[tuple[str, str, bytes], ...] = ()  # name, MIME type, content


def serialize(outgoing: Outgoing) -> bytes:
    """The mail as bytes with CRLF, ready for SMTP.

    Pure ASCII, unless the local part of an address is not: such a mail needs a
    server that speaks SMTPUTF8 (RFC 6531). Ids that no header can carry (blanks,
    angle brackets, over 900 characters) are left out of References. Raises
    ValueError for an address whose domain is no domain name.
    """
    kind, body = _body(outgoing)
    head = [write(name, meaning) for name, meaning in _fields(outgoing)]
    return b"\r\n".join(["\r\n".join(head).encode(), kind.encode(), b"", body])


def verify(outgoing: Outgoing, data: bytes) -> None:
    """Reads `data` again, as strictly as RFC 5322 has it, and compares it with what was meant.

    Looks at names, order and values of the headers and at the head of each file.
    Raises HeaderInjection on any difference.
    """
    head, _, body = data.partition(b"\r\n\r\n")
    found = parse(head)
    meant = _fields(outgoing)
    names = [name for name, _ in meant] + _body_headers(outgoing)
    if [name for name, _ in found] != names:
        raise HeaderInjection(f"headers {[name for name, _ in found]} instead of {names}")
    for (name, meaning), (_, raw) in zip(meant, found, strict=False):
        if read(raw, meaning) != meaning:
            raise HeaderInjection(f"{name} reads {raw!r} instead of {meaning!r}")
    if outgoing.files:
        _verify_files(outgoing, body)


def _fields(outgoing: Outgoing) -> list[tuple[str, Meaning]]:
    """Every header but that of the body, with the text that it is meant to carry."""
    fields: list[tuple[str, Meaning]] = [
        ("From", _mailbox(outgoing.sender)),
        ("To", _mailbox(outgoing.to)),
        ("Subject", clean(outgoing.subject)),
        ("Date", _date(outgoing.date)),
        ("Message-ID", (outgoing.message_id,)),
    ]
    if ids := _ids([outgoing.in_reply_to]):
        fields.append(("In-Reply-To", ids))
    if ids := _ids(outgoing.references):
        fields.append(("References", ids))
    fields += [(name, clean(value)) for name, value in outgoing.headers]
    return [*fields, ("MIME-Version", "1.0")]


# Asked for twice a letter, and the letters of one mail have the same.
_date = lru_cache(maxsize=16)(format_datetime)


@lru_cache(maxsize=256)  # a desk writes as itself, and to the same people
def _mailbox(address: Address) -> Address:
    local, at, _ = address.email.rpartition("@")
    return Address(f"{local}{at}{ascii_domain(address.email)}", clean(address.name))


def _ids(ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(one for one in ids if len(one) <= _ID_LIMIT and _ID.fullmatch(one))


def _body(outgoing: Outgoing) -> tuple[str, bytes]:
    """The Content-Type header of the mail and what follows the header block."""
    parts = [_text("plain", outgoing.text)]
    if outgoing.html:
        parts = [_multipart("alternative", _ALTERNATIVE, [*parts, _text("html", outgoing.html)])]
    if outgoing.files:
        files = [_file(*one) for one in outgoing.files]
        parts = [_multipart("mixed", _MIXED, [*parts, *files])]
    return parts[0]


def _multipart(kind: str, boundary: str, parts: list[tuple[str, bytes]]) -> tuple[str, bytes]:
    lines = []
    for head, body in parts:
        lines += [f"--{boundary}".encode(), head.encode(), b"", body]
    lines += [f"--{boundary}--".encode(), b""]
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"', b"\r\n".join(lines)


def _text(kind: str, text: str) -> tuple[str, bytes]:
    """A text part: quoted-printable, or base64 where every other byte would need escaping."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
    # b2a_qp writes CRLF at its own soft breaks only if it saw one: the text ends with one.
    data = (text.replace("\n", "\r\n") + "\r\n").encode("utf-8", "replace")
    if len(data) * 2 > len(text) * 3 + 100:
        encoding, body = "base64", _base64(data)
    else:
        encoding, body = "quoted-printable", binascii.b2a_qp(data, istext=True)
    head = f"Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}"
    return head, body


def _file(name: str, kind: str, content: bytes) -> tuple[str, bytes]:
    """A file: its true name by RFC 2231, an ASCII one beside it for old readers."""
    name = _file_name(name)
    spare = re.sub(r"[^A-Za-z0-9_(),.+ -]", "_", name)[-60:]
    head = [
        f'Content-Type: {_file_type(kind)};\r\n name="{spare}"',
        "Content-Transfer-Encoding: base64",
        ";\r\n ".join(["Content-Disposition: attachment", *name_parameters(name)]),
    ]
    return "\r\n".join(head), _base64(content)


def _file_name(name: str) -> str:
    return clean(name).strip() or "file"  # readers strip every Unicode blank


def _file_type(kind: str) -> str:
    # RFC 2046 section 5.2.1 forbids base64 for message/rfc822, section 5.1 for multipart.
    return kind if _TYPE.fullmatch(kind) else "application/octet-stream"


def _base64(data: bytes) -> bytes:
    whole = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join([whole[start : start + 76] for start in range(0, len(whole), 76)])


def _body_headers(outgoing: Outgoing) -> list[str]:
    multipart = outgoing.html or outgoing.files
    return ["Content-Type"] if multipart else ["Content-Type", "Content-Transfer-Encoding"]


def _verify_files(outgoing: Outgoing, body: bytes) -> None:
    parts = (b"\r\n" + body).split(f"\r\n--{_MIXED}\r\n".encode())[2:]
    for (name, kind, _), part in zip(outgoing.files, parts, strict=True):
        head = BytesHeaderParser(policy=compat32).parsebytes(part.partition(b"\r\n\r\n")[0])
        names = ["Content-Type", "Content-Transfer-Encoding", "Content-Disposition"]
        if head.keys() != names or head.get_content_type() != _file_type(kind):
            raise HeaderInjection(f"the file {name!r} has the headers {head.items()}")
        if head.get_filename() != _file_name(name):
            raise HeaderInjection(f"the file {name!r} reads {head.get_filename()!r}")
