"""The database is locked or its disk is full in the middle: nobody's mail is at fault."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Event, Thread

import pytest
from sqlalchemy import Connection, event

from mailgate import daemon, delivery, effects, imap, intake, reading, smtp
from mailgate.delivery import Courier
from mailgate.desk import Desk
from mailgate.imap import Mailbox
from store import db as store_db
from store.db import Database, OutageError
from store.sent import SentLog
from tests.clients import new
from tests.desk import MARIE, NADIA, SEB, TestDesk
from tests.process import Daemon, mailgate
from tests.servers.waiting import wait_until

MAIL = new(MARIE, "Imprimante", "Elle est en panne.", message_id="<a@x>")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_db, "_BUSY_SECONDS", 0.1)


@contextmanager
def locked(desk: TestDesk) -> Iterator[None]:
    """Another connection holds the write lock."""
    other = sqlite3.connect(desk.config.database_url.removeprefix("sqlite:///"))
    other.isolation_level = None
    other.execute("begin immediate")
    try:
        yield
    finally:
        other.close()


def states(desk: TestDesk) -> Counter[str]:
    path = desk.config.database_url.removeprefix("sqlite:///")
    return Counter(row[0] for row in sqlite3.connect(path).execute("select state from outbox"))


# -- mails out -------------------------------------------------------------------------------


@pytest.fixture
def courier(desk: TestDesk) -> Iterator[Courier]:
    """Two mails of a new ticket wait to be sent; the first goes to Marie."""
    with ExitStack() as stack:
        desk.sink.stop()
        desk.deliver(MAIL)
        desk.once()
        desk.sink.start()
        path = desk.config.database_url.removeprefix("sqlite:///")
        with sqlite3.connect(path) as due:
            due.execute("update outbox set next_at = queued_at")
        due.close()
        db = Database(desk.config.database_url)
        stack.callback(db.close)
        link = smtp.Link(desk.config.smtp, daemon.smtp_auth(desk.config))
        stack.callback(link.close)
        yield Courier(daemon.open_desk(desk.config, db), link)


def sent_while_locked(desk: TestDesk, courier: Courier) -> list[BaseException]:
    """One step, during which the database locks after Marie's mail has been handed over."""
    raised: list[BaseException] = []

    def work() -> None:
        try:
            courier.step(Event())
        except OutageError as error:
            raised.append(error)

    desk.sink.stall(MARIE)
    thread = Thread(target=work)
    thread.start()
    desk.sink.wait_stalled()
    with locked(desk):
        desk.sink.release()
        thread.join(10)
    return raised


def test_mails_in_hand_go_out_while_the_database_is_locked(
    desk: TestDesk, courier: Courier
) -> None:
    assert sent_while_locked(desk, courier) == []
    assert states(desk) == {"sending": 2}
    while courier.step(Event()):
        pass
    assert [m.recipients[0] for m in desk.sink.mails] == [MARIE, SEB], "nothing is sent twice"
    assert states(desk) == {"sent": 2}


def test_a_new_process_knows_what_the_database_does_not(desk: TestDesk, courier: Courier) -> None:
    sent_while_locked(desk, courier)
    done = mailgate("run", "--once", "--config", str(desk.path))
    assert done.returncode == 0, done.stderr
    assert [m.recipients[0] for m in desk.sink.mails] == [MARIE, SEB], "nothing is sent twice"
    assert states(desk) == {"sent": 2}


