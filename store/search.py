"""Finding tickets by what a person types: words of the subject, of any entry, of the requester's
name and address, and the ticket's number.

The index is written with the tickets and entries themselves (`Transaction.flush`). What it looks
like is the database's affair (`Dialect`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Select, func, literal, select, union_all

from store.tables import Ticket
from store.work import Transaction, table_of

_TYPED, _TERMS = 300, 10  # characters and terms that are read; a subject that was pasted has fewer
_NUMBERED = -100  # how much better than any word the ticket's own number is
_PIECE = re.compile(
    # A tag with what stands around it (RE: [FRAM][#12][Note]), or a bare #12
    r"(?:\w{2,4}\s?:\s*)*(?:\[[^\[\]]*\]\s*)?\[\s*#\s*(?P<tag>[0-9]{1,9})\s*\](?:\s*\[[^\[\]]*\])?"
    r"|#\s?(?P<number>[0-9]{1,9})(?!\w)"
    r'|"(?P<straight>[^"]*)"|«(?P<french>[^»]*)»|“(?P<curly>[^”]*)”'
    r"|(?P<word>[^\s\"«“]+)"
)
_WIDE = str.maketrans("［］＃＂", '[]#"')  # as East Asian keyboards write them
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a ticket has to have."""

    words: str  # in this order, one behind the other; "" for a number alone
    number: int | None = None  # of a ticket
    prefix: bool = False  # the last word may go on


def find(tx: Transaction, typed: str, *, limit: int, offset: int = 0) -> list[int]:
    """The numbers of the tickets that have all that was typed, the best ones first.

    A ticket's own number comes first, then those whose subject or requester has the words,
    then those where somebody wrote them; the newest first. Nothing typed finds nothing.
    """
    found = matching(tx, typed)
    if found is None:
        return []
    hits = found.subquery()
    page = select(hits.c.number).order_by(hits.c.place, hits.c.number.desc())
    return [int(number) for (number,) in tx.all(page.limit(limit).offset(offset))]


def matching(tx: Transaction, typed: str) -> Select[Any] | None:
    """The query behind `find`, to be joined with others: (number, place), the best place lowest.

    None when nothing was typed that could be found. The place is 0 where subject or requester
    have every term, one more for each that only an entry has.
    """
    sought = [_hits(tx, term).subquery() for term in terms(typed)]
    if not sought:
        return None
    first, *others = sought
    place = sum((one.c.place for one in others), first.c.place)
    statement = select(first.c.number, place.label("place"))
    for other in others:
        statement = statement.join(other, other.c.number == first.c.number)
    return statement


def terms(typed: str) -> tuple[Term, ...]:
    """What a person typed, understood: every character is allowed, none has a power.

    Phrases stand in quotes of any kind; `#12` and a whole tag are a ticket's number, bare
    digits that or a word. The last word may be the beginning of one.
    """
    text = _CONTROL.sub(" ", typed[:_TYPED]).translate(_WIDE)
    return tuple(islice(dict.fromkeys(_terms(text)), _TERMS))


def _terms(text: str) -> Iterator[Term]:
    for piece in _PIECE.finditer(text):
        kind, said = str(piece.lastgroup), piece[str(piece.lastgroup)]
        if kind in ("tag", "number"):
            yield Term("", int(said))
        elif any(character.isalnum() for character in said):
            last = kind == "word" and not text[piece.end() :].strip()
            whole = re.fullmatch(r"[0-9]{1,9}", said)
            yield Term(said, int(said) if whole else None, last)


def _hits(tx: Transaction, term: Term) -> Select[Any]:
    """(number, place) of every ticket that has this term."""
    number = table_of(Ticket).c.number
    by_number = select(number, literal(_NUMBERED).label("place")).where(number == term.number)
    if not term.words:
        return by_number
    by_words = tx.dialect.matching(term.words, prefix=term.prefix)
    if term.number is None:
        return by_words
    either = union_all(by_number, by_words).subquery()
    best = func.min(either.c.place).label("place")
    return select(either.c.number, best).group_by(either.c.number)
