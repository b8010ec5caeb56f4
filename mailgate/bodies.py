"""Which parts of a mail are its text, and which are kept as files.

Standards: RFC 2046 section 5.1 (alternatives), 2183 (disposition), 3676 (flowed text).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mailgate import attachments, decode, htmltext, mimetree
from rules.model import Attachment


@dataclass(slots=True)
class Body:
    """What a mail says, and the files with it."""

    text: str = ""  # the whole text, "\n" line ends
    html: str = ""
    from_html: bool = False
    attachments: list[Attachment] = field(default_factory=list)


def read(tree: mimetree.Tree, defects: list[str]) -> Body:
    """The texts of the mail and what is left as files; `defects` gets what was mended.

    An HTML part counts as text only where no plain one says the same: not inside an
    alternative with a plain part. Further HTML parts are kept as files.
    """
    body = Body()
    pieces: list[str] = []
    plain_in: set[int] = set()  # the alternatives that have a plain text
    htmls: list[tuple[mimetree.Leaf, str]] = []
    for leaf in tree.leaves:
        if not _is_body(leaf):
            body.attachments += attachments.describe(leaf)
            continue
        value = _text(leaf)
        if leaf.kind != "text/html":
            if value.strip():
                pieces.append(value.strip("\n"))
                plain_in.add(leaf.alternative)
            continue
        htmls.append((leaf, value))
        if not pieces:
            pieces.append("")  # where the HTML's text may go
    plain_in.discard(-1)
    if htmls:
        leaf, body.html = htmls[0]
        for further, _ in htmls[1:]:
            if further.alternative not in plain_in and (
                further.alternative != leaf.alternative or further.alternative == -1
            ):
                body.attachments += attachments.describe(further)
        if pieces[0] == "" and leaf.alternative not in plain_in:
            pieces[0] = htmltext.text(body.html)
            body.from_html = pieces[0] != "" and len(pieces) == 1
            if not pieces[0] and body.html.strip():
                defects.append("the HTML body shows no text")
        elif leaf.alternative not in plain_in:
            pieces.append(htmltext.text(body.html))  # a gateway's banner stood above it
    body.attachments.sort(key=lambda attachment: attachment.part)
    body.text = "\n\n".join(piece for piece in pieces if piece) or _named_text(tree)
    return body


def _named_text(tree: mimetree.Tree) -> str:
    """The first shown text that has a file name, for a mail that says nothing else."""
    for leaf in tree.leaves:
        if leaf.kind == "text/plain" and not leaf.enclosed and leaf.disposition != "attachment":
            return _text(leaf).strip("\n")
    return ""


def _is_body(leaf: mimetree.Leaf) -> bool:
    if leaf.enclosed or leaf.disposition == "attachment":
        return False
    if leaf.kind not in ("text/plain", "text/html"):
        # A multipart without a usable boundary holds its text as one piece.
        return leaf.rank == 0 and leaf.kind.startswith(("text/", "multipart/"))
    return leaf.rank == 0 or not leaf.parameter("filename", "content-disposition")


def _text(leaf: mimetree.Leaf) -> str:
    value = decode.lines(decode.text(leaf.payload(), leaf.parameter("charset")))
    if leaf.kind == "text/plain" and leaf.parameter("format").lower() == "flowed":
        return decode.unflow(value, leaf.parameter("delsp").lower() == "yes")
    return value
