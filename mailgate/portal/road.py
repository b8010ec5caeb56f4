"""A form on the road of a mail: written as one, taken into the ledger, decided by intake.

What differs is the proof: a credential beside the mail instead of a reference in it. So
`why`, `held retry` and a start after a crash treat a form as they treat a mail.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime

from mailgate import intake
from mailgate.desk import Desk
from mailgate.intake import Life
from mailgate.mime import Outgoing, ascii_domain, serialize, verify
from rules.model import Address, Copy, Credential, Outcome
from store import forms, ledger
from store.work import Transaction

log = logging.getLogger(__name__)

File = tuple[str, str, bytes]  # name, MIME type, content


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody filled in."""

    author: Address
    subject: str
    text: str
    key: str  # of the form that was filled in: random, different each time a page is shown
    shown: datetime  # when it was; the Date of the mail
    files: tuple[File, ...] = ()


def submit(desk: Desk, draft: Draft, credential: Credential) -> Outcome:
    """Takes a form in and decides it; what follows is committed, its mails are queued.

    The same form sent twice, as a double click does, is a duplicate. Raises OutageError of
    the database; then nothing of the form is kept unless its ledger line was committed.
    """
    raw = written(desk, draft)
    now = desk.now()
    with desk.db.transaction() as tx:
        life = _life(tx, now)
        uid = forms.next_number(tx)
        copy = Copy(uid, now, raw, len(raw))
        (taken,) = ledger.take(tx, life.id, [copy], now, credentials={uid: credential})
    outcome = intake.settle(desk, desk.read([(taken, "")])())[uid]
    log.info("ledger line %d: %s", taken.id, outcome)
    return outcome


def resume(desk: Desk) -> None:
    """Decides the forms that were in hand when the last process ended. Raises OutageError."""
    now = desk.now()
    with desk.db.transaction() as tx:
        life = _life(tx, now)
        left = [ledger.again(tx, row) for row in forms.left(tx)]
    for taken in left:
        readings = desk.read([(taken, intake.refusal(desk, life, taken))])()
        outcome = intake.settle(desk, readings)[taken.uid]
        log.warning("ledger line %d was in hand when a process ended: %s", taken.id, outcome)


def written(desk: Desk, draft: Draft) -> bytes:
    """The form as an RFC 5322 message. Raises ValueError for an address that is none."""
    digest = hashlib.sha256()
    facts = (draft.key, draft.author.email, draft.author.name, draft.subject, draft.text)
    for part in (*map(str.encode, facts), *(data for _, _, data in draft.files)):
        digest.update(len(part).to_bytes(8) + part)
    address = desk.policy.address
    mail = Outgoing(
        sender=draft.author,
        to=Address(address),
        subject=draft.subject,
        message_id=f"portal-{digest.hexdigest()[:40]}@{ascii_domain(address)}",
        date=draft.shown,
        text=draft.text,
        files=draft.files,
    )
    data = serialize(mail)
    verify(mail, data)
    return data


def _life(tx: Transaction, now: datetime) -> Life:
    """The portal as the ledger knows it: a folder whose first UID is 1."""
    return Life(*ledger.contact(tx, forms.PORTAL, 1, 1, now))
