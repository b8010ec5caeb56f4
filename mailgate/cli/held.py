"""`mailgate held`: mails that wait for a look."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mailgate.cli import (
    DEFAULT,
    ConfigOption,
    JsonOption,
    database,
    errors,
    fail,
    group,
    say,
    width,
)

if TYPE_CHECKING:
    from mailgate.config import Config
    from rules.model import Line
    from store.db import Database

app = group("Mails that wait for a look.")
LineArgument = Annotated[int, typer.Argument(metavar="N", help="The line, as `list` shows it.")]


@app.command("list")
def held_list(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """List the mails that are held, each with its reason."""
    with errors(), database(config) as (settings, db):
        from mailgate import views
        from store import ledger

        with db.reading() as tx:
            lines = ledger.held(tx)
        if as_json:
            say(views.held_json(lines))
        else:
            say(views.held_text(lines, settings.desk.timezone, width()))


@app.command("show")
def held_show(line: LineArgument, config: ConfigOption = DEFAULT) -> None:
    """Print a held mail as it came."""
    with errors(), database(config) as (_, db):
        from store import ledger

        with db.reading() as tx:
            raw = ledger.raw(tx, _held(db, line).raw_id)
        sys.stdout.buffer.write(raw)


@app.command("retry")
def held_retry(line: LineArgument, config: ConfigOption = DEFAULT) -> None:
    """Take a held mail anew; it goes from Held to Done."""
    with errors(), database(config) as (settings, db):
        found = _held(db, line)
        if not found.whole:
            raise fail(
                f"line {line}: {found.reason}; the whole mail is not here: mend that, then move "
                f"it from {settings.imap.held} to {settings.imap.inbox} with a mail program"
            )
        from mailgate import daemon, intake
        from rules.model import Outcome

        desk = daemon.open_desk(settings, db)
        outcome = intake.retry(desk, line)
        reason = _line(db, line).reason
        if outcome is Outcome.HELD:
            raise fail(f"line {line} is still held: {reason}")
        say(f"line {line}: {outcome} ({reason})")
        _refile(settings, db)


@app.command("drop")
def held_drop(line: LineArgument, config: ConfigOption = DEFAULT) -> None:
    """Let a held mail go; nothing comes of it, and it goes from Held to Done."""
    with errors(), database(config) as (settings, db):
        _held(db, line)
        from datetime import UTC, datetime

        from store import ledger

        with db.transaction() as tx:
            ledger.drop(tx, line, datetime.now(UTC))
        say(f"line {line}: dropped")
        _refile(settings, db)


def _line(db: Database, number: int) -> Line:
    from store import ledger

    with db.reading() as tx:
        found = ledger.find(tx, row=number)
    if not found:
        raise fail(f"there is no line {number}; `mailgate held list` shows those that are held")
    return found[0]


def _held(db: Database, number: int) -> Line:
    """The held line. Raises typer.Exit when it is none."""
    from rules.model import Outcome

    line = _line(db, number)
    if line.outcome is not Outcome.HELD:
        raise fail(f"line {number} is not held: {line.outcome} ({line.reason})")
    return line


def _refile(settings: Config, db: Database) -> None:
    """Moves the mail's file; where the server is away, the daemon does it later."""
    from collections import Counter

    from mailgate import daemon, imap, intake

    try:
        with imap.connect(settings.imap, daemon.imap_auth(settings), Counter()) as mailbox:
            intake.refile(daemon.open_desk(settings, db), mailbox)
    except (imap.GoneError, imap.RefusedError) as error:
        say(f"its file stays in {settings.imap.held} for now: {error}", err=True)
