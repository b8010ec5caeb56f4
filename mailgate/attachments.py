"""The parts of a mail that are kept as files: their names, types and sizes.

Standards: RFC 2183 (file names), 2231 and 2047 (their encodings), 2392 (Content-ID).
File names come from strangers: no folders, no control characters, no leading dots.
"""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from email.parser import BytesHeaderParser

from mailgate import decode, tnef
from mailgate.mimetree import MAX_PARTS, Leaf, Tree, tree
from rules.model import Attachment

NAME_LIMIT = 120  # characters; file systems take 255 bytes
_MESSAGES = 8  # within each other, all of which are looked into; each is read anew
_EXTENSION_LIMIT = 16
_WRITTEN_LIMIT = 2_000  # characters of a name as it is written, encoded
_UNKNOWN = "application/octet-stream"
_TNEF = ("application/ms-tnef", "application/vnd.ms-tnef")
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}")  # RFC 6838 section 4.2
# What the standard library has not, or not in every version: documents that may hold macros, and
# those that look like them (IANA's registry of media types).
_OFFICE = {
    ".docm": "application/vnd.ms-word.document.macroenabled.12",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".dotm": "application/vnd.ms-word.template.macroenabled.12",
    ".odp": "application/vnd.oasis.opendocument.presentation",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".pptm": "application/vnd.ms-powerpoint.presentation.macroenabled.12",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlam": "application/vnd.ms-excel.addin.macroenabled.12",
    ".xlsb": "application/vnd.ms-excel.sheet.binary.macroenabled.12",
    ".xlsm": "application/vnd.ms-excel.sheet.macroenabled.12",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xltm": "application/vnd.ms-excel.template.macroenabled.12",
}
_TYPES = mimetypes.MimeTypes()
_TYPES.types_map[True].update(_OFFICE)
# What a first line of bytes is run as, whatever the file is called. Linux: ELF (gABI 4.1,
# ch. 4); a Windows shortcut: [MS-SHLLINK] section 2.1.
_PROGRAMS = ((b"\x7fELF", ".elf"), (b"L\0\0\0\x01\x14\x02\0", ".lnk"))
_PACKED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "br": "application/x-brotli"}
_PE_AT = 0x3C  # Microsoft PE format: where the MZ header says that the real one stands
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


class DeepError(Exception):
    """A message has too many parts, or too many messages within each other."""


def fitting(files: Iterable[Attachment], limit: int) -> list[Attachment]:
    """Of these files those that are handed on and fit into `limit` bytes together, in order."""
    found = []
    for one in files:
        if not one.withheld and one.size <= limit:
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
    size, runs_as = len(data), program(data)
    return [Attachment(f"{leaf.rank}", name, kind, size, content_id, program=runs_as)]


def unpacked(leaf: Leaf) -> tnef.Unpacked | None:
    """What is in a winmail.dat; None when the part is none."""
    if leaf.kind not in _TNEF and leaf.name.lower() != "winmail.dat":
        return None
    data = leaf.payload()
    return tnef.unpack(data) if tnef.holds(data) else None


def describe_members(
    leaf: Leaf, inside: tnef.Unpacked, *, itself: bool = False
) -> list[Attachment]:
    """The files in a winmail.dat, and the part `itself` where they are not all that it holds."""
    out = [] if inside.whole and inside.members and not itself else describe(leaf)
    for number, member in enumerate(inside.members, start=1):
        kind = member.kind if _TYPE.fullmatch(member.kind) else ""
        kind = kind or _TYPES.guess_type(member.name)[0] or _UNKNOWN
        name = file_name(member.name, kind, f"{leaf.rank}-{number}")
        part, content_id = f"{leaf.rank}/{number}", _content_id(member.content_id)
        size, runs_as = len(member.data), program(member.data)
        out.append(Attachment(part, name, kind, size, content_id, program=runs_as))
    return out


def attachment_bytes(raw: bytes, part: str) -> bytes:
    """The decoded bytes of the attachment with this `Attachment.part`.

    Raises LookupError when the mail has no such part, or none that holds bytes.
    """
    for data in contents(raw, [part]).values():
        return data
    raise LookupError(f"the mail has no part {part} that holds bytes")


def contents(raw: bytes, parts: Collection[str]) -> dict[str, bytes]:
    """The decoded bytes of several attachments, by `Attachment.part`, in one reading."""
    return files_in(tree(raw), parts)


def files_in(mail: Tree, parts: Collection[str]) -> dict[str, bytes]:
    """`contents` of a mail that was taken apart already."""
    wanted: dict[str, list[str]] = {}
    for part in parts:
        rank, _, member = part.partition("/")
        wanted.setdefault(rank, []).append(member)
    leaves = ((leaf, str(leaf.rank)) for leaf in mail.leaves)
    return {
        f"{rank}/{member}" if member else rank: data
        for leaf, rank in leaves
        if rank in wanted
        for member, data in several(leaf, wanted[rank])
    }


def several(leaf: Leaf, members: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Each of the members that there is, with its bytes.

    "" is the part itself, a number the file of this rank in the winmail.dat that it is.
    """
    inside = unpacked(leaf) if any(members) else None
    files = inside.members if inside else []
    for member in members:
        if not member:
            yield member, leaf.payload()
        elif len(member) <= 4 and member.isdecimal() and 0 < int(member) <= len(files):
            yield member, files[int(member) - 1].data


def is_message(one: Attachment) -> bool:
    """Whether programs that open this file read it as a mail."""
    return one.type.startswith("message/") or one.name.lower().endswith(".eml")


def inside(raw: bytes) -> Iterator[bytes]:
    """The decoded bytes of a message's parts, and of the messages within it.

    Raises DeepError where some of them are not read.
    """
    waiting, parts = [(raw, 1)], 0
    while waiting:
        message, depth = waiting.pop()
        mail = tree(message)
        parts += len(mail.leaves)
        if mail.capped or depth > _MESSAGES or parts > MAX_PARTS:
            raise DeepError
        for leaf in mail.leaves:
            data = leaf.payload()
            yield data
            if leaf.kind.startswith("message/"):
                waiting.append((data, depth + 1))


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


def program(data: bytes) -> str:
    """The ending that a program's first bytes ask for, such as ".exe"; "" for no program."""
    if data.startswith(b"MZ"):  # two letters that a text may begin with too
        at = int.from_bytes(data[_PE_AT : _PE_AT + 4], "little")
        return ".exe" if data[at : at + 2] in (b"PE", b"NE", b"LE") else ""
    return next((ending for magic, ending in _PROGRAMS if data.startswith(magic)), "")


def named_types(name: str) -> tuple[str, ...]:
    """The MIME types that a file name stands for: that of the file, and of what it is packed by."""
    kind, packed = _TYPES.guess_type(name)
    found = (kind, _PACKED.get(packed, f"application/x-{packed}") if packed else None)
    return tuple(one for one in found if one)


def _subject(data: bytes) -> str:
    head = data[:65_536].lstrip(b"\r\n")
    try:
        return decode.header(str(BytesHeaderParser().parsebytes(head).get("subject", "")))
    except Exception:  # whatever the standard parser raises, the file is kept
        return ""
