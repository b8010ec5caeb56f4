"""The next batch is taken and read while one is settled: mails keep their order, none is left."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mailgate import daemon, imap, intake
from mailgate.config import Config, load
from mailgate.desk import Desk
from mailgate.imap import GoneError, Mailbox
from mailgate.intake import Life
from store import ledger
from store.db import Database, OutageError
from tests.clients import new
from tests.desk import TestDesk
from tests.process import ROOT
from tests.servers.waiting import wait_until

MAILS = [new(f"u{n}@x.example", f"Demande {n}", "Il est noir.") for n in range(10)]
ALL = [f"Demande {n}" for n in range(len(MAILS))]


@contextmanager
def at_work(config: Config) -> Iterator[tuple[Desk, Mailbox, Life]]:
    """A desk with a worker that is ready, and its mailbox."""
    db = Database(config.database_url)
    try:
        db.migrate()
        real = daemon.open_desk(config, db)
        real.worker.start()
        wait_until(real.worker.ready, 30)
        with imap.connect(config.imap, daemon.imap_auth(config), Counter()) as box:
            yield real, box, intake.contact(real, box)
        real.worker.stop()
    finally:
        db.close()


@pytest.fixture
def full(desk: TestDesk, monkeypatch: pytest.MonkeyPatch) -> TestDesk:
    monkeypatch.setattr(imap, "BATCH_MAILS", 2)
    monkeypatch.setattr(intake, "BACKLOG", 1)
    desk.deliver(*MAILS)
    return desk


def empty(*at_work: Any) -> None:
    """Takes in all that lies in the mailbox."""
    while intake.step(*at_work):
        pass


def subjects(desk: TestDesk) -> list[str]:
    """Of the tickets, by number: the order in which mails were settled."""
    return [one.subject for one in sorted(desk.tickets(), key=lambda one: one.number)]


def test_three_batches_are_ahead_and_a_stop_finishes_them(full: TestDesk) -> None:
    with at_work(full.config) as (real, box, life):
        assert intake.step(real, box, life) == 2
        assert len(subjects(full)) == 2
        assert len(life.unsettled) == 6
        intake.finish(real, box, life)
        assert not life.unsettled
        assert not life.ahead
    assert full.folders() == {"INBOX": 2, "Done": 8, "Held": 0}
    assert subjects(full) == ALL[:8]


def test_an_outage_does_not_turn_mails_round(
    full: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, broken = intake.settle, [True]

    def settle(*args: Any) -> Any:
        if broken.pop() if broken else False:
            raise OutageError("the disk is full")
        return honest(*args)

    monkeypatch.setattr(intake, "settle", settle)
    with at_work(full.config) as (real, box, life):
        with pytest.raises(OutageError):
            intake.step(real, box, life)
        empty(real, box, life)
    assert subjects(full) == ALL
    assert full.folders() == {"INBOX": 0, "Done": len(MAILS), "Held": 0}


@pytest.mark.parametrize("nth", [2, 3, 5])
def test_an_outage_while_taking_ahead_does_not_either(
    full: TestDesk, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    """Whichever batch it is that cannot be kept: those in hand are settled before it."""
    honest, calls = ledger.take, count(1)

    def take(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == nth:
            raise OutageError("the disk is full")
        return honest(*args, **kwargs)

    monkeypatch.setattr(ledger, "take", take)
    with at_work(full.config) as (real, box, life):
        with pytest.raises(OutageError):
            empty(real, box, life)
        empty(real, box, life)
    assert subjects(full) == ALL
    assert full.folders() == {"INBOX": 0, "Done": len(MAILS), "Held": 0}


def test_killed_with_a_batch_ahead_nothing_is_lost(full: TestDesk) -> None:
    """Four batches are taken then; each of their mails comes alone afterwards, in its turn."""
    order = f"from tests.shell import test_ahead; test_ahead.die({str(full.path)!r})"
    killed = subprocess.run([sys.executable, "-c", order], cwd=ROOT, timeout=120, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert subjects(full) == ["Demande 0", "Demande 1"]
    full.once()
    assert subjects(full) == ALL
    assert full.folders() == {"INBOX": 0, "Done": len(MAILS), "Held": 0}
    assert len({mail.message["Message-ID"] for mail in full.sink.mails}) == 2 * len(MAILS)


def die(path: str) -> None:
    """A desk that is killed in (B) of its second batch, with three more ahead."""
    setattr(imap, "BATCH_MAILS", 2)  # noqa: B010
    setattr(intake, "BACKLOG", 1)  # noqa: B010
    with at_work(load(Path(path), {})) as (real, box, life):
        intake.step(real, box, life)
        setattr(intake, "enter", lambda *_: os.kill(os.getpid(), signal.SIGKILL))  # noqa: B010
        intake.step(real, box, life)


def test_a_mailbox_that_goes_away_stops_what_is_ahead_alone(
    full: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, fetches = Mailbox.fetch, [True, False]

    def fetch(*args: Any) -> Any:
        if fetches and not fetches.pop(0):
            raise GoneError("it hung up")
        return honest(*args)

    monkeypatch.setattr(Mailbox, "fetch", fetch)
    with at_work(full.config) as (real, box, life):
        assert intake.step(real, box, life) == 2
        assert not life.ahead
        assert subjects(full) == ["Demande 0", "Demande 1"]
        empty(real, box, life)
    assert subjects(full) == ALL


def test_settled_mails_that_are_still_listed_are_moved_some_at_a_time(
    full: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that names them all may be longer than the server takes."""
    monkeypatch.setattr(imap, "BATCH_MAILS", 8)
    monkeypatch.setattr(intake, "_AHEAD", 0)
    monkeypatch.setattr(intake, "_MOVED", 3)
    with at_work(full.config) as (real, box, life):
        with monkeypatch.context() as broken:
            broken.setattr(Mailbox, "move", gone)
            with pytest.raises(GoneError):
                intake.step(real, box, life)
        assert subjects(full) == ALL[:8]
        assert full.folders() == {"INBOX": len(MAILS), "Done": 0, "Held": 0}
        assert [intake.step(real, box, life) for _ in range(3)] == [3, 3, 2]
        assert full.folders() == {"INBOX": 2, "Done": 8, "Held": 0}
        empty(real, box, life)
    assert subjects(full) == ALL


def gone(*_: object) -> None:
    raise GoneError("it hung up")


def test_few_mails_come_in_before_any_goes_out(
    full: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "BACKLOG", len(MAILS) + 1)
    with at_work(full.config) as (real, box, life):
        assert intake.step(real, box, life) == 2
        assert not life.ahead
        assert not real.worker.ready()
