"""Who was an agent of the desk and is one no more: nothing that he was given opens anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailgate.portal.road import Draft, submit
from rules.model import AddEntry, Address, Credential, EntryKind, Outcome, Proof
from store import portal as links
from tests.portal.portal import RH, SEB, TITLE, Portal, running

NADIA = Address("nadia@fram.example", "Nadia")
AGENT = f'\n[[agents]]\nname = "{NADIA.name}"\naddress = "{NADIA.email}"\n'
HEIR = f'\n[[agents]]\nname = "Zoé"\naddress = "zoe@fram.example"\naliases = ["{NADIA.email}"]\n'
AFTERWARDS = pytest.mark.parametrize("more", ["", HEIR], ids=["gone", "with an heir"])


def told(portal: Portal) -> tuple[str, str]:
    """A ticket that Nadia knows of; the links of Marie and of her."""
    token = portal.opening()
    portal.say("Bonjour Marie.", NADIA)
    return token, portal.token(NADIA.email)


@AFTERWARDS
def test_a_session_and_a_link_that_signs_in_end(tmp_path: Path, more: str) -> None:
    with running(tmp_path, more=AGENT) as portal, portal.board(NADIA) as client:
        assert client.get("/agent").status_code == 200
        cookies = dict(client.cookies)
        unused = portal.sign_in_path(NADIA)
    with running(tmp_path, more=more) as portal, portal.client() as client:
        client.cookies.update(cookies)
        assert client.get("/agent").status_code == 303
        assert client.get(unused).status_code == 404


@AFTERWARDS
def test_the_link_to_a_ticket_opens_none(tmp_path: Path, more: str) -> None:
    with running(tmp_path, more=AGENT) as portal, portal.client() as client:
        marie, nadia = told(portal)
        assert client.get(f"/t/{nadia}").status_code == 200
    with running(tmp_path, more=more) as portal, portal.client() as client:
        wrong = client.get(f"/t/{'x' * len(nadia)}")
        for page in ("", "/revision", "/new"):
            assert client.get(f"/t/{nadia}{page}").status_code == 404, page
        assert client.get(f"/t/{nadia}").text == wrong.text
        assert client.get(f"/t/{marie}").status_code == 200


def test_the_link_to_an_own_ticket_stays(tmp_path: Path) -> None:
    with running(tmp_path, more=AGENT) as portal:
        draft = Draft(NADIA, TITLE, "Mon badge.", portal.desk.new_token(), portal.desk.now())
        assert submit(portal.desk, draft, Credential(Proof.FORM)) is Outcome.OPENED
        portal.say("#interne\nA toi.", NADIA)
        portal.say("#assigner nadia\n#interne\nEt toi ?")
        nadia = portal.token(NADIA.email)
        with portal.desk.db.reading() as tx:
            assert links.as_agents(tx, [1], [NADIA.email, SEB.email]) == {NADIA.email, SEB.email}
    with running(tmp_path) as portal, portal.client() as client:
        assert client.get(f"/t/{nadia}").status_code == 200


@AFTERWARDS
def test_what_an_agent_quoted_stays_inside(tmp_path: Path, more: str) -> None:
    """Promise 8: it may be an internal mail."""
    with running(tmp_path, more=AGENT) as portal:
        marie, _ = told(portal)
        for author, quoted in ((NADIA, "> Entre nous : ne dites rien."), (RH, "> Quand ?")):
            note = AddEntry(EntryKind.NOTE, author, "C'est prévu.", quoted=quoted, verified=True)
            portal.apply(1, note)
    with running(tmp_path, more=more) as portal, portal.client() as client:
        page = client.get(f"/t/{marie}").text
    assert "prévu." in page
    assert "Entre nous" not in page
    assert "Quand ?" in page
