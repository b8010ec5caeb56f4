"""Thanks, and answers that say nothing: what they do to a ticket, over real servers."""

import re

import pytest

from rules.model import EntryKind
from tests.clients import CLIENTS, answer, new
from tests.desk import MARIE, SEB, TestDesk, body
from tests.servers.smtp_sink import Mail
from tests.story import told

PAUL = "paul@fram.example"
PNG = (
    b"\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    b"Content-Type: text/plain\r\n\r\n%s\r\n--b\r\nContent-Type: image/png; name=ecran.png\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n"
)


def with_file(mail: bytes, text: bytes) -> bytes:
    """The mail's headers above another body: `text` and a picture."""
    head = mail.split(b"\r\n\r\n", 1)[0]
    return re.sub(rb"^(?:MIME|Content)[^\n]*\n", b"", head, flags=re.MULTILINE) + PNG % text


def named(mail: bytes, message_id: str) -> bytes:
    return re.sub(rb"Message-ID: [^\r]*", f"Message-ID: <{message_id}>".encode(), mail)


def asked(desk: TestDesk, keyword: str) -> tuple[Mail, Mail]:
    """Marie's ticket after Sébastien's answer under this keyword: her mail, and his."""
    desk.deliver(new(MARIE, "Imprimante", "Elle est en panne."))
    _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, f"{keyword}\nElle a un nouveau toner depuis ce matin."))
    (to_marie,) = desk.once()
    return to_marie, to_seb


@pytest.fixture
def resolved(desk: TestDesk) -> tuple[TestDesk, Mail]:
    return desk, asked(desk, "#résolu")[0]


THANKS = [
    pytest.param("Merci !", id="phrase"),
    pytest.param("MERCI BEAUCOUP", id="capitals"),
    pytest.param("Bonjour Sébastien,\n\nc’est réglé, merci.\n\nBonne journée\nMarie", id="polite"),
    pytest.param("Merci\n-- \nMarie DUPONT\nComptabilité, poste 12", id="signature"),
    pytest.param("Thank you very much!\nBest regards", id="english"),
    pytest.param("👍", id="emoji"),
]


@pytest.mark.parametrize("text", THANKS)
def test_thanks_confirm_what_is_resolved(resolved: tuple[TestDesk, Mail], text: str) -> None:
    desk, mail = resolved
    desk.deliver(answer(mail, MARIE, text))
    assert told(desk.once()) == [(SEB, "Note"), (MARIE, "Résolu/Clôturé")]
    assert desk.tickets()[0].state == "closed"
    assert [entry.text for entry in desk.history()][-2:][1] == "closed"


@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_thanks_confirm_from_every_client(resolved: tuple[TestDesk, Mail], client: str) -> None:
    desk, mail = resolved
    desk.deliver(answer(mail, MARIE, "Merci", client))
    desk.once()
    assert desk.tickets()[0].state == "closed"


NO_THANKS = [
    pytest.param("Merci, mais cela ne marche toujours pas.", id="but"),
    pytest.param("Non merci", id="no"),
    pytest.param("Merci ?", id="question"),
    pytest.param("Merci d'avance", id="in advance"),
    pytest.param("Merci.\n\nEt la deuxième ?", id="one more thing"),
]


@pytest.mark.parametrize("text", NO_THANKS)
def test_a_phrase_inside_a_longer_message_reopens(
    resolved: tuple[TestDesk, Mail], text: str
) -> None:
    desk, mail = resolved
    desk.deliver(answer(mail, MARIE, text))
    assert told(desk.once()) == [(SEB, "Note")]
    assert desk.tickets()[0].state == "open"


def test_thanks_with_a_file_reopen(resolved: tuple[TestDesk, Mail]) -> None:
    desk, mail = resolved
    desk.deliver(with_file(answer(mail, MARIE, "x"), b"Merci"))
    desk.once()
    assert desk.tickets()[0].state == "open"
    assert [one.name for one in desk.history()[-2].attachments] == ["ecran.png"]


def test_only_who_may_confirm_confirms_by_thanks(resolved: tuple[TestDesk, Mail]) -> None:
    """As with #confirmer: a colleague with her mail puts the ticket back in work."""
    desk, mail = resolved
    desk.deliver(answer(mail, PAUL, "Merci"))
    desk.once()
    assert desk.tickets()[0].state == "open"


def test_thanks_elsewhere_are_a_note(desk: TestDesk) -> None:
    to_marie, _ = asked(desk, "#note")
    desk.deliver(answer(to_marie, MARIE, "Merci"))
    assert told(desk.once()) == [(SEB, "Note")]
    assert (desk.history()[-1].text, desk.tickets()[0].state) == ("Merci", "open")


