"""The mailbox goes away in the middle of anything: nothing is lost, nothing done twice."""

from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest

from mailgate import daemon, imap, intake
from mailgate.imap import GoneError
from store.db import Database
from tests.clients import new
from tests.desk import MARIE, TestDesk
from tests.process import Daemon
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import Relay
from tests.servers.smtp_sink import SmtpSink
from tests.servers.waiting import wait_until


def mails(count: int, size: int = 20) -> list[bytes]:
    return [
        new(f"user{n}@client.example", f"Demande {n}", "x" * size, message_id=f"<{n}@x>")
        for n in range(count)
    ]


@pytest.fixture
def relayed(
    tmp_path: Path, dovecot: Dovecot, imap_user: str, smtp_sink: SmtpSink, relay: Relay
) -> TestDesk:
    """A desk whose way to the mailbox can be cut."""
    return TestDesk(tmp_path, dovecot, imap_user, smtp_sink, imap_port=relay.port)


def numbers(desk: TestDesk) -> list[str]:
    return sorted(ticket.subject for ticket in desk.tickets())


def test_killed_and_restarted_in_idle(desk: TestDesk) -> None:
    with Daemon(desk.path):
        desk.deliver(*mails(1))
        desk.sink.wait_for(2)
        desk.dovecot.restart()
        desk.deliver(new(MARIE, "Après", "x", message_id="<after@x>"))
        desk.sink.wait_for(4)
    assert len(desk.tickets()) == 2


def test_a_server_away_for_a_while(relayed: TestDesk, relay: Relay) -> None:
    relay.refuse()
    relayed.deliver(*mails(1))
    with Daemon(relayed.path) as running:
        wait_until(lambda: "cannot be reached" in running.log.read_text(), what="first refusal")
        relay.accept()
        relayed.sink.wait_for(2)
    assert numbers(relayed) == ["Demande 0"]


def test_cut_in_the_middle_of_a_fetch(relayed: TestDesk, relay: Relay) -> None:
    relayed.deliver(*mails(20, size=2000))
    relay.cut_when(lambda who, data: who == "server" and b"@x>" in data, keep=3000)
    with Daemon(relayed.path):
        relay.wait_cut()
        relayed.sink.wait_for(40)
    assert len(set(numbers(relayed))) == len(numbers(relayed)) == 20
    assert relayed.folders() == {"INBOX": 0, "Done": 20, "Held": 0}


@pytest.mark.parametrize(
    "predicate",
    [
        pytest.param(lambda who, data: who == "client" and b"MOVE" in data, id="before MOVE"),
        pytest.param(
            lambda who, data: who == "server" and b"OK Move completed" in data, id="after MOVE"
        ),
    ],
)
def test_cut_between_commit_and_move(relayed: TestDesk, relay: Relay, predicate: object) -> None:
    relayed.deliver(*mails(3))
    relay.cut_when(predicate)  # type: ignore[arg-type]
    with Daemon(relayed.path):
        relay.wait_cut()
        relayed.sink.wait_for(6)
        wait_until(lambda: relayed.folders()["Done"] == 3, what="all three in Done")
    assert numbers(relayed) == ["Demande 0", "Demande 1", "Demande 2"]
    assert relayed.folders() == {"INBOX": 0, "Done": 3, "Held": 0}
    assert len(relayed.sink.mails) == 6


def test_a_mail_on_which_the_server_hangs_up_for_ever_is_held(
    relayed: TestDesk, relay: Relay
) -> None:
    relayed.deliver(*mails(3))
    relay.cut_when(lambda who, data: who == "server" and b"<1@x>" in data, once=False)
    trouble: Counter[int] = Counter()
    with ExitStack() as stack:
        db = Database(relayed.config.database_url)
        stack.callback(db.close)
        db.migrate()
        desk = daemon.open_desk(relayed.config, db)
        for _ in range(20):
            try:
                auth = daemon.imap_auth(relayed.config)
                with imap.connect(relayed.config.imap, auth, trouble) as mailbox:
                    life = intake.contact(desk, mailbox)
                    while intake.step(desk, mailbox, life):
                        pass
                    break
            except GoneError:
                continue
    assert numbers(relayed) == ["Demande 0", "Demande 2"]
    (line,) = relayed.held()
    assert "does not hand it out" in line.reason


