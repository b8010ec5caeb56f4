"""`mailgate ticket`: tickets and their history in the terminal."""

from __future__ import annotations

from typing import Annotated

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

app = group("Tickets and their history.")


def _number(written: str) -> int:
    """`1898` or `#1898`, as the list shows it."""
    digits = written.removeprefix("#")
    if not digits.isdecimal() or len(digits) > 9:
        raise typer.BadParameter(f"{written!r} is no ticket number, such as 1898")
    return int(digits)


NumberArgument = Annotated[
    int, typer.Argument(metavar="N", help="The ticket's number.", parser=_number)
]


@app.command("list")
def ticket_list(config: ConfigOption = DEFAULT, as_json: JsonOption = False) -> None:
    """List every ticket."""
    with errors(), database(config) as (settings, db):
        from mailgate import views
        from store import history

        with db.reading() as tx:
            found = history.listing(tx)
        if as_json:
            say(views.tickets_json(found))
        else:
            say(views.tickets_text(found, settings.desk.timezone, width()))


@app.command("show")
def ticket_show(
    number: NumberArgument, config: ConfigOption = DEFAULT, as_json: JsonOption = False
) -> None:
    """Show one ticket with its history."""
    with errors(), database(config) as (settings, db):
        from mailgate import views
        from store import history, tickets

        with db.reading() as tx:
            ticket = tickets.load(tx, number)
            entries = history.entries(tx, number)
        if ticket is None:
            raise fail(f"there is no ticket #{number}; `mailgate ticket list` shows them all")
        if as_json:
            say(views.ticket_json(ticket, entries))
        else:
            say(views.ticket_text(ticket, entries, settings.policy, settings.desk.timezone))


@app.command("revoke")
def ticket_revoke(
    number: NumberArgument,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Whose link it is.")],
    config: ConfigOption = DEFAULT,
) -> None:
    """End somebody's link to a ticket; the next mail to that address carries a new one."""
    with errors(), database(config) as (settings, db):
        from mailgate import daemon
        from store import portal

        new = daemon.open_desk(settings, db).new_token()
        with db.transaction() as tx:
            ended = portal.revoke(tx, number, address.strip().lower(), new)
        if not ended:
            raise fail(f"{address} has no link to #{number}")
        say(f"the link of {address} to #{number} opens nothing any more")
