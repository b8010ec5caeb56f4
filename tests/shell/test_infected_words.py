"""Words in which the scanner finds a virus: kept back like a file, and named."""

from __future__ import annotations

from base64 import b64encode
from email.message import Message
from email.mime.application import MIMEApplication
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText
from email.parser import BytesParser

import pytest

from mailgate import checks
from rules.model import Withheld
from store import ledger
from tests import winmail
from tests.clients import answer, new
from tests.desk import ADDRESS, MARIE, SEB, TestDesk, body, subject
from tests.servers.clamd import LARGEST, NAME, Clamd
from tests.servers.smtp_sink import Mail

EICAR = checks.EICAR.decode()
MARK = EICAR[:30]  # of the words that nobody may read
HALVES = ("text/plain", "text/html")
FOUND = (Withheld.INFECTED, NAME)


def scanned_by(desk: TestDesk, clamd: Clamd, more: str = "") -> TestDesk:
    desk.more = f'{more}\n[attachments]\nclamd = "{clamd.address}"'
    desk.__post_init__()
    return desk


def part(kind: str, data: bytes, **parameters: str) -> Message:
    main, sub = kind.split("/")
    found = MIMENonMultipart(main, sub, **parameters)
    found["Content-Transfer-Encoding"] = "base64"
    found.set_payload(b64encode(data).decode())
    return found


def several(kind: str, *parts: Message) -> Message:
    found = MIMEMultipart(kind)
    for one in parts:
        found.attach(one)
    return found


def mail(content: Message, sender: str = MARIE, **headers: str) -> bytes:
    content["From"], content["To"], content["Subject"] = sender, ADDRESS, "Facture"
    content["Message-ID"] = "<m1@client.example>"
    content["Date"] = "Mon, 20 Jul 2026 11:00:00 +0200"
    for name, value in headers.items():
        content[name.replace("_", "-")] = value
    return content.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def outlook() -> Message:
    words = winmail.properties(winmail.prop(winmail.UNICODE, 0x1000, EICAR))
    data = winmail.stream(winmail.file("plan.pdf", b"%PDF"), body=words)
    return several("mixed", part("application/ms-tnef", data, name="winmail.dat"))


PLAIN, RICH = MIMEText("Bonjour, voici.", "plain"), MIMEText("<p>Bonjour, voici.</p>", "html")
# What the scanner names, and what is read instead.
WORDS = {
    "plain": (part("text/plain", checks.EICAR), 1, ""),
    "html": (part("text/html", b"<!-- " + checks.EICAR + b" --><p>Voici.</p>"), 1, ""),
    "utf-16": (part("text/plain", EICAR.encode("utf-16"), charset="utf-16"), 1, ""),
    "torn by tags": (
        part("text/html", EICAR.replace("STANDARD", "<b>STAN</b>DARD").encode()),
        1,
        "",
    ),
    "half of an alternative": (
        several("alternative", part("text/plain", checks.EICAR), RICH),
        1,
        "Bonjour, voici.",
    ),
    "the half that is not read": (
        several("alternative", PLAIN, part("text/html", b"<!-- " + checks.EICAR + b" -->")),
        1,
        "Bonjour, voici.",
    ),
    "both halves": (
        several("alternative", part("text/plain", checks.EICAR), part("text/html", checks.EICAR)),
        2,
        "",
    ),
    "one of two texts": (
        several("mixed", PLAIN, part("text/plain", checks.EICAR)),
        1,
        "Bonjour, voici.",
    ),
    "a text with a name": (
        several("mixed", part("text/plain", checks.EICAR, name="lisez.txt")),
        1,
        "",
    ),
    "winmail.dat": (outlook(), 2, ""),  # its text is a file of it too
    "no usable boundary": (part("multipart/mixed", checks.EICAR), 1, ""),
}


@pytest.mark.parametrize(("content", "count", "text"), WORDS.values(), ids=WORDS)
def test_infected_words_are_a_file_that_nobody_gets(
    desk: TestDesk, clamd: Clamd, content: Message, count: int, text: str
) -> None:
    raw = mail(BytesParser().parsebytes(content.as_bytes()))
    scanned_by(desk, clamd)
    desk.deliver(raw)
    mails = desk.once()
    (opening,) = desk.history()
    assert (opening.text, opening.quoted) == (text, "")
    bad = [one for one in opening.attachments if one.withheld]
    assert [(one.withheld, one.virus) for one in bad] == [FOUND] * count
    assert [one.recipients for one in mails] == [(MARIE,), (SEB,)]
    for one in mails:
        assert all(MARK not in body(one, half) for half in HALVES)
        assert all(file.name in " ".join(body(one).split()) for file in bad)
    assert f"virus détecté : {NAME}" in " ".join(body(mails[1]).split())
    with desk._db().reading() as tx:
        assert opening.raw_id
        assert ledger.raw(tx, opening.raw_id) == raw, "nothing is lost"
    assert desk.held() == []
    assert desk.once() == []


