"""An SMTP server that refuses, stalls, drops: the mail comes again, or someone is told."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from mailgate import daemon, smtp
from mailgate.delivery import Courier, backoff
from store import outbox
from store.db import Database
from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk, body, heads, subject
from tests.process import Daemon


class Clock:
    """A desk's clock that a test moves."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def send(desk: TestDesk, ahead: timedelta = timedelta()) -> int:
    """One delivery with the desk's clock moved ahead; returns how many mails were tried."""
    from dataclasses import replace
    from threading import Event

    config, clock = desk.config, Clock()
    clock.ahead = ahead
    with (
        closing(Database(config.database_url)) as db,
        closing(smtp.Link(config.smtp, daemon.smtp_auth(config))) as link,
    ):
        courier = Courier(replace(daemon.open_desk(config, db), now=clock), link)
        tried = 0
        while batch := courier.step(Event()):
            tried += batch
        return tried


MAIL = new(MARIE, "Imprimante", "Elle est en panne.", message_id="<a@x>")
MINUTES = timedelta(minutes=5)


def test_backoff_grows_to_hours_and_starts_within_minutes() -> None:
    delays = [backoff(attempt) for attempt in range(1, 30)]
    assert delays[0] <= timedelta(minutes=2)
    assert delays == sorted(delays)
    assert delays[-1] == timedelta(hours=4)


@pytest.mark.parametrize("at", ["rcpt", "data"])
def test_a_temporary_refusal_is_retried_with_the_same_bytes(desk: TestDesk, at: str) -> None:
    desk.sink.refuse(MARIE, 451, at=at, times=1)  # type: ignore[arg-type]
    desk.deliver(MAIL)
    assert [mail.recipients[0] for mail in desk.once()] == [SEB]
    assert send(desk) == 0, "it is not due yet"
    assert send(desk, MINUTES) == 1
    (late,) = desk.new_mails()
    assert heads([late]) == [(MARIE, "[FRAM][#1898][Nouveau] Imprimante")]


@pytest.mark.parametrize("at", ["rcpt", "data"])
def test_a_permanent_refusal_is_on_the_ticket_and_told_to_the_agent(
    desk: TestDesk, at: str
) -> None:
    desk.sink.refuse(MARIE, 550, at=at)  # type: ignore[arg-type]
    desk.deliver(MAIL)
    mails = desk.once()
    assert heads(mails) == [
        (SEB, "[FRAM][#1898][Nouveau] Imprimante"),
        (SEB, "[FRAM][#1898][Anomalie] Imprimante"),
    ]
    assert MARIE in body(mails[1])
    entry = desk.history()[-1]
    assert (entry.kind, entry.internal) == ("bounce", True)
    assert "550" in entry.text
    assert send(desk, timedelta(days=9)) == 0, "it is never tried again"


def test_the_order_per_ticket_and_recipient_holds(desk: TestDesk) -> None:
    desk.deliver(MAIL)
    _, to_seb = desk.once()
    desk.sink.refuse(MARIE, 451, times=1)
    for text in ("Un.", "Deux."):
        desk.deliver(answer(to_seb, SEB, text))
        assert desk.once() == []
    assert send(desk, MINUTES) == 2
    assert ["Un." in body(m) for m in desk.new_mails()] == [True, False]


def test_other_mails_pass_one_that_waits(desk: TestDesk) -> None:
    desk.sink.refuse(MARIE, 451)
    desk.deliver(MAIL, new("paul@x.example", "Écran", "Noir."))
    assert len(desk.once()) == 3


def test_given_up_after_five_days(desk: TestDesk) -> None:
    desk.sink.refuse(MARIE, 451)
    desk.deliver(MAIL)
    desk.once()
    assert send(desk, timedelta(days=4)) == 1
    assert heads(desk.new_mails()) == []
    send(desk, timedelta(days=5, hours=5))
    (told,) = desk.new_mails()
    assert subject(told) == "[FRAM][#1898][Anomalie] Imprimante"


def test_a_drop_after_the_last_dot_comes_again_under_the_same_message_id(desk: TestDesk) -> None:
    desk.sink.drop_after_dot(MARIE, accept=True, times=1)
    desk.deliver(MAIL)
    desk.once()
    send(desk, MINUTES)
    to_marie = desk.sink.to(MARIE)
    assert len(to_marie) == 2
    assert to_marie[0].raw == to_marie[1].raw


