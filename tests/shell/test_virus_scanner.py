"""Files and the virus scanner: infected ones, a scanner that is away, slow, or too small."""

from __future__ import annotations

import contextlib
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from threading import Event
from time import monotonic

import pytest

from mailgate import checks, daemon, intake, screening, views
from mailgate.clamd import AwayError, TooLargeError
from mailgate.clamd import Clamd as Client
from rules.model import Outcome, Withheld
from store import timers
from store.db import Database
from tests.attached import PDF, attached, riding
from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk, body, subject
from tests.servers.clamd import LARGEST, NAME, Clamd
from tests.servers.ports import HOST
from tests.servers.scripted_scanner import ScriptedScanner
from tests.servers.smtp_sink import Mail
from tests.servers.waiting import wait_until

PLAN = ("plan.pdf", "application/pdf", PDF)
VIRUS = ("facture.pdf", "application/pdf", checks.EICAR)
LATER = timedelta(minutes=5)  # after which what failed once is due again
HALVES = ("text/plain", "text/html")


def scanned_by(desk: TestDesk, address: str, timeout: str = "20s") -> TestDesk:
    desk.more = f'[attachments]\nclamd = "{address}"\nclamd_timeout = "{timeout}"'
    desk.__post_init__()
    return desk


def words(mail: Mail) -> str:
    return " ".join(body(mail).split())


def states(desk: TestDesk, entry: int = -1) -> list[tuple[str, str]]:
    return [(one.withheld, one.virus) for one in desk.history()[entry].attachments]


def test_an_infected_file_goes_nowhere_and_agents_are_told(desk: TestDesk, clamd: Clamd) -> None:
    scanned_by(desk, clamd.address)
    desk.deliver(attached(new(MARIE, "Facture", "Voici."), PLAN, VIRUS))
    to_marie, to_seb = desk.once()
    assert (to_marie.recipients, to_seb.recipients) == ((MARIE,), (SEB,))
    assert riding(to_seb.message) == [(PLAN[0], PDF)]
    assert "facture.pdf (68 octets, virus détecté : " + NAME + ")" in words(to_seb)
    assert "facture.pdf (68 octets, virus détecté)." in words(to_marie)
    assert all(NAME not in body(to_marie, half) for half in HALVES)
    assert states(desk) == [("", ""), (Withheld.INFECTED, NAME)]
    shown = json.loads(views.ticket_json(desk.ticket(), desk.history()))
    assert shown["entries"][0]["attachments"][1] == {
        "name": "facture.pdf",
        "type": "application/pdf",
        "size": 68,
        "withheld": "infected",
        "virus": NAME,
    }
    text = views.ticket_text(desk.ticket(), desk.history(), desk.config.policy, "Europe/Paris")
    assert f"[facture.pdf, application/pdf, 68 bytes; kept back, infected: {NAME}]" in text
    assert desk.held() == []


def test_a_virus_is_not_answered_but_to_agents(desk: TestDesk, clamd: Clamd) -> None:
    scanned_by(desk, clamd.address)
    desk.deliver(new(MARIE, "Facture", "Voici."))
    to_marie, to_seb = desk.once()
    desk.deliver(attached(answer(to_marie, MARIE, "La facture."), VIRUS))
    (noted,) = desk.once()
    assert (noted.recipients, NAME in words(noted)) == ((SEB,), True)
    desk.deliver(attached(answer(to_seb, SEB, "Reçue, la voici corrigée."), VIRUS))
    by = {mail.recipients[0]: mail for mail in desk.once()}
    assert set(by) == {MARIE, SEB}
    assert all(riding(mail.message) == [] for mail in by.values())
    assert NAME in words(by[SEB])
    assert "virus détecté" in words(by[MARIE])


