"""Address lists as people write them by hand or paste them out of their mail client.

RFC 5322 section 3.4 without comments and groups, with RFC 6531's letters, and
the forms that clients make of an address: `a@b<mailto:a@b>`, `[a@b](mailto:a@b)`.
A list of which anything is in doubt is no list: a guess would mail strangers.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from rules.keyword_lines import HIDDEN
from rules.model import Address

_NAME = 200  # characters kept of a display name
# One piece of an address list, in the forms that clients paste. The quantifiers are possessive
# and stop at the next bracket, so that the whole list is read in linear time.
_PIECE = re.compile(
    r'"(?P<quoted>[^"]*+)"'
    r"|\[(?P<label>[^\[\]]*+)\]\((?P<link>mailto:[^()\s]*+)\)"
    r"|<(?P<angle>[^<>]*+)(?:<(?P<inner>mailto:[^<>]*+)>)?>"
    r"|\((?P<round>[^()]*+)\)|\[(?P<square>[^\[\]]*+)\]"
    r"|(?P<end>[,;])"
    r'|(?P<bare>[^\s,;<>()\[\]"]++)(?:<(?P<twin>[^<>]*+)>)?'
    r"|(?P<stray>\S)",
    re.IGNORECASE,
)
# RFC 5322 section 3.2.3, with the letters of RFC 6531.
_ATOM = r'[^\s\x00-\x20\x7f-\xa0\ud800-\udfff"(),.:;<>@\[\\\]]++'
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")


def addresses(words: str) -> tuple[Address, ...] | None:
    """The addresses of a list, each once; None if anything in it is none."""
    found: dict[str, Address] = {}
    name: list[str] = []
    for piece in _PIECE.finditer(words):
        shown = piece["label"] or piece["angle"] or piece["bare"] or ""
        target = piece["link"] or piece["inner"] or piece["twin"] or ""
        enclosed = piece["round"] or piece["square"] or ""
        source = target or next((one for one in (shown, enclosed) if "@" in one), "")
        if not source and not piece[0].strip("*_"):
            continue  # Markdown's
        if not source:
            if piece["stray"] or (piece["end"] and name):
                return None
            if not piece["end"]:
                name.append(piece["quoted"] or piece[0])
            continue
        email = _bare(source)
        if "@" in shown:
            # Text and target must be one; a bare address takes no name before it.
            if _bare(shown) != email or (piece["bare"] and name):
                return None
        else:
            name.append(shown)
        if not _valid(email):
            return None
        title = " ".join(" ".join(name).strip(" *_'\"").split())[:_NAME]
        if email not in found or not found[email].name:
            found[email] = Address(email, "" if title.lower() == email else title)
        name = []
    return None if name else tuple(found.values())


def _bare(email: str) -> str:
    email = email.strip(" *'")
    if email[:7].lower() == "mailto:":  # RFC 6068: fields behind "?", percent-encoding
        email = HIDDEN.sub("", unquote(email[7:].partition("?")[0]))
    if email.endswith("_"):
        email = email.strip("_")
    return email.strip().rstrip(".:!?…").lower()


def _valid(email: str) -> bool:
    local, _, domain = email.rpartition("@")
    if len(local) > 64 or len(email) > 254 or not _LOCAL.fullmatch(local):
        return False
    try:
        return bool(_DOMAIN.fullmatch(domain.encode("idna").decode("ascii").lower()))
    except UnicodeError:  # no domain name (RFC 3490)
        return False
