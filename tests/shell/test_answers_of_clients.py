"""Answers over real sockets: whatever a client puts around them, the new words travel alone."""

# ruff: noqa: E501 (a case is one line)

from __future__ import annotations

import pytest

from rules.model import EntryKind
from tests.clients import new
from tests.desk import ADDRESS, MARIE, SEB, TestDesk, body, subject
from tests.servers.smtp_sink import Mail

LABELS = {
    "French": ("De", "Envoyé", "À", "Objet"),
    "English": ("From", "Sent", "To", "Subject"),
    "German": ("Von", "Gesendet", "An", "Betreff"),
    "Spanish": ("De", "Enviado el", "Para", "Asunto"),
    "Italian": ("Da", "Inviato", "A", "Oggetto"),
    "Dutch": ("Van", "Verzonden", "Aan", "Onderwerp"),
    "Portuguese": ("De", "Enviada em", "Para", "Assunto"),
    "Polish": ("Od", "Wysłano", "Do", "Temat"),
}


@pytest.fixture
def opened(desk: TestDesk) -> tuple[TestDesk, Mail, Mail]:
    """A desk with ticket 1898 of Marie, her mail of it and Sébastien's."""
    desk.deliver(new(MARIE, "Imprimante", "Elle ne répond plus.\nVoyant rouge."))
    to_marie, to_seb = desk.once()
    return desk, to_marie, to_seb


def answer(mail: Mail, sender: str, text: str) -> bytes:
    """An answer whose text is exactly this."""
    ids = {"In_Reply_To": str(mail.message["Message-ID"])}
    return new(sender, f"RE: {subject(mail)}", text, References=ids["In_Reply_To"], **ids)


def header(language: str) -> str:
    values = (f"FRAM <{ADDRESS}>", "20 07 2026 11:00", "M <m@client.example>", "Imprimante")
    return "\n".join(f"{a}: {b}" for a, b in zip(LABELS[language], values, strict=True))


@pytest.mark.parametrize("language", LABELS)
def test_an_outlook_answer_in_each_language(
    opened: tuple[TestDesk, Mail, Mail], language: str
) -> None:
    desk, _, to_seb = opened
    below = f"{header(language)}\n\n#clôturé\nMOT ANCIEN\n"
    desk.deliver(answer(to_seb, SEB, f"#attente\nQuel étage ?\n\n{below}{body(to_seb)}"))
    out = desk.once()
    assert desk.tickets()[0].state == "waiting"
    (asked,) = [mail for mail in out if mail.recipients == (MARIE,)]
    assert "Quel étage ?" in body(asked)
    assert "MOT ANCIEN" not in body(asked)
    assert "#clôturé" not in body(asked)

    desk.deliver(answer(asked, MARIE, f"Le deuxième.\n\n{below}{body(asked)}"))
    desk.once()
    said = [one for one in desk.history() if one.kind is EntryKind.NOTE][-1]
    assert said.text == "Le deuxième."
    assert "MOT ANCIEN" in said.quoted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Le 20/07/2026 à 11:00, FRAM a écrit :\n> Quel étage ?\n\nLe deuxième.\n", ["Le deuxième."], id="below"),
        pytest.param("> Quel étage ?\n\nLe deuxième.\n\n> Quel bureau ?\n\nLe 214.\n", ["Le deuxième.", "Le 214."], id="between"),
    ],
)  # fmt: skip
def test_words_below_and_between_quotes_arrive(
    opened: tuple[TestDesk, Mail, Mail], text: str, words: list[str]
) -> None:
    desk, to_marie, _ = opened
    desk.deliver(answer(to_marie, MARIE, text))
    desk.once()
    entry = desk.history()[-1]
    assert [line for line in entry.text.split("\n") if line] == words
    assert "Quel étage ?" in entry.quoted


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("> #résolu\n> MOT ANCIEN\n", id="marked"),
        pytest.param(f"{header('French')}\n\n#résolu\nMOT ANCIEN\n", id="Outlook"),
        pytest.param(f"Cordialement,\nSébastien\n\n{header('Polish')}\n\n#résolu\nMOT ANCIEN\n", id="signed"),
    ],
)  # fmt: skip
def test_an_agents_answer_without_words_stays_inside_and_he_is_told(
    opened: tuple[TestDesk, Mail, Mail], text: str
) -> None:
    desk, _, to_seb = opened
    desk.deliver(answer(to_seb, SEB, text))
    (told,) = desk.once()
    assert told.recipients == (SEB,)
    assert subject(told) == "[FRAM][#1898][Anomalie] Imprimante"
    entry = desk.history()[-1]
    assert (entry.text, entry.internal) == ("", True)
    assert "MOT ANCIEN" in entry.quoted
    assert desk.tickets()[0].state == "new"


def test_a_requesters_answer_that_is_all_quote_is_kept_whole(
    opened: tuple[TestDesk, Mail, Mail],
) -> None:
    desk, to_marie, _ = opened
    desk.deliver(answer(to_marie, MARIE, f"{header('German')}\n\nMOT ANCIEN\n"))
    desk.once()
    assert "MOT ANCIEN" in desk.history()[-1].text
