"""Signatures, lines that programs add, and disclaimers: folded below new text.

Told by a delimiter, by a closing ("Cordialement,") or by the sender's own name, and only
where nothing but names and addresses follows: a sentence below keeps all of it unfolded.
"""

from __future__ import annotations

from mailgate import reply_marks as marks
from mailgate.reply_lines import Lines

_BLOCK = 14  # written lines that a signature without a delimiter may have
_PARAGRAPH = 40  # lines of a disclaimer's paragraph
_ADDED = 6  # lines and paragraphs below a signature that are looked at
_SECRETS = 3  # words of a disclaimer
_LONE = 80  # characters of a line that a program adds


def fold(parts: Lines, sender: str) -> None:
    """Folds what is signature in each piece of new text. `sender` is a name or address.

    Our own mails end with "-- " and a line of reference.
    """
    index, count = 0, len(parts.lines)
    last = (0, 0)
    while index < count:
        if parts.folded[index]:
            index += 1
            continue
        end = index
        while end < count and not parts.folded[end]:
            end += 1
        if _bottom(parts, index, end) >= index:
            last = (index, _added(parts, index, _delimited(parts, index, end)))
        index = end
    _closed(parts, *last, sender)  # between quotes one word may be an answer


def _delimited(parts: Lines, start: int, end: int) -> int:
    """Folds from "-- " to the end of a piece, and our lines of reference; its new end."""
    for position in range(start, end):
        key = parts.keys[position]
        if not key:
            continue
        if key in marks.SIGNED or _list_footer(parts, position):
            parts.sign(position, end)
            return position
        if marks.REFERENCE_LINE.match(key):
            parts.fold(position, position + 1)
    return end


def _list_footer(parts: Lines, index: int) -> bool:
    if not marks.LIST_RULE.match(parts.keys[index]):
        return False
    following = parts.next_written(index + 1)
    return following < len(parts.lines) and any(
        words in parts.keys[following] for words in marks.LIST_WORDS
    )


def _bottom(parts: Lines, start: int, end: int) -> int:
    """The last written line of a piece that is not folded, `start - 1` for none."""
    for position in range(end - 1, start - 1, -1):
        if parts.keys[position] and not parts.folded[position]:
            return position
    return start - 1


def _added(parts: Lines, start: int, end: int) -> int:
    """Folds what programs and firms put at the end of a piece; its new end."""
    for _ in range(_ADDED):
        bottom = _bottom(parts, start, end)
        if bottom < start:
            return end
        top = bottom if _by_program(parts.keys[bottom]) else _disclaimer(parts, start, bottom)
        if top is None:
            return end
        parts.sign(top, end)
        end = top
    return end


def _by_program(key: str) -> bool:
    """Whether a line is one that phones and programs add: "Envoyé de mon iPhone"."""
    line = marks.LINK.sub("", key.strip("*_ "))
    if "k-9 mail" in line:
        line = line.partition(". ")[0]  # and an excuse
    line = marks.CARRIER.sub("", line.removesuffix("."))
    if len(line) > _LONE or marks.PUNCTUATED.search(line):
        return False
    for phrases, sent in ((marks.SENT, True), (marks.GET, False)):
        for before, behind in phrases:
            if not (line.startswith(before) and line.endswith(behind)):
                continue
            rest = line[len(before) :]
            if not rest.startswith(" ") and not before.endswith("'"):
                continue
            if behind or (not sent and "outlook" in rest):
                return True
            words = rest.split()[:2]
            if sent and (marks.DEVICE.search(rest) or not marks.MINE.isdisjoint(words)):
                return True
    return False


def _disclaimer(parts: Lines, start: int, bottom: int) -> int | None:
    """Where the disclaimer begins that ends at `bottom`, None when that is none."""
    top = bottom
    while top > start and top > bottom - _PARAGRAPH and parts.keys[top - 1]:
        top -= 1
    for position in range(top, bottom + 1):
        key = parts.keys[position].strip("*_-\"'«<[( ")
        if not key.startswith(marks.DISCLAIMING):
            continue
        text = " ".join(parts.keys[position : bottom + 1])
        if any(
            key.startswith(this) and sum(word in text for word in secret) >= _SECRETS
            for this, secret in marks.DISCLAIMERS
        ):
            ruled = position > top and marks.RULE.match(parts.keys[position - 1])
            return position - 1 if ruled else position
        return None
    return None


def _closed(parts: Lines, start: int, end: int, sender: str) -> None:
    """Folds a closing and what stands below, or the block below the sender's name."""
    written, named = 0, -1
    for position in range(end - 1, start - 1, -1):
        key = parts.keys[position]
        if not key or parts.folded[position]:
            continue
        written += 1
        if _is_closing(key):
            if written > 1 or _bottom(parts, start, position) >= start:
                parts.sign(position, end)
            return
        if written == _BLOCK or not _signs(parts.lines[position].lstrip("*_ "), key):
            break
        apart = position > start and not parts.keys[position - 1]
        if named < 0 and apart and _names(key, sender, parts.keys[position:end]):
            named = position
    above = _bottom(parts, start, named)
    if named >= 0 and above >= start and not parts.keys[above].endswith(":"):
        for _ in range(2):  # a rule, or a picture's name below one
            if marks.RULE.match(parts.keys[above]):
                named = above
            above = _bottom(parts, start, above)
            if above < start:
                break
        if _bottom(parts, start, named) >= start:
            parts.sign(named, end)


def _is_closing(key: str) -> bool:
    """ "Cordialement," or "Cordialement, Marie DUPONT"."""
    words, comma, name = key.strip("*_-–—/ ").partition(",")
    return words.rstrip(" .!") in marks.CLOSINGS and (not comma or len(name.split()) <= 4)


def _signs(line: str, key: str) -> bool:
    """Whether a line may stand below a closing: a name, a title, an address."""
    words = len(key.split())
    if marks.POSTSCRIPT.match(key) or key.endswith("?"):
        return False
    if words >= 5 and marks.SENTENCE.search(key):
        return False
    if marks.CONTACT.search(key) or line[:1].isdigit():
        return words <= 14
    return words <= 6 and (words <= 2 or not line[:1].islower())


def _names(key: str, sender: str, block: list[str]) -> bool:
    """Whether a line is the sender's name, a title behind a comma at most.

    For a bare address its local part counts, when the block shows the address.
    """
    sender = " ".join(sender.casefold().replace(",", " ").split())
    if "@" in sender:
        if not any(sender in line for line in block):
            return False
        sender = sender.partition("@")[0].replace(".", " ").replace("_", " ")
    wanted, words = sender.split(), key.partition(",")[0].strip("*_-–—/ ").split()
    extra = [word for word in words if word not in wanted]
    if len(wanted) == 1 and extra:  # "John E. Doe" of john@x.example
        return "@" in "".join(block) and words[:1] == wanted and len(extra) <= 2
    return bool(wanted) and set(wanted) <= set(words) and all(len(word) <= 3 for word in extra)
