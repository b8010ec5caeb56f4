"""Each ability of the test servers, shown with a plain client."""

# Length: one short case after another; IMAP, relay and SMTP have headings.

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from imaplib import IMAP4

import pytest
from imapclient import IMAPClient

from tests.servers import dovecot_conf
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import Relay
from tests.servers.smtp_sink import SmtpSink
from tests.servers.waiting import wait_until

MAIL = b"From: a@x.example\r\nSubject: one\r\n\r\nHello\r\n"


@pytest.fixture(scope="module")
def tls_dovecot() -> Iterator[Dovecot]:
    with Dovecot(tls=True) as server:
        yield server


# -- Dovecot ---------------------------------------------------------------------------------


def test_mails_keep_their_order_and_their_dates(dovecot: Dovecot, imap_user: str) -> None:
    old = datetime.now(UTC).replace(microsecond=0) - timedelta(days=30)
    mails = [f"Subject: {n}\r\n\r\nHello\r\n".encode() for n in range(12)]
    for mail in mails:
        dovecot.deliver(imap_user, mail, old)
    assert dovecot.mails(imap_user) == mails
    with dovecot.client(imap_user) as client:
        client.normalise_times = False
        client.select_folder("INBOX")
        assert client.fetch([1], ["INTERNALDATE"])[1][b"INTERNALDATE"] == old


def test_folders_flags_and_users_are_apart(dovecot: Dovecot, imap_user: str) -> None:
    dovecot.deliver(imap_user, MAIL, folder="Traité/Été")
    assert dovecot.mails(imap_user) == []
    assert dovecot.mails(imap_user, "Nowhere") == []
    assert dovecot.mails("other-" + imap_user) == []
    with dovecot.client(imap_user) as client:
        client.select_folder("Traité/Été")
        client.add_flags([1], [rb"\Seen", "held"])
    assert dovecot.flags(imap_user, "Traité/Été") == {1: {r"\Seen", "held"}}


def test_kill_cuts_the_client_and_keeps_port_and_mails(dovecot: Dovecot, imap_user: str) -> None:
    dovecot.deliver(imap_user, MAIL)
    port = dovecot.port
    with dovecot.client(imap_user) as client:
        client.select_folder("INBOX")
        dovecot.kill()
        with pytest.raises((IMAP4.abort, OSError)):
            client.noop()
    with pytest.raises(ConnectionRefusedError):
        dovecot.client(imap_user)
    dovecot.start()
    assert (dovecot.port, dovecot.mails(imap_user)) == (port, [MAIL])


def test_stop_ends_the_sessions_with_a_selected_folder_too(
    dovecot: Dovecot, imap_user: str
) -> None:
    with dovecot.client(imap_user) as client:
        client.select_folder("INBOX")
        dovecot.restart()
        with pytest.raises((IMAP4.abort, OSError)):
            client.noop()


def test_a_new_uidvalidity_is_greater_and_renumbers(dovecot: Dovecot, imap_user: str) -> None:
    for _ in range(3):
        dovecot.deliver(imap_user, MAIL)
    with dovecot.client(imap_user) as client:
        client.select_folder("INBOX")
        client.move([1], "INBOX")  # to itself: its UID is now 4
        assert client.search("ALL") == [2, 3, 4]
    before = dovecot.uidvalidity(imap_user)
    dovecot.new_uidvalidity(imap_user)
    assert dovecot.uidvalidity(imap_user) > before
    assert list(dovecot.flags(imap_user)) == [1, 2, 3]


def test_tls_on_both_ports(tls_dovecot: Dovecot, imap_user: str) -> None:
    with tls_dovecot.client(imap_user, tls=True) as client:
        assert client.has_capability("MOVE")
    with IMAPClient(tls_dovecot.host, tls_dovecot.port, ssl=False, timeout=10) as client:
        client.starttls(tls_dovecot.client_context())
        client.login(imap_user, tls_dovecot.password)
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAPClient(tls_dovecot.host, tls_dovecot.tls_port, ssl=True, timeout=10)


@pytest.mark.dovecot
def test_without_move_a_copy_still_works(imap_user: str) -> None:
    with Dovecot(move=False) as server:
        server.deliver(imap_user, MAIL)
        with server.client(imap_user) as client:
            assert not {b"MOVE", b"UIDPLUS"} & set(client.capabilities())
            client.create_folder("Done")
            client.select_folder("INBOX")
            client.copy([1], "Done")
            client.delete_messages([1])
            assert client.search("UNDELETED") == []
        assert server.mails(imap_user, "Done") == [MAIL]
        assert server.flags(imap_user) == {1: {r"\Deleted"}}


@pytest.mark.dovecot
def test_without_idle(imap_user: str) -> None:
    with Dovecot(idle=False) as server, server.client(imap_user) as client:
        assert not client.has_capability("IDLE")
        assert client.has_capability("MOVE")


