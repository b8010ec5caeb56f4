"""Which parts of a mail are its text, and which are kept as files.

Standards: RFC 2046 section 5.1 (alternatives), 2183 (disposition), 3676 (flowed text).
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from mailgate import attachments, decode, htmltext, mimetree, tnef
from rules.model import Attachment

_GUESSES = 20  # texts of one mail whose charset is guessed where the label lies
_PACKED = 2  # winmail.dat of one mail that are unpacked
_META = re.compile(
    rb"<meta\b[^>]{0,200}?\bcharset\s{0,9}=\s{0,9}[\"']?([\w-]{1,40})", re.IGNORECASE
)
_DATA = ("text/calendar", "text/vcard", "text/x-vcard")  # for programs: an invitation, a card
_META_WITHIN = 1_024  # bytes in which HTML names its charset (HTML section 4.2.5.4)


@dataclass(slots=True)
class Body:
    """What a mail says, and the files with it."""

    text: str = ""  # the whole text, "\n" line ends
    html: str = ""
    from_html: bool = False
    attachments: list[Attachment] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)  # the parts whose words these are


def read(tree: mimetree.Tree, defects: list[str], files: AbstractSet[str] = frozenset()) -> Body:
    """The texts of the mail and what is left as files; `defects` gets what was mended.

    `files` are parts that are no text, whatever they are.

    An HTML part counts as text only where no plain one says the same: not inside an
    alternative with a plain part.
    """
    body = Body()
    found: list[tuple[mimetree.Leaf, str]] = []
    packed: list[tuple[str, tnef.Unpacked]] = []
    for leaf in tree.leaves:
        part = str(leaf.rank)
        if _is_body(leaf) and part not in files:
            body.spoken.append(part)
            found.append((leaf, _text(leaf, guess=len(found) < _GUESSES)))
            continue
        inside = attachments.unpacked(leaf) if len(packed) < _PACKED else None
        if inside is None:
            body.attachments += attachments.describe(leaf)
        else:
            packed.append((part, inside))
            body.attachments += attachments.describe_members(leaf, inside, itself=part in files)
    plain = [leaf for leaf, value in found if leaf.kind != "text/html" and value.strip()]
    twice = {leaf.alternative for leaf in plain} - {-1}
    rich = [value for leaf, value in found if leaf.kind == "text/html"]
    told = [x for x in found if x[0].kind != "text/html" or x[0].alternative not in twice]
    pieces = [
        htmltext.text(value) if leaf.kind == "text/html" else value.strip("\n")
        for leaf, value in told
        if value.strip()
    ]
    body.text = "\n\n".join(piece for piece in pieces if piece)
    body.html = "\n".join(rich)
    body.from_html = not plain and body.text != ""
    if body.from_html and len(rich) > 1:
        # What marks a quote is found by comparing the text with that of the HTML.
        whole = htmltext.text(body.html)
        body.text = whole if whole.split() == body.text.split() else body.text
    if not plain and not body.text and body.html.strip():
        defects.append("the HTML body shows no text")
    if not body.text:
        _read_named(body, tree, files)
    if not body.text and packed and packed[0][0] not in files:
        _read_packed(body, *packed[0])
    return body


def _read_packed(body: Body, part: str, inside: tnef.Unpacked) -> None:
    """The text of a winmail.dat, for a mail that has no other."""
    body.spoken.append(part)
    body.html = body.html or inside.html
    body.text = decode.lines(inside.text).strip("\n") or htmltext.text(inside.html)
    body.from_html = not inside.text.strip() and body.text != ""


def _read_named(body: Body, tree: mimetree.Tree, files: AbstractSet[str]) -> None:
    """The first shown text that has a file name, for a mail that says nothing else."""
    for leaf in tree.leaves:
        if leaf.kind == "text/plain" and not leaf.enclosed and leaf.disposition != "attachment":
            if (part := str(leaf.rank)) not in files:
                body.spoken.append(part)
                body.text = _text(leaf, guess=True).strip("\n")
            return


def _is_body(leaf: mimetree.Leaf) -> bool:
    if leaf.enclosed or leaf.disposition == "attachment":
        return False
    if leaf.kind in _DATA:
        return False
    if leaf.kind not in ("text/plain", "text/html"):
        # A multipart without a usable boundary holds its text as one piece.
        return leaf.rank == 0 and leaf.kind.startswith(("text/", "multipart/"))
    return leaf.rank == 0 or not leaf.name


def _text(leaf: mimetree.Leaf, *, guess: bool) -> str:
    data, label = leaf.payload(), leaf.parameter("charset")
    if leaf.kind == "text/html" and not label and (meta := _META.search(data[:_META_WITHIN])):
        label = meta[1].decode("ascii")
    value = decode.lines(decode.text(data, label, guess=guess))
    if leaf.kind == "text/plain" and leaf.parameter("format").lower() == "flowed":
        return decode.unflow(value, leaf.parameter("delsp").lower() == "yes")
    return value
