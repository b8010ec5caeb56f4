"""Parsing: nothing raises or hangs, and subject, sender, body and attachments are right.

A figure stands beside those of mail-parser and of the standard library in the same run, for the
target is to be better than either.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import getaddresses
from functools import partial
from typing import Any

from tests.score import corpus, variants
from tests.score.corpus import Row, Sample
from tests.score.readers import READERS, Reading, read

FIELDS = ("subject", "sender", "body", "attachments")
OTHERS = ("mail-parser", "policy.default")


def rows() -> list[Row]:
    samples = corpus.samples()
    mails = tuple(sample.path for sample in samples)
    return [*variants.rows(mails), *compared([one for one in samples if _known(one)])]


def compared(samples: list[Sample]) -> list[Row]:
    """One row for each field and one for all of them."""
    right: dict[tuple[str, str], int] = defaultdict(int)  # (reader, field) -> how many
    wrong: dict[str, list[str]] = defaultdict(list)
    asked: dict[str, int] = defaultdict(int)
    for sample in samples:
        readings = {reader: read(reader, sample.data) for reader in READERS}
        for field in FIELDS:
            checks = list(_checks(sample.expected, field))
            if not checks:
                continue
            asked[field] += 1
            for reader, reading in readings.items():
                good = reading is not None and all(check(reading) for check in checks)
                right[reader, field] += good
                if reader == "ours" and not good:
                    wrong[field].append(sample.name)
    return [
        *(_row(field, (field,), right, asked, wrong, least=0) for field in FIELDS),
        _row("all four", FIELDS, right, asked, wrong, least=1),
    ]


def _row(
    what: str,
    fields: tuple[str, ...],
    right: dict[tuple[str, str], int],
    asked: dict[str, int],
    wrong: dict[str, list[str]],
    least: int,
) -> Row:
    """`least` is by how many more than the better of the others."""
    got = {reader: sum(right[reader, field] for field in fields) for reader in READERS}
    beside = ", ".join(f"{reader} {got[reader]}" for reader in OTHERS)
    names = tuple(f"{field}: {name}" for field in fields for name in wrong[field])
    return Row(
        f"parsing: {what} ({beside})",
        got["ours"],
        sum(asked[field] for field in fields),
        max(got[reader] for reader in OTHERS) + least,
        wrong=names if len(fields) == 1 else (),
    )


# -- what the corpus knows -------------------------------------------------------------------


def _known(sample: Sample) -> bool:
    return sample.folder.startswith("parse-") and len(sample.expected) > 1


def _checks(expected: dict[str, Any], field: str) -> Iterator[Any]:
    """What has to hold for a Reading, as functions of it."""
    match field:
        case "subject":
            subject = expected.get("subject", _decoded(expected.get("raw_subject")))
            if subject is not None:  # blanks aside: make_header puts some between encoded words
                yield lambda reading: _letters(reading.subject) == _letters(subject)
        case "sender":
            yield from _people(expected)
        case "body":
            yield from _texts(expected)
            yield from _bodies(expected.get("structure") or {})
        case "attachments":
            yield from _files(expected)
            if "structure" in expected:
                yield from _kept(expected["structure"])


def _decoded(raw: str | None) -> str | None:
    """The standard library's word, for it reads no headers here but single values."""
    try:
        return None if raw is None else str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, UnicodeError):
        return None


def _people(expected: dict[str, Any]) -> Iterator[Any]:
    senders = expected.get("from")
    if raw := expected.get("raw_from"):
        senders = [email for _, email in getaddresses([raw]) if "@" in email][:1]
    if senders:
        yield lambda reading: reading.sender == senders[0].lower()
    for name in ("to", "cc"):
        if name in expected:
            yield lambda reading, name=name: list(getattr(reading, name)) == expected[name]
    if "message_id" in expected:
        yield lambda reading: reading.message_id == expected["message_id"]


def _texts(expected: dict[str, Any]) -> Iterator[Any]:
    if "text" in expected:
        yield lambda reading: _one(reading.text) == _one(expected["text"])
    if "text_contains" in expected:
        yield lambda reading: expected["text_contains"] in reading.text
    if "html_contains" in expected:
        yield lambda reading: expected["html_contains"] in reading.html


