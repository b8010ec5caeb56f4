"""Memory does not grow with the backlog: a full mailbox costs what an empty one does."""

from itertools import islice
from pathlib import Path

import pytest

from tests.clients import new
from tests.desk import TestDesk
from tests.process import Daemon
from tests.servers.dovecot import Dovecot
from tests.servers.smtp_sink import SmtpSink
from tests.servers.waiting import wait_until

BACKLOG = 10_000
TAKEN = 300  # mails that each run takes in before its memory is read
SPARE = 8 * 1024 * 1024  # bytes; the bodies of the backlog alone are 20 MB


def peak(desk: TestDesk) -> int:
    before = desk.folders()["Done"]
    with Daemon(desk.path) as running:
        wait_until(lambda: desk.folders()["Done"] >= before + TAKEN, 60, "300 mails taken")
        return running.peak_memory()


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_ten_thousand_mails_in_the_box(
    tmp_path: Path, dovecot: Dovecot, imap_user: str, smtp_sink: SmtpSink
) -> None:
    desk = TestDesk(tmp_path, dovecot, imap_user, smtp_sink)
    text = "Le serveur ne répond plus.\n" * 70
    mails = (new(f"u{n}@x.example", f"Demande {n}", text) for n in range(BACKLOG + TAKEN))
    desk.deliver(*islice(mails, TAKEN))
    small = peak(desk)
    desk.deliver(*mails)
    assert peak(desk) < small + SPARE