def test_without_a_scanner_words_go_and_files_wait(
    desk: TestDesk, clamd: Clamd, caplog: pytest.LogCaptureFixture
) -> None:
    scanned_by(desk, clamd.address)
    clamd.stop()
    desk.deliver(*(attached(new(MARIE, f"Facture {n}", "Voici."), PLAN, VIRUS) for n in range(3)))
    mails = desk.once()
    assert [mail.recipients[0] for mail in mails] == [MARIE, SEB] * 3
    for mail in mails:
        assert riding(mail.message) == []
        assert words(mail).count("en attente de l'antivirus") == 2
    assert states(desk) == [(Withheld.UNSCANNED, "")] * 2
    assert sum("clamd" in record.message for record in caplog.records) == 1  # asked once
    assert desk.once() == []

    clamd.start()
    found = desk.once()
    assert [mail.recipients[0] for mail in found] == [SEB] * 3
    for mail in found:
        assert "][Pièces jointes] Facture" in subject(mail)
        assert riding(mail.message) == [(PLAN[0], PDF)]
        assert f"virus détecté : {NAME}" in words(mail)
        assert mail.message["Auto-Submitted"] == "auto-generated"
    assert states(desk) == [("", ""), (Withheld.INFECTED, NAME)]
    assert desk.once(LATER) == []


def test_what_an_agent_sent_reaches_the_requester_late(desk: TestDesk, clamd: Clamd) -> None:
    scanned_by(desk, clamd.address)
    desk.deliver(new(MARIE, "Plan", "Où est le plan ?"))
    _, to_seb = desk.once()
    clamd.stop()
    desk.deliver(attached(answer(to_seb, SEB, "Le voici."), PLAN))
    (note,) = desk.once()
    assert (note.recipients, riding(note.message)) == ((MARIE,), [])
    clamd.start()
    (late,) = desk.once()
    assert (late.recipients, riding(late.message)) == ((MARIE,), [(PLAN[0], PDF)])
    assert "Le voici" not in words(late)


def test_a_virus_that_is_found_late_is_told_to_agents(desk: TestDesk, clamd: Clamd) -> None:
    scanned_by(desk, clamd.address)
    clamd.stop()
    desk.deliver(attached(new(MARIE, "Facture", "Voici."), VIRUS))
    assert len(desk.once()) == 2
    clamd.start()
    (told,) = desk.once()
    assert (told.recipients, riding(told.message)) == ((SEB,), [])
    assert "][Anomalie] Facture" in subject(told)
    assert f"virus détecté : {NAME}" in words(told)


def test_internal_files_stay_internal(desk: TestDesk, clamd: Clamd) -> None:
    scanned_by(desk, clamd.address)
    desk.deliver(new(MARIE, "Plan", "Où est le plan ?"))
    _, to_seb = desk.once()
    clamd.stop()
    desk.deliver(attached(answer(to_seb, SEB, "#interne\nPour nous."), PLAN, VIRUS))
    desk.once()
    clamd.start()
    assert {mail.recipients for mail in desk.once()} == {(SEB,)}


def test_one_silence_is_enough(desk: TestDesk) -> None:
    """A scanner that takes connections and says nothing costs one timeout, not one a file."""
    with socket.create_server((HOST, 0)) as silent:
        scanned_by(desk, f"{HOST}:{silent.getsockname()[1]}", "0.3s")
        files = [(f"{n}.pdf", "application/pdf", PDF) for n in range(5)]
        desk.deliver(*(attached(new(MARIE, f"Plan {n}", "Voici."), *files) for n in range(4)))
        assert len(desk.once()) == 8
        # The first file's connection, and that of the question at the end whether it is back.
        assert waiting(silent) == 2


def test_an_answer_that_drips_costs_one_timeout() -> None:
    """Each byte comes in time, the whole of it does not."""
    with ScriptedScanner(b"x" * 100, drip=0.1).running() as scanner:
        began = monotonic()
        with pytest.raises(AwayError, match="does not answer in time"):
            Client(scanner.address, 0.5).scan(PDF)
        assert monotonic() - began < 5


