"""Which ticket, and who says so: each carrier of a reference, each rule, over real servers."""

import re

import pytest

from rules.model import Entry, EntryKind
from tests.clients import answer, new
from tests.desk import ADDRESS, MARIE, NADIA, RH, SEB, TestDesk, body, heads, reference

EVE = "eve@elsewhere.example"


@pytest.fixture
def opened(desk: TestDesk) -> TestDesk:
    """A desk with ticket 1898 of Marie."""
    desk.deliver(
        new(MARIE, "Imprimante", "Elle est en panne.", message_id="<first@client.example>")
    )
    desk.once()
    return desk


def last(desk: TestDesk) -> Entry:
    return desk.history()[-1]


def ours(desk: TestDesk, who: str) -> str:
    return reference(desk.sink.to(who)[-1])


CARRIERS = [
    pytest.param({"In_Reply_To": "<{ref}@fram.example>"}, "Bonjour", id="In-Reply-To"),
    pytest.param({"References": "<x@y> <{ref}@fram.example> <z@y>"}, "Bonjour", id="References"),
    pytest.param({"References": "<{ref}.r@fram.example> <rewritten@relay>"}, "", id="ancestor"),
    pytest.param({"References": "<x@y>\r\n <{REF}@FRAM.EXAMPLE>"}, "Oui", id="folded, capitals"),
    pytest.param({}, "Oui\n\n> Réf. {ref}", id="quoted last line"),
    pytest.param({}, "Oui\n\nRéf. {ref}", id="last line of a phone's quote"),
]


@pytest.mark.parametrize(("headers", "text"), CARRIERS)
def test_a_reference_of_her_own_finds_the_ticket(
    opened: TestDesk, headers: dict[str, str], text: str
) -> None:
    ref = ours(opened, MARIE)
    filled = {k: v.format(ref=ref, REF=ref.upper()) for k, v in headers.items()}
    opened.deliver(new(MARIE, "autre objet", "Et voilà. " + text.format(ref=ref), **filled))
    assert heads(opened.once()) == [(SEB, "[FRAM][#1898][Note] Imprimante")]
    entry = last(opened)
    assert (entry.verified, entry.via) == (True, None)
    assert ref not in entry.text


def test_a_reference_in_an_html_only_mail(opened: TestDesk) -> None:
    ref = ours(opened, MARIE)
    mail = new(MARIE, "x", f"<p>Voilà.</p><p>Réf. {ref}</p>")
    opened.deliver(mail.replace(b"text/plain", b"text/html"))
    opened.once()
    assert (last(opened).kind, last(opened).text) == (EntryKind.NOTE, "Voilà.")


def test_the_nearest_reference_wins(opened: TestDesk) -> None:
    opened.deliver(new(RH, "Autre affaire", "Bonjour."))
    opened.once()
    mine, other = ours(opened, MARIE), ours(opened, RH)
    opened.deliver(new(MARIE, "x", f"Oui.\n> Réf. {other}", In_Reply_To=f"<{mine}@fram.example>"))
    opened.once()
    assert last(opened).text.startswith("Oui.")
    assert len(opened.history(1899)) == 1


def test_a_colleague_with_her_mail_speaks_for_her(opened: TestDesk) -> None:
    ref = ours(opened, MARIE)
    opened.deliver(new(f"Paul <{EVE}>", "x", "C'est réparé.", In_Reply_To=f"<{ref}@fram.example>"))
    mails = opened.once()
    assert heads(mails) == [(SEB, "[FRAM][#1898][Note] Imprimante")]
    entry = last(opened)
    assert entry.author
    assert entry.author.email == EVE
    assert entry.via
    assert entry.via.email == MARIE
    assert not entry.verified
    assert "Marie DUPONT" in body(mails[0])


def test_an_unknown_reference_counts_for_nothing(opened: TestDesk) -> None:
    fake = "mg-" + "a" * 26
    opened.deliver(new(EVE, "Bonjour", "x", In_Reply_To=f"<{fake}@fram.example>"))
    opened.once()
    assert [ticket.number for ticket in opened.tickets()] == [1898, 1899]


