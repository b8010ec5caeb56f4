"""The entry point: every command of the contract, put together."""

from mailgate.cli import desk, group, held, tickets, why

app = group("A help desk that lives in a mailbox.")
app.command()(desk.run)
app.command()(desk.check)
app.add_typer(tickets.app, name="ticket")
app.add_typer(held.app, name="held")
app.command()(why.why)


def main() -> None:
    app()


if __name__ == "__main__":
    main()
