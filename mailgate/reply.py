"""The new text of a mail, apart from quoted text and signature. Nothing is deleted.

What clients write above a quote is in tables, one row a language. Each line is looked
at a fixed number of times with patterns that cannot backtrack: the known libraries
hang over 20 s on 100 kB of newlines or of "On On On".

Quotes marked with ">" are folded wherever they stand, so that answers below and
between them survive. An unmarked quote (Outlook) reaches to the end of the mail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailgate import htmltext
from mailgate import reply_marks as marks
from rules.model import Reply

_LINE_LIMIT = 400  # characters of a line that are compared with the tables
_WRAP = 4  # lines over which clients wrap an attribution
_HEADER_REACH = 8  # lines in which a quoted header block shows its labels

# For comparing only: French typography blanks, marks that nobody sees, the curly apostrophe.
_LOOKS = str.maketrans(
    {"\u00a0": " ", "\u202f": " ", "\u2009": " ", "\t": " ", "’": "'", "：": ":"}
    | dict.fromkeys("\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad\u202a\u202c", "")
)
_MARKED_FROM = re.compile(r">From \S")  # what mailbox files make of a line that opens with "From "


@dataclass(slots=True)
class _Text:
    """The lines of a mail, and which of them are folded."""

    lines: list[str]
    quoted: list[bool]  # marked as quoted by the client
    keys: list[str] = field(default_factory=list)  # the lines as they are compared
    folded: list[bool] = field(default_factory=list)
    labels: list[str | None] = field(default_factory=list)  # None: not looked at yet

    def __post_init__(self) -> None:
        # At once, for a million empty lines take their time one by one.
        looks = "\n".join(line[:_LINE_LIMIT] for line in self.lines).translate(_LOOKS).casefold()
        self.keys = [" ".join(key.split()) if key else "" for key in looks.split("\n")]
        self.quoted = [
            marked or (key.startswith(">") and not _MARKED_FROM.match(line))
            for line, key, marked in zip(self.lines, self.keys, self.quoted, strict=True)
        ]
        self.folded = list(self.quoted)
        self.labels = [None] * len(self.lines)

    def label(self, index: int) -> str:
        """The label of a header line ("objet" of "Objet : x"), "" for any other line."""
        known = self.labels[index]
        if known is None:
            match = marks.LABEL.match(self.keys[index])
            known = self.labels[index] = match[1].strip() if match else ""
        return known

    def next_written(self, index: int) -> int:
        """The first line at or after this one that is not blank; few blanks are passed."""
        for position in range(index, min(index + _HEADER_REACH, len(self.lines))):
            if self.keys[position]:
                return position
        return len(self.lines)

    def fold(self, start: int, end: int) -> None:
        self.folded[start:end] = [True] * (min(end, len(self.lines)) - start)


def split(text: str, html: str = "") -> Reply:
    r"""A mail's text cut in two: what the sender wrote now, and the folded rest.

    `html` is the HTML body: when `text` was made from it (or is blank), the marks that
    clients leave in it are read; beside a plain text of its own it is not looked at
    further. A caller who knows `Mail.from_html` spares the comparison.
    Both texts have `\n` line ends. `Reply.text` is "" when everything is a quote.
    Raises nothing; linear time.
    """
    if html:
        marked = htmltext.lines(html)
        whole = htmltext.joined([line.text for line in marked])
        if whole and text.strip() in ("", whole):
            return _cut([line.text for line in marked], [line.folded for line in marked], True)
    lines = marks.YAHOO.sub("\n", text).split("\n")
    return _cut(lines, [False] * len(lines), False)


def _cut(lines: list[str], quoted: list[bool], made: bool) -> Reply:
    """The two texts; `made` ones come from HTML and have blank lines to spare."""
    parts = _Text(lines, quoted)
    _fold_quotes(parts)
    _fold_signatures(parts)
    new = [line for line, folded in zip(parts.lines, parts.folded, strict=True) if not folded]
    rest = [line for line, folded in zip(parts.lines, parts.folded, strict=True) if folded]
    if made:
        return Reply(htmltext.joined(new), htmltext.joined(rest))
    return Reply(_trimmed(new), _trimmed(rest))


def _trimmed(lines: list[str]) -> str:
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return "\n".join(lines[start:end])


def _fold_quotes(parts: _Text) -> None:
    """Folds what stands above quotes, and unmarked quotes to the end."""
    index = 0
    while index < len(parts.lines):
        if parts.folded[index] or not parts.keys[index]:
            index += 1
            continue
        end = _attribution(parts, index) or _quoted_header(parts, index)
        if not end:
            index += 1
            continue
        following = parts.next_written(end)
        if following < len(parts.lines) and parts.quoted[following]:
            parts.fold(index, following)  # a marked quote: new text may come after it
            index = following
        else:
            parts.fold(index, len(parts.lines))
            return


def _attribution(parts: _Text, index: int) -> int:
    """The line after an attribution that begins here, 0 when none does."""
    first, joined = parts.keys[index], ""
    if not (first.lstrip("*_ ").startswith(marks.OPENINGS) or marks.MAY_ATTRIBUTE.search(first)):
        return 0
    for end in range(index + 1, min(index + _WRAP, len(parts.lines)) + 1):
        key = parts.keys[end - 1]
        wrapped = joined.count("<") > joined.count(">")  # Gmail cuts "<x@y" and "> wrote:"
        if not key or (parts.folded[end - 1] and not wrapped):
            return 0
        joined = f"{joined} {key}".lstrip()
        if len(joined) > _LINE_LIMIT:
            return 0
        if marks.COLON.search(joined) or joined.endswith(" wrote"):
            return end if _attributes(parts, index, end, joined) else 0
    return 0


def _attributes(parts: _Text, index: int, end: int, joined: str) -> bool:
    """Whether these lines, joined, that end in a colon, say who wrote what follows.

    Without a quote mark below, the words alone could be the sender's own ("Le client
    a écrit à 10:30 :"): then an address, or a year and a time, has to stand there.
    """
    first, alone = parts.keys[index], end == index + 1
    following = parts.next_written(end)
    quote_follows = following < len(parts.lines) and parts.quoted[following]
    dated = marks.DATED.search(first) is not None
    whole = "@" in joined or bool(marks.TIME.search(joined) and marks.YEAR.search(joined))
    if (whole or (quote_follows and marks.DATED.search(joined))) and any(
        any(verb in joined for verb in verbs)
        and (dated if opening == "" else first.lstrip("*_ ").startswith(opening))
        for openings, verbs in marks.ATTRIBUTIONS
        for opening in openings
    ):
        return True
    verb = marks.VERB.search(joined) is not None
    if marks.ADDRESSED.search(joined) and (dated or (alone and verb)):
        return True
    return quote_follows and ((alone and verb) or (dated and (verb or "@" in joined)))


def _quoted_header(parts: _Text, index: int) -> int:
    """The line after a quoted header block or a dashed title that begins here, or 0."""
    key = parts.keys[index]
    if key in marks.BARE_TITLES:
        return index + 1
    if marks.DASHED.match(key) and key.endswith(marks.DASHES):
        # Zoho writes its attribution so: "---- On Wed, 24 Feb 2021 … wrote ----".
        wrote = marks.VERB.search(key) and marks.DATED.search(key)
        return index + 1 if wrote or any(words in key for words in marks.TITLES) else 0
    if marks.ORANGE.match(key):
        return index + 1
    if marks.RULE.match(key):
        following = parts.next_written(index + 1)
        if following < len(parts.lines):
            titled = _labels_from(parts, following) or marks.ORANGE.match(parts.keys[following])
            return following + 1 if titled else 0
        return 0
    return _labels_from(parts, index)


def _labels_from(parts: _Text, index: int) -> int:
    """The line after this one when it is the From of a quoted header block, or 0."""
    rows = marks.FIRST_LABELS.get(parts.label(index))
    if not rows:
        return 0
    labels = {parts.label(at) for at in range(index, min(index + _HEADER_REACH, len(parts.lines)))}
    for row in rows:
        hits = [labels & words for words in row[1:]]
        if sum(map(bool, hits)) < 2:
            continue
        # "De : Paris, À : Lyon, Date : …" is somebody's journey.
        if hits[2] or hits[0] - marks.PLAIN_DATES or "@" in parts.keys[index]:
            return index + 1
    return 0


def _fold_signatures(parts: _Text) -> None:
    """Folds signatures: from "-- " to the end of each piece of new text, and phones' lines.

    Our own mails end so too, with a line of reference after "-- ".
    """
    index, count = 0, len(parts.lines)
    while index < count:
        if parts.folded[index]:
            index += 1
            continue
        end = index
        while end < count and not parts.folded[end]:
            end += 1
        for position in range(index, end):
            key = parts.keys[position]
            if not key:
                continue
            if key in marks.SIGNED or _list_footer(parts, position):
                parts.fold(position, end)
                break
            if marks.REFERENCE_LINE.match(key):
                parts.fold(position, position + 1)
        _fold_mobile(parts, index, end)
        index = end


def _list_footer(parts: _Text, index: int) -> bool:
    if not marks.LIST_RULE.match(parts.keys[index]):
        return False
    following = parts.next_written(index + 1)
    return following < len(parts.lines) and any(
        words in parts.keys[following] for words in marks.LIST_WORDS
    )


def _fold_mobile(parts: _Text, start: int, end: int) -> None:
    """Folds the lines that a phone or program put at the end of a piece."""
    for position in range(end - 1, start - 1, -1):
        if parts.folded[position] or not parts.keys[position]:
            continue
        match = marks.MOBILE.match(parts.keys[position].strip("*_ "))
        if match is None or (len(match[0].split()) > 7 and not marks.DEVICE.search(match[0])):
            return
        parts.fold(position, end)  # and the blank lines below
