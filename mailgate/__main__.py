"""The entry point: every command of the contract, put together."""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from mailgate import __version__
from mailgate.cli import demo, desk, group, held, tickets, why

app = group("A help desk that lives in a mailbox.")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mailgate {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which one.")
    ] = False,
) -> None:
    del version  # its callback has answered


app.command()(desk.run)
app.command()(desk.check)
app.command()(demo.demo)
app.add_typer(tickets.app, name="ticket")
app.add_typer(held.app, name="held")
app.command()(why.why)


def main() -> None:
    if isinstance(sys.stdout, TextIOWrapper):  # a terminal of another charset is told the rest
        sys.stdout.reconfigure(errors="replace")
    app()


if __name__ == "__main__":
    main()
