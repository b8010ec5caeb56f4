"""Whether a mail says nothing new: what it holds is a mail of ours, and a client's frame around it.

A quote that is not known may hold somebody's answer between its lines, or may be what
he wanted to show; it is kept. One that is word by word what the desk sent him is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mailgate import reply

_SCANNED = 50_000  # characters of an answer, and of what it may quote
_LINES = 1_000  # each costs a search
_KEY = 20  # letters by which a line of ours is known wherever it stands
_LINK = re.compile(r"[<(\[](?:https?|mailto|cid):[^\s<>()\[\]]*[>)\]]", re.IGNORECASE)
_MARKS = re.compile(r"^[>|\s]+")
_NO_WORD = re.compile(r"[\W_]+")


def says_nothing(text: str, ours: Iterable[str]) -> bool:
    """Whether `text`, all of it, is no more than quotes of `ours`, signatures and blanks.

    `ours` are the texts of mails that the desk sent to its writer. A short line is theirs
    only where it goes on from the line above: "Oui" may be an answer, whatever they say.
    """
    lines = text.split("\n")
    if len(text) > _SCANNED or len(lines) > _LINES:
        return False
    known = "\n".join(_squeezed(one[:_SCANNED]) for one in ours)
    at = 0  # where the last line of ours ended
    left: list[str] = []
    for line in lines:
        squeezed = _squeezed(line)
        found = known.find(squeezed) if len(squeezed) >= _KEY else -1
        if squeezed and known.startswith(squeezed, at):
            found = at
        if found < 0:
            left.append(_MARKS.sub("", line))  # a quote of somebody else is something shown
            continue
        if _new(left):
            return False
        at, left = found + len(squeezed), []
    return not _new(left)


def _new(lines: list[str]) -> bool:
    """Whether anything is left of these lines without a client's marks, signature and rules.

    Below a blank line under an attribution or a header block stands what they quote.
    """
    cut = reply.split("\n".join(lines))
    _, _, shown = cut.rest.removeprefix(cut.signature).strip().partition("\n\n")
    return bool(_squeezed(cut.text) or _squeezed(shown))


def _squeezed(line: str) -> str:
    """The letters and digits of a line; links that clients write behind words left out."""
    return _NO_WORD.sub("", _LINK.sub("", line)).casefold()
