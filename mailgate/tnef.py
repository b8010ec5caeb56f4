"""What Outlook packs into a winmail.dat: the text and the files of a message (TNEF).

Standards: MS-OXTNEF (the stream), MS-OXCMSG and MS-OXPROPS (the properties).

A reader of our own. tnefparse 1.4 believes the counts that it reads: a property list of
twenty bytes that claims four billion entries keeps it busy for hours, and it copies the
rest of the stream at each attribute. Here every count ends with the bytes, nothing but
compressed RTF grows, and that has a limit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from mailgate import decode, rtf

_SIGNATURE = b"\x78\x9f\x3e\x22"
_MEMBERS = 200
_DEPTH = 3  # messages within messages
_RTF = 1_000_000  # decompressed bytes of one stream

# Attributes (MS-OXTNEF section 2.1.3.2).
_ATTACHMENT_LEVEL = 2
_BODY, _CLASS, _DATA, _TITLE = 0x800C, 0x8008, 0x800F, 0x8010
_NEXT_ATTACHMENT, _MESSAGE_PROPERTIES, _ATTACHMENT_PROPERTIES = 0x9002, 0x9003, 0x9005
_CODEPAGE = 0x9007
# Properties (MS-OXPROPS).
_P_CLASS, _P_BODY, _P_RTF, _P_HTML, _P_CODEPAGE = 0x001A, 0x1000, 0x1009, 0x1013, 0x3FDE
_P_NAME, _P_DATA, _P_SHORT_NAME, _P_LONG_NAME = 0x3001, 0x3701, 0x3704, 0x3707
_P_TYPE, _P_CONTENT_ID = 0x370E, 0x3712

_MULTIPLE, _NAMED = 0x1000, 0x8000
_FIXED = {
    **dict.fromkeys((0x02, 0x0B), 2),
    **dict.fromkeys((0x03, 0x04, 0x0A), 4),
    **dict.fromkeys((0x05, 0x06, 0x07, 0x14, 0x40), 8),
    0x48: 16,
    0x01: 0,
}
_STRING, _UNICODE, _OBJECT, _BINARY = 0x1E, 0x1F, 0x0D, 0x102
_NOTES = ("IPM.NOTE", "IPM.MICROSOFT MAIL.NOTE")  # message classes of ordinary mails
_EMBEDDED = bytes.fromhex("0703020000000000c000000000000046")  # IID_IMessage, little-endian

_Properties = dict[int, bytes | str]


@dataclass(frozen=True, slots=True)
class Member:
    """A file in the stream, or a body of it."""

    name: str  # as it is written there, "" without one
    kind: str  # MIME type as it is written there, "" without one
    data: bytes
    content_id: str = ""


@dataclass(slots=True)
class Unpacked:
    """A stream taken apart."""

    text: str = ""  # the plain body
    html: str = ""  # the HTML body
    members: list[Member] = field(default_factory=list)
    whole: bool = True  # nothing in it is left out that a reader would miss


@dataclass(slots=True)
class _Message:
    """A message while it is read."""

    charset: str = ""
    kind: str = ""
    properties: _Properties = field(default_factory=dict)
    files: list[_Properties] = field(default_factory=list)


def holds(data: bytes) -> bool:
    """Whether the bytes begin as a TNEF stream does."""
    return data.startswith(_SIGNATURE)


def unpack(data: bytes) -> Unpacked:
    """The bodies and files of a TNEF stream, as far as it can be read.

    Messages within it are unpacked, too, their bodies and files in line with its own.
    Raises nothing; takes linear time.
    """
    out = Unpacked()
    _unpack(data, "message", 1, out)
    return out


def _unpack(data: bytes, name: str, depth: int, out: Unpacked) -> None:
    message = _Message()
    try:
        for level, attribute, value in _attributes(data):
            _take(message, level, attribute, value)
    except (struct.error, ValueError):
        out.whole = False
    # Meetings, tasks and contacts live in properties that no file shows.
    kind = message.kind.upper()
    out.whole = out.whole and (not kind or kind.startswith(_NOTES))
    _bodies(message, name, depth, out)
    for file in message.files:
        content = file.get(_P_DATA)
        if not isinstance(content, bytes):  # a link to a file, or where the stream breaks off
            out.whole = False
            continue
        title = _word(file, _P_LONG_NAME) or _word(file, _P_SHORT_NAME) or _word(file, _P_NAME)
        if content[:16] == _EMBEDDED and holds(content[16:]) and depth < _DEPTH:
            _unpack(content[16:], title or "message", depth + 1, out)
        elif len(out.members) < _MEMBERS:
            kind, content_id = _word(file, _P_TYPE), _word(file, _P_CONTENT_ID)
            out.members.append(Member(title, kind.lower(), content, content_id))
        else:
            out.whole = False


def _bodies(message: _Message, name: str, depth: int, out: Unpacked) -> None:
    """The richest body as a file; of the outermost message the texts as well."""
    text, html = _word(message.properties, _P_BODY), message.properties.get(_P_HTML, b"")
    packed = message.properties.get(_P_RTF, b"")
    if isinstance(html, str):
        html = html.encode("utf-8", "replace")
    if depth == 1:
        out.text, out.html = text, decode.text(html, message.charset)
    if html.strip():
        out.members.append(Member(f"{name}.html", "text/html", html))
    elif isinstance(packed, bytes) and packed:
        try:
            out.members.append(Member(f"{name}.rtf", "text/rtf", rtf.decompressed(packed, _RTF)))
        except ValueError:
            out.whole = False
    elif text.strip():
        out.members.append(Member(f"{name}.txt", "text/plain", text.encode("utf-8", "replace")))


def _attributes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Level, id and value of each attribute. Raises ValueError where the stream breaks off."""
    if not holds(data):
        raise ValueError("no TNEF signature")
    at = 6
    while at < len(data):
        level, attribute, _, size = struct.unpack_from("<BHHI", data, at)
        at += 9
        if at + size > len(data):
            raise ValueError("an attribute is longer than the stream")
        yield level, attribute, data[at : at + size]
        at += size + 2  # the checksum


