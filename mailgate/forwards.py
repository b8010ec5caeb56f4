"""A mail that somebody sends on: whose it was, its text, and what stands above it.

It comes attached (message/rfc822, RFC 2046 section 5.2.1) or inline, below a header block
in the language of the client that forwarded it. What it says of its author is no proof of
anything; it is only the address to which a ticket may be opened.
"""

from __future__ import annotations

import re
from dataclasses import replace

from mailgate import reply_marks as marks
from mailgate.attachments import attachment_bytes
from mailgate.parse import parse
from rules.address_list import addresses
from rules.automatic import verdict
from rules.model import Address, Forward, Mail
from rules.orders import Code
from rules.policy import Policy

_LINES = 2_000  # lines in which a forwarded mail may begin
_REACH = 4  # lines between a title and its header block
_BLOCK = 16  # lines of a header block; long lists of recipients are wrapped
_NAME = 200  # characters kept of a display name
_KEY = 200  # characters of a line that are compared

# RFC 5256 has "fw" and "fwd"; the rest is what clients write in French, German, Spanish, …
_SUBJECT = re.compile(
    r"\s*(?:\[[^\]]{1,20}\]\s*)?(?:fwd?|tr|wg|enc|rv|i|pd|doorst|vb)\s?[:：]", re.I
)
_TITLES = re.compile(
    r"forwarded|transf[ée]r|transmis|réexpédi|weitergeleitet|reenviado|encaminhad|inoltrat"
    r"|doorgestuurd|videresendt|przesłan|пересыла|転送"
)
# It begins where a word begins, so that each word is read once.
_ADDRESS = re.compile(r"""(?<![^\s<>()\[\],;:"'*@])[^\s<>()\[\],;:"'*@]++@[^\s<>()\[\],;:"'*]++""")
_LABELS = frozenset(label for row in marks.LABELS for column in row for label in column)
_SUBJECTS = frozenset(label for row in marks.LABELS for label in row[3])
_MARK = re.compile(r"^> ?")
_OF_A_DESK = re.compile(r"\s*\[[^\]]{1,40}\]\s?\[#[0-9]{1,9}\]")  # nobody's answer: no "Re:"


def read(policy: Policy, mail: Mail, raw: bytes, *, asked: bool = False) -> Forward | None:
    """The one mail that `mail` (of bytes `raw`) sends on; None for any other mail.

    `asked`: its writer says that it is one, so a header block will do without a title or
    a forward's subject. Raises nothing but MemoryError; linear time.
    """
    attached = [one for one in mail.attachments if one.type == "message/rfc822"]
    if len(attached) == 1 and not attached[0].silent:
        inner = parse(attachment_bytes(raw, attached[0].part))
        found = Forward(inner.sender, inner.text, mail.text, message_id=inner.message_id)
        return _checked(policy, found, inner)
    lines = mail.text.split("\n")
    if border := _border(lines, asked or _SUBJECT.match(mail.subject) is not None):
        return _inline(policy, mail, lines, *border)
    return None


def _border(lines: list[str], untitled: bool) -> tuple[int, int] | None:
    """Where the frame of a forwarded mail begins, and its header block."""
    keys = [_key(line) for line in lines[: _LINES + _BLOCK]]
    for index, key in enumerate(keys[:_LINES]):
        if _titled(key):
            for below in range(index + 1, min(index + 1 + _REACH, len(keys))):
                if _label(keys[below]) in marks.FIRST_LABELS:
                    return index, below
        if untitled and _label(key) in marks.FIRST_LABELS and _is_block(keys, index):
            start = index
            while start and (not keys[start - 1] or marks.RULE.match(keys[start - 1])):
                start -= 1
            return start, index
    return None


def _titled(key: str) -> bool:
    if key in marks.BARE_TITLES:
        return True
    dashed = marks.DASHED.match(key) is not None and key.endswith(marks.DASHES)
    return dashed and _TITLES.search(key) is not None


def _is_block(keys: list[str], index: int) -> bool:
    """Whether two more labels of one language follow the first."""
    labels = {_label(key) for key in keys[index + 1 : index + _BLOCK]}
    rows = marks.FIRST_LABELS[_label(keys[index])]
    return any(sum(bool(labels & words) for words in row[1:]) >= 2 for row in rows)


def _inline(policy: Policy, mail: Mail, lines: list[str], start: int, header: int) -> Forward:
    marked = lines[header].startswith(">")
    below = [_MARK.sub("", line) if marked else line for line in lines[header:]]
    end, values = _block(below)
    first = values[0][1]
    found = sorted({one.lower() for one in _ADDRESS.findall(first.replace("mailto:", " "))})
    author = _author(found[0], first) if len(found) == 1 else None
    subject = next((value for label, value in values if label in _SUBJECTS), "")
    forward = Forward(author, "\n".join(below[end:]).strip("\n"), "\n".join(lines[:start]))
    senders = (author,) if author else ()
    return _checked(
        policy, forward, replace(mail, sender=author, senders=senders, subject=subject, headers={})
    )


def _block(lines: list[str]) -> tuple[int, list[tuple[str, str]]]:
    """The line after a header block that begins at once, and its labels with their values."""
    values: list[tuple[str, str]] = []
    end = 0
    for index, line in enumerate(lines[:_BLOCK]):
        label = _label(_key(line))
        if label:
            if values and label not in _LABELS and not lines[index - 1].strip():
                break  # the text's own "Urgent : …"
            values.append((label, line.partition(":" if ":" in line else "：")[2].strip()))
        elif line.strip() and end == index:
            name, value = values[-1]
            values[-1] = name, f"{value} {line.strip()}"
        elif line.strip():
            break  # below a blank line: the text begins
        else:
            continue
        end = index + 1
    return end, values


def _author(email: str, words: str) -> Address | None:
    """The one address of a From line, with the name before it."""
    valid = addresses(email.rstrip(".")) or ()
    name = _ADDRESS.split(words, maxsplit=1)[0].replace("mailto:", "")
    return Address(valid[0].email, name.strip(" *_'\"<[(")[:_NAME]) if valid else None


def _checked(policy: Policy, forward: Forward, inner: Mail) -> Forward:
    """The forward, with what speaks against a ticket for its author."""
    if forward.author and forward.author.email == policy.address:
        return replace(forward, refusal=Code.BAD_ADDRESS)
    if _OF_A_DESK.match(inner.subject) or verdict(inner):
        return replace(forward, refusal=Code.MACHINE)
    return forward


def _key(line: str) -> str:
    """A line as the tables of `reply_marks` have it."""
    looks = line[:_KEY].replace("\u00a0", " ").replace("\u202f", " ").replace("：", ":")
    return " ".join(looks.replace("’", "'").casefold().lstrip("> ").split())


def _label(key: str) -> str:
    match = marks.LABEL.match(key)
    return match[1].strip() if match else ""
