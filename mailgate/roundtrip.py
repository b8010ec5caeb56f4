"""The mail that `mailgate check` sends the desk, to see what the way round does to it.

A reference travels three ways (design, section 7): some relays rewrite the Message-ID, some
drop References, some cut the text. The mail is known by a token in its subject, which only
this desk can sign, so that a running daemon files it and opens no ticket.
"""

from __future__ import annotations

import hmac
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from mailgate import imap, smtp
from mailgate.config import Config
from mailgate.imap import Mailbox
from mailgate.mime import Outgoing, ascii_domain, serialize
from mailgate.mime_headers import ascii_address
from mailgate.parse import parse
from mailgate.portal.signing import Signer
from rules import reference
from rules.model import Address, Mail

PURPOSE = "check"  # of the desk's secret that signs tokens
_LOOK = 0.5  # seconds between two looks into the mailbox
_TOKEN = re.compile(r"\bcheck-([0-9a-f]{16})-([0-9a-f]{32})\b")
_WAYS = 3  # in which a reference travels
_TEXT = """\
"mailgate check" sent this mail to see whether its Message-ID, its References and the last line
come back as they were. No ticket is made of it.

Réf. {reference}
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """What one check is made with."""

    reference: str
    nonce: str  # 16 hexadecimal digits
    seconds: float  # to wait for the mail
    now: datetime  # aware


@dataclass(slots=True)
class Found:
    """What the way round did, in sentences."""

    facts: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def token(secret: str, nonce: str) -> str:
    """What stands in the subject of a check's mail."""
    return f"check-{nonce}-{Signer(secret).sign(PURPOSE, nonce)[:32]}"


def is_ours(secret: str, subject: str) -> bool:
    """Whether this desk signed the token in a subject; `secret` is "" before its first check."""
    match = _TOKEN.search(subject)
    return bool(secret and match and hmac.compare_digest(token(secret, match[1]), match[0]))


def travel(config: Config, auth: imap.Auth, secret: str, probe: Probe, link: smtp.Link) -> Found:
    """Sends the mail, waits for it, compares, and moves it to Done.

    `auth` logs in to IMAP, `link` is the way out. Raises GoneError or RefusedError of the
    mailbox and UnreachableError of the SMTP server.
    """
    found, mark = Found(), token(secret, probe.nonce)
    sent, address = _mail(config, probe, mark), config.desk.address
    start = time.monotonic()
    result = link.send(ascii_address(address), ascii_address(address), serialize(sent))
    if not isinstance(result, smtp.Sent):
        found.problems.append(f"smtp: the server takes no mail for {address}: {result.error}")
        return found
    raw = _await(config, auth, mark, start + probe.seconds)
    if raw is None:
        found.warnings.append(
            f"the mail that was sent to {address} did not come back within {probe.seconds:g} s; "
            "look for it in the mailbox and its spam folder, and whether that address leads there"
        )
        return found
    _compare(sent, probe.reference, parse(raw), found)
    if not (found.warnings or found.problems):
        took = time.monotonic() - start
        found.facts.append(f"a mail to {address} came back whole after {took:.1f} s")
    return found


def _mail(config: Config, probe: Probe, mark: str) -> Outgoing:
    """A mail as the desk writes them to people."""
    desk = Address(config.desk.address, config.desk.name)
    domain = ascii_domain(desk.email)
    earlier = reference.message_id(f"earlier.{probe.nonce}", domain)
    return Outgoing(
        sender=desk,
        to=desk,
        subject=f"mailgate {mark}",
        message_id=reference.message_id(probe.reference, domain),
        date=probe.now,
        text=_TEXT.format(reference=probe.reference),
        in_reply_to=earlier,
        references=(reference.ancestor(probe.reference, domain), earlier),
        headers=(("Auto-Submitted", "auto-generated"),),
    )


def _await(config: Config, auth: imap.Auth, mark: str, until: float) -> bytes | None:
    """The mail as it came back, None if it did not. A daemon may have filed it meanwhile."""
    with imap.connect(config.imap, auth, Counter(), readonly=True) as mailbox:
        while (found := _look(mailbox, mark)) is None and time.monotonic() < until:
            time.sleep(_LOOK)
    if found is None:
        return None
    folder, uids, raw = found
    if folder == mailbox.inbox:
        with imap.connect(config.imap, auth, Counter()) as mailbox:
            mailbox.move(uids, mailbox.done)
    return raw


def _look(mailbox: Mailbox, mark: str) -> tuple[str, list[int], bytes] | None:
    """The folder in which the mail lies, its UIDs there, and its bytes."""
    for folder in (mailbox.inbox, mailbox.done, mailbox.held):
        uids, raw = mailbox.titled(mark, folder)
        if raw is not None:
            return folder, uids, raw
    return None


def _compare(sent: Outgoing, ref: str, came: Mail, found: Found) -> None:
    """What of the three ways of a reference has come back."""
    lost = []
    if came.message_id != sent.message_id:
        lost.append(
            f"the Message-ID is rewritten on the way (sent <{sent.message_id}>, came "
            f"<{came.message_id[:200]}>): answers are known by References and the last line"
        )
    if not set(sent.references) <= set(came.references):
        lost.append(
            "References are lost on the way: answers are known by the Message-ID and the last line"
        )
    if ref not in reference.find([came.text]):
        lost.append(
            "the reference line (Réf. …) is lost on the way: answers are known by the Message-ID "
            "and References"
        )
    if len(lost) == 3:
        found.problems.append(
            "nothing that ties an answer to its ticket comes back: Message-ID, References and the "
            "reference line are lost on the way; look at what rewrites mails there"
        )
    else:
        found.warnings += lost
