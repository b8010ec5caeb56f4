"""The seed's story whole, by mail, over real IMAP and SMTP: who gets what, in which order.

The clock is the desk's own and moved between two runs; the servers are real.
"""

from datetime import timedelta

import pytest

from tests.clients import answer, new
from tests.desk import MARIE, RH, SEB, TestDesk, body, heads, tagged
from tests.servers.smtp_sink import Mail

TITLE = "Arrivée de Jean MARTIN dans l'agence Toulouse le 01/08"
PAUL = "paul@fram.example"
HOUR = timedelta(hours=1)


def tags(mails: list[Mail]) -> list[tuple[str, str]]:
    """(recipient, third bracket) of each mail; the rest of the subject is checked here."""
    found = []
    for recipient, title in heads(mails):
        number, tag = tagged(title, TITLE)
        assert number == 1898
        found.append((recipient, tag))
    return found


def state(desk: TestDesk) -> str:
    return desk.tickets()[0].state


@pytest.fixture
def opened(desk: TestDesk) -> tuple[TestDesk, Mail]:
    """Row 1: Marie has opened the ticket; Sébastien's mail of it."""
    desk.deliver(new(MARIE, TITLE, "Bonjour,\n\nJean arrive le 1er août."))
    mails = desk.once()
    assert tags(mails) == [(MARIE, "Nouveau"), (SEB, "Nouveau")]
    return desk, mails[1]


@pytest.mark.parametrize("client", ["plain", "outlook", "gmail"])
def test_rows_1_to_6(opened: tuple[TestDesk, Mail], client: str) -> None:
    desk, to_seb = opened
    assert state(desk) == "new"

    # 2: he takes it and asks.
    desk.deliver(answer(to_seb, SEB, "Quelles dates, quel PC ?", client))
    (asked,) = desk.once()
    assert tags([asked]) == [(MARIE, "Note/Réponse")]
    assert "Quelles dates, quel PC ?" in body(asked)
    assert (state(desk), desk.tickets()[0].owner) == ("open", SEB)

    # 3: he asks HR to confirm.
    desk.deliver(answer(to_seb, SEB, f"#transfert {RH}\nL'embauche est-elle confirmée ?", client))
    (transferred,) = desk.once()
    assert tags([transferred]) == [(RH, "Transfert")]
    assert "L'embauche est-elle confirmée ?" in body(transferred)
    assert "#transfert" not in body(transferred)

    # 4: Marie answers.
    desk.deliver(answer(asked, MARIE, "Du 1er août au 31 janvier, TLS-PC-07.", client))
    (noted,) = desk.once()
    assert tags([noted]) == [(SEB, "Note")]
    assert "TLS-PC-07" in body(noted)

    # 5: RH answers.
    desk.deliver(answer(transferred, RH, "Confirmée.", client))
    mails = desk.once()
    assert tags(mails) == [(MARIE, "Note"), (SEB, "Note")]
    assert all("Confirmée." in body(mail) for mail in mails)

    # 6: he reports and closes.
    desk.deliver(answer(noted, SEB, "#clôturé\nLe compte et le poste sont prêts.", client))
    mails = desk.once()
    assert tags(mails) == [(MARIE, "Note/Réponse"), (MARIE, "Résolu/Clôturé")]
    assert "Le compte et le poste sont prêts." in body(mails[0])
    assert "Le compte et le poste sont prêts." not in body(mails[1])
    assert state(desk) == "closed"
    assert [entry.text for entry in desk.history() if entry.kind == "state"] == ["open", "closed"]


def test_row_7_a_reply_with_a_colleague_in_copy(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    desk.deliver(answer(to_seb, SEB, f"#réponse Paul <{PAUL}>\nQui sera là ?"))
    mails = desk.once()
    assert tags(mails) == [(MARIE, "Réponse"), (PAUL, "Réponse")]
    assert all("Qui sera là ?" in body(mail) for mail in mails)
    # The colleague belongs now: his answer is a note for all.
    desk.deliver(answer(mails[1], PAUL, "Moi."))
    assert tags(desk.once()) == [(MARIE, "Note"), (SEB, "Note")]


def test_rows_8_to_10_waiting_reminder_closing(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    # 8: one mail with the question.
    desk.deliver(answer(to_seb, SEB, "#attente\nQuelles dates ?"))
    (asked,) = desk.once()
    assert tags([asked]) == [(MARIE, "Note")]
    assert "Quelles dates ?" in body(asked)
    assert "72" in body(asked)
    assert state(desk) == "waiting"
    # 9: after 48 h, and not before, once.
    assert desk.once(47 * HOUR) == []
    (reminded,) = desk.once(48 * HOUR)
    assert tags([reminded]) == [(MARIE, "Attente réponse")]
    assert "Quelles dates ?" in body(reminded)
    assert desk.once(49 * HOUR) == []
    assert desk.once(71 * HOUR) == []
    assert state(desk) == "waiting"
    # 10: after 72 h.
    (closed,) = desk.once(72 * HOUR)
    assert tags([closed]) == [(MARIE, "Clôturé sans réponse")]
    assert state(desk) == "unanswered"
    assert desk.once(200 * HOUR) == []


def test_row_11_resolved_and_confirmed(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    desk.deliver(answer(to_seb, SEB, "#résolu\nTout est prêt."))
    (resolved,) = desk.once()
    assert tags([resolved]) == [(MARIE, "Résolu")]
    assert "Tout est prêt." in body(resolved)
    assert "48" in body(resolved) or "#confirmer" in body(resolved)
    assert state(desk) == "resolved"
    desk.deliver(answer(resolved, MARIE, "#confirmer\nMerci !"))
    assert tags(desk.once()) == [(SEB, "Note"), (MARIE, "Résolu/Clôturé")]
    assert state(desk) == "closed"


def test_row_11_resolved_and_refused(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    desk.deliver(answer(to_seb, SEB, "#résolu\nTout est prêt."))
    (resolved,) = desk.once()
    desk.deliver(answer(resolved, MARIE, "#refuser\nLe compte manque."))
    (noted,) = desk.once()
    assert tags([noted]) == [(SEB, "Note")]
    assert "Le compte manque." in body(noted)
    assert state(desk) == "open"
    assert desk.once(100 * HOUR) == []


def test_row_11_resolved_and_silent(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    desk.deliver(answer(to_seb, SEB, "#résolu\nTout est prêt."))
    desk.once()
    assert desk.once(47 * HOUR) == []
    assert tags(desk.once(48 * HOUR)) == [(MARIE, "Résolu/Clôturé")]
    assert state(desk) == "closed"


def test_closed_is_final_but_for_a_proven_agent(opened: tuple[TestDesk, Mail]) -> None:
    desk, to_seb = opened
    desk.deliver(answer(to_seb, SEB, "#clôturé\nFait."))
    note, _ = desk.once()
    desk.deliver(answer(note, MARIE, "Encore une chose."))
    mails = desk.once()
    assert tags(mails) == [(MARIE, "Clôturé"), (SEB, "Clôturé")]
    assert "mailto:" in body(mails[0], "text/html")
    assert state(desk) == "closed"
    desk.deliver(answer(note, MARIE, "Et une autre."))
    assert tags(desk.once()) == [(SEB, "Clôturé")]
    desk.deliver(answer(mails[1], SEB, "#rouvrir\nJe regarde."))
    assert tags(desk.once()) == [(MARIE, "Note/Réponse")]
    assert state(desk) == "open"
