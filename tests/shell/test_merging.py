"""#fusionner: two tickets become one, and those of the one read nothing of the other."""

from datetime import timedelta

import pytest

from tests.clients import answer, new
from tests.desk import MARIE, NADIA, RH, SEB, TestDesk, body, heads, subject
from tests.servers.smtp_sink import Mail
from tests.shell.test_failing_addresses import dsn
from tests.story import PORTAL, configure, told

PAUL = "paul@fram.example"
SECRET = "Le serveur du siège est hors service."
HOUR = timedelta(hours=1)


class Two:
    """Ticket 1898 of Marie and 1899 of Paul, both Sébastien's; RH has been asked about 1899."""

    def __init__(self, desk: TestDesk) -> None:
        self.desk = desk
        nadia = f'[[agents]]\nname = "Nadia"\naddress = "{NADIA}"\n'
        configure(desk, f'{nadia}[portal]\nurl = "{PORTAL}"\n')
        desk.deliver(new(MARIE, "Serveur", SECRET))
        _, self.first, _ = desk.once()
        desk.deliver(new(PAUL, "Messagerie", "Rien ne part."))
        self.paul, self.second, _ = desk.once()
        desk.deliver(
            answer(self.first, SEB, "Je regarde."),
            answer(self.second, SEB, f"#transfert {RH}\nChez vous aussi ?"),
        )
        self.marie, self.rh = desk.once()

    def merge(self, words: str = "#fusionner 1898") -> list[Mail]:
        self.desk.deliver(answer(self.second, SEB, words))
        return self.desk.once()


@pytest.fixture
def two(desk: TestDesk) -> Two:
    return Two(desk)


def leaks(mails: list[Mail]) -> list[str]:
    """What of ticket 1898 mails to the people of 1899 show."""
    shown = [(mail, subject(mail) + body(mail) + body(mail, "text/html")) for mail in mails]
    theirs = [(mail, text) for mail, text in shown if mail.recipients[0] in (PAUL, RH)]
    return [
        word for _, text in theirs for word in ("1898", "Serveur", SECRET, "Marie") if word in text
    ]


@pytest.mark.parametrize("words", ["#fusionner 1898", "# Merge #1898.", "#FUSIONNER n° 1898"])
def test_the_people_of_the_merged_ticket_are_told_once(two: Two, words: str) -> None:
    mails = two.merge(words.replace("n° ", ""))
    tag = "[FRAM][#1899][Regroupé] Messagerie"
    assert heads(mails) == [(PAUL, tag), (RH, tag)]
    assert leaks(mails) == []
    first, second = two.desk.tickets()
    assert (first.merged_into, second.merged_into) == (None, 1898)
    assert two.desk.history(1899)[-1].text == "→ #1898"
    assert two.desk.history(1898)[-1].text == "← #1899 Messagerie"
    assert two.desk.history(1898)[-1].internal
    assert two.desk.once(300 * HOUR) == []


def test_the_owner_of_the_other_ticket_is_told(two: Two) -> None:
    two.desk.deliver(answer(two.first, SEB, "#assigner Nadia"))
    two.desk.once()
    assert told(two.merge()) == [(PAUL, "Regroupé"), (RH, "Regroupé"), (NADIA, "Interne")]


def test_mails_for_it_land_on_the_other_and_stay_its_own_peoples(two: Two) -> None:
    two.merge()
    two.desk.deliver(answer(two.paul, PAUL, "Toujours rien."))
    (to_seb,) = two.desk.once()
    assert heads([to_seb]) == [(SEB, "[FRAM][#1898][Note] Serveur")]
    assert "#1899" in body(to_seb)
    entry = two.desk.history(1898)[-1]
    assert (entry.text, entry.addressed) == ("Toujours rien.", 1899)
    # What the agent answers goes to Paul, under Paul's own number and subject.
    two.desk.deliver(answer(to_seb, SEB, "On y travaille."))
    (to_paul,) = two.desk.once()
    assert heads([to_paul]) == [(PAUL, "[FRAM][#1899][Note/Réponse] Messagerie")]
    assert leaks([to_paul]) == []
    assert [entry.text for entry in two.desk.history(1899) if not entry.internal][-2:] == [
        "Toujours rien.",
        "On y travaille.",
    ]
    # And so with a third party of Paul's ticket, whose words Paul reads.
    two.desk.deliver(answer(two.rh, RH, "Pas chez nous."))
    mails = two.desk.once()
    assert heads(mails) == [
        (PAUL, "[FRAM][#1899][Note] Messagerie"),
        (SEB, "[FRAM][#1898][Note] Serveur"),
    ]
    assert leaks(mails) == []


