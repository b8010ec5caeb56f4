"""IMAP servers that answer oddly for one mail: the others go on, and it is held in the end."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mailgate import daemon
from tests.clients import new
from tests.desk import TestDesk
from tests.process import Daemon, mailgate
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import Relay
from tests.servers.smtp_sink import SmtpSink
from tests.servers.waiting import wait_until

Rewrite = Callable[[bytes], bytes]


@pytest.fixture
def odd(
    tmp_path: Path,
    dovecot: Dovecot,
    imap_user: str,
    smtp_sink: SmtpSink,
    relay: Relay,
    monkeypatch: pytest.MonkeyPatch,
) -> TestDesk:
    """A desk with three mails, whose mailbox speaks through the relay."""
    monkeypatch.setattr(daemon, "_AGAIN", 0.0)
    desk = TestDesk(tmp_path, dovecot, imap_user, smtp_sink, imap_port=relay.port)
    desk.deliver(
        *(new(f"u{n}@x.example", f"Demande {n}", "x", message_id=f"<{n}@x>") for n in (1, 2, 3))
    )
    return desk


def body_of_two(change: Callable[[bytes], bytes]) -> Rewrite:
    """Changes what the server gives for BODY[] of UID 2: a literal, as Dovecot writes it."""

    def rewrite(data: bytes) -> bytes:
        found = re.search(rb"UID 2 BODY\[\] \{(\d+)\}\r\n", data)
        if not found:
            return data
        start, end = found.start(), found.end() + int(found[1])
        return data[:start] + change(data[start:end]) + data[end:]

    return rewrite


def without_line_of_two(data: bytes) -> bytes:
    """No answer for UID 2 at all when its size or its text is asked for."""
    if re.search(rb"UID 2 BODY\[\]", data):
        return re.sub(rb"(?s)\* 2 FETCH \(UID 2 BODY\[\] .*?\r\n\)\r\n", b"", data)
    return re.sub(rb"\* \d+ FETCH \(UID 2 RFC822.SIZE[^\r]*\r\n", b"", data)


def no_for_two(data: bytes) -> bytes:
    """NO where the answer would have had UID 2's text."""
    if not re.search(rb"UID 2 BODY\[\]", data):
        return data
    tag = re.findall(rb"(\w+) OK Fetch completed", data)[-1]
    return tag + b" NO [SERVERBUG] Internal error\r\n"


UNREADABLE: dict[str, Rewrite] = {
    "BODY NIL": body_of_two(lambda _: b"UID 2 BODY[] NIL"),
    "BODY empty, size above 0": body_of_two(lambda _: b'UID 2 BODY[] ""'),
    "an empty literal": body_of_two(lambda _: b"UID 2 BODY[] {0}\r\n"),
    "no BODY item": body_of_two(lambda _: b"UID 2 FLAGS ()"),
    "no FETCH line": without_line_of_two,
    "NO": no_for_two,
    "no size": lambda data: re.sub(rb"UID 2 RFC822.SIZE \d+", b"UID 2", data),
    "size NIL": lambda data: re.sub(rb"UID 2 RFC822.SIZE \d+", b"UID 2 RFC822.SIZE NIL", data),
    "no sense": body_of_two(lambda _: b"UID 2 BODY[] (((("),
}


@pytest.mark.parametrize("oddity", UNREADABLE)
def test_one_mail_that_is_not_handed_out_is_held_and_the_others_go_on(
    odd: TestDesk, relay: Relay, oddity: str
) -> None:
    relay.rewrite(UNREADABLE[oddity])
    assert len(odd.once()) == 4, "one run is enough, and it ends"
    assert [ticket.subject for ticket in odd.tickets()] == ["Demande 1", "Demande 3"]
    (line,) = odd.held()
    assert (line.uid, line.reason) == (
        2,
        "the IMAP server lists this mail but does not hand it out",
    )
    assert odd.folders() == {"INBOX": 0, "Done": 2, "Held": 1}


