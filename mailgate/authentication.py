"""What our own mail server says of a sender.

Standards: RFC 8601 (Authentication-Results), 7489 (DMARC), 8616 (both with domain
names in Unicode).

Two things speak, either or both as `[trust]` is set. `authserv_id`: the topmost
Authentication-Results header of that name; what stands below it may be forged, for
only our server can be relied on to have written the first one, and only if it removes
what comes in under its own name (RFC 8601 section 5). `accept`: a header that the
server sets on inside mail and strips from outside mail.

What goes wrong: authres raises on hostile headers, recurses once a parenthesis, goes
on in the middle of a comment when that fails, and takes neither quoted ids nor
Unicode. So the id is read here, comments are counted first, and the rest is caught.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import authres

from mailgate.config.models import Trust
from rules.model import Mail

_HEADER = "authentication-results"
_LIMIT = 8_192  # characters of one header that are read
_COMMENTS = 50  # opening parentheses in one header; a mail with ten signatures has some 20
_DOMAIN_LIMIT = 255  # RFC 1035 section 2.3.4
_SHOWN = 80  # characters of a foreign word that a reason shows

_ID = re.compile(r'"((?:[^"\\]++|\\.)*)"|([^\s;=()"]+)')  # RFC 8601 section 2.2: a value
_PAIR = re.compile(r"\\(.)")  # RFC 5322 section 3.2.1
_WORD = re.compile(r"[^\s;=()@\"\\]+")
_HOST = re.compile(r"[a-z0-9_-]++(?:\.[a-z0-9_-]++)*")
_FAILED = re.compile(r"\bdmarc\s*(?:/\s*1\s*)?=\s*fail\b", re.IGNORECASE)


class Vouch(StrEnum):
    PASS = "pass"  # the server vouches for the address in From
    FAIL = "fail"  # the server says that From is forged, or nobody could vouch for it
    NONE = "none"  # the server says nothing that counts


@dataclass(frozen=True, slots=True)
class Vouched:
    """The server's word."""

    vouch: Vouch
    reason: str = ""  # one sentence; "" where nothing at all was said


def headers(trust: Trust) -> frozenset[str]:
    """The headers, lower case, that `parse` must keep for `vouched`."""
    names = {_HEADER} if trust.authserv_id else set()
    if trust.accept:
        names.add(_accept(trust)[0])
    return frozenset(names)


def vouched(trust: Trust, mail: Mail) -> Vouched:
    """Whether our own mail server vouches for the mail's only From address.

    Reads `Mail.senders` and `Mail.headers`, in which the names of `headers` were kept.
    A fail outweighs the `accept` header. Raises nothing; takes linear time.
    """
    if not (trust.authserv_id or trust.accept):
        return Vouched(Vouch.NONE)
    if len(mail.senders) != 1:
        if mail.senders:
            return Vouched(Vouch.FAIL, "The mail names several senders, one of them may be forged.")
        return Vouched(Vouch.NONE, "The mail names no address in From.")
    said = _results(trust.authserv_id, mail) if trust.authserv_id else Vouched(Vouch.NONE)
    if said.vouch is Vouch.NONE and trust.accept and _accepted(trust, mail):
        return Vouched(Vouch.PASS, f"The mail carries {trust.accept}.")
    return said


def _accept(trust: Trust) -> tuple[str, str]:
    name, _, value = trust.accept.partition(":")
    return name.strip().lower(), value.strip().lower()


def _accepted(trust: Trust, mail: Mail) -> bool:
    name, wanted = _accept(trust)
    values = mail.headers.get(name, ())
    return bool(values) and values[0].strip().lower() == wanted


def _results(authserv_id: str, mail: Mail) -> Vouched:
    """What the topmost header of our server says."""
    for value in mail.headers.get(_HEADER, ()):
        name, rest = _split(value[:_LIMIT])
        if name.lower() != authserv_id.lower():
            continue
        found = _dmarc(rest) if len(value) <= _LIMIT else None
        if found is not None:
            return _verdict(found, _domain(mail.senders[0].email.rpartition("@")[2]))
        # A sender who makes the header unreadable must not get rid of a fail by that.
        if _FAILED.search(value):
            return Vouched(Vouch.FAIL, f"{authserv_id} says dmarc=fail.")
        return Vouched(Vouch.NONE, f"The Authentication-Results of {authserv_id} are unreadable.")
    return Vouched(Vouch.NONE)


def _split(value: str) -> tuple[str, str]:
    """The authserv-id of a header and what follows it; no id where it has none."""
    match = _ID.match(value, _blank(value))
    if match is None:
        return "", ""
    name = match[2] or _PAIR.sub(r"\1", match[1])
    return name, value[match.end() :]


def _blank(value: str) -> int:
    """Where the blanks and comments at the head of a value end (RFC 5322 section 3.2.2)."""
    depth = skip = 0
    for position, letter in enumerate(value):
        if skip:
            skip = 0
        elif depth and letter == "\\":
            skip = 1
        elif letter == "(":
            depth += 1
        elif depth and letter == ")":
            depth -= 1
        elif not depth and not letter.isspace():
            return position
    return len(value)


def _dmarc(rest: str) -> list[tuple[str, list[str]]] | None:
    """The DMARC results below an authserv-id, as (result, domains); None for garbage."""
    signs = _PAIR.sub("", rest)
    opened = signs.count("(")
    # authres passes over what stands behind a comment or quote that nobody closed.
    if opened > _COMMENTS or opened != signs.count(")") or signs.count('"') % 2:
        return None
    try:
        # Some servers end with a semicolon, which the grammar keeps for one more result.
        value = "x " + _ascii(rest.rstrip().removesuffix(";"))
        read = authres.AuthenticationResultsHeader.parse_value(value)
    except Exception:  # authres raises whatever hostile headers make it raise
        return None
    return [
        (
            one.result,
            [str(p.value) for p in one.properties if (p.type, p.name) == ("header", "from")],
        )
        for one in read.results
        if one.method == "dmarc"
    ]


def _verdict(found: list[tuple[str, list[str]]], domain: str) -> Vouched:
    if any(result == "fail" for result, _ in found):
        return Vouched(Vouch.FAIL, f"The mail server says dmarc=fail for {domain[:_SHOWN]}.")
    passed = [domains for result, domains in found if result == "pass"]
    if not passed or len(passed) < len(found):
        return Vouched(Vouch.NONE)
    others = [domains for domains in passed if not domain or [*map(_domain, domains)] != [domain]]
    if others:
        other = ", ".join(others[0])[:_SHOWN] or "no domain"
        return Vouched(
            Vouch.NONE, f"The mail server says dmarc=pass for {other}, not for {domain[:_SHOWN]}."
        )
    return Vouched(Vouch.PASS, f"The mail server says dmarc=pass for {domain}.")


def _domain(name: str) -> str:
    """A domain in its ASCII form (RFC 5890), lower case, no dot at its end; "" for none."""
    if len(name) > _DOMAIN_LIMIT:
        return ""
    try:
        found = name.removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    # The codec maps other letters to ASCII signs, such as a full-width semicolon.
    return found if _HOST.fullmatch(found) else ""


def _ascii(text: str) -> str:
    """The text with Unicode domains in ASCII form, for authres knows no other."""
    if text.isascii():
        return text
    return _WORD.sub(lambda word: word[0] if word[0].isascii() else _domain(word[0]) or "?", text)
