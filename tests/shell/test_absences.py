"""Automatic answers: kept on the ticket, answered by nobody, and shown as an absence."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.clients import answer, new
from tests.desk import MARIE, SEB, TestDesk, body, heads, subject
from tests.process import mailgate
from tests.servers.smtp_sink import Mail

HOUR = timedelta(hours=1)
AWAY = "Bonjour,\nje suis absente du bureau jusqu'au 31/12/2099."


@pytest.fixture
def waiting(desk: TestDesk) -> tuple[TestDesk, Mail]:
    """Sébastien has asked, Marie has 72 h: her mail with the question."""
    desk.deliver(new(MARIE, "Panne", "En panne.", message_id="<first@client.example>"))
    _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, "#attente\nQuel étage ?"))
    (asked,) = desk.once()
    return desk, asked


def tags(mails: list[Mail]) -> list[tuple[str, str]]:
    return [(who, title.split("]")[2].removeprefix("[")) for who, title in heads(mails)]


def facts(mail: Mail) -> str:
    """A mail's text with plain blanks."""
    return " ".join(body(mail).split())


def plain(asked: Mail, text: str, title: str, **headers: str) -> bytes:
    """What a program writes that knows nothing of RFC 3834: our id in a header at best."""
    return new(MARIE, title, text, message_id="<away@x>", **headers)


MACHINES = {
    "RFC 3834": lambda m: answer(m, MARIE, AWAY, Auto_Submitted="auto-replied"),
    "Exchange": lambda m: answer(
        m, MARIE, AWAY, Auto_Submitted="auto-generated", X_Auto_Response_Suppress="All"
    ),
    "X-Autoreply": lambda m: answer(m, MARIE, AWAY, X_Autoreply="yes"),
    "X-Autorespond": lambda m: answer(m, MARIE, AWAY, X_Autorespond="Absence"),
    "Precedence": lambda m: answer(m, MARIE, AWAY, Precedence="auto_reply"),
    "an empty Return-Path": lambda m: answer(m, MARIE, AWAY, Return_Path="<>"),
    "subject and thread": lambda m: plain(
        m, AWAY, f"Réponse automatique : {subject(m)}", In_Reply_To=m.message["Message-ID"]
    ),
    "German, subject and text alone": lambda m: plain(
        m,
        "Ich bin bis zum 31.12.2099 nicht im Büro.",
        f"Abwesenheitsnotiz: {subject(m)}",
        References="<first@client.example>",
    ),
    "English, of itself": lambda m: answer(
        m, MARIE, "This is an automated reply.\nI am out of the office until 31 December 2099."
    ),
    "Dutch, of itself": lambda m: answer(
        m, MARIE, "Dit is een automatisch antwoord.\nIk ben afwezig tot 31 december 2099."
    ),
    "Spanish": lambda m: answer(
        m, MARIE, "Estoy fuera de la oficina hasta el 31/12/2099.", Auto_Submitted="auto-replied"
    ),
    "Italian": lambda m: answer(
        m, MARIE, "Sono in ferie fino al 31 dicembre 2099.", Auto_Submitted="auto-replied"
    ),
}


@pytest.mark.parametrize("machine", MACHINES.values(), ids=list(MACHINES))
def test_an_absence_is_kept_and_changes_nothing(
    waiting: tuple[TestDesk, Mail], machine: object
) -> None:
    desk, asked = waiting
    assert callable(machine)
    desk.deliver(machine(asked))
    assert all(who == SEB for who, _ in tags(desk.once())), "nobody but the agent is told"
    assert (desk.ticket().state, desk.history()[-1].kind) == ("waiting", "auto-reply")
    (known,) = desk.ticket().reach
    assert (known.person.email, known.absent_since is not None) == (MARIE, True)
    assert known.failing_since is None
    assert tags(desk.once(ahead=49 * HOUR)) == [(MARIE, "Attente réponse")]
    assert tags(desk.once(ahead=73 * HOUR)) == [(MARIE, "Clôturé sans réponse")]


