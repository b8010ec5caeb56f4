"""`mailgate check` sends the desk a mail: what relays do to it, and that no ticket comes of it."""

import re
import subprocess
from collections.abc import Callable

import pytest

from mailgate import roundtrip
from rules.model import Outcome
from tests.clients import new
from tests.desk import ADDRESS, TestDesk
from tests.process import Daemon, mailgate
from tests.servers.delivering import Delivering

Rewrite = Callable[[bytes], bytes]


def rewrites_ids(mail: bytes) -> bytes:
    return re.sub(rb"\r\nMessage-ID: <[^>]*>", b"\r\nMessage-ID: <0100@relay.example>", mail)


def drops_references(mail: bytes) -> bytes:
    return re.sub(rb"\r\nReferences:.*(\r\n[ \t].*)*", b"", mail)


def cuts_the_text(mail: bytes) -> bytes:
    return mail[: mail.index(b"\r\n\r\n")] + b"\r\n\r\nBonjour.\r\n"


def does_all(mail: bytes) -> bytes:
    return cuts_the_text(drops_references(rewrites_ids(mail)))


WAYS: dict[str, tuple[Rewrite, int, str]] = {
    "whole": (lambda mail: mail, 0, "a mail to support@fram.example came back whole after "),
    "another Message-ID": (rewrites_ids, 0, "warning: config.toml: the Message-ID is rewritten"),
    "without References": (drops_references, 0, "warning: config.toml: References are lost"),
    "another text": (cuts_the_text, 0, "warning: config.toml: the reference line (Réf. …) is lost"),
    "nothing left": (does_all, 1, "config.toml: nothing that ties an answer to its ticket comes"),
}


def way(desk: TestDesk, rewrite: Rewrite = lambda mail: mail) -> Delivering:
    """The desk's SMTP server, one that delivers to the desk's own mailbox."""
    sink = Delivering(desk.deliver, rewrite)
    text = desk.path.read_text("utf-8").replace(f"port = {desk.sink.port}", f"port = {sink.port}")
    desk.path.write_text(text, "utf-8")
    return sink


def check(desk: TestDesk, *more: str) -> subprocess.CompletedProcess[str]:
    return mailgate("check", *more, "--config", str(desk.path))


@pytest.mark.parametrize(("rewrite", "code", "said"), WAYS.values(), ids=WAYS)
def test_what_the_way_round_does(desk: TestDesk, rewrite: Rewrite, code: int, said: str) -> None:
    with way(desk, rewrite) as sink:
        done = check(desk)
    assert (done.returncode, len(sink.mails)) == (code, 1), done.stderr
    found = [line for line in (done.stdout + done.stderr).splitlines() if said in line]
    assert len(found) == 1
    others = {one for _, _, one in WAYS.values()} - {said}
    assert not any(one in done.stdout + done.stderr for one in others)
    assert desk.folders() == {"INBOX": 0, "Done": 1, "Held": 0}
    assert desk.once() == []
    assert desk.tickets() == []


def test_one_that_does_not_arrive_in_time(desk: TestDesk) -> None:
    desk.once()
    late: list[bytes] = []

    def keeps_it_back(mail: bytes) -> bytes:
        late.append(mail)
        return new("x@x.example", "Autre", "x")

    with way(desk, keeps_it_back) as sink:
        done = check(desk, "--wait", "1")
        assert done.returncode == 0
        assert "did not come back within 1 s" in done.stderr
        assert len(sink.mails) == 1
    desk.deliver(*late)
    desk.once()
    assert [ticket.subject for ticket in desk.tickets()] == ["Autre"]
    (line,) = desk.lines(message_id(late[0]))
    assert line.outcome is Outcome.CHECK
    assert "check: `mailgate check` sent it" in desk.why(line.message_id)


def test_a_running_daemon_knows_it(desk: TestDesk) -> None:
    desk.once()
    with way(desk) as sink:
        with Daemon(desk.path):
            done = check(desk)
        assert "came back whole" in done.stdout
        assert len(sink.mails) == 1
    assert desk.once() == []
    assert desk.tickets() == []
    assert desk.held() == []
    assert desk.folders() == {"INBOX": 0, "Done": 1, "Held": 0}


def test_a_server_that_does_not_take_it(desk: TestDesk) -> None:
    desk.sink.refuse(ADDRESS, 550)
    done = check(desk)
    assert done.returncode == 1
    assert f"config.toml: smtp: the server takes no mail for {ADDRESS}: 550" in done.stderr


def test_no_mail_is_sent_where_nobody_waits_for_it(desk: TestDesk) -> None:
    assert check(desk, "--wait", "0").returncode == 0
    assert check(desk, "--offline").returncode == 0
    assert desk.sink.mails == []


@pytest.mark.parametrize("secret", ["", "somebody else's secret"])
def test_a_token_that_this_desk_did_not_sign_is_no_check(desk: TestDesk, secret: str) -> None:
    with way(desk):
        desk.once()
        check(desk)
    forged = roundtrip.token(secret, "00" * 8)
    desk.deliver(new(ADDRESS, f"mailgate {forged}", "x", message_id="<forged@x>"))
    desk.once()
    assert [line.outcome for line in desk.lines("forged@x")] == [Outcome.HELD]


def message_id(mail: bytes) -> str:
    found = re.search(rb"\r\nMessage-ID: <([^>]*)>", mail)
    assert found
    return found[1].decode()
