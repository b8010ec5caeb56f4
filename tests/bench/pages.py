"""CPU time of the heaviest pages, asked for over HTTP: a ticket of 500 entries as its requester
and as agents see it, and the board with 10,000 open tickets.

python -m tests.bench.pages
"""

from __future__ import annotations

import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import httpx
from sqlalchemy import insert

from mailgate import effects
from rules.model import AddEntry, EntryKind
from store import tickets
from store.tables import Participant, Ticket, Timer
from tests.portal.portal import MARIE, SEB, Portal, running

ENTRIES, ASKED, OPEN = 500, 20, 10_000
_WORDS = "Bonjour,\n\nle poste TLS-PC-07 est prêt, voir https://fram.example/postes?n=7.\n\nMerci !"
_STATES = ("new", "open", "open", "waiting", "resolved")
_LISTS = {
    "its first page": "/agent",
    "its last page": "/agent?page=200",
    "one state": "/agent?state=waiting&sort=oldest",
    "words of the subject": "/agent?q=poste+77",
}


def report() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as portal:
        token = _long_ticket(portal)
        with portal.board() as client:
            _measure(client, f"a ticket's page with {ENTRIES} entries", f"/t/{token}")
            _measure(client, f"the agents' page with {ENTRIES} entries", "/agent/t/1")
            _many_tickets(portal)
            for name, path in _LISTS.items():
                _measure(client, f"the board with {OPEN} open tickets, {name}", path)


def _measure(client: httpx.Client, name: str, path: str) -> None:
    client.get(path).raise_for_status()  # compiles the templates
    spent = []
    for _ in range(ASKED):
        start = time.process_time()
        size = len(client.get(path).content)
        spent.append(1000 * (time.process_time() - start))
    print(
        f"{name} ({size / 1000:.0f} kB):"
        f" {statistics.median(spent):.0f} ms of CPU, at most {max(spent):.0f}"
    )


def _long_ticket(portal: Portal) -> str:
    """Entries of both sides, a quote on every fourth; returns Marie's token."""
    token = portal.opening()
    desk = portal.desk
    with desk.db.transaction() as tx:
        ticket = tickets.load(tx, 1)
        for rank in range(1, ENTRIES):
            author = SEB if rank % 2 else MARIE
            quoted = "Le 20/07, FRAM a écrit :\n> Bonjour" if rank % 4 == 0 else ""
            entry = AddEntry(EntryKind.NOTE, author, _WORDS, quoted, verified=True)
            effects.apply(tx, desk, ticket, [entry], desk.now())
    return token


def _many_tickets(portal: Portal) -> None:
    """Open tickets of all ages and states, clocks on those that wait, written at once."""
    now, minute = portal.desk.now(), timedelta(minutes=1)
    rows, people, timers = [], [], []
    for number in range(2, OPEN + 2):
        state, opened = _STATES[number % len(_STATES)], now - number * minute
        rows.append(
            {
                "number": number,
                "subject": f"Poste {number} à préparer",
                "state": state,
                "requester": f"r{number}@fram.example",
                "requester_name": "",
                "owner": SEB.email if number % 3 else "",
                "bounce_told": False,
                "opened_at": opened,
                "changed_at": now - (number % 977) * minute,
            }
        )
        people.append(
            {"ticket": number, "address": f"r{number}@fram.example", "token": f"t{number}"}
        )
        for hours, to_state in ((48, ""), (72, "unanswered")) if state == "waiting" else ():
            timers.append(
                {
                    "ticket": number,
                    "state": state,
                    "due_at": now + (hours * 60 - number % 2880) * minute,
                    "after": hours * 3600,
                    "notify": "" if to_state else "reminder",
                    "to_state": to_state,
                    "policy_row": "",
                }
            )
    with portal.desk.db.transaction() as tx:
        for table, values in ((Ticket, rows), (Participant, people), (Timer, timers)):
            tx.run(insert(table), *values)


if __name__ == "__main__":
    report()