def _take(message: _Message, level: int, attribute: int, value: bytes) -> None:
    """Notes what an attribute says of the message, or of its last file."""
    if attribute == _CODEPAGE:
        message.charset = _charset(struct.unpack_from("<I", value)[0])
    elif attribute == _NEXT_ATTACHMENT:
        message.files.append({})
    elif level == _ATTACHMENT_LEVEL:
        if not message.files:
            message.files.append({})
        if attribute == _TITLE:
            message.files[-1].setdefault(_P_NAME, decode.text(value.rstrip(b"\0"), message.charset))
        elif attribute == _DATA:
            message.files[-1][_P_DATA] = value
        elif attribute == _ATTACHMENT_PROPERTIES:
            message.files[-1].update(_properties(value, message.charset))
    elif attribute == _MESSAGE_PROPERTIES:
        found = _properties(value, message.charset)
        codepage = found.get(_P_CODEPAGE, b"")
        if isinstance(codepage, bytes) and len(codepage) == 4:
            message.charset = _charset(struct.unpack("<I", codepage)[0]) or message.charset
        message.properties.update(found)
        message.kind = _word(found, _P_CLASS) or message.kind
    elif attribute == _BODY:
        message.properties.setdefault(_P_BODY, decode.text(value.rstrip(b"\0"), message.charset))
    elif attribute == _CLASS:
        message.kind = message.kind or value.rstrip(b"\0").decode("latin-1")


def _properties(data: bytes, charset: str) -> _Properties:
    """A list of properties by their ids: strings as text, everything else as bytes.

    Named ones are skipped. What follows a property that cannot be read is left out.
    """
    found: _Properties = {}
    count, at = struct.unpack_from("<I", data)[0], 4
    for _ in range(count):  # each takes 4 bytes at least
        if at + 4 > len(data):
            break
        kind, name = struct.unpack_from("<HH", data, at)
        at += 4
        if name >= _NAMED:
            at = _past_name(data, at)
        value, at = _value(data, at, kind)
        if name >= _NAMED or kind & _MULTIPLE:
            continue
        if kind == _UNICODE:
            found[name] = value.decode("utf-16-le", "replace").rstrip("\0")
        elif kind == _STRING:
            found[name] = decode.text(value.rstrip(b"\0"), charset)
        else:
            found[name] = value
    return found


def _past_name(data: bytes, at: int) -> int:
    """The position after the name of a named property: a GUID, then a number or a string."""
    named, size = struct.unpack_from("<II", data, at + 16)
    return int(at + 24 + (_padded(size) if named else 0))


def _value(data: bytes, at: int, kind: int) -> tuple[bytes, int]:
    """The last value of a property, and the position after it."""
    base, value = kind & ~_MULTIPLE, b""
    fixed = _FIXED.get(base)
    if fixed is None and base not in (_STRING, _UNICODE, _OBJECT, _BINARY):
        raise ValueError(f"property type {base:#06x}")
    count = 1
    if kind & _MULTIPLE or fixed is None:
        count = struct.unpack_from("<I", data, at)[0]
        at += 4
    if fixed is not None:
        size = fixed * count
        return data[at : at + size], at + _padded(size)
    for _ in range(count):
        size = struct.unpack_from("<I", data, at)[0]  # raises at the end of the bytes
        value = data[at + 4 : at + 4 + size]
        at += 4 + _padded(size)
    return value, at


def _padded(size: int) -> int:
    return size + -size % 4


def _word(properties: _Properties, name: int) -> str:
    value = properties.get(name, "")
    return value if isinstance(value, str) else ""


def _charset(codepage: int) -> str:
    return {65001: "utf-8", 20127: "ascii", 20866: "koi8-r"}.get(
        codepage, f"iso-8859-{codepage - 28590}" if 28591 <= codepage <= 28605 else f"cp{codepage}"
    )
