"""References: the 128 random bits that tie an answer to one mail of ours.

A reference is `mg-` and 26 base32 letters (RFC 4648 section 6, lower case). It
travels three ways, because relays rewrite Message-IDs and phones drop headers:
as the Message-ID, as a virtual ancestor at the head of References, and as the
last line of the body.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

# A percent-encoded blank may stand before it, in the links of a quoted HTML mail.
_REFERENCE = re.compile(
    r"(?:(?<![A-Za-z0-9])|(?<=%20))mg-[a-z2-7]{26}(?![A-Za-z0-9])", re.IGNORECASE
)
_LINE = re.compile(
    r"^[ \t>]*+(?:R[ée]f\.?|Ref\.?)[ \t\u00a0\u202f]*+:?[ \t\u00a0\u202f]*+"
    r"mg-[a-z2-7]{26}(?:\.r)?[ \t]*+$\n?",
    re.IGNORECASE | re.MULTILINE,
)
_LIMIT = 60  # references read from one mail; a long thread cites about 20
CUT = "[…]"  # what stands where a reference or a link of ours was


def encode(bits: bytes) -> str:
    """A reference from 16 random bytes, which the caller makes."""
    number, letters = int.from_bytes(bits, "big") << 2, []  # 128 bits fill 26 letters but for 2
    for _ in range(26):
        letters.append("abcdefghijklmnopqrstuvwxyz234567"[number & 31])
        number >>= 5
    return "mg-" + "".join(reversed(letters))


def find(texts: Iterable[str]) -> tuple[str, ...]:
    """The references in these texts, lower case, each once, in order; at most 60."""
    found: dict[str, None] = {}
    for text in filter(_may_hold, texts):
        for match in _REFERENCE.finditer(text):
            found[match[0].lower()] = None
            if len(found) == _LIMIT:
                return tuple(found)
    return tuple(found)


def message_id(reference: str, domain: str) -> str:
    """The Message-ID (without brackets) of the mail that carries this reference."""
    return f"{reference}@{domain}"


def ancestor(reference: str, domain: str) -> str:
    """The virtual ancestor (without brackets): it survives where Message-IDs are rewritten."""
    return f"{reference}.r@{domain}"


def cut(text: str, portal_url: str) -> str:
    """The text without our references and links, for every eye but their holder's.

    Who holds a reference or a link speaks as its holder, so none may travel on
    inside words that are stored or relayed.
    """
    if _may_hold(text):
        text = _REFERENCE.sub(CUT, _LINE.sub("", text))
    return _link(portal_url).sub(CUT, text) if portal_url else text


def shown(texts: Iterable[str], portal_url: str) -> bool:
    """Whether one of our references or links stands in these texts."""
    link = _link(portal_url) if portal_url else None
    return any(
        (_may_hold(text) and _REFERENCE.search(text)) or (link and link.search(text))
        for text in texts
    )


def _may_hold(text: str) -> bool:
    """A quick look before the slow one: most texts hold no reference of ours."""
    return "mg-" in text.lower()


@lru_cache(maxsize=8)
def _link(portal_url: str) -> re.Pattern[str]:
    """A ticket or sign-in link, also as mail filters write it into links of their own."""
    place = portal_url.rstrip("/").rpartition("://")[2]
    slash, colon = r"(?:/|_|%(?:25)*2F)", r"(?::|-3A|%(?:25)*3A)"
    place = re.escape(place).replace("/", slash).replace(":", colon)
    page = rf"(?:t|agent{slash}sign(?:-|-2D|%(?:25)*2D)in)"
    pattern = rf"(?:https?{colon}{slash}{slash})?{place}{slash}{page}{slash}[\w~%.-]+"
    return re.compile(pattern, re.IGNORECASE)
