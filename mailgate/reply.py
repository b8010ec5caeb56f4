"""The new text of a mail, apart from quoted text and signature. Nothing is deleted.

What clients write above a quote is in tables, one row a language. Each line is looked
at a fixed number of times with patterns that cannot backtrack: the known libraries
hang over 20 s on 100 kB of newlines or of "On On On".

Quotes marked with ">" are folded wherever they stand, so that answers below and
between them survive. An unmarked quote (Outlook) reaches to the end of the mail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mailgate import htmltext, signatures
from mailgate import reply_marks as marks
from mailgate.reply_lines import HEADER_REACH, LINE_LIMIT, Lines
from rules.model import Mail, Reply

_LINES = 50_000  # that are looked at; what stands below them is folded
_WRAP = 4  # lines over which clients wrap an attribution
_WRAPPED = 70  # characters to which clients wrap a quote at least


def split(text: str, html: str = "", sender: str = "") -> Reply:
    r"""A mail's text cut in two: what the sender wrote now, and the folded rest.

    `html` is the HTML body: when `text` was made from it (or is blank), the marks that
    clients leave in it are read; beside a plain text of its own it is not looked at
    further. A caller who knows `Mail.from_html` spares the comparison. `sender` is the
    writer's name or address: below it stands nothing but a signature.
    Both texts have `\n` line ends. `Reply.text` is "" when everything is a quote.
    Raises nothing; linear time.
    """
    if html:
        marked = htmltext.lines(html)
        whole = htmltext.joined([line.text for line in marked])
        if whole and text.strip() in ("", whole):
            return _cut(marked, sender, htmltext.joined)
    lines = marks.YAHOO.sub("\n", text).split("\n", _LINES)  # the last one holds the rest
    return _cut([htmltext.Line(line, False) for line in lines], sender, _trimmed)


def of_mail(mail: Mail) -> Reply:
    """`split` for a whole mail."""
    sender = (mail.sender.name or mail.sender.email) if mail.sender else ""
    return split(mail.text, mail.html, sender)


def _cut(lines: Sequence[htmltext.Line], sender: str, join: Callable[[list[str]], str]) -> Reply:
    """The texts; `join` makes one of lines, for those from HTML have blank ones to spare."""
    seen, below = lines[:_LINES], [line.text for line in lines[_LINES:]]
    parts = Lines(
        [line.text for line in seen],
        [line.folded for line in seen],
        [line.signed for line in seen],
    )
    _fold_broken_off(parts)
    _fold_quotes(parts)
    signatures.fold(parts, sender)
    cut = list(zip(parts.lines, parts.folded, parts.signed, strict=True))
    return Reply(
        join([line for line, folded, _ in cut if not folded]),
        join([line for line, folded, _ in cut if folded] + below),
        join([line for line, _, signed in cut if signed]),
    )


def _trimmed(lines: list[str]) -> str:
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return "\n".join(lines[start:end])


def _fold_broken_off(parts: Lines) -> None:
    """Marks what a client broke off a quoted line that was too long, inside a quote."""
    for index in range(1, len(parts.lines) - 1):
        if parts.quoted[index] or not (parts.quoted[index - 1] and parts.quoted[index + 1]):
            continue
        above, line = parts.lines[index - 1], parts.lines[index]
        if not (above.startswith(">") and parts.keys[index + 1].startswith(">")):
            continue
        word = line[:LINE_LIMIT].partition(" ")[0]
        if len(above) + len(word) >= _WRAPPED and line[:1].islower() and above[-1] not in ".?!:":
            parts.quoted[index] = parts.folded[index] = True


def _fold_quotes(parts: Lines) -> None:
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


def _attribution(parts: Lines, index: int) -> int:
    """The line after an attribution that begins here, 0 when none does."""
    first, joined = parts.keys[index], ""
    below = parts.keys[index + 1] if index + 1 < len(parts.lines) else ""
    broken = first.endswith("<") or below.startswith("<")  # a name, then the address
    opened = first.lstrip("*_ ").startswith(marks.OPENINGS)
    if not (opened or broken or marks.MAY_ATTRIBUTE.search(first)):
        return 0
    for end in range(index + 1, min(index + _WRAP, len(parts.lines)) + 1):
        key = parts.keys[end - 1]
        wrapped = joined.count("<") > joined.count(">")  # Gmail cuts "<x@y" and "> wrote:"
        if not key or (parts.folded[end - 1] and not wrapped):
            return 0
        joined = f"{joined} {key}".lstrip()
        if len(joined) > LINE_LIMIT:
            return 0
        if marks.COLON.search(joined) or joined.endswith(" wrote"):
            return end if _attributes(parts, index, end, joined) else 0
    return 0


def _attributes(parts: Lines, index: int, end: int, joined: str) -> bool:
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
    if verb and marks.SECONDS.search(joined):
        return True
    named = marks.NAMED.match(joined)
    if named and marks.VERB.search(named[1]) and marks.TIME.search(named[1]):
        return True
    if marks.ADDRESSED.search(joined) and (dated or (alone and verb)):
        return True
    return quote_follows and ((alone and verb) or (dated and (verb or "@" in joined)))


def _quoted_header(parts: Lines, index: int) -> int:
    """The line after a quoted header block or a dashed title that begins here, or 0."""
    key = parts.keys[index]
    if key in marks.BARE_TITLES:
        return index + 1
    if marks.DASHED.match(key) and key.endswith(marks.DASHES):
        # Zoho writes its attribution so: "---- On Wed, 24 Feb 2021 … wrote ----".
        # Domino: "-----X a écrit : -----".
        wrote = marks.VERB.search(key) and (marks.DATED.search(key) or ":" in key)
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


def _labels_from(parts: Lines, index: int) -> int:
    """The line after this one when it is the From of a quoted header block, or 0."""
    rows = marks.FIRST_LABELS.get(parts.label(index))
    if not rows:
        return 0
    labels = {parts.label(at) for at in range(index, min(index + HEADER_REACH, len(parts.lines)))}
    for row in rows:
        hits = [labels & words for words in row[1:]]
        if sum(map(bool, hits)) < 2:
            continue
        # "De : Paris, À : Lyon, Date : …" is somebody's journey.
        if hits[2] or hits[0] - marks.PLAIN_DATES or "@" in parts.keys[index]:
            return index + 1
    return 0