def test_the_daemon_holds_it_too_and_waits_for_more(odd: TestDesk, relay: Relay) -> None:
    relay.rewrite(UNREADABLE["NO"])
    with Daemon(odd.path):
        wait_until(lambda: odd.folders()["INBOX"] == 0, 60, "an empty inbox")
        odd.deliver(new("u4@x.example", "Demande 4", "x"))
        odd.sink.wait_for(6)
    assert len(odd.held()) == 1


def test_moved_back_once_the_server_is_well_it_is_taken(odd: TestDesk, relay: Relay) -> None:
    relay.rewrite(UNREADABLE["NO"])
    odd.once()
    relay.rewrite(None)
    with odd.dovecot.client(odd.user) as client:
        client.select_folder("Held")
        client.move([1], "INBOX")
    assert len(odd.once()) == 2
    assert [ticket.subject for ticket in odd.tickets()][-1] == "Demande 2"


def test_dropping_it_while_the_server_still_says_no_does_not_stop_the_desk(
    odd: TestDesk, relay: Relay
) -> None:
    relay.rewrite(UNREADABLE["BODY NIL"])
    odd.once()

    def no_in_held(data: bytes) -> bytes:
        tags = re.findall(rb"(\w+) OK Fetch completed", data)
        return tags[-1] + b" NO broken\r\n" if tags and b"BODY[" in data else data

    relay.rewrite(no_in_held)
    odd.drop(odd.held()[0].id)
    assert odd.once() == []
    assert odd.folders()["Held"] == 1


@pytest.mark.parametrize("date", [b"", b" INTERNALDATE NIL", b' INTERNALDATE "yesterday"'])
def test_a_mail_without_the_hour_of_its_arrival_is_taken(
    odd: TestDesk, relay: Relay, date: bytes
) -> None:
    relay.rewrite(lambda data: re.sub(rb' INTERNALDATE "[^"]*"', date, data))
    assert len(odd.once()) == 6
    assert odd.held() == []


def test_a_mail_that_the_server_lists_whatever_is_done_with_it(odd: TestDesk, relay: Relay) -> None:
    """UID 99 stands in every SEARCH: it is held, tried to be moved, and then left alone."""
    relay.rewrite(lambda data: re.sub(rb"(\* SEARCH[ \d]*)\r\n", rb"\1 99\r\n", data))
    assert len(odd.once()) == 6
    assert [line.uid for line in odd.held()] == [99]
    odd.deliver(new("u4@x.example", "Demande 4", "x"))
    assert len(odd.once()) == 2


def test_moves_that_do_nothing_end(odd: TestDesk, relay: Relay) -> None:
    """A server that says OK to MOVE and leaves the mail: answered once, and `run --once` ends."""
    relay.rewrite(lambda data: re.sub(rb"\* SEARCH[^\r]*\r\n", b"* SEARCH 1 2 3\r\n", data))
    assert len(odd.once()) == 6
    assert odd.once() == []
    assert len(odd.tickets()) == 3


def test_run_once_as_a_process_ends_when_the_server_hangs_up_on_one_mail(
    odd: TestDesk, relay: Relay
) -> None:
    relay.cut_when(lambda who, data: who == "server" and b"UID 2 BODY[]" in data, once=False)
    done = mailgate("run", "--once", "--config", str(odd.path))
    assert done.returncode == 0, done.stderr
    assert len(odd.sink.mails) == 4
    assert [line.uid for line in odd.held()] == [2]


def test_run_once_fails_when_the_server_goes_away_altogether(odd: TestDesk, relay: Relay) -> None:
    def gone(who: str, data: bytes) -> bool:
        if who == "server" and b"BODY[]" in data:
            relay._listener.close()  # type: ignore[union-attr]  # from the loop's own thread
            return True
        return False

    relay.cut_when(gone)
    assert not daemon.run_once(odd.config)
    assert odd.tickets() == []
