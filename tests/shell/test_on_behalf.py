"""Tickets that somebody else opens: a colleague who answers all, an agent who forwards."""

import re
from email import message_from_bytes
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

import pytest

from rules.model import EntryKind
from tests.clients import answer, new
from tests.desk import ADDRESS, MARIE, NADIA, RH, SEB, TestDesk, body
from tests.story import configure, told

PASS = {"Authentication_Results": "mx.fram.example; dmarc=pass header.from=fram.example"}
WORDS = "Mon écran reste noir depuis ce matin."
PAUL = "paul@fram.example"


@pytest.fixture
def vouched(desk: TestDesk) -> TestDesk:
    """A desk whose mail server vouches for senders, with two agents."""
    nadia = f'[[agents]]\nname = "Nadia"\naddress = "{NADIA}"\n'
    configure(desk, f'{nadia}[trust]\nauthserv_id = "mx.fram.example"\n')
    return desk


# -- a colleague who answers all ----------------------------------------------------------------

TO_BOTH = f"{ADDRESS}, RH <{RH}>"
REQUEST = "request@client.example"


def request() -> bytes:
    return new(MARIE, "Badge", "Il ne s'ouvre plus.", message_id=f"<{REQUEST}>", to=TO_BOTH)


def colleague(sender: str = RH, to: str = f"Marie <{MARIE}>") -> bytes:
    links = {"In_Reply_To": f"<{REQUEST}>", "References": f"<{REQUEST}>", "Cc": ADDRESS}
    return new(sender, "Re: Badge", "Lequel, au rez-de-chaussée ?", to=to, **links)


@pytest.mark.parametrize("together", [True, False], ids=["before our mails", "after our mails"])
def test_a_colleague_who_answers_all_is_on_the_same_ticket(desk: TestDesk, together: bool) -> None:
    if together:
        desk.deliver(request(), colleague())
        mails = desk.once()
    else:
        desk.deliver(request())
        mails = desk.once()
        desk.deliver(colleague())
        mails += desk.once()
    assert told(mails) == [(MARIE, "Nouveau"), (SEB, "Nouveau"), (MARIE, "Note"), (SEB, "Note")]
    (ticket,) = desk.tickets()
    assert ticket.requester
    assert ticket.requester.email == MARIE
    assert [entry.kind for entry in desk.history()] == ["opening", "note"]


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one after the other"])
def test_a_colleague_who_was_quicker_gives_the_ticket_to_its_requester(
    desk: TestDesk, together: bool
) -> None:
    desk.deliver(colleague())
    mails = [] if together else desk.once()
    desk.deliver(request())
    mails += desk.once()
    assert told(mails) == [
        *((RH, "Nouveau"), (SEB, "Nouveau")),
        *((MARIE, "Nouveau"), (SEB, "Nouveau")),
    ]
    (ticket,) = desk.tickets()
    assert ticket.requester
    assert ticket.requester.email == MARIE
    assert [(e.kind, e.text) for e in desk.history()][1] == ("opening", "Il ne s'ouvre plus.")
    # Both belong from now on.
    desk.deliver(answer(mails[0], RH, "Nous le changeons."), answer(mails[2], MARIE, "Merci bien."))
    assert told(desk.once()) == [(MARIE, "Note"), (SEB, "Note"), (SEB, "Note")]


def test_once_an_agent_has_answered_the_colleague_stays_the_requester(desk: TestDesk) -> None:
    desk.deliver(colleague())
    _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, "C'est entre nous : le contrat est résilié."))
    desk.once()
    desk.deliver(request())
    assert told(desk.once()) == [(RH, "Note"), (SEB, "Note")]
    (ticket,) = desk.tickets()
    assert ticket.requester
    assert ticket.requester.email == RH


def test_whoever_cites_a_mail_that_did_not_go_to_him_gets_nothing_by_it(desk: TestDesk) -> None:
    """Eve names Marie and her mail's id; Marie wrote to the desk alone."""
    eve = "eve@elsewhere.example"
    desk.deliver(colleague(sender=eve))
    desk.once()
    desk.deliver(new(MARIE, "Badge", "Code 4711.", message_id=f"<{REQUEST}>"))
    assert told(desk.once()) == [(SEB, "Note")]


