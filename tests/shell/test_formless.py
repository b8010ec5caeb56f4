"""Bounces in words: who did not get the mail, whatever the dialect, and no time for hostile ones."""

# ruff: noqa: E501 (a case is one line)

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailgate import formless
from mailgate.parse import parse
from mailgate.verdicts import judge
from rules.model import Kind
from tests.clients import new

OURS = "mg-abcdefghijklmnopqrstuvwx22"
RETURNED = f"\nMessage-ID: <{OURS}@fram.example>\nSubject: Badge\n\nBonjour\n"


def daemon(subject: str, text: str) -> bytes:
    return new("MAILER-DAEMON@mx.x.example", subject, text)


FAILED = [
    pytest.param(daemon("failure notice", "Hi. This is the qmail-send program at mx.\nI'm afraid I wasn't able to deliver your message.\n\n<a@x.example>:\nno such user\n\n--- Below this line is a copy of the message.\n" + RETURNED), ["a@x.example"], id="qmail"),
    pytest.param(daemon("Mail delivery failed: returning message to sender", "This message was created automatically by mail delivery software.\n\nThe following address(es) failed:\n\n  a@x.example\n    550 unknown\n\n------ This is a copy of the message ------\n" + RETURNED), ["a@x.example"], id="exim"),
    pytest.param(daemon("Undeliverable", "Ce message n'a pas pu être remis aux destinataires suivants :\na@x.example, b@x.example\n" + RETURNED), ["a@x.example", "b@x.example"], id="French words that flufl.bounce does not know"),
    pytest.param(daemon("Unzustellbar", "Die Nachricht konnte nicht zugestellt werden:\n<A@X.example>\n"), ["a@x.example"], id="German words, a capital"),
    pytest.param(daemon("x", "Nothing that anybody knows."), [], id="a daemon that names nobody"),
    pytest.param(new("imss@x.example", "Mail could not be delivered", "Unable to deliver message to <a@x.example>.\n"), ["a@x.example"], id="a gateway under an address of its own"),
    pytest.param(new("x@x.example", "Returned mail", "rcpt to: <a@x.example> 550 no\n", X_Failed_Recipients="a@x.example"), ["a@x.example"], id="X-Failed-Recipients"),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "recipients"), FAILED)
def test_failures_in_words(raw: bytes, recipients: list[str]) -> None:
    judged = judge(raw, parse(raw))
    assert judged.verdict
    assert judged.verdict.kind is Kind.BOUNCE
    assert judged.bounce
    assert [one.recipient for one in judged.bounce.failed] == recipients
    assert not judged.bounce.harmless
    assert judged.bounce.references == ((OURS,) if OURS.encode() in raw else ())


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Warning: message delayed 24 hours", "The message has not yet been delivered to:\na@x.example\n"),
        ("Delivery Status Notification (Delay)", "THIS IS A WARNING MESSAGE ONLY.\nDelivery to the following recipient has been delayed:\n\n     a@x.example\n\nMessage will be retried for 2 more days"),
        ("Remise différée", "Votre message n'a pas encore été remis à :\na@x.example\nIl sera retenté."),
    ],
)  # fmt: skip
def test_delays_in_words(subject: str, text: str) -> None:
    raw = daemon(subject, text)
    bounce = judge(raw, parse(raw)).bounce
    assert bounce
    assert bounce.harmless
    assert [one.recipient for one in bounce.delayed] == ["a@x.example"]


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        pytest.param("Fwd: Undelivered Mail Returned to Sender", "Your message could not be delivered to a@x.example", id="passed on"),
        pytest.param("Mail delivery failed", "Bonjour,\nmon mail à a@x.example n'a pas pu être remis.", id="with a greeting"),
        pytest.param("Mail delivery failed", "Que faire ?\n> could not be delivered to a@x.example", id="quoted"),
        pytest.param("Badge", "Mail could not be delivered to a@x.example", id="under another subject"),
    ],
)  # fmt: skip
def test_people_who_tell_of_a_failure(subject: str, text: str) -> None:
    raw = new("marie@x.example", subject, text)
    assert judge(raw, parse(raw)).verdict is None


@pytest.mark.parametrize(
    "head", [b"Subject: Undeliverable\n", b"From: \xe9\xff@x\n", b"", b"From: MAILER-DAEMON\n"]
)
def test_what_flufl_raises_on_is_no_matter(head: bytes) -> None:
    """IndexError without From, AttributeError with 8-bit headers."""
    raw = head + b"\nThe following address failed:\n<a@x.example>\n"
    formless.read(raw, parse(raw))


OPENINGS = (
    b"A message that you sent could not be delivered",
    b"Message not delivered to the following addresses",
    b"failed addresses follow:",
    b"Sorry, unable to deliver your message to",
    b"Hi. This is the qmail-send program",
)


@pytest.mark.parametrize(
    "piece", [b"a", b"<", b" ", b"\n", b"(", b"<a@a ", b"a@b.c\n", b"<" * 198 + b"\n"]
)
@pytest.mark.parametrize("opening", OPENINGS)
def test_hostile_words_take_no_time(opening: bytes, piece: bytes) -> None:
    raw = b"From: MAILER-DAEMON@x.example\nSubject: x\n\n" + opening + b"\n"
    raw += piece * (1_000_000 // len(piece))
    mail = parse(raw)
    begin = time.process_time()
    formless.read(raw, mail)
    assert time.process_time() - begin < 1


@settings(max_examples=200)
@given(st.binary(), st.sampled_from(OPENINGS))
def test_no_bytes_raise(data: bytes, opening: bytes) -> None:
    raw = b"Subject: Undeliverable\nFrom: MAILER-DAEMON\n" + data + b"\n\n" + opening + b"\n" + data
    judge(raw, parse(raw))