def test_what_its_links_show_is_its_own_history_and_what_is_addressed_to_it(two: Two) -> None:
    two.merge()
    two.desk.deliver(answer(two.paul, PAUL, "Toujours rien."))
    two.desk.once()
    two.desk.deliver(answer(two.first, SEB, "Le disque est changé."))
    assert told(two.desk.once()) == [(MARIE, "Note/Réponse")]
    shown = [entry.text for entry in two.desk.history(1899) if not entry.internal]
    assert shown == ["Rien ne part.", "Chez vous aussi ?", "open", "Toujours rien."]


CARRIERS = [
    pytest.param({}, "Re: [FRAM][#1899] Messagerie", id="tag"),
    pytest.param({"In_Reply_To": "<{first}>"}, "Messagerie", id="her own thread"),
]


@pytest.mark.parametrize(("headers", "title"), CARRIERS)
def test_every_way_to_the_merged_ticket_leads_on(
    two: Two, headers: dict[str, str], title: str
) -> None:
    first = two.desk.sink.to(PAUL)[0].message["References"].split()[-1].strip("<>")
    two.merge()
    two.desk.deliver(
        new(PAUL, title, "Et ?", **{k: v.format(first=first) for k, v in headers.items()})
    )
    assert heads(two.desk.once()) == [(SEB, "[FRAM][#1898][Note] Serveur")]
    assert two.desk.history(1898)[-1].addressed == 1899


def test_its_clocks_stop_and_its_reminders_are_not_sent(two: Two) -> None:
    two.desk.deliver(answer(two.second, SEB, "#attente\nEt chez vous ?"))
    two.desk.once()
    two.merge()
    assert two.desk.once(50 * HOUR) == []
    assert two.desk.once(100 * HOUR) == []
    assert two.desk.tickets()[1].state == "waiting"


def test_states_after_it_are_the_other_tickets(two: Two) -> None:
    two.merge()
    two.desk.deliver(answer(two.second, SEB, "#résolu\nC'est réparé pour vous."))
    mails = two.desk.once()
    assert heads(mails) == [
        (PAUL, "[FRAM][#1899][Note/Réponse] Messagerie"),
        (MARIE, "[FRAM][#1898][Résolu] Serveur"),
    ]
    assert "réparé pour vous" not in body(mails[1])
    assert leaks(mails) == []
    # Paul is not the one who may confirm.
    two.desk.deliver(answer(mails[0], PAUL, "#confirmer"))
    two.desk.once()
    assert two.desk.tickets()[0].state == "open"


def test_a_reminder_asks_what_its_own_requester_was_asked(two: Two) -> None:
    two.merge()
    two.desk.deliver(answer(two.first, SEB, "#attente\nQuel étage ?"))
    two.desk.once()
    two.desk.deliver(answer(two.second, SEB, "Pour vous, Paul."))
    two.desk.once()
    (reminder,) = two.desk.once(49 * HOUR)
    assert reminder.recipients == (MARIE,)
    assert "Quel étage ?" in body(reminder)
    assert "Paul" not in body(reminder)


def test_late_mails_of_its_people_are_answered_under_its_own_name(two: Two) -> None:
    two.merge()
    two.desk.deliver(answer(two.first, SEB, "#clôturé"))
    two.desk.once()
    for expected in ([(PAUL, "Clôturé"), (SEB, "Clôturé")], [(SEB, "Clôturé")]):
        two.desk.deliver(answer(two.paul, PAUL, f"Encore une panne, {len(expected)}."))
        mails = two.desk.once()
        assert told(mails) == expected
        assert leaks(mails) == []


def test_a_second_copy_of_a_mail_for_it_is_a_duplicate(two: Two) -> None:
    two.merge()
    mail = answer(two.paul, PAUL, "Toujours rien.")
    two.desk.deliver(mail)
    two.desk.once()
    two.desk.deliver(mail)
    assert two.desk.once() == []


def test_tickets_of_one_person(desk: TestDesk) -> None:
    desk.deliver(new(MARIE, "Serveur", "x"), new(MARIE, "Serveur bis", "y"))
    mails = desk.once()
    to_seb, to_marie = mails[3], mails[2]
    desk.deliver(answer(to_seb, SEB, "#fusionner 1898"))
    assert told(desk.once()) == [(MARIE, "Regroupé")]
    desk.deliver(answer(mails[1], SEB, "#résolu\nC'est réparé."))
    desk.once()
    desk.deliver(answer(to_marie, MARIE, "#confirmer"))
    desk.once()
    assert desk.tickets()[0].state == "closed", "both are hers"