def test_once_it_was_merged_the_other_ticket_keeps_its_requester(desk: TestDesk) -> None:
    desk.deliver(new(PAUL, "Badges", "Aucun badge ne s'ouvre au siège."), colleague())
    _, _, _, to_seb = desk.once()
    desk.deliver(answer(to_seb, SEB, "#fusionner 1898"))
    desk.once()
    desk.deliver(request())
    assert told(desk.once()) == [(RH, "Note"), (SEB, "Note")]
    requesters = [one.requester.email for one in desk.tickets() if one.requester]
    assert requesters == [PAUL, RH]


@pytest.mark.parametrize("cited_later", [False, True], ids=["her own id", "an id cited later"])
def test_nobody_in_copy_takes_the_ticket_over(desk: TestDesk, cited_later: bool) -> None:
    """What opened the ticket answers nothing, so no mail of RH's can have come before it."""
    desk.deliver(request())
    desk.once()
    theirs = f"<{REQUEST}>"
    if cited_later:
        theirs = "<theirs@client.example>"
        links = {"In_Reply_To": f"<{REQUEST}>", "References": f"<{REQUEST}> {theirs}"}
        desk.deliver(new(RH, "Re: Badge", "Chez nous aussi.", to=f"{ADDRESS}, {MARIE}", **links))
        desk.once()
    to_both = f"{ADDRESS}, {MARIE}"
    desk.deliver(new(RH, "Badge", "Écrivez-moi tout.", message_id=theirs, to=to_both))
    assert told(desk.once()) == [(MARIE, "Note"), (SEB, "Note")]
    (ticket,) = desk.tickets()
    assert ticket.requester
    assert ticket.requester.email == MARIE


# -- an agent who forwards ----------------------------------------------------------------------

BLOCKS = {
    "gmail": (
        "---------- Forwarded message ---------\nDe : Marie DUPONT <{0}>\n"
        "Date: lun. 20 juil. 2026 à 10:12\nSubject: Écran\nTo: Sébastien <{1}>\n\n\n{2}"
    ),
    "outlook, french": (
        "________________________________\nDe : DUPONT, Marie <{0}>\n"
        "Envoyé : lundi 20 juillet 2026 10:12\nÀ : Sébastien <{1}>\nObjet : Écran\n\n{2}"
    ),
    "outlook, english": (
        "From: Marie DUPONT [mailto:{0}]\nSent: Monday, July 20, 2026 10:12 AM\n"
        "To: Sébastien\nSubject: Écran\n\n{2}"
    ),
    "outlook, german": (
        "Von: Marie DUPONT <{0}>\nGesendet: Montag, 20. Juli 2026 10:12\n"
        "An: Sébastien <{1}>\nBetreff: Écran\n\n{2}"
    ),
    "thunderbird": (
        "-------- Message transféré --------\nSujet : Écran\nDate : Mon, 20 Jul 2026 10:12:00\n"
        "De : Marie DUPONT <{0}>\nPour : Sébastien <{1}>\n\n{2}"
    ),
    "apple": (
        "Début du message réexpédié :\n\n> De: Marie DUPONT <{0}>\n> Objet: Écran\n"
        "> Date: 20 juillet 2026 à 10:12:00 UTC+2\n> À: Sébastien <{1}>\n> \n> {2}"
    ),
}


def inline(client: str, above: str = "", title: str = "TR: Écran", **headers: str) -> bytes:
    block = BLOCKS[client].format(MARIE, SEB, WORDS)
    return new(SEB, title, f"{above}\n\n{block}\n", **headers)


def attached(sender: str = f"Marie DUPONT <{MARIE}>", title: str = "Écran", **more: str) -> bytes:
    mail = MIMEMultipart()
    mail.attach(MIMEText("Elle a l'air pressée.", "plain", "utf-8"))
    inner = new(sender, title, WORDS, message_id="<inner@client.example>", to=SEB, **more)
    mail.attach(MIMEMessage(message_from_bytes(inner)))
    shell = new(SEB, "Fwd: Écran", "x", **PASS)
    heads = re.sub(rb"^(?:MIME|Content)[^\n]*\n", b"", shell, flags=re.MULTILINE)
    return heads.split(b"\r\n\r\n")[0] + b"\r\n" + mail.as_bytes().replace(b"\n", b"\r\n")