def _files(expected: dict[str, Any]) -> Iterator[Any]:
    for field in ("attachments", "inlines", "inlines_or_attachments"):
        for name in expected.get(field, ()):
            yield lambda reading, name=name: name in [file.name for file in reading.files]
    if "attachment_count" in expected:
        yield lambda reading: len(reading.files) == expected["attachment_count"]


# -- trees: a leaf has `body`, an attached message has `message` ------------------------------


def _bodies(node: dict[str, Any]) -> Iterator[Any]:
    """Shown texts are in the text, and the words of attached messages are not."""
    for leaf, alternatives in _leaves(node):
        if not _shown(leaf) or not leaf.get("text", "").strip():
            continue
        if _kind(leaf) == "text/html":
            yield partial(_holds, "html", (leaf,))
        elif alternatives is None:
            yield partial(_holds, "text", (leaf,))
        else:
            plain = tuple(one for one in alternatives if _kind(one) == "text/plain")
            yield partial(_holds, "text", plain)
    shown = " ".join(_one(leaf.get("text", "")) for leaf, _ in _leaves(node) if _shown(leaf))
    for message in _messages(node):
        for leaf, _ in _leaves(message.get("message") or {}):
            words = _one(leaf.get("text", ""))
            if len(words) > 10 and words not in shown and _shown(leaf):
                yield lambda reading, words=words: words not in _one(reading.text)


def _holds(where: str, leaves: tuple[dict[str, Any], ...], reading: Reading) -> bool:
    """Whether one of these texts stands there, letters that the origin lost (U+FFFD) left out.

    The trees do not tell the names in Content-Type: a text kept as a file is kept, too.
    """
    text = _one(getattr(reading, where))
    return any(
        all(_one(piece) in text for piece in leaf.get("text", "").split("\ufffd"))
        or any(file.name and _same(leaf, file.data) for file in reading.files)
        for leaf in leaves
    )


def _kept(node: dict[str, Any]) -> Iterator[Any]:
    """What is no shown text is among the files; so is each attached message."""
    for leaf, _ in _leaves(node):
        file = leaf is not node and not _shown(leaf) and leaf.get("text", " ").strip()
        if file or leaf["body"] == "binary":
            yield lambda reading, leaf=leaf: any(_same(leaf, file.data) for file in reading.files)
    if wanted := len(list(_messages(node))):
        yield (
            lambda reading: (
                wanted <= sum(file.type.startswith("message/") for file in reading.files)
            )
        )


def _same(leaf: dict[str, Any], data: bytes) -> bool:
    if hashlib.sha256(data).hexdigest() == leaf["sha256"]:
        return True
    text = leaf.get("text", "").replace("\ufffd", "")
    return bool(text.strip()) and _one(text) == _one(data.decode("ascii", "ignore"))


def _leaves(
    node: dict[str, Any], alternatives: tuple[dict[str, Any], ...] | None = None
) -> Iterator[tuple[dict[str, Any], tuple[dict[str, Any], ...] | None]]:
    if "body" in node:
        yield node, alternatives
    parts = node.get("parts", ())
    if _kind(node) == "multipart/alternative":
        alternatives = tuple(part for part in parts if "body" in part)
    for part in parts:
        yield from _leaves(part, alternatives)


def _messages(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "message" in node:
        yield node
    for part in node.get("parts", ()):
        yield from _messages(part)


def _kind(node: dict[str, Any]) -> str:
    return (node.get("content_type") or "text/plain").partition(";")[0].strip().lower()


def _shown(leaf: dict[str, Any]) -> bool:
    disposition = (leaf.get("disposition") or "").lower()
    if disposition.startswith("attachment") or "name" in disposition:
        return False
    return leaf["body"] == "text" and _kind(leaf) in ("text/plain", "text/html")


def _one(text: str) -> str:
    return " ".join(text.split())


def _letters(text: str) -> str:
    return "".join(text.split())
