"""The parts of a mail that are kept as files: their names, types and sizes.

Standards: RFC 2183 (file names), 2231 and 2047 (their encodings), 2392 (Content-ID).
File names come from strangers: no folders, no control characters, no leading dots.
"""

from __future__ import annotations

import mimetypes
import re
from email.parser import BytesHeaderParser

from mailgate import decode
from mailgate.mimetree import Leaf
from rules.model import Attachment

NAME_LIMIT = 120  # characters; file systems take 255 bytes
_EXTENSION_LIMIT = 16
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


def describe(leaf: Leaf) -> list[Attachment]:
    """The part as an attachment, or nothing for an unnamed part without bytes."""
    data = leaf.payload()
    name = leaf.name
    if not data.strip() and not name:
        return []
    if not name and leaf.kind == "message/rfc822":
        subject = decode.words(_subject(data))
        name = decode.one_line(subject) + ".eml" if subject.strip() else ""
    content_id = decode.one_line(str(leaf.part.get("content-id", ""))).strip("<> ")
    kind = leaf.kind if _TYPE.fullmatch(leaf.kind) else "application/octet-stream"
    return [Attachment(leaf.rank, file_name(name, leaf), kind, len(data), content_id)]


def file_name(name: str, leaf: Leaf) -> str:
    """A safe file name, at most 120 characters, its extension kept; never empty."""
    # Encoded words are against RFC 2231 there, and usual.
    name = decode.one_line(decode.words(name))
    if leaf.kind != "message/rfc822":
        name = name.replace("\\", "/").rpartition("/")[2]
    name = "".join("_" if letter in '/\\:*?"<>|' else letter for letter in name)
    name = name.lstrip(". ").rstrip(". ")
    if not name:
        return f"piece-{leaf.rank}{extension(leaf.kind)}"
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