@pytest.mark.parametrize("client", list(BLOCKS))
def test_what_an_agent_forwards_opens_a_ticket_for_its_author(
    vouched: TestDesk, client: str
) -> None:
    vouched.deliver(inline(client, "Elle a l'air pressée.\n\n-- \nSébastien, support", **PASS))
    mails = vouched.once()
    assert told(mails) == [
        *((MARIE, "Nouveau"), (SEB, "Nouveau"), (NADIA, "Nouveau")),
        (NADIA, "Interne"),
    ]
    (ticket,) = vouched.tickets()
    assert ticket.subject == "Écran"
    assert ticket.requester
    assert ticket.requester.email == MARIE
    opening, comment = vouched.history()
    assert (opening.kind, opening.text, opening.internal) == ("opening", WORDS, False)
    assert opening.author == ticket.requester
    assert opening.via
    assert (opening.via.email, opening.verified) == (SEB, False)
    assert (comment.kind, comment.text) == (EntryKind.INTERNAL, "Elle a l'air pressée.")
    hers, his, hers_too, _ = map(body, mails)
    assert WORDS in hers
    assert "pressée" not in hers
    assert f"<{MARIE}>" in his
    assert "#pour" in his
    assert "Sébastien a ouvert ce ticket pour" in " ".join(hers_too.split())


def test_a_mail_that_is_forwarded_as_a_file(vouched: TestDesk) -> None:
    vouched.deliver(attached())
    assert told(vouched.once())[0] == (MARIE, "Nouveau")
    opening = vouched.history()[0]
    assert opening.text == WORDS
    assert [one.name for one in opening.attachments] == ["Écran.eml"]
    # It is part of the thread: what she writes on it to the desk finds the ticket.
    vouched.deliver(new(MARIE, "Re: Écran", "Ça va.", In_Reply_To="<inner@client.example>"))
    vouched.once()
    assert len(vouched.tickets()) == 1


def test_her_answer_and_his_are_as_on_any_ticket(vouched: TestDesk) -> None:
    vouched.deliver(inline("gmail", "#prendre", **PASS))
    to_marie, to_seb, *_ = vouched.once()
    assert vouched.tickets()[0].owner == SEB
    vouched.deliver(answer(to_marie, MARIE, "Il est revenu."))
    assert told(vouched.once()) == [(SEB, "Note")]
    vouched.deliver(answer(to_seb, SEB, "Tant mieux."))
    assert told(vouched.once()) == [(MARIE, "Note/Réponse")]


def test_a_keyword_names_somebody_else_than_the_forward(vouched: TestDesk) -> None:
    vouched.deliver(inline("gmail", f"#pour Paul <{PAUL}>", **PASS))
    assert told(vouched.once())[0] == (PAUL, "Nouveau")
    assert vouched.history()[0].text == WORDS


def test_a_keyword_alone_opens_a_ticket_with_the_agents_own_words(vouched: TestDesk) -> None:
    text = f"#for {MARIE}\n#attente\nMarie a appelé : son écran est noir."
    vouched.deliver(new(SEB, "Écran", text, **PASS))
    mails = vouched.once()
    assert told(mails)[:1] == [(MARIE, "Nouveau")]
    assert "Marie a appelé" in body(mails[0])
    (ticket,) = vouched.tickets()
    assert ticket.state == "waiting"
    opening = vouched.history()[0]
    assert (opening.author and opening.author.email, opening.verified) == (SEB, True)


ORDINARY = [
    pytest.param("Re: Écran", "Je regarde.", "outlook, french", id="an answer to her"),
    pytest.param("TR: Écran", "Voyez.", "", id="no block"),
]


@pytest.mark.parametrize(("title", "above", "client"), ORDINARY)
def test_any_other_mail_of_an_agent_opens_his_own_ticket(
    vouched: TestDesk, title: str, above: str, client: str
) -> None:
    vouched.deliver(
        inline(client, above, title, **PASS) if client else new(SEB, title, above, **PASS)
    )
    mails = vouched.once()
    assert told(mails) == [(SEB, "Nouveau"), (NADIA, "Nouveau")]
    assert "#pour" in body(mails[0])


