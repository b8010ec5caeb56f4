"""Bounces that are no RFC 3464 report: words, as qmail, gateways and old servers write them.

flufl.bounce knows some forty such dialects and names the addresses. It raises on mails
without From and with 8-bit headers, and its patterns take over 20 s on 1 MB of one letter:
so it is given a cut copy, and whatever it raises means that it knows nothing. Where it knows
nothing, the addresses that stand beside a failure in the text are taken.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes

from mailgate import decode
from mailgate.bounces import ADDRESS, ADDRESS_LIMIT, Bounce, Failure
from rules import automatic_text, reference
from rules.model import Mail

# With these it took at most 0.2 s on the worst of 15 kinds of hostile text.
_BYTES, _LINES, _LINE = 24_576, 600, 200
_RETURNED = 1_048_576  # bytes in which references of ours are looked for
_NAMED = 20  # addresses taken from one mail
_LOOKED_AT = 40  # lines of the text that are, where flufl.bounce knows nothing
_BLANK_LINES = re.compile(rb"\n{3,}")
_HEADER = re.compile(
    r"(?:return-path|received|message-id|date|from|to|subject|references) ?:", re.IGNORECASE
)
_IDS = re.compile(rb"^Message-ID:\s{0,20}<([^<>\s]{1,998})>", re.IGNORECASE | re.MULTILINE)


def read(raw: bytes, mail: Mail) -> Bounce:
    """What `mail`, parsed from `raw` and held to be a bounce, says in words.

    Raises nothing but MemoryError; takes bounded time beside one pass over `raw`.
    """
    delayed, failed = _by_flufl(raw)
    if not delayed and not failed:  # it reads bodies as they were encoded
        plain = mail.text[:_BYTES].encode("ascii", "replace")
        delayed, failed = _by_flufl(b"From: x@invalid\nContent-Type: text/plain\n\n" + plain)
    if not delayed and not failed:
        found = tuple(_header(mail)) or tuple(_beside_a_failure(mail))
        delayed, failed = (found, ()) if automatic_text.tells_of_delay(mail) else ((), found)
    text = raw[:_RETURNED]
    return Bounce(
        failed=tuple(Failure(one, "", "") for one in _plain(failed, mail)),
        delayed=tuple(Failure(one, "", "") for one in _plain(delayed, mail)),
        references=reference.find([text.decode("latin-1")]),
        message_ids=tuple(dict.fromkeys(one.decode("latin-1") for one in _IDS.findall(text)))[
            :_NAMED
        ],
    )


def _by_flufl(raw: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(delayed, failed) as flufl.bounce has them."""
    # Imported late: an eighth of a second that most mails do not need.
    from flufl.bounce import all_failures

    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it would log addresses
    lines = raw[:_BYTES].replace(b"\r\n", b"\n").split(b"\n")[:_LINES]
    cut = _BLANK_LINES.sub(b"\n\n", b"\n".join(line[:_LINE] for line in lines))
    try:
        delayed, failed = all_failures(message_from_bytes(cut))
    except Exception:  # IndexError and AttributeError have been seen
        return (), ()
    return _texts(delayed), _texts(failed)


def _texts(addresses: Iterable[bytes]) -> tuple[str, ...]:
    return tuple(sorted(one.decode("ascii", "replace") for one in addresses))


def _header(mail: Mail) -> Iterator[str]:
    """Exim's own header, which some gateways write too."""
    for value in mail.headers.get("x-failed-recipients", ()):
        yield from ADDRESS.findall(decode.one_line(value[:2_000]))


def _beside_a_failure(mail: Mail) -> Iterator[str]:
    """The addresses on the first lines that hold some, once a failure has been told of."""
    lines = [line for line in mail.text[:_BYTES].split("\n") if line.strip()][:_LOOKED_AT]
    told = False
    for line in lines:
        if _HEADER.match(line):  # of the mail that is returned
            return
        told = told or automatic_text.line_of_failure(line[:_LINE])
        if told:
            yield from ADDRESS.findall(line[:_LINE])


def _plain(addresses: Iterable[str], mail: Mail) -> list[str]:
    """Addresses fit for comparing; neither the sender's nor the desk's, which the mail went to."""
    known = {person.email for person in (*mail.senders, *mail.to)}
    plain: dict[str, None] = {}
    for one in addresses:
        whole = ADDRESS.search(one)
        email = whole[0].strip("'.()[]").lower() if whole else ""
        if email and len(email) <= ADDRESS_LIMIT and email not in known and len(plain) < _NAMED:
            plain[email] = None
    return list(plain)