def test_the_agent_sees_the_day_of_return(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    text = "Je suis absente, de retour le 17 août."
    cited = str(asked.message["Message-ID"])
    desk.deliver(plain(asked, text, "Absence", In_Reply_To=cited, Auto_Submitted="auto-replied"))
    (told,) = desk.once()
    (known,) = desk.ticket().reach
    assert known.back_on
    assert (known.back_on.month, known.back_on.day) == (8, 17)
    assert "marie.dupont@fram.example is away, back on" in desk.why("away@x")
    shown = mailgate("ticket", "show", "1898", "--config", str(desk.path)).stdout
    assert f"{MARIE} is away, as a machine said " in shown
    done = mailgate("ticket", "show", "1898", "--json", "--config", str(desk.path))
    (reach,) = json.loads(done.stdout)["reach"]
    assert (reach["address"], reach["back_on"][5:]) == (MARIE, "08-17")
    assert reach["failing_since"] is None
    assert told.recipients == (SEB,)


def test_an_absence_is_told_in_later_mails_to_agents_until_the_day(
    waiting: tuple[TestDesk, Mail],
) -> None:
    desk, asked = waiting
    desk.deliver(answer(asked, MARIE, "Je suis absente.", Auto_Submitted="auto-replied"))
    (told,) = desk.once()
    assert f"Absence annoncée : Marie DUPONT <{MARIE}>" in facts(told)
    desk.deliver(new("rh@fram.example", subject(asked), "Elle rentre lundi.", message_id="<rh@x>"))
    (later,) = desk.once()
    assert "Absence annoncée" in facts(later)
    desk.deliver(answer(asked, MARIE, "Me revoilà."))
    (back,) = desk.once()
    assert "Absence annoncée" not in facts(back)
    assert desk.ticket().reach == ()


def test_an_absence_keeps_a_final_ticket_final(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    desk.once(ahead=49 * HOUR)
    desk.once(ahead=73 * HOUR)
    assert desk.ticket().state == "unanswered"
    desk.deliver(answer(asked, MARIE, AWAY, Auto_Submitted="auto-replied"))
    assert all(who == SEB for who, _ in tags(desk.once(ahead=74 * HOUR)))
    assert desk.ticket().state == "unanswered"


def test_a_machines_keyword_is_no_keyword(waiting: tuple[TestDesk, Mail]) -> None:
    desk, asked = waiting
    desk.deliver(answer(asked, MARIE, "#confirmer\nabsente", Auto_Submitted="auto-replied"))
    desk.once()
    assert desk.ticket().state == "waiting"


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Réponse automatique : ", "Ceci est une réponse automatique. Je suis absent."),
        ("Re: ", "Ceci est une réponse automatique.\nJe suis absent jusqu'au 3 août."),
        ("AUTO: Sébastien is out of the office: ", "I am out of the office."),
        ("Abwesenheitsnotiz: ", "Ich bin im Urlaub."),
    ],
)
def test_an_agents_vacation_program_does_not_speak_as_he(
    desk: TestDesk, title: str, text: str
) -> None:
    desk.deliver(new(MARIE, "Panne", "En panne."))
    _, to_seb = desk.once()
    desk.deliver(
        new(SEB, title + subject(to_seb), text, In_Reply_To=str(to_seb.message["Message-ID"]))
    )
    assert [who for who, _ in tags(desk.once())] == []
    assert (desk.ticket().state, desk.history()[-1].kind) == ("new", "auto-reply")


CHALLENGES = {
    "French": "Votre message est retenu par notre anti-spam.\nCliquez ici pour vous authentifier :"
    " https://gate.example/x",
    "English": "Your message has not been delivered yet: this account is protected by Gate.\n"
    "Please click the link below to join the guest list: https://gate.example/x",
}


@pytest.mark.parametrize("text", CHALLENGES.values(), ids=list(CHALLENGES))
def test_a_challenge_is_a_machines_and_no_absence(
    waiting: tuple[TestDesk, Mail], text: str
) -> None:
    desk, asked = waiting
    desk.deliver(answer(asked, MARIE, text))
    desk.once()
    assert (desk.ticket().state, desk.history()[-1].kind) == ("waiting", "auto-reply")
    assert desk.ticket().reach == ()


PEOPLE = {
    "who writes that he will be away": ("Re: ", "Je suis absente jusqu'au 17 août, voyez Nadia."),
    "who tells of an automatic answer": ("Re: ", "J'ai reçu une réponse automatique de Paul."),
    "whose client asks for no answers": ("Re: ", "Le deuxième étage."),
    "who tells of a challenge": (
        "Re: ",
        "Bonjour,\nvotre message parle d'une liste blanche, je dois cliquer où ?",
    ),
}


@pytest.mark.parametrize(("title", "text"), PEOPLE.values(), ids=list(PEOPLE))
def test_a_person_is_no_machine(waiting: tuple[TestDesk, Mail], title: str, text: str) -> None:
    desk, asked = waiting
    desk.deliver(answer(asked, MARIE, text, X_Auto_Response_Suppress="All"))
    assert tags(desk.once()) == [(SEB, "Note")]
    assert desk.ticket().state == "open"


def test_a_list_and_a_machine_open_a_ticket_that_is_not_answered(desk: TestDesk) -> None:
    desk.deliver(new("news@x.example", "Lettre", "Bonjour.", List_Id="<news.x.example>"))
    desk.deliver(new("nagios@x.example", "Disque", "Plein.", Auto_Submitted="auto-generated"))
    assert tags(desk.once()) == [(SEB, "Nouveau"), (SEB, "Nouveau")]


def test_what_no_header_shows_opens_a_ticket_and_is_not_answered(desk: TestDesk) -> None:
    text = "This is an automated response.\nYour request has been registered."
    desk.deliver(new("shop@x.example", "Your request", text, message_id="<shop@x>"))
    assert tags(desk.once()) == [(SEB, "Nouveau")]
    assert "is what a program says of itself" in desk.why("shop@x")
