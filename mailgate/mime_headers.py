"""Header values of outgoing mails: made harmless, written, and read again.

Standards: RFC 5322 (folding, phrases), 2047 (encoded words), 2231 (file names),
3490 (domains). `mailgate.mime` says why the standard library does not do this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.header import decode_header
from email.utils import getaddresses
from functools import lru_cache
from urllib.parse import quote

from rules.model import Address

# What a header is meant to say: text, one mailbox, or message ids without brackets.
Meaning = str | Address | tuple[str, ...]

_LINE = 78  # RFC 5322 section 2.1.1

# C0, DEL, C1, the line separators, the bidi controls (UAX 9) and lone surrogates.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_BLANKS = re.compile(" {2,}")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_FIELD_NAME = re.compile(r"[!-9;-~]+")  # RFC 5322 section 2.2
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_(),.+ -]{1,60}")

# What may stand for itself in an encoded word: in a phrase (RFC 2047 section 5(3)), and in
# text (section 4.2(3)), where the brackets of the ticket's tag stay readable.
_PHRASE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
_TEXT = frozenset(map(chr, range(0x21, 0x7F))) - frozenset("=?_")


class HeaderInjection(ValueError):  # noqa: N818 - the name says what happened
    """The finished mail says something else than what was meant. It must not be sent."""


def clean(text: str) -> str:
    """`text` as one line that no decoder can turn into something else.

    Control, bidi and line-separating characters become blanks, `=?` is broken
    up so that it opens no encoded word (RFC 2047), runs of blanks become one.
    """
    text = _CONTROLS.sub(" ", text).replace("=?", "= ?")
    return _BLANKS.sub(" ", text).strip(" ")


def ascii_domain(email: str) -> str:
    """The domain of an address as it travels (RFC 3490): `exämple.fr` is `xn--exmple-cua.fr`.

    Raises ValueError (UnicodeError) if it is no domain name.
    """
    domain = email.rpartition("@")[2]
    return domain if domain.isascii() else domain.encode("idna").decode("ascii")


def ascii_address(email: str) -> str:
    """An address as it travels: its domain in ASCII, the local part as it is (RFC 6531).

    Raises ValueError (UnicodeError) if its domain is no domain name.
    """
    return f"{email.rpartition('@')[0]}@{ascii_domain(email)}"


def write(name: str, meaning: Meaning) -> str:
    """One header, folded, without its last CRLF. `meaning` is clean."""
    if isinstance(meaning, tuple):
        return _fold(name, [f"<{one}>" for one in meaning])
    return _written(name, meaning)


@lru_cache(maxsize=256)
def _written(name: str, meaning: str | Address) -> str:
    room = max(40, _LINE - 3 - len(name))  # for one encoded word on the header's first line
    if isinstance(meaning, str):
        return _fold(name, _unstructured(meaning, min(room, 75)))
    return _fold(name, [*_phrase(meaning.name, min(room, 75)), f"<{meaning.email}>"])


def _fold(name: str, words: Iterable[str]) -> str:
    """`Name: words…` with a fold in place of a blank where a line would grow too long."""
    lines, bare = [], f"{name}:"
    line = bare
    for word in words:
        if len(line) + len(word) >= _LINE and line != bare:
            lines.append(line)
            line = ""
        line += f" {word}"
    return "\r\n".join([*lines, line])


def _unstructured(text: str, room: int) -> list[str]:
    """Words of RFC 5322 `unstructured`: plain ones stay readable, the rest is encoded."""
    words = text.split(" ") if text else []
    odd = [i for i, word in enumerate(words) if not word.isascii() or len(word) > room]
    if not odd:
        return words
    first, end = odd[0], odd[-1] + 1
    return [*words[:first], *_encoded(" ".join(words[first:end]), room, _TEXT), *words[end:]]


def _phrase(name: str, room: int) -> list[str]:
    """A display name: atoms, a quoted string or encoded words (RFC 5322 section 3.2.5)."""
    if not name:
        return []
    quoted = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if not name.isascii() or len(quoted) > room:
        return _encoded(name, room, _PHRASE)
    return name.split(" ") if _ATOMS.fullmatch(name) else [quoted]


def _encoded(text: str, room: int, bare: frozenset[str]) -> list[str]:
    """RFC 2047 encoded words of at most `room` characters, none of them cutting a character."""
    room -= len("=?utf-8?q??=")
    words, word = [], ""
    for char in text:
        piece = char if char in bare else "_" if char == " " else _hex(char)
        if len(word) + len(piece) > room:
            words.append(word)
            word = ""
        word += piece
    return [f"=?utf-8?q?{one}?=" for one in [*words, word]]


def _hex(char: str) -> str:
    return "".join(f"={byte:02X}" for byte in char.encode())


def name_parameters(name: str) -> list[str]:
    """`filename`, percent-encoded and cut into numbered pieces where needed (RFC 2231)."""
    if _PLAIN_NAME.fullmatch(name):
        return [f'filename="{name}"']
    pieces = ["utf-8''"]
    for char in name:
        piece = quote(char, safe="")
        if len(pieces[-1]) + len(piece) > 60:
            pieces.append("")
        pieces[-1] += piece
    if len(pieces) == 1:
        return [f"filename*={pieces[0]}"]
    return [f"filename*{number}*={piece}" for number, piece in enumerate(pieces)]


def parse(head: bytes) -> list[tuple[str, str]]:
    """Header names and unfolded raw values, in order, as every program sees them.

    Raises HeaderInjection where programs could disagree on what a header is: it reads no more
    than RFC 5322 section 2.2 allows.
    """
    lines = head.split(b"\r\n")
    if any(b"\r" in line or b"\n" in line for line in lines):
        raise HeaderInjection("a bare CR or LF among the headers")
    if max(map(len, lines)) > 998:
        raise HeaderInjection("a header line of over 998 bytes (RFC 5322 section 2.1.1)")
    found: list[tuple[str, str]] = []
    for line in head.decode().split("\r\n"):
        name, colon, raw = line.partition(":")
        if line.startswith((" ", "\t")) and found:
            name, raw = found.pop()
            found.append((name, raw + line))
        elif colon and _FIELD_NAME.fullmatch(name):
            found.append((name, raw.lstrip(" \t")))
        else:
            raise HeaderInjection(f"the header block ends early: {line[:80]!r}")
    return found


def read(raw: str, meaning: Meaning) -> Meaning | None:
    """What a reader understands, in the shape of what was meant; None if it has another shape."""
    match meaning:
        case str():
            return _decoded(raw)
        case Address():
            return _mailbox(raw)
        case _:
            ids = raw.split()
            framed = all(one.startswith("<") and one.endswith(">") for one in ids)
            return tuple(one[1:-1] for one in ids) if framed else None


@lru_cache(maxsize=256)  # a desk writes as itself, and to the same people
def _mailbox(raw: str) -> Address | None:
    found = [Address(email, _decoded(name)) for name, email in getaddresses([raw])]
    return found[0] if len(found) == 1 and found[0].email else None


@lru_cache(maxsize=256)  # the mails about one ticket have one subject
def _decoded(raw: str) -> str:
    pieces = decode_header(raw)
    return "".join(
        piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace")
        for piece, charset in pieces
    )