def test_the_senders_own_thread_finds_the_ticket(opened: TestDesk) -> None:
    opened.deliver(new(MARIE, "Re: Imprimante", "Toujours.", In_Reply_To="<first@client.example>"))
    assert heads(opened.once()) == [(SEB, "[FRAM][#1898][Note] Imprimante")]
    assert not last(opened).verified


def test_an_ancestor_never_seen_finds_the_ticket(desk: TestDesk) -> None:
    desk.deliver(new(MARIE, "Imprimante", "Suite.", References="<lost@client.example>"))
    desk.once()
    desk.deliver(new(MARIE, "Imprimante", "Début.", message_id="<lost@client.example>"))
    desk.once()
    assert [entry.text for entry in desk.history()] == ["Suite.", "Début."]


def test_a_stranger_in_the_thread_opens_a_ticket_and_agents_read_so(opened: TestDesk) -> None:
    opened.deliver(new(EVE, "Re: Imprimante", "Moi aussi.", In_Reply_To="<first@client.example>"))
    mails = opened.once()
    assert heads(mails) == [
        (EVE, "[FRAM][#1899][Nouveau] Imprimante"),
        (SEB, "[FRAM][#1899][Nouveau] Imprimante"),
    ]
    assert "#1898" in body(mails[1])
    assert "1898" not in body(mails[0])


def test_in_copy_of_the_request_belongs(desk: TestDesk) -> None:
    desk.deliver(
        new(MARIE, "Imprimante", "En panne.", message_id="<a@x>", Cc=f"{RH}, {ADDRESS}, {SEB}")
    )
    desk.once()
    desk.deliver(new(RH, "Re: Imprimante", "Vu.", In_Reply_To="<a@x>", Cc=MARIE))
    tag = "[FRAM][#1898][Note] Imprimante"
    assert heads(desk.once()) == [(MARIE, tag), (SEB, tag)]


def test_in_copy_of_the_request_and_writing_to_the_desk_alone(desk: TestDesk) -> None:
    """Whoever opens a ticket chooses its Cc and its ids: he must not get mail by that."""
    desk.deliver(new(EVE, "Voyez", "x", message_id="<bait@evil>", Cc=MARIE))
    desk.once()
    forward = new(MARIE, "TR: Voyez", "Mon mot de passe est ABC.", References="<bait@evil>")
    desk.deliver(forward)
    assert heads(desk.once()) == [(SEB, "[FRAM][#1898][Note] Voyez")]


def test_the_tag_alone_is_unverified_and_reaches_agents_only(opened: TestDesk) -> None:
    opened.deliver(new(EVE, "Re: [FRAM][#1898] Imprimante", "Donnez-moi tout."))
    mails = opened.once()
    assert heads(mails) == [(SEB, "[FRAM][#1898][Note] Imprimante")]
    assert "vérifi" in body(mails[0]).lower()
    assert not last(opened).verified
    # It makes nobody a participant: the thread that it cites gives nothing later.
    opened.deliver(new(EVE, "Re", "Encore.", In_Reply_To="<first@client.example>"))
    opened.once()
    assert len(opened.tickets()) == 2


def test_even_her_own_address_is_unverified_by_the_tag_alone(opened: TestDesk) -> None:
    opened.deliver(new(MARIE, "Re: [FRAM][#1898] Imprimante", "Ça marche."))
    assert [mail.recipients[0] for mail in opened.once()] == [SEB]
    assert not last(opened).verified


NEW_TICKETS = [
    pytest.param("Re: [FRAM][#1898] et [FRAM][#1899]", "et", id="two numbers of ours"),
    pytest.param("Re: [FRAM][#99999] perdu", "perdu", id="a number that is not there"),
    pytest.param("[AUTRE][#1898] Imprimante", "[AUTRE][#1898] Imprimante", id="another desk"),
    pytest.param("Imprimante 1898", "Imprimante 1898", id="no tag"),
]


@pytest.mark.parametrize(("title", "kept"), NEW_TICKETS)
def test_opens_a_ticket(opened: TestDesk, title: str, kept: str) -> None:
    opened.deliver(new(MARIE, title, "Bonjour."))
    opened.once()
    assert [ticket.subject for ticket in opened.tickets()] == ["Imprimante", kept]