@pytest.mark.dovecot
def test_a_server_without_move_copies_and_marks_and_never_expunges(
    tmp_path: Path, imap_user: str, smtp_sink: SmtpSink
) -> None:
    with Dovecot(move=False) as server:
        desk = TestDesk(tmp_path, server, imap_user, smtp_sink)
        desk.deliver(new("stranger@x.example", "supprimé par quelqu'un", "x"), *mails(2))
        with server.client(imap_user) as client:
            client.select_folder("INBOX")
            client.delete_messages([1])
        assert len(desk.once()) == 4
        assert desk.once() == []
        assert desk.folders() == {"INBOX": 3, "Done": 2, "Held": 0}
        assert all("\\Deleted" in flags for flags in server.flags(imap_user).values())


@pytest.mark.dovecot
def test_a_server_without_idle_is_polled(
    tmp_path: Path, imap_user: str, smtp_sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "IDLE_SECONDS", 0.2)
    with Dovecot(idle=False) as server:
        desk = TestDesk(tmp_path, server, imap_user, smtp_sink)
        config = desk.config
        from threading import Event

        with imap.connect(config.imap, daemon.imap_auth(config), Counter()) as mailbox:
            assert mailbox.search() == []
            desk.deliver(*mails(1))
            mailbox.wait(Event())
            assert mailbox.search() == [1]


@pytest.mark.dovecot
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_tls(tmp_path: Path, imap_user: str, tls: str) -> None:
    with Dovecot(tls=True) as server, SmtpSink(tls=tls, login=("support", "geheim")) as sink:
        desk = TestDesk(tmp_path, server, imap_user, sink)
        port = server.tls_port if tls == "implicit" else server.port
        text = desk.path.read_text("utf-8").replace('tls = "none"', f'tls = "{tls}"')
        text = text.replace(f"port = {server.port}", f"port = {port}")
        text = text.replace(
            f"port = {sink.port}", f'port = {sink.port}\nuser = "support"\npassword = "geheim"'
        )
        desk.path.write_text(text, "utf-8")
        desk.deliver(*mails(1))
        with Daemon(desk.path, SSL_CERT_FILE=str(server.ca_file)):
            taken = sink.wait_for(2)
        assert all(mail.tls and mail.login == "support" for mail in taken)


@pytest.mark.dovecot
def test_an_untrusted_certificate_is_refused(tmp_path: Path, imap_user: str) -> None:
    with Dovecot(tls=True) as server, SmtpSink() as sink:
        desk = TestDesk(tmp_path, server, imap_user, sink)
        text = desk.path.read_text("utf-8").replace('tls = "none"', 'tls = "implicit"', 1)
        desk.path.write_text(text.replace(str(server.port), str(server.tls_port)), "utf-8")
        desk.deliver(*mails(1))
        config = desk.config
        with (
            pytest.raises(GoneError, match="CERTIFICATE"),
            imap.connect(config.imap, daemon.imap_auth(config), Counter()),
        ):
            pass


def test_starttls_that_the_server_lacks_is_an_error(desk: TestDesk) -> None:
    text = desk.path.read_text("utf-8").replace('tls = "none"', 'tls = "starttls"', 1)
    desk.path.write_text(text, "utf-8")
    config = desk.config
    with (
        pytest.raises((imap.RefusedError, GoneError)),
        imap.connect(config.imap, daemon.imap_auth(config), Counter()),
    ):
        pass


def test_taken_twice_without_an_outcome_is_held(desk: TestDesk) -> None:
    """A mail that kills the process: its death is made by killing it in the middle of (B)."""
    from store import ledger

    desk.deliver(*mails(1))
    config = desk.config
    db = Database(config.database_url)
    db.migrate()
    opened = daemon.open_desk(config, db)
    for _ in range(2):
        with imap.connect(config.imap, daemon.imap_auth(config), Counter()) as mailbox:
            life = intake.contact(opened, mailbox)
            copies = mailbox.fetch(mailbox.search(), 10**6)
            with db.transaction() as tx:
                ledger.take(tx, life.id, copies, opened.now())
    db.close()
    desk.once()
    (line,) = desk.held()
    assert "taken 2 times" in line.reason
    assert desk.folders() == {"INBOX": 0, "Done": 0, "Held": 1}
