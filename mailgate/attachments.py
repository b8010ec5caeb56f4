"""The parts of a mail that are kept as files: their names, types and sizes.

Standards: RFC 2183 (file names), 2231 and 2047 (their encodings), 2392 (Content-ID).
File names come from strangers: no folders, no control characters, no leading dots.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Iterable
from email.parser import BytesHeaderParser

from mailgate import decode, tnef
from mailgate.mimetree import Leaf
from rules.model import Attachment

NAME_LIMIT = 120  # characters; file systems take 255 bytes
_EXTENSION_LIMIT = 16
_WRITTEN_LIMIT = 2_000  # characters of a name as it is written, encoded
_UNKNOWN = "application/octet-stream"
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}")  # RFC 6838 section 4.2
_TYPES = mimetypes.MimeTypes()
_EXTENSIONS = {
    "application/octet-stream": ".bin",
    "application/ms-tnef": ".dat",
    "image/jpeg": ".jpg",
    "message/delivery-status": ".txt",
    "message/disposition-notification": ".txt",
    "message/feedback-report": ".txt",
    "message/rfc822": ".eml",
    "text/calendar": ".ics",
    "text/plain": ".txt",
    "text/rfc822-headers": ".txt",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
}


def fitting(files: Iterable[Attachment], limit: int) -> list[Attachment]:
    """Of these files those that fit into `limit` bytes together, in their order."""
    found = []
    for one in files:
        if one.size <= limit:
            limit -= one.size
            found.append(one)
    return found


def describe(leaf: Leaf) -> list[Attachment]:
    """The part as an attachment, or nothing for an unnamed part without bytes."""
    data = leaf.payload()
    name = leaf.name
    if not data.strip() and not name:
        return []
    if not name and leaf.kind == "message/rfc822":
        subject = decode.words(_subject(data), guess=False)
        name = decode.one_line(subject) + ".eml" if subject.strip() else ""
    content_id = _content_id(str(leaf.part.get("content-id", "")))
    kind = leaf.kind if _TYPE.fullmatch(leaf.kind) else _UNKNOWN
    name = file_name(name, leaf.kind, f"{leaf.rank}")
    return [Attachment(f"{leaf.rank}", name, kind, len(data), content_id)]


def unpacked(leaf: Leaf) -> tnef.Unpacked | None:
    """What is in a winmail.dat; None when the part is none."""
    if leaf.kind not in _TNEF and leaf.name.lower() != "winmail.dat":
        return None
    data = leaf.payload()
    return tnef.unpack(data) if tnef.holds(data) else None


def describe_members(leaf: Leaf, inside: tnef.Unpacked) -> list[Attachment]:
    """The files in a winmail.dat, and the part itself where they are not all that it holds."""
    out = [] if inside.whole and inside.members else describe(leaf)
    for number, member in enumerate(inside.members, start=1):
        kind = member.kind if _TYPE.fullmatch(member.kind) else ""
        kind = kind or _TYPES.guess_type(member.name)[0] or _UNKNOWN
        name = file_name(member.name, kind, f"{leaf.rank}-{number}")
        part, content_id = f"{leaf.rank}/{number}", _content_id(member.content_id)
        out.append(Attachment(part, name, kind, len(member.data), content_id))
    return out


def data(leaf: Leaf, member: str) -> bytes:
    """The bytes of the part, or of the file with this number in the winmail.dat that it is.

    Raises LookupError when there is no such file.
    """
    if not member:
        return leaf.payload()
    inside = unpacked(leaf)
    files = inside.members if inside else []
    if len(member) > 4 or not member.isdecimal() or not 0 < int(member) <= len(files):
        raise LookupError(f"part {leaf.rank} holds no file {member!r}")
    return files[int(member) - 1].data


def _content_id(value: str) -> str:
    return decode.one_line(value).strip("<> ")


def file_name(name: str, kind: str, place: str) -> str:
    """A safe file name, at most 120 characters, its extension kept; never empty.

    `place` tells a file without a name from the others.
    """
    # Encoded words are against RFC 2231 there, and usual.
    name = decode.one_line(decode.words(name[:_WRITTEN_LIMIT], guess=False))
    if kind != "message/rfc822":
        name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join("_" if letter in '/\\:*?"<>|' else letter for letter in name)
    name = name.lstrip(". ").rstrip(". ")
    if not name:
        return f"piece-{place}{extension(kind)}"
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _EXTENSION_LIMIT:
        return name[:NAME_LIMIT].rstrip(". ")
    return stem[: NAME_LIMIT - len(ending) - 1].rstrip(". ") + dot + ending


def extension(kind: str) -> str:
    """The usual extension of a MIME type, with its dot; ".bin" for an unknown one."""
    return _EXTENSIONS.get(kind) or _TYPES.guess_extension(kind) or ".bin"


def _subject(data: bytes) -> str:
    head = data[:65_536].lstrip(b"\r\n")
    try:
        return decode.header(str(BytesHeaderParser().parsebytes(head).get("subject", "")))
    except Exception:  # whatever the standard parser raises, the file is kept
        return ""