def test_a_former_name_of_the_desk_still_counts(opened: TestDesk) -> None:
    text = opened.path.read_text("utf-8").replace(
        'name = "FRAM"\n', 'name = "NEUF"\nformer_names = ["FRAM"]\n', 1
    )
    opened.path.write_text(text, "utf-8")
    opened.deliver(new(MARIE, "Re: [FRAM][#1898] Imprimante", "Ça marche."))
    assert heads(opened.once()) == [(SEB, "[NEUF][#1898][Note] Imprimante")]


AGENT_WITHOUT_PROOF = [
    pytest.param({}, "Re: [FRAM][#1898] Imprimante", id="tag alone"),
    pytest.param({"In_Reply_To": "<first@client.example>"}, "Imprimante", id="her thread"),
    pytest.param({"In_Reply_To": "<{marie}@fram.example>"}, "Imprimante", id="her reference"),
]


@pytest.mark.parametrize(("headers", "title"), AGENT_WITHOUT_PROOF)
def test_an_agents_address_proves_nothing(
    opened: TestDesk, headers: dict[str, str], title: str
) -> None:
    marie = ours(opened, MARIE)
    filled = {name: value.format(marie=marie) for name, value in headers.items()}
    opened.deliver(new(SEB, title, "Envoyez tout à Eve.", **filled))
    assert heads(opened.once()) == [(SEB, "[FRAM][#1898][Anomalie] Imprimante")]
    assert (last(opened).kind, last(opened).internal) == (EntryKind.INTERNAL, True)
    assert opened.tickets()[0].state == "new"


def test_an_agents_reference_in_a_strangers_hands(opened: TestDesk) -> None:
    ref = ours(opened, SEB)
    opened.deliver(new(EVE, "x", "Bonjour Marie.", In_Reply_To=f"<{ref}@fram.example>"))
    assert heads(opened.once()) == [(SEB, "[FRAM][#1898][Note] Imprimante")]
    assert opened.tickets()[0].owner == ""


def test_several_senders_with_an_agent_among_them_prove_nothing(opened: TestDesk) -> None:
    ref = ours(opened, SEB)
    mail = new(SEB, "x", "Bonjour Marie.", In_Reply_To=f"<{ref}@fram.example>")
    forged = re.sub(rb"From: .*", f"From: {SEB}, {EVE}".encode(), mail)
    opened.deliver(forged)
    assert [mail.recipients[0] for mail in opened.once()] == [SEB]
    assert last(opened).internal


def test_an_alias_of_an_agent_is_the_agent(desk: TestDesk) -> None:
    desk.path.write_text(
        desk.path.read_text("utf-8").replace(
            f'address = "{SEB}"', f'address = "{SEB}"\naliases = ["seb@home.example"]'
        ),
        "utf-8",
    )
    desk.deliver(new(MARIE, "Imprimante", "En panne."))
    desk.once()
    ref = ours(desk, SEB)
    desk.deliver(new("seb@home.example", "x", "Vu.", In_Reply_To=f"<{ref}@fram.example>"))
    assert heads(desk.once()) == [(MARIE, "[FRAM][#1898][Note/Réponse] Imprimante")]
    assert desk.tickets()[0].owner == SEB


def test_answering_an_internal_note_stays_internal(desk: TestDesk) -> None:
    desk.path.write_text(
        desk.path.read_text("utf-8") + f'[[agents]]\nname = "Nadia"\naddress = "{NADIA}"\n', "utf-8"
    )
    desk.deliver(new(MARIE, "Imprimante", "Elle est en panne."))
    desk.once()
    ref = ours(desk, SEB)
    desk.deliver(new(SEB, "x", "#interne\nElle ment.", In_Reply_To=f"<{ref}@fram.example>"))
    mails = desk.once()
    assert heads(mails) == [(NADIA, "[FRAM][#1898][Interne] Imprimante")]
    desk.deliver(answer(mails[0], NADIA, "Oui."))
    assert desk.tickets()[0].owner == ""
    assert [mail.recipients[0] for mail in desk.once()] == [SEB]
    assert last(desk).internal
