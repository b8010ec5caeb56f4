"""Agents as requesters, and tickets that nobody opened: who is told of what."""

import pytest

from tests.clients import answer, new
from tests.desk import NADIA, SEB, TestDesk, body, heads, subject
from tests.servers.smtp_sink import Mail

COLLEAGUE = f"""
[[agents]]
name = "Nadia"
address = "{NADIA}"
"""


@pytest.fixture
def asked(desk: TestDesk) -> tuple[TestDesk, Mail, Mail]:
    """Sébastien, an agent, has opened a ticket: his own mail of it, and Nadia's."""
    desk.path.write_text(desk.path.read_text("utf-8") + COLLEAGUE, "utf-8")
    desk.deliver(new(SEB, "Mon PC", "Il ne démarre plus."))
    mails = desk.once()
    assert sorted(m.recipients[0] for m in mails) == [NADIA, SEB]
    return desk, *sorted(mails, key=lambda m: m.recipients == (NADIA,))  # type: ignore[return-value]


def test_his_follow_up_is_a_requesters_note_and_goes_to_his_colleagues(
    asked: tuple[TestDesk, Mail, Mail],
) -> None:
    desk, to_seb, _ = asked
    desk.deliver(answer(to_seb, SEB, "Il fume, à présent."))
    (told,) = desk.once()
    assert heads([told]) == [(NADIA, "[FRAM][#1898][Note] Mon PC")]
    assert "Il fume, à présent." in body(told)
    ticket, entry = desk.tickets()[0], desk.history()[-1]
    assert (ticket.state, ticket.owner) == ("new", ""), "he does not take his own ticket"
    assert (entry.kind, entry.internal, entry.verified) == ("note", False, True)


def test_his_answer_stops_the_clock_that_waits_for_him(asked: tuple[TestDesk, Mail, Mail]) -> None:
    desk, _, to_nadia = asked
    desk.deliver(answer(to_nadia, NADIA, "#attente\nQuel modèle ?"))
    (question,) = desk.once()
    assert question.recipients == (SEB,)
    desk.deliver(answer(question, SEB, "Un X230."))
    (told,) = desk.once()
    assert told.recipients == (NADIA,)
    assert desk.tickets()[0].state == "open"


def test_with_a_keyword_he_acts_as_agent(asked: tuple[TestDesk, Mail, Mail]) -> None:
    desk, to_seb, _ = asked
    desk.deliver(answer(to_seb, SEB, "#clôturé\nLe câble était débranché."))
    desk.once()
    assert desk.tickets()[0].state == "closed"
    desk.deliver(answer(to_seb, SEB, "#rouvrir\nPas mieux."))
    desk.once()
    assert desk.tickets()[0].state == "open"


def test_without_proof_his_follow_up_stays_inside(asked: tuple[TestDesk, Mail, Mail]) -> None:
    desk, _, _ = asked
    desk.deliver(new(SEB, "Re: [FRAM][#1898] Mon PC", "Il fume."))
    assert "Anomalie" in " ".join(subject(m) for m in desk.once() if m.recipients == (SEB,))
    assert desk.history()[-1].internal


@pytest.mark.parametrize("text", ["Quel étage ?", "#attente\nQuel étage ?", "#résolu\nFait."])
def test_on_a_ticket_without_requester_the_agents_note_stays_inside_and_he_is_told(
    desk: TestDesk, text: str
) -> None:
    nobody = new("x@x.example", "Anonyme", "Une panne.").replace(b"From: x@x.example\r\n", b"")
    assert b"From:" not in nobody
    desk.deliver(nobody)
    (to_seb,) = desk.once()
    assert desk.tickets()[0].requester is None
    desk.deliver(answer(to_seb, SEB, text))
    (told,) = desk.once()
    assert heads([told]) == [(SEB, "[FRAM][#1898][Anomalie] Anonyme")]
    entry = desk.history()[-1]
    assert (entry.kind, entry.internal) == ("internal", True)
    assert "Fait." in entry.text or "Quel étage ?" in entry.text
    assert desk.tickets()[0].state == "new", "all or nothing"


def test_on_a_ticket_without_requester_a_transfer_and_an_inside_note_go_their_way(
    desk: TestDesk,
) -> None:
    mail = new("x@x.example", "Anonyme", "Une panne.").replace(b"From: x@x.example\r\n", b"")
    desk.deliver(mail)
    (to_seb,) = desk.once()
    desk.deliver(answer(to_seb, SEB, "#transfert rh@fram.example\nPour vous ?"))
    assert [m.recipients for m in desk.once()] == [("rh@fram.example",)]