def waiting(server: socket.socket) -> int:
    """How many clients have connected and were not served."""
    server.settimeout(0)
    found = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            server.accept()[0].close()
            found += 1
    return found


def test_nothing_is_locked_meanwhile(desk: TestDesk) -> None:
    with ScriptedScanner().running() as scanner, ThreadPoolExecutor(1) as beside:
        scanner.go.clear()
        scanned_by(desk, scanner.address)
        desk.deliver(attached(new(MARIE, "Plan", "Voici."), PLAN))

        def write() -> None:
            """Somebody else's transaction, while the scanner thinks."""
            assert scanner.asked.wait(30)
            with closing(Database(desk.config.database_url)) as db, db.transaction() as tx:
                timers.fired(tx, 0)
            scanner.go.set()

        written = beside.submit(write)
        assert len(desk.once()) == 2
        assert written.result(30) is None
    assert scanner.streams == [b"Voici.", PDF]


@pytest.mark.parametrize(
    ("said", "becomes"),
    [
        pytest.param(b"stream: OK\0", "", id="clean"),
        pytest.param(b"stream: Some Name FOUND\0", Withheld.INFECTED, id="found"),
        pytest.param(b"stream: OK FOUND\0", Withheld.INFECTED, id="a virus of that name"),
        pytest.param(b"stream: OK", Withheld.UNSCANNED, id="torn"),
        pytest.param(b"", Withheld.UNSCANNED, id="nothing"),
        pytest.param(b"UNKNOWN COMMAND\0", Withheld.UNSCANNED, id="another protocol"),
        pytest.param(b"stream: Can't allocate memory ERROR\0", Withheld.UNSCANNED, id="trouble"),
        pytest.param(
            b"INSTREAM size limit exceeded. ERROR\0", Withheld.UNSCANNABLE, id="too large"
        ),
        pytest.param(b"OK\0stream: OK\0", Withheld.UNSCANNED, id="two answers"),
    ],
)
def test_only_a_clear_answer_counts(desk: TestDesk, said: bytes, becomes: str) -> None:
    with ScriptedScanner(said).running() as scanner:
        scanned_by(desk, scanner.address)
        desk.deliver(attached(new(MARIE, "Plan", "Voici."), PLAN))
        _, to_seb = desk.once()
    assert {state for state, _ in states(desk)} == {becomes}, "the words' too, once it is said"
    assert riding(to_seb.message) == ([] if becomes else [(PLAN[0], PDF)])


def test_a_file_that_the_scanner_never_answers_for_waits_longer(desk: TestDesk) -> None:
    with ScriptedScanner(b"stream: broken ERROR\0").running() as scanner:
        scanned_by(desk, scanner.address)
        desk.deliver(attached(new(MARIE, "Plan", "Voici."), PLAN))
        desk.once()
        assert scanner.streams.count(PDF) == 2  # at once, and with what waits
        desk.once()
        assert scanner.streams.count(PDF) == 2
        desk.once(LATER)
        assert scanner.streams.count(PDF) == 3


def test_a_mail_whose_files_break_the_screen_is_held_alone(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch, clamd: Clamd
) -> None:
    def contents(raw: bytes, parts: list[str]) -> dict[str, bytes]:
        if b"Bombe" in raw:
            raise ZeroDivisionError
        return dict.fromkeys(parts, b"")

    scanned_by(desk, clamd.address)
    monkeypatch.setattr(screening, "contents", contents)
    desk.deliver(attached(new(MARIE, "Bombe", "Voici."), ("a.zip", "application/zip", b"x")))
    desk.deliver(new(MARIE, "Plan", "Voici."))
    assert len(desk.once()) == 2
    (held,) = desk.held()
    assert held.reason == "its files cannot be looked at: ZeroDivisionError"
    monkeypatch.undo()
    with closing(Database(desk.config.database_url)) as db:
        assert intake.retry(daemon.open_desk(desk.config, db), held.id) is Outcome.OPENED


