"""`mailgate why`: what became of one mail, and for what reason."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import DEFAULT, ConfigOption, database, errors, fail, say

if TYPE_CHECKING:
    from store.db import Database

_HEADERS = 1_000_000  # bytes of a file in which its headers are looked for
_FIELD = re.compile(r"\s*message-id\s*:", re.IGNORECASE)


def why(
    mail: Annotated[
        str, typer.Argument(metavar="MESSAGE-ID|FILE.eml", help="The mail to look up.")
    ],
    config: ConfigOption = DEFAULT,
) -> None:
    """Say what became of a mail, and why."""
    with errors(), database(config) as (settings, db):
        named = _file(mail, settings.desk.address) if _is_file(mail) else _id(mail)
        answer = _explain(db, named, settings.desk.timezone)
        if not answer:
            raise fail(
                f"no such mail has been seen: {mail}; "
                "give its Message-ID, or a file that holds the mail as it came"
            )
        say(answer)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a mail is known by."""

    digests: tuple[str, ...]  # SHA-256 of what the ledger may have kept of it
    message_id: str
    ours: tuple[str, ...]  # where its reference stands, if it is a mail of the desk


def _explain(db: Database, named: _Named, timezone: str) -> str:
    """The answers for every copy of a mail, or for a mail of ours; "" when nobody has seen it."""
    from mailgate import views
    from rules import reference
    from store import followed, history, ledger, outbox

    with db.reading() as tx:
        # A client may save a mail with other bytes than those that came.
        copies = (ledger.find(tx, sha256=one) for one in named.digests)
        lines = next(filter(None, copies), None) or ledger.find(tx, message_id=named.message_id)
        answers = [
            views.line_text(
                line,
                followed.mails(tx, line.id),
                timezone,
                followed.states(tx, line.id),
                history.lookalikes(tx, line.entry_id) if line.entry_id else (),
            )
            for line in lines
        ]
        for one in reference.find(named.ours)[:1]:
            if sent := outbox.by_reference(tx, one):
                answers.append(views.mail_text(sent))
    return "\n".join(answers)


def _is_file(mail: str) -> bool:
    """Whether a file is named. Message-IDs may end with .eml too."""
    with suppress(OSError):  # longer than a file's name can be
        if mail and (Path(mail).is_file() or Path(mail).is_dir()):
            return True
    return mail.lower().endswith(".eml") and "@" not in mail


def _id(words: str) -> _Named:
    """A Message-ID as people copy it: with or without brackets, blanks, the header's name."""
    from mailgate.parse import parse

    words = os.fsencode(words).decode("utf-8", "replace")
    words = " ".join(_FIELD.sub("", words, count=1).split())
    words = words if "<" in words else f"<{words}>"
    message_id = parse(f"Message-ID: {words}\n\n".encode()).message_id
    return _Named((), message_id, (message_id,))


def _file(path: str, desk: str) -> _Named:
    """The mail in a file; `desk` is the address that writes ours."""
    from hashlib import sha256

    from mailgate.parse import parse

    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise fail(f"{path}: cannot be read: {error.strerror}") from None
    # Programs save with line ends of their own; of a mail that is too large the head is kept.
    wire = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    head = wire[: wire.find(b"\r\n\r\n") + 4]
    mail = parse(raw[:_HEADERS])
    # Relays give our mails other ids; the first ancestor is their own, in an answer ours.
    ours = mail.references[:1] if mail.sender and mail.sender.email == desk else ()
    return _Named(
        tuple(sha256(one).hexdigest() for one in (raw, wire, head)),
        mail.message_id,
        (mail.message_id, *ours),
    )
