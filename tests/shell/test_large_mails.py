"""Mails that are far too long in one way or another: taken, and ours stay small."""

import time

import pytest

from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk
from tests.servers.smtp_sink import Mail

SMALL = 1_000_000  # bytes of a mail of ours: 100,000 characters as text and as HTML, encoded
LONG = 120  # seconds, where a second or two are the rule


def timed(desk: TestDesk) -> list[Mail]:
    start = time.monotonic()
    mails = desk.once()
    assert time.monotonic() - start < LONG
    assert mails
    assert desk.held() == []
    return mails


def sizes(mails: list[Mail]) -> list[int]:
    return [len(mail.raw) for mail in mails]


def test_forty_thousand_recipients(desk: TestDesk) -> None:
    people = ", ".join(f"user{n}@client.example" for n in range(40_000))
    desk.deliver(new(MARIE, "Réunion", "Tous ensemble.", to=people))
    assert max(sizes(timed(desk))) < 50_000
    (to_seb,) = desk.sink.to(SEB)
    desk.deliver(answer(to_seb, SEB, "Bien.", Cc=people))
    assert max(sizes(timed(desk))) < 50_000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("mot " * 4_500_000, id="one line"),
        pytest.param("> cité\n" * 2_500_000, id="all quote"),
    ],
)
def test_eighteen_megabytes_of_text(desk: TestDesk, text: str) -> None:
    raw = new(MARIE, "Journal", "TEXTE", Content_Transfer_Encoding="8bit")
    head = raw.partition(b"\r\n\r\n")[0].replace(b"Content-Transfer-Encoding: base64\r\n", b"")
    long = head + b"\r\n\r\n" + text.replace("\n", "\r\n").encode()
    assert 17_000_000 < len(long) < 25_000_000
    desk.deliver(long)
    opened = timed(desk)
    assert max(sizes(opened)) < SMALL
    to_marie = next(m for m in opened if m.recipients == (MARIE,))
    body_at = long.index(b"\r\n\r\n")
    ids = f"In-Reply-To: {to_marie.message['Message-ID']}\r\nMessage-ID: <second@x>\r\n".encode()
    kept = b"\r\n".join(h for h in long[:body_at].split(b"\r\n") if not h.startswith(b"Message-ID"))
    desk.deliver(ids + kept + long[body_at:])
    noted = timed(desk)
    assert max(sizes(noted)) < SMALL
    assert len(desk.history()) == 2


def test_an_agents_eighteen_megabytes(desk: TestDesk) -> None:
    """Thousands of lines that might be keywords: the refusal stays readable."""
    desk.deliver(new(MARIE, "Journal", "Voir."))
    _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, "#inconnu\n" * 1_000_000))
    mails = timed(desk)
    assert {m.recipients for m in mails} == {(SEB,)}
    assert max(sizes(mails)) < SMALL