def test_a_claim_is_bounded_by_bytes(desk: TestDesk) -> None:
    desk.sink.stop()
    desk.deliver(MAIL, new("paul@x.example", "Écran", "Noir."))
    desk.once()
    later = datetime.now(UTC) + MINUTES
    with closing(Database(desk.config.database_url)) as db, db.transaction() as tx:
        sizes = [len(m.data) for m in outbox.claim(tx, later, 9, size=1)]
        assert len(sizes) == 1, "one mail alone may be larger"
        left = outbox.claim(tx, later, 9)
        assert len(left) == 3
        outbox.release(tx, [mail.id for mail in left])
        size = len(left[0].data) + len(left[1].data)
        assert outbox.claim(tx, later, 9, size) == left[:2]


def test_a_cut_connection_comes_again(desk: TestDesk) -> None:
    desk.sink.drop_at_rcpt(MARIE, times=1)
    desk.deliver(MAIL)
    assert [mail.recipients[0] for mail in desk.once()] == [SEB]
    assert send(desk, MINUTES) == 1


def test_a_stalling_server_is_not_waited_for_for_ever(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "DATA_SECONDS", 0.3)
    desk.sink.stall(MARIE)
    desk.deliver(MAIL)
    assert [mail.recipients[0] for mail in desk.once()] == [SEB]
    desk.sink.release()
    assert send(desk, MINUTES) == 1


def test_a_server_that_is_away_defers_everything(desk: TestDesk) -> None:
    desk.sink.stop()
    desk.deliver(MAIL)
    assert desk.once() == []
    desk.sink.start()
    assert send(desk, MINUTES) == 2


def test_a_server_that_closes_after_some_mails(desk: TestDesk) -> None:
    from tests.servers.smtp_sink import SmtpSink

    with SmtpSink(close_after=2) as sink:
        desk.path.write_text(
            desk.path.read_text("utf-8").replace(str(desk.sink.port), str(sink.port)), "utf-8"
        )
        desk.deliver(*(MAIL.replace(b"a@x", b"n%d@x" % n) for n in range(5)))
        desk.once()
        assert len(sink.mails) == 10


def test_a_refused_login_defers_and_harms_no_mail(desk: TestDesk) -> None:
    from tests.servers.smtp_sink import SmtpSink

    with SmtpSink(login=("support", "right")) as sink:
        text = desk.path.read_text("utf-8").replace(
            f"port = {desk.sink.port}", f'port = {sink.port}\nuser = "support"\npassword = "wrong"'
        )
        desk.path.write_text(text, "utf-8")
        desk.deliver(MAIL)
        desk.once()
        assert sink.mails == []
        desk.path.write_text(text.replace("wrong", "right"), "utf-8")
        assert send(desk, MINUTES) == 2


def test_the_daemon_retries_by_itself_and_ends_on_sigterm(desk: TestDesk) -> None:
    with Daemon(desk.path) as running:
        desk.deliver(MAIL)
        desk.sink.wait_for(2)
        assert running.stop() == 0


def test_the_rate_is_kept(desk: TestDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    text = desk.path.read_text("utf-8").replace("[smtp]", "[smtp]\nrate = 600")
    desk.path.write_text(text, "utf-8")
    pauses: list[float] = []
    from threading import Event

    monkeypatch.setattr(Event, "wait", lambda self, timeout=None: pauses.append(timeout) or False)
    desk.deliver(MAIL)
    desk.once()
    assert pauses.count(0.1) == 2


@pytest.mark.parametrize("local", ["marie", "rené"])
def test_domains_outside_ascii_go_out_in_ascii(desk: TestDesk, local: str) -> None:
    """RFC 5890: the envelope's domain is an A-label; RFC 6531 is for the local part alone."""
    desk.deliver(idn(f"{local}@bücher.example"))
    (to_marie,) = [m for m in desk.once() if m.recipients != (SEB,)]
    assert to_marie.recipients == (f"{local}@xn--bcher-kva.example",)
    assert ("SMTPUTF8" in to_marie.options) == (local == "rené")
    desk.deliver(answer(to_marie, f"{local}@xn--bcher-kva.example", "Alors ?"))
    assert [m.recipients for m in desk.once()] == [(SEB,)]
    assert len(desk.tickets()) == 1


@pytest.mark.parametrize(
    "domain", ["a" * 70 + ".example", "a..example", "-a.example", "xn--zz.example"]
)
def test_a_domain_that_is_none_stops_nobody_elses_mail(desk: TestDesk, domain: str) -> None:
    desk.deliver(idn(f"marie@{domain}"), new("paul@x.example", "Écran", "Noir."))
    desk.once()
    assert len(desk.sink.to("paul@x.example")) == 1
    assert desk.once() == []


def idn(address: str) -> bytes:
    mail = new("x@x.example", "Panne", "En panne.")
    return mail.replace(b"From: x@x.example", f"From: {address}".encode())
