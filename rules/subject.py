"""The subject line: the ticket's tag, written and found, and the subject without it.

The tag is `[DESK][#NUMBER]`, the event's own bracket follows it. Clients,
gateways and phones answer with prefixes of many languages, add banners, turn
brackets full-width and fold blanks: all of that is tolerated. RFC 5256
section 2.1 is the model for the base subject.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

# RFC 5256 knows "re", "fw" and "fwd"; the rest is what clients write in French,
# German, Scandinavian, Dutch, Italian, Spanish, Portuguese and Polish.
_PREFIXES = "re|aw|antw|sv|vs|rif|res|r|odp|fw|fwd|tr|wg|enc|i|rv|doorst|pd"
_BANNERS = "ext|extern|externe|external|externo|esterno"

_OPEN, _CLOSE, _HASH = r"[\[［【]", r"[\]］】]", "[#＃]"
_BLANK = r"[\s\u200b-\u200d\u2060\ufeff]{0,8}"  # bounded, so that matching stays linear

_HEAD = re.compile(
    rf"{_BLANK}(?:(?:{_PREFIXES})(?:\[[0-9]{{1,3}}\]|\([0-9]{{1,3}}\))?{_BLANK}[:：]"
    rf"|{_OPEN}{_BLANK}(?:{_BANNERS}){_BLANK}{_CLOSE}:?)",
    re.IGNORECASE,
)


def write(desk: str, number: int, tag: str, subject: str) -> str:
    """The subject of an outgoing mail: `[FRAM][#1898][Nouveau] Subject`; 0 is no number."""
    about = f"[#{number}]" if number else ""
    return f"[{desk}]{about}[{tag}] {subject}"


def find(subject: str, desks: Iterable[str]) -> tuple[int, ...]:
    """The ticket numbers under one of these desk names in a subject, each once, in order."""
    found = _tag(tuple(desks)).finditer(unicodedata.normalize("NFC", subject))
    numbers = (int(unicodedata.normalize("NFKC", match["number"])) for match in found)
    return tuple(dict.fromkeys(numbers))


def base(subject: str, desks: Iterable[str], tags: Iterable[str]) -> str:
    """The subject without reply prefixes, gateway banners and our own tags.

    `tags` are the event brackets that the desk writes; any other bracket is the
    sender's and stays, as do the tags of other desks.
    """
    text = _tag_and_event(tuple(desks), tuple(tags)).sub(" ", unicodedata.normalize("NFC", subject))
    while head := _HEAD.match(text):
        text = text[head.end() :]
    return " ".join(text.split())


@lru_cache(maxsize=16)
def _tag_and_event(desks: tuple[str, ...], tags: tuple[str, ...]) -> re.Pattern[str]:
    """The ticket's tag, with the event's bracket behind it."""
    events = "|".join(re.escape(unicodedata.normalize("NFC", tag)) for tag in tags)
    event = rf"(?:{_BLANK}{_OPEN}(?:{events}){_CLOSE})?" if events else ""
    return re.compile(_tag(desks).pattern + event, re.IGNORECASE)


@lru_cache(maxsize=16)
def _tag(desks: tuple[str, ...]) -> re.Pattern[str]:
    names = "|".join(_BLANK.join(_words(name)) for name in desks)
    return re.compile(
        rf"{_OPEN}{_BLANK}(?:{names}){_BLANK}{_CLOSE}{_BLANK}"
        rf"{_OPEN}{_BLANK}{_HASH}{_BLANK}(?P<number>[0-9０-９]{{1,9}}){_BLANK}{_CLOSE}",
        re.IGNORECASE,
    )


def _words(name: str) -> list[str]:
    return [re.escape(word) for word in unicodedata.normalize("NFC", name).split()]