def test_both_syntaxes_are_written(dovecot: Dovecot) -> None:
    def conf(version: tuple[int, int]) -> str:
        without = frozenset({"MOVE", "UIDPLUS"})
        plan = dovecot_conf.Plan(dovecot.folder, version, 20143, 20993, without, 1000, 1000)
        return dovecot_conf.text(plan, "secret")

    assert "imap_capability = IMAP4rev1" in conf((2, 3))
    assert conf((2, 4)).startswith("dovecot_config_version")
    assert "  MOVE = no\n  UIDPLUS = no\n" in conf((2, 4))


# -- the relay -------------------------------------------------------------------------------


def relayed(relay: Relay, user: str) -> IMAPClient:
    client = IMAPClient(relay.host, relay.port, ssl=False, timeout=10)
    client.login(user, Dovecot.password)
    return client


def test_cut_in_the_middle_of_a_fetch(dovecot: Dovecot, relay: Relay, imap_user: str) -> None:
    dovecot.deliver(imap_user, MAIL + b"x\r\n" * 1000)
    with relayed(relay, imap_user) as client:
        client.select_folder("INBOX")
        relay.cut_when(lambda who, data: who == "server" and b"FETCH" in data, keep=200)
        with pytest.raises((IMAP4.abort, OSError)):
            client.fetch([1], ["BODY.PEEK[]"])
    relay.wait_cut()
    with relayed(relay, imap_user) as client:  # the predicate was good for once
        client.select_folder("INBOX")
        assert len(client.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"]) > 3000
    assert (relay.cuts, relay.connections) == (1, 2)


def test_cut_after_a_move_was_done(dovecot: Dovecot, relay: Relay, imap_user: str) -> None:
    dovecot.deliver(imap_user, MAIL)
    with relayed(relay, imap_user) as client:
        client.create_folder("Done")
        client.select_folder("INBOX")
        relay.cut_when(lambda who, data: who == "server" and b"OK Move completed" in data)
        with pytest.raises((IMAP4.abort, OSError)):
            client.move([1], "Done")
    assert dovecot.mails(imap_user, "Done") == [MAIL]


def test_cut_before_a_move_arrives(dovecot: Dovecot, relay: Relay, imap_user: str) -> None:
    dovecot.deliver(imap_user, MAIL)
    with relayed(relay, imap_user) as client:
        client.create_folder("Done")
        client.select_folder("INBOX")
        relay.cut_when(lambda who, data: who == "client" and b"MOVE" in data)
        with pytest.raises((IMAP4.abort, OSError)):
            client.move([1], "Done")
    assert dovecot.mails(imap_user) == [MAIL]


def test_a_relay_refuses_for_a_while(dovecot: Dovecot, relay: Relay, imap_user: str) -> None:
    relay.refuse()
    with pytest.raises(ConnectionRefusedError):
        relayed(relay, imap_user)
    relay.accept()
    with relayed(relay, imap_user) as client:
        relay.cut()
        with pytest.raises((IMAP4.abort, OSError)):
            client.noop()


# -- the SMTP sink ---------------------------------------------------------------------------


def session(sink: SmtpSink) -> smtplib.SMTP:
    return smtplib.SMTP(sink.host, sink.port, local_hostname="client.test", timeout=10)


def send(sink: SmtpSink, *recipients: str, mail: bytes = MAIL) -> dict[str, tuple[int, bytes]]:
    with session(sink) as smtp:
        return smtp.sendmail("desk@x.example", list(recipients), mail)


def test_mails_are_kept_in_order_with_their_envelope(smtp_sink: SmtpSink) -> None:
    for n in range(3):
        send(smtp_sink, f"r{n}@x.example", mail=b"Subject: %d\r\n\r\n.dot\r\n" % n)
    mails = smtp_sink.wait_for(3)
    assert [mail.message["Subject"] for mail in mails] == ["0", "1", "2"]
    assert mails[1].raw == b"Subject: 1\r\n\r\n.dot\r\n"
    assert (mails[1].sender, mails[1].recipients) == ("desk@x.example", ("r1@x.example",))
    assert smtp_sink.to("R2@x.example") == [mails[2]]
    with pytest.raises(AssertionError, match="4 mails expected"):
        smtp_sink.wait_for(4, timeout=0.01)


def test_refused_at_rcpt(smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse("bad@x.example")
    assert send(smtp_sink, "good@x.example", "bad@x.example")["bad@x.example"][0] == 550
    assert smtp_sink.wait_for(1)[0].recipients == ("good@x.example",)


def test_temporary_at_rcpt_then_accepted(smtp_sink: SmtpSink) -> None:
    smtp_sink.refuse("slow@x.example", 451, times=2)
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(smtp_sink, "slow@x.example")
    send(smtp_sink, "slow@x.example")
    assert len(smtp_sink.mails) == 1
    assert smtp_sink.tries["slow@x.example"] == 3


@pytest.mark.parametrize("code", [554, 452])
def test_refused_after_the_final_dot(smtp_sink: SmtpSink, code: int) -> None:
    smtp_sink.refuse("full@x.example", code, at="data")
    with pytest.raises(smtplib.SMTPDataError) as caught:
        send(smtp_sink, "full@x.example")
    assert caught.value.smtp_code == code
    smtp_sink.obey()
    send(smtp_sink, "full@x.example")
    assert len(smtp_sink.mails) == 1


def test_stalled_until_released(smtp_sink: SmtpSink) -> None:
    smtp_sink.stall("hang@x.example")
    client = threading.Thread(target=send, args=(smtp_sink, "hang@x.example"))
    client.start()
    smtp_sink.wait_stalled()
    assert smtp_sink.mails == []
    smtp_sink.release()
    client.join(10)
    assert len(smtp_sink.mails) == 1


def test_stalled_until_the_client_gives_up(smtp_sink: SmtpSink) -> None:
    smtp_sink.stall("hang@x.example")
    with session(smtp_sink) as smtp:
        smtp.ehlo()
        assert smtp.sock is not None
        smtp.sock.settimeout(0.1)
        with pytest.raises(smtplib.SMTPServerDisconnected):
            smtp.sendmail("desk@x.example", ["hang@x.example"], MAIL)
    wait_until(lambda: not smtp_sink._sessions, what="the end of the session")
    assert smtp_sink.mails == []


@pytest.mark.parametrize("accept", [True, False])
def test_cut_after_the_final_dot(smtp_sink: SmtpSink, accept: bool) -> None:
    smtp_sink.drop_after_dot("gone@x.example", accept=accept)
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(smtp_sink, "gone@x.example")
    assert len(smtp_sink.mails) == accept
    send(smtp_sink, "gone@x.example")
    assert len(smtp_sink.mails) == accept + 1


def test_cut_in_the_middle_of_a_session(smtp_sink: SmtpSink) -> None:
    smtp_sink.drop_at_rcpt("cut@x.example")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        send(smtp_sink, "cut@x.example")
    with session(smtp_sink) as smtp:
        smtp.ehlo()
        smtp_sink.drop_connections()
        with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
            smtp.sendmail("desk@x.example", ["cut@x.example"], MAIL)


def test_stopped_and_started_on_the_same_port(smtp_sink: SmtpSink) -> None:
    send(smtp_sink, "a@x.example")
    with session(smtp_sink):
        smtp_sink.stop()
    with pytest.raises(ConnectionRefusedError):
        session(smtp_sink)
    smtp_sink.start()
    send(smtp_sink, "b@x.example")
    assert [mail.recipients[0] for mail in smtp_sink.mails] == ["a@x.example", "b@x.example"]


def test_starttls_and_login() -> None:
    with SmtpSink(tls="starttls", login=("desk", "secret")) as sink, session(sink) as smtp:
        smtp.starttls(context=sink.client_context())
        with pytest.raises(smtplib.SMTPSenderRefused, match="Authentication required"):
            smtp.sendmail("desk@x.example", ["a@x.example"], MAIL)
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            smtp.login("desk", "wrong")
        assert caught.value.smtp_code == 535
        smtp.login("desk", "secret")
        smtp.sendmail("desk@x.example", ["a@x.example"], MAIL)
        mail = sink.wait_for(1)[0]
        assert (mail.login, mail.tls, sink.login_failures) == ("desk", True, 2)


def test_implicit_tls() -> None:
    with SmtpSink(tls="implicit") as sink:
        context = sink.client_context()
        with smtplib.SMTP_SSL(sink.host, sink.port, "client.test", context=context) as smtp:
            smtp.sendmail("desk@x.example", ["a@x.example"], MAIL)
        assert sink.wait_for(1)[0].tls
        with pytest.raises(ssl.SSLCertVerificationError):
            smtplib.SMTP_SSL(
                sink.host, sink.port, "client.test", context=ssl.create_default_context()
            )


def test_smtputf8_is_offered_or_not(smtp_sink: SmtpSink) -> None:
    with session(smtp_sink) as smtp:
        smtp.ehlo()
        assert smtp.has_extn("smtputf8")
        assert not smtp.has_extn("auth")
    with SmtpSink(smtputf8=False) as sink, session(sink) as smtp:
        smtp.ehlo()
        assert not smtp.has_extn("smtputf8")


def test_closed_after_so_many_mails() -> None:
    with SmtpSink(close_after=2) as sink, session(sink) as smtp:
        for _ in range(2):
            smtp.sendmail("desk@x.example", ["a@x.example"], MAIL)
        with pytest.raises(smtplib.SMTPSenderRefused) as caught:
            smtp.sendmail("desk@x.example", ["a@x.example"], MAIL)
        assert caught.value.smtp_code == 421
        send(sink, "b@x.example")
        assert [mail.connection for mail in sink.mails] == [1, 1, 2]


def test_nothing_listens_after_stop() -> None:
    with SmtpSink() as sink:
        pass
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((sink.host, sink.port), 1)
