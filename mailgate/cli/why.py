"""`mailgate why`: what became of one mail, and for what reason."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import DEFAULT, ConfigOption, database, errors, fail

if TYPE_CHECKING:
    from sqlmodel import Session

    from rules.model import Line
    from store.db import Database


def why(
    mail: Annotated[
        str, typer.Argument(metavar="MESSAGE-ID|FILE.eml", help="The mail to look up.")
    ],
    config: ConfigOption = DEFAULT,
) -> None:
    """Say what became of a mail, and why."""
    with errors(), database(config) as (_, db):
        answer = _explain(db, mail)
        if not answer:
            raise fail(
                f"no such mail has been seen: {mail}; "
                "give its Message-ID, or a file that holds the mail as it came"
            )
        typer.echo(answer)


def _explain(db: Database, mail: str) -> str:
    """The answers for every copy of a mail, or for a mail of ours; "" when nobody has seen it."""
    from mailgate import views
    from rules import reference
    from store import outbox

    with db.reading() as tx:
        answers = [
            views.line_text(line, outbox.about(tx, line.entry_id) if line.entry_id else [])
            for line in _lines(tx, mail)
        ]
        for one in reference.find([mail]):
            if sent := outbox.by_reference(tx, one):
                answers.append(views.mail_text(sent))
    return "\n".join(answers)


def _lines(tx: Session, mail: str) -> list[Line]:
    """The ledger's lines for a Message-ID, or for a file; clients may save it with other bytes."""
    from store import ledger

    if not mail.lower().endswith(".eml"):
        return ledger.find(tx, message_id=mail.strip().strip("<>"))
    from hashlib import sha256

    from mailgate.parse import parse

    try:
        raw = Path(mail).read_bytes()
    except OSError as error:
        raise fail(f"{mail}: cannot be read: {error.strerror}") from None
    same = ledger.find(tx, sha256=sha256(raw).hexdigest())
    return same or ledger.find(tx, message_id=parse(raw).message_id)