@pytest.mark.parametrize("tcp", [False, True], ids=["socket", "tcp"])
def test_the_real_one(tcp: bool, clamd: Clamd) -> None:
    with Clamd(tcp=tcp) as server:
        client = Client(server.address, 20)
        assert client.version().startswith("ClamAV ")
        assert client.scan(checks.EICAR) == NAME
        assert client.scan(bytes(1_000_000) + checks.EICAR) == NAME
        assert client.scan(b"") == client.scan(PDF) == client.scan(bytes(1_000_000)) == ""
        for size in (LARGEST + 1, 5 * LARGEST):
            with pytest.raises(TooLargeError):
                client.scan(bytes(size))
    with pytest.raises(AwayError, match="clamd at "):
        client.scan(PDF)


def test_an_agents_unproven_words_keep_what_is_known_of_their_files(
    desk: TestDesk, clamd: Clamd
) -> None:
    scanned_by(desk, clamd.address)
    desk.deliver(new(MARIE, "Plan", "Où est le plan ?"))
    to_marie, _ = desk.once()
    raw = new(SEB, f"Re: {subject(to_marie)}", "Le voici.")
    desk.deliver(attached(raw, PLAN, VIRUS))
    asked = next(mail for mail in desk.once() if "Anomalie" in subject(mail))
    desk.deliver(answer(asked, SEB, "Oui."))
    to_marie = next(mail for mail in desk.once() if mail.recipients == (MARIE,))
    assert riding(to_marie.message) == [(PLAN[0], PDF)]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        pytest.param("/nowhere/clamd.ctl", "No such file or directory", id="no socket"),
        pytest.param("imap", "does not answer in time", id="another server"),
    ],
)
def test_check_says_that_the_scanner_is_away(desk: TestDesk, address: str, says: str) -> None:
    place = f"{HOST}:{desk.dovecot.port}" if address == "imap" else address
    scanned_by(desk, place, "2s")
    report = checks.check(desk.config, daemon.wall_clock(), offline=False)
    (problem,) = report.problems
    assert problem.startswith("config.toml: attachments.clamd: ")
    assert says in problem
    assert not checks.check(desk.config, daemon.wall_clock(), offline=True).problems


def test_check_asks_the_scanner_about_a_test_virus(desk: TestDesk, clamd: Clamd) -> None:
    scanned_by(desk, clamd.address)
    report = checks.check(desk.config, daemon.wall_clock(), offline=False)
    assert any(f"{clamd.address}: ClamAV " in fact for fact in report.facts)
    assert not [one for one in report.warnings + report.problems if "clamd" in one]
    with ScriptedScanner().running() as blind:
        scanned_by(desk, blind.address)
        report = checks.check(desk.config, daemon.wall_clock(), offline=False)
    assert any("does not know the EICAR test file" in one for one in report.warnings)
    assert not any("in clear text" in one for one in report.warnings)
    scanned_by(desk, "192.0.2.1:3310", "0.1s")  # RFC 5737: nobody's address
    report = checks.check(desk.config, daemon.wall_clock(), offline=False)
    assert any("files travel to 192.0.2.1 in clear text" in one for one in report.warnings)


def test_the_daemon_asks_again_by_itself(
    desk: TestDesk, clamd: Clamd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "_SCAN", 0.05)
    scanned_by(desk, clamd.address)
    clamd.stop()
    desk.deliver(attached(new(MARIE, "Plan", "Voici."), PLAN))
    stop, due = Event(), Event()
    with closing(Database(desk.config.database_url)) as db:
        db.migrate()
        with daemon.at_work(daemon.open_desk(desk.config, db), stop, due):
            wait_until(lambda: len(desk.sink.mails) == 2, 20)
            clamd.start()
            wait_until(lambda: len(desk.sink.mails) == 3, 20)
    assert riding(desk.sink.mails[-1].message) == [(PLAN[0], PDF)]