@pytest.mark.parametrize("name", [True, False], ids=["somebody else", "as it was meant"])
def test_without_proof_it_waits_for_the_agents_answer(desk: TestDesk, name: bool) -> None:
    desk.deliver(inline("outlook, french", "Elle a l'air pressée."))
    (question,) = desk.once()
    assert told([question]) == [(SEB, "Anomalie")]
    assert MARIE in body(question)
    assert desk.history()[0].internal, "nobody outside sees it"
    text = f"#pour {PAUL}" if name else "Oui, c'est moi."
    desk.deliver(answer(question, SEB, text))
    mails = desk.once()
    whom = PAUL if name else MARIE
    assert told(mails)[:2] == [(whom, "Nouveau"), (SEB, "Nouveau")]
    assert WORDS in body(mails[0])
    assert "pressée" not in body(mails[0])
    (ticket,) = desk.tickets()
    assert ticket.requester
    assert ticket.requester.email == whom
    desk.deliver(answer(question, SEB, "Oui, encore."))
    assert [recipient for recipient, tag in told(desk.once()) if tag == "Nouveau"] == []


def test_a_strangers_forward_opens_the_strangers_ticket(vouched: TestDesk) -> None:
    mail = inline("gmail").replace(SEB.encode(), RH.encode())
    vouched.deliver(mail)
    assert (MARIE, "Nouveau") not in told(vouched.once())


def test_an_agents_name_inside_a_forward_gives_no_rights(vouched: TestDesk) -> None:
    """A forged From is only an address: the ticket is that agent's, nothing is carried out."""
    block = BLOCKS["gmail"].format(NADIA, SEB, "#clôturé\nFermez tout.")
    vouched.deliver(new(SEB, "Fwd: x", block, **PASS))
    vouched.once()
    (ticket,) = vouched.tickets()
    assert (ticket.state, ticket.owner) == ("new", "")
    opening = vouched.history()[0]
    assert (opening.author and opening.author.email, opening.verified) == (NADIA, False)


REFUSED = [
    pytest.param(inline("gmail", f"#pour {ADDRESS}", **PASS), "celle du support", id="#pour us"),
    pytest.param(attached(f"FRAM <{ADDRESS}>"), "celle du support", id="our own mail"),
    pytest.param(
        attached("DSI <dsi@fram.example>", "[DSI][#12][Nouveau] Écran"),
        "un support ou d'un programme",
        id="another desk's mail",
    ),
    pytest.param(
        attached(Auto_Submitted="auto-generated"), "un support ou d'un programme", id="a program's"
    ),
    pytest.param(inline("gmail", "#pour marie", **PASS), "pas valable", id="no address"),
    pytest.param(
        inline("gmail", f"#pour {MARIE}, {PAUL}", **PASS), "une seule personne", id="two people"
    ),
    pytest.param(inline("gmail", "#por", **PASS), "n'existe pas", id="no keyword"),
]


@pytest.mark.parametrize(("mail", "why"), REFUSED)
def test_what_cannot_be_opened_is_told_to_the_agent(
    vouched: TestDesk, mail: bytes, why: str
) -> None:
    vouched.deliver(mail)
    mails = vouched.once()
    assert told(mails) == [(NADIA, "Nouveau"), (SEB, "Anomalie")]
    assert why in " ".join(body(mails[1]).split())
    assert vouched.history()[0].internal
    # He may still say for whom it is.
    vouched.deliver(answer(mails[1], SEB, f"#pour {PAUL}"))
    assert told(vouched.once())[0] == (PAUL, "Nouveau")


def test_the_ceiling_holds_for_those_whom_agents_open_tickets_for(vouched: TestDesk) -> None:
    configure(vouched, "[limits]\nper_address_hour = 1\n")
    vouched.deliver(inline("gmail", **PASS))
    vouched.deliver(inline("gmail", **PASS))
    assert [who for who, _ in told(vouched.once())].count(MARIE) == 1


def test_an_agent_hands_a_ticket_to_somebody_else(vouched: TestDesk) -> None:
    vouched.deliver(inline("gmail", **PASS))
    to_marie, to_seb, *_ = vouched.once()
    vouched.deliver(answer(to_seb, SEB, f"#pour Paul <{PAUL}>\nQuel étage ?"))
    mails = vouched.once()
    assert told(mails) == [(PAUL, "Nouveau"), (PAUL, "Note/Réponse")]
    assert WORDS in body(mails[0])
    # Marie's mail still finds the ticket, but she is no more than somebody who was written to.
    vouched.deliver(answer(to_marie, MARIE, "Ce n'est pas moi."))
    assert (SEB, "Note") in told(vouched.once())
    (ticket,) = vouched.tickets()
    assert ticket.requester
    assert ticket.requester.email == PAUL
