"""The same mail again, and what only looks like it: nobody's words are silenced."""

import pytest

from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk, body, subject
from tests.servers.smtp_sink import Mail

FORM = "formulaire@site.example"


def undated(mail: bytes) -> bytes:
    return mail.replace(b"Date: Mon, 20 Jul 2026 11:00:00 +0200\r\n", b"")


def form(text: str) -> bytes:
    """A web form that writes the same Message-ID on everything, and no date."""
    return undated(new(FORM, "Formulaire", text, message_id="<form@site.example>"))


@pytest.fixture
def opened(desk: TestDesk) -> tuple[TestDesk, Mail]:
    """A desk with ticket 1898 of Marie, and Sébastien's mail of it."""
    desk.deliver(new(MARIE, "Imprimante", "En panne.", message_id="<first@client.example>"))
    return desk, desk.once()[1]


def test_a_constant_message_id_without_a_date_silences_nobody(desk: TestDesk) -> None:
    assert b"Date:" not in form("x")
    for text in ("Une panne.", "Une autre.", "Encore une."):
        desk.deliver(form(text))
        (told,) = [m for m in desk.once() if m.recipients == (SEB,)]
        assert text in body(told)


def test_all_of_them_in_one_batch(desk: TestDesk) -> None:
    texts = ("Une panne.", "Une autre.", "Encore une.")
    desk.deliver(*map(form, texts))
    told = [body(m) for m in desk.once() if m.recipients == (SEB,)]
    assert [text in mail for text, mail in zip(texts, told, strict=True)] == [True] * 3


def test_a_constant_message_id_with_a_date_silences_nobody(desk: TestDesk) -> None:
    for hour in (11, 12):
        mail = new(FORM, "Formulaire", f"À {hour} h.", message_id="<form@site.example>")
        desk.deliver(mail.replace(b" 11:00:00 ", b" %d:00:00 " % hour))
        assert [m.recipients for m in desk.once()][-1] == (SEB,)


HEADERS = {"message_id": "<seb@client.example>"}
FORGERIES = {
    "on the ticket, by its tag": new(
        SEB, "Re: [FRAM][#1898] Imprimante", "#résolu\nFait.", **HEADERS
    ),
    "with other words": new(SEB, "Re: [FRAM][#1898] Imprimante", "Rien.", **HEADERS),
    "as a ticket of its own": new(SEB, "Imprimante", "#résolu\nFait.", **HEADERS),
    "as another ticket, other words": new(SEB, "Imprimante", "Rien.", **HEADERS),
    "as a machine's": new(
        SEB,
        "Re: [FRAM][#1898] Imprimante",
        "#résolu\nFait.",
        Auto_Submitted="auto-generated",
        **HEADERS,
    ),
    "as a machine's, other words": new(
        SEB, "Re: [FRAM][#1898] Imprimante", "Rien.", Auto_Submitted="auto-replied", **HEADERS
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_copy_that_comes_first_does_not_silence_the_agent(
    opened: tuple[TestDesk, Mail], forgery: str
) -> None:
    desk, to_seb = opened
    desk.deliver(FORGERIES[forgery])
    desk.once()
    assert desk.tickets()[0].state == "new"
    own = {
        "In_Reply_To": str(to_seb.message["Message-ID"]),
        "message_id": "<seb@client.example>",
    }
    desk.deliver(new(SEB, "Re: [FRAM][#1898] Imprimante", "#résolu\nFait.", **own))
    told = [m for m in desk.once() if m.recipients == (MARIE,)]
    assert [subject(m) for m in told] == ["[FRAM][#1898][Résolu] Imprimante"]
    assert "Fait." in body(told[0])


@pytest.mark.parametrize("text", ["Elle fume.", "Rien."])
def test_a_forged_copy_does_not_silence_the_requester(
    opened: tuple[TestDesk, Mail], text: str
) -> None:
    desk, to_seb = opened
    desk.deliver(answer(to_seb, SEB, "Et maintenant ?"))
    (to_marie,) = desk.once()
    title, ids = "Re: [FRAM][#1898] Imprimante", {"message_id": "<marie@client.example>"}
    desk.deliver(new(MARIE, title, text, **ids))
    desk.once()
    own = {"In_Reply_To": str(to_marie.message["Message-ID"])}
    desk.deliver(new(MARIE, title, "Elle fume.", **ids, **own))
    (told,) = desk.once()
    assert told.recipients == (SEB,)
    assert desk.history()[-1].verified


def test_the_agents_own_mail_twice_is_carried_out_once(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    mail = answer(to_seb, SEB, "#résolu\nFait.", Cc="dehors@x.example")
    mail = mail.replace(b"#r", b"#note\n#r")
    desk.deliver(mail)
    first = desk.once()
    desk.deliver(mail, mail)
    assert desk.once() == []
    assert first
    message_id = next(e for e in mail.split(b"\r\n") if e.startswith(b"Message-ID"))
    name = message_id.split(b"<")[1].rstrip(b">").decode()
    assert [line.outcome for line in desk.lines(name)] == ["noted", "duplicate", "duplicate"]
