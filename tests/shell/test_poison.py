"""Mails that kill the process that reads them: found at the next start, held at the third."""

import os
import signal
import subprocess
import sys

from tests.clients import new
from tests.desk import TestDesk
from tests.process import ROOT, mailgate

# The fault cannot be made with a mail: none is known that kills the reader.
KILLS = """
import os, signal, sys
from mailgate import reading
honest = reading.parse
def parse(raw, *rest):
    if b"POISON" in raw:
        os.kill(os.getpid(), signal.SIGKILL)
    return honest(raw, *rest)
reading.parse = parse
from mailgate.__main__ import main
sys.argv = ["mailgate", "run", "--once", "--config", sys.argv[1]]
main()
"""


def run(desk: TestDesk) -> int:
    """One start of a mailgate whose parser a mail kills; returns its exit code."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLS, str(desk.path)]
    return subprocess.run(command, env=environ, timeout=60, check=False).returncode


def deliver(desk: TestDesk, *poisoned: int, count: int = 5) -> None:
    for n in range(count):
        title = f"POISON {n}" if n in poisoned else f"Demande {n}"
        desk.deliver(new(f"u{n}@x.example", title, "x", message_id=f"<{n}@x>"))


def subjects(desk: TestDesk) -> list[str]:
    return [ticket.subject for ticket in desk.tickets()]


def test_the_third_start_holds_it_and_takes_the_others(desk: TestDesk) -> None:
    deliver(desk, 2)
    assert [run(desk), run(desk)] == [-signal.SIGKILL, -signal.SIGKILL]
    assert desk.held() == []
    assert run(desk) == 0
    assert subjects(desk) == [f"Demande {n}" for n in (0, 1, 3, 4)]
    (line,) = desk.held()
    assert (line.uid, line.attempts) == (3, 3)
    assert line.reason == "taken 2 times without an outcome: it may be what ends the process"
    assert desk.folders() == {"INBOX": 0, "Done": 4, "Held": 1}
    assert len(desk.sink.mails) == 8
    assert run(desk) == 0, "a held mail is not read again"

    done = mailgate("held", "retry", str(line.id), "--config", str(desk.path))
    assert done.returncode == 0, done.stderr
    assert subjects(desk)[-1] == "POISON 2"
    assert desk.folders() == {"INBOX": 0, "Done": 5, "Held": 0}


def test_two_of_them_beside_each_other(desk: TestDesk) -> None:
    deliver(desk, 0, 1)
    codes = [run(desk) for _ in range(4)]
    assert codes[-1] == 0
    assert [line.uid for line in desk.held()] == [1, 2]
    assert len(desk.tickets()) == 3


def test_mails_that_come_between_the_starts_are_taken(desk: TestDesk) -> None:
    deliver(desk, 0, count=1)
    run(desk)
    desk.deliver(new("late@x.example", "Plus tard", "x"))
    run(desk)
    assert run(desk) == 0
    assert subjects(desk) == ["Plus tard"]
    assert len(desk.held()) == 1
