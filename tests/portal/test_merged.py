"""The links of a merged ticket show its own history, and those of the other none of it."""

import re

import httpx
from sqlalchemy import select
from sqlmodel import col

from mailgate.portal.road import Draft, submit
from rules.model import Credential, Outcome, Proof
from store.tables import Outbox
from tests.portal.portal import MARIE, RH, Portal
from tests.portal.test_forms import fill
from tests.servers.waiting import wait_until


def merged(portal: Portal) -> tuple[str, str]:
    """Ticket 2 of RH is merged into ticket 1 of Marie; the tokens of both."""
    first = portal.opening("Le serveur de Marie est en panne.")
    draft = Draft(RH, "Messagerie", "Rien ne part.", portal.desk.new_token(), portal.desk.now())
    assert submit(portal.desk, draft, Credential(Proof.FORM)) is Outcome.OPENED
    second = portal.token(RH.email, 2)
    portal.say("#fusionner 1", number=2)
    return first, second


def test_each_link_shows_what_is_addressed_to_its_own_ticket(
    portal: Portal, client: httpx.Client
) -> None:
    first, second = merged(portal)
    answer = fill(client, f"/t/{second}", do="note", text="Toujours rien.")
    assert answer.headers["location"] == f"/t/{second}?done=note#done"
    portal.say("Le disque de Marie est changé.")
    hers, theirs = (client.get(f"/t/{token}").text for token in (first, second))
    for words, own, other in (
        ("Toujours rien.", theirs, hers),
        ("Rien ne part.", theirs, hers),
        ("est changé.", hers, theirs),
        ("est en panne.", hers, theirs),
    ):
        assert words in own
        assert words not in other
    for token in (first, second):
        page = re.search(r'data-revision="([^"]+)"', client.get(f"/t/{token}").text)
        assert page
        assert client.get(f"/t/{token}/revision").text == page[1]


def test_its_page_shows_how_the_other_stands_and_confirms_nothing(
    portal: Portal, client: httpx.Client
) -> None:
    first, second = merged(portal)
    portal.say("#résolu\nC'est fait.")
    assert "Confirmer" in client.get(f"/t/{first}").text
    page = client.get(f"/t/{second}").text
    assert "Ticket résolu" in page
    assert "Confirmer" not in page
    portal.say("#clôturé")
    assert "Ouvrir un nouveau ticket lié" in client.get(f"/t/{second}").text


def test_a_hand_over_ends_the_link_of_the_requester_before(
    portal: Portal, client: httpx.Client
) -> None:
    before = portal.opening()
    portal.say(f"#pour {RH.email}")
    assert client.get(f"/t/{before}").status_code == 404
    assert client.get(f"/t/{portal.token(RH.email)}").status_code == 200


def test_lost_links_tell_how_the_other_stands(portal: Portal, client: httpx.Client) -> None:
    merged(portal)
    portal.say("#résolu\nC'est fait.")

    def told() -> list[bytes]:
        before = portal.mails().count((MARIE.email, "links"))
        fill(client, "/links", mail=RH.email)
        fill(client, "/links", mail=MARIE.email)  # one after the other: hers comes last
        wait_until(lambda: portal.mails().count((MARIE.email, "links")) > before)
        links = (col(Outbox.recipient) == RH.email, col(Outbox.event) == "links")
        with portal.desk.db.reading() as tx:
            return [row[0] for row in tx.all(select(col(Outbox.data)).where(*links))]

    (mail,) = told()
    assert b"Ticket r=C3=A9solu" in mail
    portal.opening()  # Marie has another one
    portal.say("#clôturé")
    assert told() == [mail], "no further one"
