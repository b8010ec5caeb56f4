"""CPU time of the heaviest page: a ticket of 500 entries, asked for over HTTP.

python -m tests.bench.pages
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from mailgate import effects
from rules.model import AddEntry, EntryKind
from store import tickets
from tests.portal.portal import MARIE, SEB, Portal, running

ENTRIES, ASKED = 500, 20
_WORDS = "Bonjour,\n\nle poste TLS-PC-07 est prêt, voir https://fram.example/postes?n=7.\n\nMerci !"


def report() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as portal:
        token = _long_ticket(portal)
        with portal.client() as client:
            client.get(f"/t/{token}")  # compiles the templates
            spent = []
            for _ in range(ASKED):
                start = time.process_time()
                size = len(client.get(f"/t/{token}").content)
                spent.append(1000 * (time.process_time() - start))
    print(
        f"a ticket's page with {ENTRIES} entries ({size / 1000:.0f} kB):"
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


if __name__ == "__main__":
    report()