def test_the_phrases_are_the_desks_own(desk: TestDesk) -> None:
    text = desk.path.read_text("utf-8")
    desk.path.write_text(text.replace("[desk]\n", '[desk]\nthanks = ["Dziękuję"]\n'), "utf-8")
    to_marie, _ = asked(desk, "#résolu")
    desk.deliver(answer(to_marie, MARIE, "DZIEKUJE."))
    desk.once()
    assert desk.tickets()[0].state == "closed"


EMPTY = [
    *(pytest.param("", client, id=f"nothing, {client}") for client in CLIENTS),
    pytest.param("\n  \n\u00a0", "plain", id="blanks"),
    pytest.param("-- \nMarie DUPONT\nComptabilité", "gmail", id="signature"),
    pytest.param("Bonjour,\n\nCordialement,\nMarie", "outlook", id="politeness and a name"),
    pytest.param("Envoyé de mon iPhone", "outlook-html", id="phone"),
]


@pytest.mark.parametrize(("text", "client"), EMPTY)
def test_an_empty_answer_adds_nothing(
    resolved: tuple[TestDesk, Mail], text: str, client: str
) -> None:
    desk, mail = resolved
    before = desk.history()
    desk.deliver(named(answer(mail, MARIE, text, client), "empty@client.example"))
    assert desk.once() == []
    assert desk.history() == before
    assert desk.tickets()[0].state == "resolved"
    (line,) = desk.lines("empty@client.example")
    assert (line.outcome, line.ticket) == ("empty", 1898)
    assert "adds nothing" in desk.why("empty@client.example")
    assert desk.folders() == {"INBOX": 0, "Done": 3, "Held": 0}


def test_an_empty_answer_does_not_stop_the_clock_nor_wake_a_closed_ticket(desk: TestDesk) -> None:
    to_marie, to_seb = asked(desk, "#attente")
    desk.deliver(answer(to_marie, MARIE, ""))
    assert desk.once() == []
    assert desk.tickets()[0].state == "waiting"
    desk.deliver(answer(to_seb, SEB, "#clôturé"))
    desk.once()
    desk.deliver(answer(to_marie, MARIE, ""))
    assert desk.once() == []


CONTENT = [
    pytest.param({}, "?", "?", id="a question mark"),
    pytest.param({}, "12", "12", id="a number"),
    pytest.param({"Subject": "Tout est en ordre"}, "", "Tout est en ordre", id="in the subject"),
]


@pytest.mark.parametrize(("headers", "text", "kept"), CONTENT)
def test_a_short_answer_is_not_empty(
    resolved: tuple[TestDesk, Mail], headers: dict[str, str], text: str, kept: str
) -> None:
    desk, mail = resolved
    raw = answer(mail, MARIE, text)
    for name, value in headers.items():
        head = re.compile(rf"{name}: .*?\r\n(?! )".encode(), re.DOTALL)
        raw = head.sub(f"{name}: {value}\r\n".encode(), raw, count=1)
    desk.deliver(raw)
    assert told(desk.once()) == [(SEB, "Note")]
    assert desk.history()[-2].text == kept


def test_an_answer_between_the_lines_of_an_unmarked_quote_is_kept(
    resolved: tuple[TestDesk, Mail],
) -> None:
    desk, mail = resolved
    raw = new(
        MARIE,
        "RE: Imprimante",
        "________________________________\nDe : FRAM <support@fram.example>\n"
        "Envoyé : lundi 20 juillet 2026 11:00\nÀ : Marie DUPONT\nObjet : Imprimante\n\n"
        + body(mail).replace("\n\n", "\n\nNon.\n\n", 3),
        In_Reply_To=str(mail.message["Message-ID"]),
    )
    desk.deliver(raw)
    assert told(desk.once()) == [(SEB, "Note")]
    assert "Non." in desk.history()[-2].text


def test_a_file_alone_is_an_answer(resolved: tuple[TestDesk, Mail]) -> None:
    desk, mail = resolved
    desk.deliver(with_file(answer(mail, MARIE, "x"), b""))
    assert told(desk.once()) == [(SEB, "Note")]
    assert desk.history()[-2].attachments


def test_an_agents_empty_answer_stays_inside_and_he_is_told(desk: TestDesk) -> None:
    _, to_seb = asked(desk, "#note")
    desk.deliver(answer(to_seb, SEB, ""))
    assert told(desk.once()) == [(SEB, "Anomalie")]
    assert desk.history()[-1].kind is EntryKind.INTERNAL
