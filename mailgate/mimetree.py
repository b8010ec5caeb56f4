"""The MIME tree of a raw mail, in linear time, with attached messages left closed.

Standards: RFC 2045 and 2046 (parts), 2183 (disposition), 2231 (parameters).

The tree is that of `email.message_from_bytes` (policy compat32), so that the rank of
a part in `Message.walk()` names it for good (but for folded boundaries and broken header
blocks, which that parser does not read); the standard parser is kept from what
costs too much on hostile bytes: depth, part count, header length (its parameter
scanner is quadratic), lines by the million. Messages inside the mail are leaves
here: their bodies are never taken for the sender's own words.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.feedparser import BytesFeedParser
from email.message import Message
from email.policy import compat32
from typing import Any

from mailgate import decode, headblock

MAX_DEPTH = 20  # multiparts within each other; real mails stay below 8
MAX_PARTS = 1000  # the digest of a busy list has some 200
_HEADER_LIMIT = 65_536  # characters of a header value that are read
_MIME_HEADER_LIMIT = 8_192  # the same for Content-* headers
_STUB_FROM = 4_096  # bytes of lines from which a stub saves more than it costs

# RFC 2183 first, then what programs write and clients read.
_NAMES = (
    ("content-disposition", "filename"),
    ("content-type", "name"),
    ("content-disposition", "name"),
    ("content-type", "filename"),
    ("content-type", "file"),
)

# Lines that can be neither boundary, header, continuation nor mbox line: a run of
# them means to the parser what one of them does. So many at most in one piece, for each costs
# memory while it is matched.
_RUN = re.compile(rb"^(?:(?:(?!From )[^-:\s][^:\r\n]*+)?\r?\n){1,10000}", re.MULTILINE)


class _CappedError(Exception):
    """The tree has too many parts or is too deep."""


@dataclass(slots=True)
class _Reading:
    """What the parts of one tree share while it is read."""

    closed: bool  # messages inside the mail stay leaves
    restore: Callable[[str], str]
    parts: int = 1
    root: _Part | None = None


class _Part(Message):
    """A part that bounds what the standard parser does with it."""

    depth = 0
    wire = ""  # the payload before the transfer encoding is undone
    known = ""  # the MIME type, once somebody has asked for it

    def __init__(self, policy: Any, reading: _Reading) -> None:
        super().__init__(policy)
        self.reading = reading

    def attach(self, payload: Any) -> None:
        """Called by the parser at a part's start, before anything of it is read."""
        payload.depth = self.depth + 1
        self.reading.parts += 1
        if self.depth == 0:
            self.reading.root = self
        if payload.depth > MAX_DEPTH or self.reading.parts > MAX_PARTS:
            raise _CappedError
        super().attach(payload)

    def set_raw(self, name: str, value: str) -> None:
        """Called by the parser for each header: clipped, 8-bit bytes made text."""
        if name[:8].lower() == "content-":
            # A boundary may be folded (RFC 5322 section 2.2.3).
            value = value[:_MIME_HEADER_LIMIT].replace("\r", "").replace("\n", "")
            if name.lower() == "content-transfer-encoding":
                value = value.strip().partition(";")[0]
        self.known = ""
        super().set_raw(name, decode.header(value[:_HEADER_LIMIT]).replace("\0", ""))

    def set_payload(self, payload: Any, charset: Any = None) -> None:
        """Called by the parser with the text of a leaf."""
        if isinstance(payload, str):
            self.wire = payload
        super().set_payload(payload, charset)

    def restore(self) -> None:
        """Stubs give way to what they stood for, after the parser has searched the payload."""
        payload = vars(self)["_payload"]  # get_payload() would decode it
        if isinstance(payload, str):
            self.wire = self.reading.restore(self.wire)
            super().set_payload(self.reading.restore(payload))

    def get_boundary(self, failobj: Any = None) -> Any:
        """The boundary; none where the parameters mix RFC 2231 pieces so that email raises."""
        try:
            return super().get_boundary(failobj)
        except Exception:
            return failobj

    def get_content_type(self) -> str:
        """The type; for the parser alone, a closed message is no message."""
        closed = self.reading.closed and self.kind.startswith("message/")
        return "application/octet-stream" if closed else self.kind

    @property
    def kind(self) -> str:
        """The MIME type, lower case, text/plain when it is missing or malformed."""
        self.known = self.known or super().get_content_type().split()[0]
        return self.known


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part that holds bytes."""

    rank: int  # in email.message.Message.walk() of the raw mail
    kind: str  # MIME type, lower case
    part: Message
    alternative: int  # rank of the nearest multipart/alternative around it, -1 without
    enclosed: bool  # stands in a multipart that is itself an attachment

    def payload(self) -> bytes:
        """The bytes, transfer encoding undone; as they stand where that cannot be."""
        try:
            data = self.part.get_payload(decode=True)
        except Exception:  # the decoders of email raise what they like on garbage
            data = None
        if isinstance(data, bytes):
            return data
        return getattr(self.part, "wire", "").encode("ascii", "surrogateescape")

    def parameter(self, name: str, header: str = "content-type") -> str:
        """A parameter of a header (RFC 2231 decoded), "" without one."""
        if name not in str(self.part.get(header, "")).lower():  # most headers have but one
            return ""
        try:
            value = self.part.get_param(name, "", header)
        except Exception:  # get_param raises on some mixtures of RFC 2231 pieces
            return ""
        if isinstance(value, tuple):
            return decode.text(value[2].encode("latin-1", "replace"), value[0] or "")
        return str(value)

    @property
    def name(self) -> str:
        """The file name as it is written, from wherever programs put it; "" without one."""
        found = (self.parameter(name, header) for header, name in _NAMES)
        return next((value for value in found if value.strip()), "")

    @property
    def disposition(self) -> str:
        """`attachment`, `inline`, another word, or "" without the header (RFC 2183)."""
        return _disposition(self.part)


@dataclass(frozen=True, slots=True)
class Tree:
    """A raw mail taken apart."""

    root: Message
    leaves: tuple[Leaf, ...]
    capped: bool  # parts were left out: too many, or too deep
    mended: bool  # lines among the headers were none


@dataclass(slots=True)
class _Stubs:
    """Long runs of lines, put aside while the standard parser reads line by line."""

    raw: bytes
    token: str = ""
    runs: list[bytes] = field(default_factory=list)

    def shortened(self) -> bytes:
        if len(self.raw) < _STUB_FROM:
            return self.raw
        pieces, done = [], 0
        for match in _RUN.finditer(self.raw):
            start, end = match.span()
            if end - start < _STUB_FROM:
                continue
            if self.raw[start] in b"\r\n":  # may be what ends the header block: it stays
                start = self.raw.index(b"\n", start) + 1
            # A digest of the whole cannot occur in it, but for an impossible accident.
            self.token = self.token or "stub" + hashlib.sha256(self.raw).hexdigest()
            newline = b"\r\n" if self.raw[end - 2 : end] == b"\r\n" else b"\n"
            end -= len(newline)
            if start >= end:
                continue
            pieces += [self.raw[done:start], f"{self.token}x{len(self.runs)}x".encode()]
            self.runs.append(self.raw[start:end])
            done = end
        return b"".join([*pieces, self.raw[done:]]) if pieces else self.raw

    def restore(self, payload: str) -> str:
        if not self.token or self.token not in payload:
            return payload
        pieces = payload.split(self.token)
        out = [pieces[0]]
        for piece in pieces[1:]:
            _, number, rest = piece.split("x", 2)
            out += [self.runs[int(number)].decode("ascii", "surrogateescape"), rest]
        return "".join(out)


def tree(raw: bytes) -> Tree:
    """The parts of a raw mail, as far as the caps allow. Never raises for any bytes."""
    raw, mended = headblock.mended(raw)
    stubs = _Stubs(raw)
    root, capped = _read(stubs.shortened(), _Reading(closed=True, restore=stubs.restore))
    nodes = list(_nodes(root, -1, False))
    leaves, rank, ranks = [], 0, {id(nodes[0][0]): 0}
    for position, (part, parent, enclosed) in enumerate(nodes):
        ranks[id(part)] = rank
        if not part.is_multipart():
            alternative = ranks.get(parent, -1)
            leaves.append(Leaf(rank, _kind(part), part, alternative, enclosed))
        rank += 1
        if position + 1 < len(nodes) and _kind(part).startswith("message/"):
            rank += _inside(part)
    return Tree(root, tuple(leaves), capped, mended)


def _read(raw: bytes, reading: _Reading) -> tuple[Message, bool]:
    def make(policy: Any = compat32) -> _Part:
        return _Part(policy, reading)

    parser: BytesFeedParser[Message] = BytesFeedParser(make)
    try:
        parser.feed(raw)
        root, capped = parser.close(), False
    except MemoryError:
        raise
    except Exception:  # a cap, or a mistake of the standard parser: what was read stays
        root, capped = reading.root or make(), True
    reading.root = None  # else the parts hold each other, and stay until the collector comes
    for part in root.walk():
        if isinstance(part, _Part):
            part.restore()
    return root, capped


def _kind(part: Message) -> str:
    return part.kind if isinstance(part, _Part) else part.get_content_type()


def _disposition(part: Message) -> str:
    return str(part.get("content-disposition", "")).partition(";")[0].strip().lower()


def _nodes(part: Message, alternative: int, enclosed: bool) -> Iterator[tuple[Message, int, bool]]:
    """Every part in the order of walk(), with the id() of the alternative around it."""
    yield part, alternative, enclosed
    if part.is_multipart():
        if _kind(part) == "multipart/alternative":
            alternative = id(part)
        enclosed = enclosed or _disposition(part) == "attachment"
        for child in part.get_payload():
            if isinstance(child, Message):
                yield from _nodes(child, alternative, enclosed)


def _inside(part: Message) -> int:
    """How many parts walk() visits below a message that stays closed here."""
    head = f"Content-Type: {_kind(part)}\n\n".encode("utf-8", "surrogateescape")
    source = head + getattr(part, "wire", "").encode("ascii", "surrogateescape")
    root, _ = _read(source, _Reading(closed=False, restore=str))
    return sum(1 for _ in root.walk()) - 1
