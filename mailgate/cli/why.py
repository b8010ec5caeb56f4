"""`mailgate why`: what became of one mail, and for what reason."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import DEFAULT, ConfigOption, database, errors, fail

if TYPE_CHECKING:
    from store.db import Database


def why(
    mail: Annotated[
        str, typer.Argument(metavar="MESSAGE-ID|FILE.eml", help="The mail to look up.")
    ],
    config: ConfigOption = DEFAULT,
) -> None:
    """Say what became of a mail, and why."""
    with errors(), database(config) as (settings, db):
        answer = _explain(db, mail, settings.desk.timezone)
        if not answer:
            raise fail(
                f"no such mail has been seen: {mail}; "
                "give its Message-ID, or a file that holds the mail as it came"
            )
        typer.echo(answer)


def _explain(db: Database, mail: str, timezone: str) -> str:
    """The answers for every copy of a mail, or for a mail of ours; "" when nobody has seen it."""
    from mailgate import views
    from rules import reference
    from store import followed, history, ledger, outbox

    sha256, message_id = _name(mail)
    with db.reading() as tx:
        # A client may save a mail with other bytes than those that came.
        lines = sha256 and ledger.find(tx, sha256=sha256)
        answers = [
            views.line_text(
                line,
                followed.mails(tx, line.id),
                timezone,
                followed.states(tx, line.id),
                history.lookalikes(tx, line.entry_id) if line.entry_id else (),
            )
            for line in lines or ledger.find(tx, message_id=message_id)
        ]
        for one in reference.find([message_id]):
            if sent := outbox.by_reference(tx, one):
                answers.append(views.mail_text(sent))
    return "\n".join(answers)


def _name(mail: str) -> tuple[str, str]:
    """(sha256 of the file or "", Message-ID) of the mail that was named."""
    if not mail.lower().endswith(".eml"):
        return "", mail.strip().strip("<>")
    from hashlib import sha256

    from mailgate.parse import parse

    try:
        raw = Path(mail).read_bytes()
    except OSError as error:
        raise fail(f"{mail}: cannot be read: {error.strerror}") from None
    return sha256(raw).hexdigest(), parse(raw).message_id
