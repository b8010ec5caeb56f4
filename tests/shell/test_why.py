"""`mailgate why` names all that followed from a mail: states, and mails about whatever ticket."""

from __future__ import annotations

from datetime import timedelta

from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk, subject
from tests.process import mailgate
from tests.servers.smtp_sink import Mail

ZOE, PAUL = "zoe@fram.example", "paul@fram.example"


def opened(desk: TestDesk, sender: str, title: str) -> dict[str, Mail]:
    """A new ticket's mails by their recipients."""
    desk.deliver(new(sender, title, "En panne."))
    return {mail.recipients[0]: mail for mail in desk.once()}


def why(desk: TestDesk, raw: bytes) -> str:
    file = desk.folder / "mail.eml"
    file.write_bytes(raw)
    done = mailgate("why", str(file), "--config", str(desk.path))
    assert done.returncode == 0
    return done.stdout


def carried_out(desk: TestDesk, raw: bytes) -> str:
    """What `why` says of a mail, once it has named every mail that went out for it."""
    desk.deliver(raw)
    mails = desk.once()
    said = why(desk, raw)
    assert [f"to {one.recipients[0]}: {subject(one)}" in said for one in mails] == [True] * len(
        mails
    )
    assert said.count("  to ") == len(mails)
    return said


def test_a_change_of_state(desk: TestDesk) -> None:
    mails = opened(desk, MARIE, "Badge")
    solved = answer(mails[SEB], SEB, "#résolu\nRefait.")
    assert "ticket #1898, which it brought to the state resolved\n" in carried_out(desk, solved)
    thanks = answer(desk.sink.to(MARIE)[-1], MARIE, "Merci !")
    said = carried_out(desk, thanks)
    assert "which it brought to the state closed\n" in said
    assert "[Résolu/Clôturé]" in said


def test_a_merge_and_another_requester(desk: TestDesk) -> None:
    opened(desk, MARIE, "Badge")
    of_zoe = opened(desk, ZOE, "Le badge aussi")
    assert f"to {PAUL}" in carried_out(desk, answer(of_zoe[SEB], SEB, f"#pour {PAUL}"))
    said = carried_out(desk, answer(of_zoe[SEB], SEB, "#fusionner 1898\nMême panne."))
    assert "[Regroupé]" in said


def test_what_an_agent_confirms(desk: TestDesk) -> None:
    opened(desk, MARIE, "Badge")
    desk.deliver(new(SEB, "Re: [FRAM][#1898] Badge", "#clôturé\nFini."))
    (asked,) = desk.once()
    assert "[Résolu/Clôturé]" in carried_out(desk, answer(asked, SEB, "Oui, c'est moi."))


def test_a_reminder_follows_the_question_and_nothing_a_duplicate(desk: TestDesk) -> None:
    mails = opened(desk, MARIE, "Badge")
    asked = answer(mails[SEB], SEB, "#attente\nLequel ?")
    desk.deliver(asked)
    desk.once()
    desk.once(timedelta(hours=49))
    assert "[Attente réponse]" in why(desk, asked)
    desk.deliver(asked)
    assert desk.once() == []
    copies = why(desk, asked)
    assert copies.partition("duplicate")[2].count("  to ") == 0