@pytest.fixture
def no_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk has no room for the sent log any more."""

    def add(*_: object) -> None:
        raise OutageError("the disk is full")

    monkeypatch.setattr(SentLog, "add", add)


@pytest.mark.usefixtures("no_log")
def test_a_result_that_cannot_be_noted_is_recorded_first(desk: TestDesk, courier: Courier) -> None:
    with pytest.raises(OutageError):
        courier.step(Event())
    assert len(desk.sink.mails) == 1
    with locked(desk):
        for _ in range(3):
            with pytest.raises(OutageError):
                courier.step(Event())
    assert len(desk.sink.mails) == 1, "nothing is sent while a result waits"
    with pytest.raises(OutageError):  # the other one's turn
        courier.step(Event())
    assert courier.step(Event()) == 0
    assert [m.recipients[0] for m in desk.sink.mails] == [MARIE, SEB], "nothing is sent twice"
    assert states(desk) == {"sent": 2}


@pytest.mark.usefixtures("no_log")
def test_a_new_process_sends_again_what_it_cannot_know(desk: TestDesk, courier: Courier) -> None:
    with pytest.raises(OutageError):
        courier.step(Event())
    done = mailgate("run", "--once", "--config", str(desk.path))
    assert done.returncode == 0, done.stderr
    to_marie = desk.sink.to(MARIE)
    assert len(to_marie) == 2, "at least once"
    assert to_marie[0].raw == to_marie[1].raw
    assert len(desk.sink.to(SEB)) == 1
    assert states(desk) == {"sent": 2}


def test_a_refusal_that_cannot_be_recorded_is_told_once(
    desk: TestDesk, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        # The sink cannot stall at RCPT: the lock is taken where the answer has come.
        desk.sink.refuse(MARIE, 550)
        honest = delivery.record

        def record(*args: object) -> None:
            with locked(desk):
                honest(*args)  # type: ignore[arg-type]

        patch.setattr(delivery, "record", record)
        with pytest.raises(OutageError):
            courier.step(Event())
    while courier.step(Event()):
        pass
    assert desk.sink.tries[MARIE] == 1
    assert [m.recipients[0] for m in desk.sink.mails] == [SEB, SEB]
    assert states(desk) == {"failed": 1, "sent": 2}


def test_a_failure_that_cannot_be_told_of_does_not_stop_the_others(
    desk: TestDesk, courier: Courier, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a template of one's own that raises; simulated where effects are applied."""

    def breaks(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(effects, "apply", breaks)
    desk.sink.refuse(MARIE, 550)
    while courier.step(Event()):
        pass
    assert states(desk) == {"failed": 1, "sent": 1}
    assert desk.sink.tries[MARIE] == 1


# -- mails in --------------------------------------------------------------------------------


@contextmanager
def opened(desk: TestDesk) -> Iterator[tuple[Desk, Database]]:
    db = Database(desk.config.database_url)
    try:
        db.migrate()
        yield daemon.open_desk(desk.config, db), db
    finally:
        db.close()


@contextmanager
def mailbox(desk: TestDesk) -> Iterator[Mailbox]:
    config = desk.config
    with imap.connect(config.imap, daemon.imap_auth(config), Counter()) as box:
        yield box


def read_all(real: Desk, box: Mailbox, life: intake.Life) -> None:
    while intake.step(real, box, life):
        pass


def outages(desk: TestDesk, count: int, fault: Event, real: Desk) -> intake.Life:
    """So many sessions of one daemon, each of which finds the database broken in (B)."""
    life = None
    for _ in range(count):
        with mailbox(desk) as box:
            fault.clear()
            life = intake.contact(real, box, life)
            with pytest.raises(OutageError):
                read_all(real, box, life)
    assert life
    return life


@pytest.mark.parametrize("kind", ["lock", "full"])
def test_outages_in_b_hold_nobodys_mail(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The fault is real, but for its hour: it begins where (A) is done and a mail is read."""
    desk.deliver(*(MAIL.replace(b"a@x", b"n%d@x" % n) for n in range(3)))
    fault, honest = Event(), reading.read
    stack = ExitStack()

    def read(*args: object) -> reading.Reading:
        if not fault.is_set() and broken:
            fault.set()
            if kind == "lock":
                stack.enter_context(locked(desk))
        return honest(*args)  # type: ignore[arg-type]

    def fill(connection: Connection) -> None:
        pages = 1 if fault.is_set() and kind == "full" else 2**30
        connection.exec_driver_sql(f"pragma max_page_count={pages}")  # 1: as many as there are

    monkeypatch.setattr(reading, "read", read)
    honest_settle = intake.settle

    def settle(*args: object) -> object:
        with stack:  # the lock ends with the attempt
            return honest_settle(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(intake, "settle", settle)
    broken = True
    with opened(desk) as (real, db):
        event.listen(db._engine, "begin", fill)
        # The bodies are large enough to need new pages when they are written once more.
        life = outages(desk, 5, fault, real)
        broken = False
        fault.clear()
        with mailbox(desk) as box:
            life = intake.contact(real, box, life)
            read_all(real, box, life)
    assert desk.held() == []
    assert len(desk.tickets()) == 3
    assert desk.folders() == {"INBOX": 0, "Done": 3, "Held": 0}
    assert not life.unsettled


def test_an_outage_in_a_leaves_the_mail_in_the_inbox(desk: TestDesk) -> None:
    desk.once()
    desk.deliver(MAIL)
    with opened(desk) as (real, _), mailbox(desk) as box:
        life = intake.contact(real, box)
        for _ in range(4):
            with locked(desk), pytest.raises(OutageError):
                intake.step(real, box, life)
        assert desk.folders()["INBOX"] == 1
        read_all(real, box, life)
    assert len(desk.tickets()) == 1
    assert desk.held() == []


def test_run_once_on_a_locked_database_fails_and_the_next_one_makes_up(desk: TestDesk) -> None:
    desk.once()
    desk.deliver(MAIL, new(NADIA, "Écran", "Noir."))
    with locked(desk), pytest.raises(OutageError):
        daemon.run_once(desk.config)
    assert len(desk.once()) == 4


# -- files that go away ----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mailgate.db", "mailgate.db.lock"])
@pytest.mark.parametrize("instead", [False, True], ids=["removed", "replaced"])
def test_a_desk_whose_file_went_away_takes_nothing_more(
    desk: TestDesk, name: str, instead: bool
) -> None:
    """SQLite would go on in a file without a name: mails moved to Done would be nowhere."""
    with Daemon(desk.path) as running:
        desk.deliver(MAIL)
        wait_until(lambda: len(desk.sink.mails) == 2, what="the first mails")
        wait_until(lambda: desk.folders()["Done"] == 1, what="the first mail in Done")
        path, aside = desk.folder / name, desk.folder / "aside"
        path.rename(aside)
        if instead:
            path.write_bytes(aside.read_bytes())
        desk.deliver(new(NADIA, "Écran", "Noir."))
        sentence = f"{path}: was removed or replaced"
        wait_until(lambda: running.log.read_text().count(sentence) > 1, what="two tries")
        assert desk.folders() == {"INBOX": 1, "Done": 1, "Held": 0}
        assert "Traceback" not in running.log.read_text()
        aside.rename(path)  # what is back is what it was
        wait_until(lambda: len(desk.sink.mails) == 4, timeout=30, what="the mail that waited")
