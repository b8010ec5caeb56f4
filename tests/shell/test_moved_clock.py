"""`mailgate run --once` as a process, days apart: the wall clock is moved from outside.

The other tests of clocks move the desk's own `now`; here nothing of the program knows.
"""

import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk, subject
from tests.process import ROOT, mailgate

CLOCK = ROOT.parent / "shared" / "tools" / "clock.c"
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Once = Callable[[timedelta], list[tuple[str, str]]]


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that moves a process's clock CLOCK_SHIFT seconds ahead."""
    if not CLOCK.exists() or not shutil.which("gcc"):
        pytest.skip(f"needs gcc and {CLOCK}, which is no part of the project")
    library = tmp_path_factory.mktemp("clock") / "clock.so"
    command = ["gcc", "-O1", "-shared", "-fPIC", "-o", str(library), str(CLOCK)]
    subprocess.run(command, check=True, timeout=60)
    return library


@pytest.fixture
def once(desk: TestDesk, clock: Path) -> Once:
    """One run, so long after the question to Marie; returns what went out: (recipient, tag)."""

    def run(ahead: timedelta) -> list[tuple[str, str]]:
        shift = str(int(ahead.total_seconds()))
        where = {"LD_PRELOAD": str(clock), "CLOCK_SHIFT": shift}
        done = mailgate("run", "--once", "--config", str(desk.path), **where)
        assert done.returncode == 0, done.stderr
        return [(m.recipients[0], subject(m).split("]")[2][1:]) for m in desk.new_mails()]

    desk.deliver(new(MARIE, "Panne", "En panne."))
    _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, "#attente\nQuel étage ?"))
    assert run(timedelta()) == [(MARIE, "Note")]
    return run


def test_each_at_its_hour_once_and_nothing_between(desk: TestDesk, once: Once) -> None:
    assert once(48 * HOUR - MINUTE) == []
    assert once(48 * HOUR + MINUTE) == [(MARIE, "Attente réponse")]
    assert once(48 * HOUR + 2 * MINUTE) == []
    assert once(72 * HOUR - MINUTE) == []
    assert desk.tickets()[0].state == "waiting"
    assert once(72 * HOUR + 5 * MINUTE) == [(MARIE, "Clôturé sans réponse")]
    assert desk.tickets()[0].state == "unanswered"
    assert once(72 * HOUR + 6 * MINUTE) == []
    assert once(500 * HOUR) == []


def test_after_one_jump_the_closing_follows_24_hours_later(desk: TestDesk, once: Once) -> None:
    assert once(73 * HOUR) == [(MARIE, "Attente réponse")]
    assert once(73 * HOUR + MINUTE) == []
    assert once(97 * HOUR - MINUTE) == []
    assert once(97 * HOUR + 5 * MINUTE) == [(MARIE, "Clôturé sans réponse")]
    assert once(500 * HOUR) == []


def test_an_answer_between_the_runs_stops_both(desk: TestDesk, once: Once) -> None:
    to_marie = desk.sink.to(MARIE)[-1]
    desk.deliver(answer(to_marie, MARIE, "Le deuxième."))
    assert once(73 * HOUR) == [(SEB, "Note")]
    assert once(500 * HOUR) == []