def test_infected_orders_are_not_followed(desk: TestDesk, clamd: Clamd) -> None:
    scanned_by(desk, clamd)
    desk.deliver(new(MARIE, "Facture", "Voici."))
    _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, f"#clôturé\n{EICAR}"))
    (told,) = [one for one in desk.once() if one.recipients == (SEB,)]
    assert NAME in " ".join(body(told).split())
    assert desk.ticket().state != "closed"
    assert all(MARK not in entry.text + entry.quoted for entry in desk.history())


def test_unproven_words_stay_back_when_they_are_confirmed(desk: TestDesk, clamd: Clamd) -> None:
    scanned_by(desk, clamd)
    desk.deliver(new(MARIE, "Facture", "Laquelle ?"))
    to_marie, _ = desk.once()
    desk.deliver(new(SEB, f"Re: {subject(to_marie)}", EICAR))
    asked = next(one for one in desk.once() if "Anomalie" in subject(one))
    desk.deliver(answer(asked, SEB, "Oui."))
    for one in desk.once():
        assert all(MARK not in body(one, half) for half in HALVES)
    assert all(MARK not in entry.text + entry.quoted for entry in desk.history())


def test_words_that_were_left_out_stay_so_when_they_are_confirmed(
    desk: TestDesk, clamd: Clamd
) -> None:
    scanned_by(desk, clamd)
    desk.deliver(new(MARIE, "Facture", "Laquelle ?"))
    to_marie, _ = desk.once()
    desk.deliver(new(SEB, f"Re: {subject(to_marie)}", "mot\n" * (LARGEST // 3)))
    asked = next(one for one in desk.once() if "Anomalie" in subject(one))
    desk.deliver(answer(asked, SEB, "Oui."))
    desk.once()
    assert all("mot\nmot" not in entry.text + entry.quoted for entry in desk.history())


def test_a_mail_that_is_forwarded_with_a_virus_opens_no_ticket_for_its_author(
    desk: TestDesk, clamd: Clamd
) -> None:
    scanned_by(desk, clamd, '[trust]\nauthserv_id = "mx.fram.example"')
    inner = BytesParser().parsebytes(
        mail(part("text/plain", EICAR.encode("utf-16"), charset="utf-16"))
    )
    whole = several("mixed", MIMEText("Pour toi.", "plain", "utf-8"), MIMEMessage(inner))
    proof = "mx.fram.example; dmarc=pass header.from=fram.example"
    desk.deliver(mail(whole, SEB, Authentication_Results=proof))
    mails = desk.once()
    assert MARIE not in {to for one in mails for to in one.recipients}
    assert all(MARK not in entry.text + entry.quoted for entry in desk.history())
    assert [(one.withheld, one.virus) for one in desk.history()[0].attachments] == [FOUND]


def test_words_that_the_scanner_does_not_take_are_left_out(desk: TestDesk, clamd: Clamd) -> None:
    scanned_by(desk, clamd)
    text = "\r\n".join("mot" for _ in range(LARGEST // 5 + 1))
    desk.deliver(mail(part("text/plain", text.encode())))
    assert len(desk.once()) == 2
    (opening,) = desk.history()
    assert opening.text == ""
    assert [one.withheld for one in opening.attachments] == [Withheld.UNSCANNABLE]


def test_words_go_on_while_the_scanner_is_away(desk: TestDesk, clamd: Clamd) -> None:
    scanned_by(desk, clamd)
    clamd.stop()
    desk.deliver(mail(MIMEText("Bonjour.")))
    assert len(desk.once()) == 2
    assert [one.text for one in desk.history()] == ["Bonjour."]
    clamd.start()
    assert desk.once() == []


# --- messages within messages


def within(times: int, innermost: bytes) -> bytes:
    """A mail in a mail in a mail, so many times."""
    found = MIMEText("Voici.")
    found = several("mixed", found, MIMEApplication(innermost, "pdf", name="facture.pdf"))
    for _ in range(times):
        found = several("mixed", MIMEText("Voici."), MIMEMessage(found))
    return mail(found)


@pytest.mark.parametrize("depth", [1, 5, 30])
@pytest.mark.parametrize("virus", [True, False])
def test_a_virus_deep_inside_is_found_or_the_whole_is_left_out(
    desk: TestDesk, clamd: Clamd, depth: int, virus: bool
) -> None:
    scanned_by(desk, clamd)
    desk.deliver(within(depth, checks.EICAR if virus else b"%PDF"))
    mails: list[Mail] = desk.once()
    assert len(mails) == 2
    (file,) = desk.history()[0].attachments
    if depth > 20:
        assert file.withheld == Withheld.UNSCANNABLE
    else:
        assert (file.withheld, file.virus) == (FOUND if virus else ("", ""))
