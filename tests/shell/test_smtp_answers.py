"""SMTP servers that break the protocol: no mail is lost, or sent that was not taken."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from mailgate import smtp
from mailgate.config.models import Smtp
from mailgate.smtp import Link, Permanent, Result, Sent, Temporary, UnreachableError
from tests.servers.scripted_smtp import STEPS, ScriptedSmtp

A, B = "a@x.example", "b@x.example"
DATA = b"Subject: x\r\n\r\n.dot\r\n"
LONG = b"250 " + b"x" * 10_000 + b"\r\n"  # smtplib reads lines of 8,192 bytes
ANSWERS = {
    "nonsense": b"hello\r\n",
    "nonsense and then yes": b"hello\r\n250 ok\r\n",
    "a line too long": LONG,
    "421": b"421 4.3.2 closing\r\n",
    "no end": b"250-ok\r\n",
    "bytes": b"\xff\xfe\x00\r\n",
    "closed": b"",
}
TAKEN = (f"TO:<{A}>", b"Subject: x\r\n\r\n..dot\r\n")


@pytest.fixture(params=[b"250 ok\r\n", b"250-scripted.test\r\n250 PIPELINING\r\n"])
def server(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[ScriptedSmtp]:
    """It takes commands one by one, and all at once."""
    monkeypatch.setattr(smtp, "COMMAND_SECONDS", 0.5)
    monkeypatch.setattr(smtp, "DATA_SECONDS", 0.5)
    with ScriptedSmtp().running() as running:
        running.say("ehlo", request.param)
        yield running


@pytest.fixture
def link(server: ScriptedSmtp) -> Iterator[Link]:
    config = Smtp(host=server.host, port=server.port, tls="none")
    with closing(Link(config, smtp.password_auth("", ""))) as opened:
        yield opened


def send(link: Link, recipient: str = A) -> Result | None:
    """What became of the mail; None where it could not even be tried."""
    try:
        return link.send("support@fram.example", recipient, DATA)
    except UnreachableError:
        return None


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("step", [step for step in STEPS if step not in ("noop", "rset")])
def test_an_odd_answer_defers_the_mail_and_the_next_try_sends_it(
    server: ScriptedSmtp, link: Link, step: str, answer: str
) -> None:
    # EHLO is followed by HELO, which may well save the connection.
    for command in [step, "helo"] if step == "ehlo" else [step]:
        server.say(command, ANSWERS[answer], times=1)
    result = send(link)
    assert result is None or isinstance(result, Temporary), result
    assert server.mails == []
    assert send(link) == Sent()
    assert server.mails == [TAKEN]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("step", ["mail", "rcpt", "data", "dot"])
def test_a_kept_connection_that_turns_odd_is_dropped(
    server: ScriptedSmtp, link: Link, step: str, answer: str
) -> None:
    assert send(link) == Sent()
    server.say(step, ANSWERS[answer], times=1)
    result = send(link, B)
    # A connection that closes before the mail began is made anew at once.
    assert result is None or isinstance(result, Temporary) or server.mails[1:]
    before = len(server.mails)
    assert send(link) == Sent()
    assert server.mails[before:] == [TAKEN]
    assert server.connections == 2, "the next mail goes over a new connection"


@pytest.mark.parametrize("answer", [b"250 ok\r\n", b"354 go\r\ngarbage\r\n", b"334 go\r\n"])
def test_data_without_a_clean_354_is_not_sent(
    server: ScriptedSmtp, link: Link, answer: bytes
) -> None:
    server.say("data", answer, times=1)
    assert isinstance(send(link), Temporary)
    assert send(link) == Sent()
    assert server.connections == 2


def test_a_recipient_that_the_server_cannot_verify_is_written_to(
    server: ScriptedSmtp, link: Link
) -> None:
    server.say("rcpt", b"252 2.5.2 cannot verify\r\n")
    assert send(link) == Sent()
    assert server.mails == [TAKEN]


def test_a_yes_to_rcpt_and_a_no_to_data_is_a_no(server: ScriptedSmtp, link: Link) -> None:
    server.say("rcpt", b"252 2.5.2 cannot verify\r\n")
    server.say("data", b"554 5.7.1 no\r\n")
    assert isinstance(send(link), Permanent)
    assert server.mails == []


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_odd_answer_to_rset_leaves_the_result_and_drops_the_connection(
    server: ScriptedSmtp, link: Link, answer: str
) -> None:
    server.say("rcpt", b"550 5.1.1 no such user\r\n", times=1)
    server.say("rset", ANSWERS[answer])
    assert send(link, B) == Permanent("550 5.1.1 no such user")
    assert send(link) == Sent()
    assert server.mails == [TAKEN]
    assert server.connections == 2


def test_a_clean_refusal_keeps_the_connection(server: ScriptedSmtp, link: Link) -> None:
    server.say("rcpt", b"550 5.1.1 no such user\r\n", times=1)
    assert isinstance(send(link, B), Permanent)
    assert send(link) == Sent()
    assert server.connections == 1


@pytest.mark.parametrize("answer", [*ANSWERS.values(), b"354 go ahead\r\n"])
def test_data_on_its_way_to_nobody_leaves_the_refusal(
    server: ScriptedSmtp, link: Link, answer: bytes
) -> None:
    """RFC 2920: commands sent together, of which the second is refused."""
    server.say("rcpt", b"550 5.1.1 no such user\r\n", times=1)
    server.say("nobody", answer)
    assert send(link, B) == Permanent("550 5.1.1 no such user")
    assert send(link) == Sent()
    assert server.mails == [TAKEN]


def test_commands_go_out_together_where_the_server_takes_them(
    server: ScriptedSmtp, link: Link
) -> None:
    server.patient = True
    server.say("ehlo", b"250-scripted.test\r\n250 PIPELINING\r\n")
    assert send(link) == send(link, B) == Sent()
    assert [recipient for recipient, _ in server.mails] == [f"TO:<{A}>", f"TO:<{B}>"]
    assert server.connections == 1


def test_an_answer_too_many_is_never_taken_for_another_mails(
    server: ScriptedSmtp, link: Link
) -> None:
    server.say("dot", b"250 ok\r\n250 once more\r\n", times=1)
    assert send(link) == Sent()
    server.say("dot", b"552 5.2.2 full\r\n", times=1)
    assert not isinstance(send(link, B), Sent)
    assert server.mails == [TAKEN]


def test_an_address_that_no_command_can_carry_is_refused_for_good(
    server: ScriptedSmtp, link: Link
) -> None:
    server.say("ehlo", b"250-scripted.test\r\n250 SMTPUTF8\r\n")
    assert isinstance(send(link, "\ud800@x.example"), Permanent)
    assert send(link) == Sent()