def test_merging_again_leads_to_the_last(two: Two) -> None:
    two.merge()
    two.desk.deliver(new(NADIA, "Coupure", "Générale."))
    two.desk.once()
    two.desk.deliver(answer(two.first, SEB, "#fusionner 1900"))
    assert told(two.desk.once())[0] == (MARIE, "Regroupé")
    two.desk.deliver(answer(two.paul, PAUL, "Alors ?"))
    two.desk.once()
    entry = two.desk.history(1900)[-1]
    assert (entry.text, entry.addressed) == ("Alors ?", 1899)


def closed(two: Two, mail: Mail) -> None:
    two.desk.deliver(answer(mail, SEB, "#clôturé"))
    two.desk.once()


REFUSED = [
    pytest.param("", "#fusionner 1899", "pas le numéro d'un autre ticket", id="itself"),
    pytest.param("", "#fusionner 4711", "pas le numéro d'un autre ticket", id="unknown"),
    pytest.param("", "#fusionner", "un numéro de ticket doit suivre", id="no number"),
    pytest.param("", "#fusionner serveur", "un numéro de ticket doit suivre", id="words"),
    pytest.param("", "#fusionner 1898\n#résolu", "contredit", id="with a state"),
    pytest.param("first", "#fusionner 1898", "fermé ne fusionne pas", id="into a closed one"),
    pytest.param("second", "#fusionner 1898", "fermé ne fusionne pas", id="a closed one"),
    pytest.param("merged", "#fusionner 1898", "déjà rejoint", id="a merged one"),
]


@pytest.mark.parametrize(("before", "words", "why"), REFUSED)
def test_what_cannot_be_merged_is_told_to_the_agent(
    two: Two, before: str, words: str, why: str
) -> None:
    if before == "merged":
        two.merge()
    elif before:
        closed(two, two.first if before == "first" else two.second)
    mails = two.merge(f"{words}\nPour vous.")
    assert [(who, tag) for who, tag in told(mails)] == [(SEB, "Anomalie")]
    assert why in " ".join(body(mails[0]).split())
    assert (two.desk.tickets()[1].merged_into is None) == (before != "merged")


def test_into_a_ticket_that_was_merged_itself(two: Two) -> None:
    two.merge()
    two.desk.deliver(answer(two.first, SEB, "#fusionner 1899"))
    (trouble,) = two.desk.once()
    assert "déjà rejoint" in " ".join(body(trouble).split())


def test_only_a_proven_agent_merges(two: Two) -> None:
    two.desk.deliver(
        answer(two.paul, PAUL, "#fusionner 1898"),
        new(SEB, "Re: [FRAM][#1899] Messagerie", "#fusionner 1898"),
    )
    two.desk.once()
    assert two.desk.tickets()[1].merged_into is None


def test_a_merge_that_its_agent_had_to_confirm(two: Two) -> None:
    two.desk.deliver(new(SEB, "[FRAM][#1899] Messagerie", "#fusionner 1898"))
    mails = {subject(mail).split("]")[2]: mail for mail in two.desk.once()}
    assert [one.merged_into for one in two.desk.tickets()] == [None, None]
    two.desk.deliver(answer(mails["[Anomalie"], SEB, "Oui, c'est moi."))
    tag = "[FRAM][#1899][Regroupé] Messagerie"
    assert heads(two.desk.once()) == [(PAUL, tag), (RH, tag)]
    assert [one.merged_into for one in two.desk.tickets()] == [None, 1898]


def test_an_address_of_the_merged_ticket_that_fails_is_told_of_once(two: Two) -> None:
    two.merge()
    two.desk.deliver(answer(two.paul, PAUL, "Toujours rien."))
    (to_seb,) = two.desk.once()
    told_of = []
    for serial in range(2):
        two.desk.deliver(answer(to_seb, SEB, f"On y travaille, {serial}."))
        (to_paul,) = two.desk.once()
        two.desk.deliver(dsn(to_paul))
        told_of += told(two.desk.once())
    assert told_of == [(SEB, "Anomalie")]
    failing = [one.person.email for one in two.desk.ticket(1899).reach if one.failing_since]
    assert failing == [PAUL]
    # Whoever writes can be written to.
    two.desk.deliver(answer(two.paul, PAUL, "Me revoici."))
    two.desk.once()
    assert two.desk.ticket(1899).reach == ()
