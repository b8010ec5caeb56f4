"""Forms: what they do, and what is refused with nothing changed."""

from __future__ import annotations

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest

from mailgate.parse import parse
from mailgate.portal import ceilings
from mailgate.portal.road import Draft, written
from mailgate.portal.site import COOKIE, Site
from rules.model import Address
from tests.portal.portal import MARIE, NEW, RH, SEB, TITLE, Portal, fill, form_of, running
from tests.servers.waiting import wait_until

SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


# --- opening a ticket


def test_a_new_ticket_tells_its_link_by_mail_alone(portal: Portal, client: httpx.Client) -> None:
    answer = fill(client, "/new", [("plan.pdf", "application/pdf", b"%PDF-1.7")], **NEW)
    assert (answer.status_code, answer.headers["location"]) == (303, "/new/sent")
    page = client.get("/new/sent").text
    token = portal.token(MARIE.email)
    assert token not in page + answer.text + str(answer.headers)
    assert "#1" not in page
    (opening,) = portal.history()
    assert (opening.author, opening.verified, opening.portal) == (MARIE, False, True)
    assert [file.name for file in opening.attachments] == ["plan.pdf"]
    assert portal.mails() == [(MARIE.email, "opened"), (SEB.email, "opened")]
    assert f"/t/{token}".encode() in portal.data()
    assert portal.woken == [True]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"mail": "marie"}, "mail"),
        ({"mail": "marie@fram"}, "mail"),
        ({"mail": "a@x.example, b@x.example"}, "mail"),
        ({"mail": "support@fram.example"}, "mail"),
        ({"mail": "x" * 250 + "@fram.example"}, "mail"),
        ({"author": " \u00a0 "}, "author"),
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"text": "\n \n"}, "text"),
        ({"text": "x" * 100_001}, "text"),
    ],
)
def test_a_new_ticket_that_is_not_filled_in(
    portal: Portal, client: httpx.Client, changed: dict[str, str], field: str
) -> None:
    answer = fill(client, "/new", **NEW | changed)
    assert answer.status_code == 422
    assert f'<a href="#{field}">' in answer.text
    assert answer.text.count('aria-invalid="true"') == 1
    kept = next(name for name in ("author", "subject") if name != field)
    assert re.search(rf'name="{kept}"[^>]* value="{re.escape(NEW[kept])[:9]}', answer.text)
    assert portal.tickets() == []


def test_a_typed_address_may_not_join_another_ticket(portal: Portal, client: httpx.Client) -> None:
    """Neither a tag nor a reference in its words leads anywhere: a form opens a ticket."""
    portal.opening()
    reference = re.findall(rb"mg-[a-z2-7]{26}", portal.data())[0].decode()
    fill(
        client,
        "/new",
        **NEW | {"subject": "[FRAM][#1][Note] Bonjour", "text": f"Réf. {reference}\nx"},
    )
    assert [ticket.number for ticket in portal.tickets()] == [1, 2]
    assert portal.tickets()[1].subject == "Bonjour"
    assert reference not in portal.history(2)[0].text


def test_an_agents_address_in_a_form_commands_nothing_even_where_from_is_believed(
    tmp_path: Path,
) -> None:
    with running(tmp_path, MAILGATE_TRUST__UNPROVEN="obey") as portal, portal.client() as client:
        typed = {"mail": SEB.email, "text": "#pour victim@x.example\nVous avez gagné."}
        assert fill(client, "/new", **NEW | typed).status_code == 303
        assert {recipient for recipient, _ in portal.mails()} == {SEB.email}
        assert portal.history()[0].internal


# --- notes


def test_a_note_of_the_holder(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening()
    portal.say("Quel PC ?")
    answer = fill(client, f"/t/{token}", do="note", text="Le TLS-PC-07.\n\n> dit-on\n-- \nM.")
    assert answer.headers["location"] == f"/t/{token}?done=note#done"
    note = portal.notes()[-1]
    assert (note.author, note.via, note.verified, note.portal) == (MARIE, None, True, True)
    assert note.text == "Le TLS-PC-07.\n\n> dit-on\n-- \nM."
    assert portal.mails()[-1] == (SEB.email, "note")
    page = client.get(answer.headers["location"].partition("#")[0]).text
    assert "Note ajoutée." in page
    assert "TLS-PC-07" in page


@pytest.mark.parametrize(
    ("typed", "author"),
    [
        ("Paul PETIT", Address(MARIE.email, "Paul PETIT")),
        ("Paul <paul@fram.example>", Address("paul@fram.example", "Paul")),
        ("paul@fram.example", Address("paul@fram.example")),
    ],
)
def test_another_author_is_named_with_the_holder(
    portal: Portal, client: httpx.Client, typed: str, author: Address
) -> None:
    token = portal.opening()
    fill(client, f"/t/{token}", do="note", text="C'est moi.", author=typed)
    (note,) = portal.notes()
    assert (note.author, note.via, note.verified) == (author, MARIE, False)
    assert "avec le lien de Marie DUPONT" in client.get(f"/t/{token}").text
    assert b"avec le lien de Marie DUPONT" in portal.data().replace(b"=\r\n", b"")


@pytest.mark.parametrize(
    "typed",
    [
        "Sébastien",
        "SEBASTIEN",
        "Sé\u200bbastien",
        "\u0405ébastien",  # Cyrillic
        "seb\u0430stien@fram.example",
        "Sébast\u0131en\u2800.",
        "sebastien@fram.example",
        "support@fram.example",
        "Marie <sebastien@fram.example>",
    ],
)
def test_nobody_writes_as_an_agent(portal: Portal, client: httpx.Client, typed: str) -> None:
    token = portal.opening()
    before = portal.dump()
    answer = fill(client, f"/t/{token}", do="note", text="Payez ici.", author=typed)
    assert answer.status_code == 422
    assert '<a href="#author">' in answer.text
    assert "Payez ici." in answer.text
    assert portal.dump() == before


def test_a_third_party_by_its_own_link(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    portal.say(f"#transfert {RH.email}\nQui est-ce ?")
    token = portal.token(RH.email)
    assert "Confirmer" not in client.get(f"/t/{token}").text
    fill(client, f"/t/{token}", do="note", text="Contrat signé.")
    (note,) = portal.notes()
    assert (note.author, note.via, note.verified) == (Address(RH.email), None, True)
    assert portal.mails()[-2:] == [(MARIE.email, "note"), (SEB.email, "note")]


def test_two_notes_at_once_are_both_there(portal: Portal) -> None:
    token = portal.opening()

    def write(text: str) -> int:
        with portal.client() as one:
            return fill(one, f"/t/{token}", do="note", text=text).status_code

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(write, [f"Note {n}" for n in range(8)]))
    assert codes == [303] * 8
    assert sorted(note.text for note in portal.notes()) == [f"Note {n}" for n in range(8)]


def test_a_form_sent_twice_counts_once(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening()
    data = {"form": form_of(client.get(f"/t/{token}")), "do": "note", "text": "Voilà."}
    answers = [client.post(f"/t/{token}", data=data) for _ in range(2)]
    assert [one.status_code for one in answers] == [303, 303]
    assert len(portal.notes()) == 1
    client.post(f"/t/{token}", data=data | {"text": "Voilà, et encore ceci."})
    assert len(portal.notes()) == 2


def test_the_link_of_an_agent_shows_and_takes_nothing(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    token = portal.token(SEB.email)
    page = client.get(f"/t/{token}")
    assert "<form" not in page.text
    before = portal.dump()
    site = Site(portal.desk, lambda: None)
    form = site.form_token(client.cookies[COOKIE], f"/t/{token}")  # as if the page had one
    answer = client.post(f"/t/{token}", data={"form": form, "do": "note", "text": "#clôturé"})
    assert answer.status_code == 403
    assert "Ce lien ne permet pas d&#39;écrire" in answer.text
    assert portal.dump() == before


def test_the_link_of_an_agent_opens_no_ticket(portal: Portal, client: httpx.Client) -> None:
    """It would be one that he proved to be his."""
    portal.opening()
    path = f"/t/{portal.token(SEB.email)}/new"
    assert client.get(path).status_code == 403
    client.get("/new")  # which brings the cookie
    before = portal.dump()
    form = Site(portal.desk, lambda: None).form_token(client.cookies[COOKIE], path)
    answer = client.post(path, data=NEW | {"mail": SEB.email, "form": form})
    assert answer.status_code == 403
    assert portal.dump() == before


def test_the_revision_is_that_of_the_page(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening()
    seen = []
    for words in ("", "#interne\nRien.", "Bonjour.", "#résolu\nFait."):
        if words:
            portal.say(words)
        page = re.search(r'data-revision="([^"]+)"', client.get(f"/t/{token}").text)
        assert page
        assert client.get(f"/t/{token}/revision").text == page[1]
        seen.append(page[1])
    assert seen[0] == seen[1]
    assert len(set(seen)) == 3
    assert client.get("/t/nothing/revision").status_code == 404


# --- solved?


@pytest.fixture
def solved(portal: Portal) -> str:
    token = portal.opening()
    portal.say("#résolu\nC'est fait.")
    return token


def test_confirming(portal: Portal, client: httpx.Client, solved: str) -> None:
    page = client.get(f"/t/{solved}?choice=confirm").text
    assert "Dites-le avant le <b>" in page
    answer = client.post(
        f"/t/{solved}", data={"form": form_of(client.get(f"/t/{solved}")), "do": "confirm"}
    )
    assert answer.headers["location"].startswith(f"/t/{solved}?done=confirm")
    assert portal.tickets()[0].state == "closed"
    page = client.get(f"/t/{solved}").text
    assert "Ouvrir un nouveau ticket lié" in page
    assert 'name="text"' not in page


def test_refusing_needs_words(portal: Portal, client: httpx.Client, solved: str) -> None:
    answer = fill(client, f"/t/{solved}", do="refuse", why="")
    assert answer.status_code == 422
    assert '<a href="#why">' in answer.text
    assert "réglé\N{NO-BREAK SPACE}? Ce champ" in unescape(answer.text)
    assert "<details open>" in answer.text
    assert portal.tickets()[0].state == "resolved"
    fill(client, f"/t/{solved}", do="refuse", why="L'écran manque.")
    assert portal.tickets()[0].state == "open"
    assert portal.notes()[-1].text == "L'écran manque."


def test_a_page_from_before_the_end_does_not_say_that_the_ticket_goes_back(
    portal: Portal, client: httpx.Client, solved: str
) -> None:
    path = f"/t/{solved}"
    forms = [form_of(client.get(path)) for _ in range(4)]
    client.post(path, data={"form": forms[0], "do": "confirm"})
    before = portal.history()
    again = client.post(path, data={"form": forms[1], "do": "confirm"})
    assert "plus rien à confirmer" in unescape(client.get(again.headers["location"]).text)
    assert portal.history() == before
    refused = {"form": forms[2], "do": "refuse", "why": "L'écran manque."}
    for answer in (client.post(path, data=refused) for _ in range(2)):
        page = unescape(client.get(answer.headers["location"]).text)
        assert "qui reste fermé" in page
        assert "repart" not in page
        assert "#refuser" not in page
    assert [one.text for one in portal.notes()] == ["C'est fait.", "L'écran manque."]
    noted = client.post(path, data={"form": forms[3], "do": "note", "text": "Et ceci."})
    assert "qui reste fermé" in unescape(client.get(noted.headers["location"]).text)
    assert portal.tickets()[0].state == "closed"


def test_a_refusal_of_what_is_in_work_already_is_a_note(
    portal: Portal, client: httpx.Client, solved: str
) -> None:
    path = f"/t/{solved}"
    forms = [form_of(client.get(path)) for _ in range(2)]
    portal.say("#rouvrir\nJe reprends.")
    client.post(path, data={"form": forms[0], "do": "refuse", "why": "L'écran manque."})
    assert portal.notes()[-1].text == "L'écran manque."
    answer = client.post(path, data={"form": forms[1], "do": "confirm"})
    assert "plus rien à confirmer" in unescape(client.get(answer.headers["location"]).text)
    assert portal.tickets()[0].state == "open"


def test_only_the_requester_confirms(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    portal.say(f"#transfert {RH.email}\nQui ?")
    portal.say("#résolu\nC'est fait.")
    token = portal.token(RH.email)
    assert fill(client, f"/t/{token}", do="confirm").status_code == 422
    fill(client, f"/t/{token}", do="note", text="#confirmer")
    assert portal.tickets()[0].state == "open"
    assert portal.notes()[-1].text == "#confirmer"


def test_what_follows_a_closed_ticket(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening()
    portal.say("#clôturé\nC'est fait.")
    page = client.get(f"/t/{token}/new").text
    assert 'value="Marie DUPONT"' in page
    assert "suite au ticket #1" in page
    fill(client, f"/t/{token}/new", **NEW)
    assert portal.history(2)[0].verified
    assert portal.history(2)[0].text.startswith("Suite du ticket #1.")
    assert b"ticket #1" in portal.data()
    # Somebody else's address is as unproven as ever.
    fill(client, f"/t/{token}/new", **NEW | {"mail": "eve@elsewhere.example"})
    assert not portal.history(3)[0].verified


def test_a_note_that_comes_too_late_is_kept(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening()
    data = {"form": form_of(client.get(f"/t/{token}")), "do": "note", "text": "Encore ceci."}
    portal.say("#clôturé\nC'est fait.")
    assert client.post(f"/t/{token}", data=data).status_code == 303
    assert portal.tickets()[0].state == "closed"
    assert portal.notes()[-1].text == "Encore ceci."
    assert (MARIE.email, "late") in portal.mails()


# --- lost links


def test_lost_links_answer_alike_and_mail_only_their_owner(
    portal: Portal, client: httpx.Client
) -> None:
    first = portal.opening()
    portal.opening()
    portal.say(f"#transfert {RH.email}\nQui ?")
    second = portal.token(MARIE.email, 2)
    portal.say("#clôturé\nFini.", number=2)
    fill(client, "/new", **NEW | {"mail": SEB.email})
    before = len(portal.mails())
    emails = (
        MARIE.email,
        "Marie.Dupont@FRAM.example",
        RH.email,
        SEB.email,
        "eve@elsewhere.example",
    )
    answers = [fill(client, "/links", mail=email) for email in emails]
    assert {(one.status_code, one.headers["location"], one.text) for one in answers} == {
        (303, "/links/sent", "")
    }
    wait_until(lambda: len(portal.mails()) == before + 2)
    assert portal.mails()[before:] == [(MARIE.email, "links")] * 2
    sent = portal.data().rpartition(b"[Liens]")[2].replace(b"=\r\n", b"").decode("latin-1")
    assert f"/t/{first}" in sent
    assert second not in sent
    assert fill(client, "/links", mail="marie").status_code == 422


# --- ceilings


def test_the_ceiling_per_client_and_typed_address(tmp_path: Path) -> None:
    with (
        running(tmp_path, MAILGATE_LIMITS__FORMS_HOUR="3") as portal,
        portal.client() as one,
    ):
        for n in range(3):
            assert fill(one, "/links", mail=f"m{n}@fram.example").status_code == 303
        before = portal.dump()
        assert fill(one, "/new", **NEW).status_code == 429
        assert portal.dump() == before
        # A proxy on this machine says who asks: others have a ceiling of their own.
        for n in range(3):
            one.headers["x-forwarded-for"] = f"2001:db8:0:{n}::1"
            assert fill(one, "/new", **NEW).status_code == 303
        one.headers["x-forwarded-for"] = "192.0.2.7"
        assert fill(one, "/new", **NEW).status_code == 429
        assert fill(one, "/new", **NEW | {"mail": "rh@fram.example"}).status_code == 303
        assert len(portal.tickets()) == 4
        portal.ahead.append(timedelta(hours=1, minutes=1))
        assert fill(one, "/new", **NEW).status_code == 303


def test_one_link_has_one_ceiling_whatever_authors_are_typed(tmp_path: Path) -> None:
    with running(tmp_path, MAILGATE_LIMITS__PER_SENDER_HOUR="3") as portal, portal.client() as one:
        token = portal.opening()
        told = Counter(portal.mails())
        for n in range(5):
            author = f"Moi {n} <n{n}@elsewhere.example>"
            fill(one, f"/t/{token}", do="note", text=f"Voici {n}.", author=author)
        assert len(portal.notes()) == 5
        assert (Counter(portal.mails()) - told)[SEB.email, "note"] == 3
        fill(one, f"/t/{token}", do="note", text="C'est moi.")
        assert (Counter(portal.mails()) - told)[SEB.email, "note"] == 4, "her own word counts apart"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("", "", True),
    ],
)
def test_what_counts_as_one_client(one: str, other: str, *, same: bool) -> None:
    assert (ceilings.client(one) == ceilings.client(other)) is same


# --- what is refused


def _foreign(portal: Portal, client: httpx.Client, token: str) -> dict[str, dict[str, str]]:
    """Hidden words that are not this form's."""
    own = form_of(client.get(f"/t/{token}"))
    with portal.client() as other:
        others = form_of(other.get(f"/t/{token}"))
    shown, key, signature = own.split(".")
    words = {
        "none": "",
        "garbage": "x.y.z",
        "another browser's": others,
        "another page's": form_of(client.get("/links")),
        "an older hour": f"{int(shown) - 1}.{key}.{signature}",
        "another key": f"{shown}.{key}x.{signature}",
        "no signature": f"{shown}.{key}.",
        "letters": f"{shown}.{key}.é",
    }
    return {name: {"form": word} for name, word in words.items()} | {"no field": {}}


def test_a_form_that_is_not_ours_changes_nothing(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening()
    forms = _foreign(portal, client, token)
    before = portal.dump()
    for name, form in forms.items():
        answer = client.post(f"/t/{token}", data={"do": "note", "text": "x"} | form)
        assert answer.status_code == 403, name
        assert "Rien n&#39;a été fait" in answer.text
    own = {"form": form_of(client.get(f"/t/{token}")), "do": "note", "text": "x"}
    site = client.post(f"/t/{token}", data=own, headers={"sec-fetch-site": "cross-site"})
    client.cookies.clear()
    cookieless = client.post(f"/t/{token}", data=own)
    assert (site.status_code, cookieless.status_code) == (403, 403)
    for path in ("/new", "/links", f"/t/{token}/new"):
        assert client.post(path, data=NEW).status_code == 403
    assert portal.dump() == before


def test_too_large_too_many_and_broken(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening()
    path = f"/t/{token}"
    form = {"form": form_of(client.get(path)), "do": "note", "text": "x"}
    before = portal.dump()
    heavy = b"x" * (portal.desk.config.limits.upload + 300_000)
    large = client.post(path, data=form, files={"files": ("a.bin", heavy)})
    assert large.status_code == 413
    assert "trop lourd" in large.text
    start = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
    chunks = (start if not n else b"x" * 100_000 for n in range(300))
    kind = {"content-type": "multipart/form-data; boundary=b"}
    assert client.post(path, content=chunks, headers=kind).status_code == 413
    many = [("files", (f"{n}.txt", b"x")) for n in range(21)]
    assert client.post(path, data=form, files=many).status_code == 400
    assert client.post(path, content=b"--b\r\nbroken", headers=kind).status_code in (400, 403)
    assert client.post("/t/nothing", data=form).status_code == 404
    assert client.put(path).status_code == 405
    assert client.post("/", data=form).status_code == 405
    assert portal.dump() == before


def test_a_form_without_files_is_as_large_as_its_fields(
    portal: Portal, client: httpx.Client
) -> None:
    path = f"/t/{portal.opening()}"
    form = {"form": form_of(client.get(path)), "do": "note", "text": "é" * 100_000}
    assert client.post(path, data=form).status_code == 303
    kind = {"content-type": "Application/X-WWW-Form-Urlencoded; charset=utf-8"}
    assert client.post(path, content=b"&" * 2_000_000, headers=kind).status_code == 413


def test_script_in_every_field_is_text(portal: Portal, client: httpx.Client) -> None:
    fields = {"author": SCRIPT, "subject": SCRIPT, "text": SCRIPT}
    refused = fill(client, "/new", mail=SCRIPT, **fields)
    assert refused.status_code == 422
    name = f"{SCRIPT}.html"
    fill(client, "/new", [(name, "text/html", SCRIPT.encode())], **NEW | fields)
    token = portal.token(MARIE.email)
    fill(client, f"/t/{token}", do="note", text=SCRIPT, author="<b>Paul</b>")
    fill(client, "/links", mail=SCRIPT)
    page = client.get(f"/t/{token}")
    for shown in (page, refused, client.get(f"/t/{token}?done={SCRIPT}&choice={SCRIPT}")):
        assert "<script>" not in shown.text
        assert "<img src=x" not in shown.text
        assert "<b>Paul" not in shown.text
    file = client.get(f"/t/{token}/files/1/2")
    assert file.headers["content-type"] == "application/octet-stream"
    assert file.headers["content-disposition"].startswith("attachment; ")
    assert file.content == SCRIPT.encode()


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ('a"b\r\nX-Evil: 1.txt', "a%22b%0D%0AX-Evil_ 1.txt"),
        ("=?utf-8?q?a=0D=0ABcc:_x@y?=.txt", ""),
        ("\u202egnp.doc", ""),
        (".htaccess", "htaccess"),
        ("x" * 400 + ".pdf", "x" * 116 + ".pdf"),
        ("CON\x00.txt", ""),
    ],
)
def test_hostile_file_names(portal: Portal, client: httpx.Client, name: str, kept: str) -> None:
    token = portal.opening()
    answer = fill(client, f"/t/{token}", [(name, "text/plain", b"data")], do="note", text="x")
    assert answer.status_code == 303
    (file,) = portal.notes()[-1].attachments
    assert file.name == kept or not kept
    assert not re.search(r'[\x00-\x1f/\\":]', file.name)
    got = client.get(f"/t/{token}/files/{portal.notes()[-1].id}/{file.part}")
    assert (got.status_code, got.content) == (200, b"data")
    assert "\n" not in got.headers["content-disposition"]
    assert "x-evil" not in got.headers


def test_a_file_with_a_link_of_ours_stays_inside(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening()
    portal.say("Bonjour.")
    link = f"{portal.url}/t/{portal.token(SEB.email)}"
    fill(client, f"/t/{token}", [("a.txt", "text/plain", link.encode())], do="note", text="x")
    note = portal.notes()[-1]
    assert client.get(f"/t/{token}/files/{note.id}/{note.attachments[0].part}").status_code == 403


def test_a_file_opens_by_the_links_of_its_ticket_alone(
    portal: Portal, client: httpx.Client
) -> None:
    first = portal.opening(files=(("a.txt", "text/plain", b"a"),))
    portal.opening()
    second = portal.token(MARIE.email, 2)
    assert client.get(f"/t/{first}/files/1/2").status_code == 200
    for path in (f"/t/{second}/files/1/2", f"/t/{first}/files/1/1", f"/t/{first}/files/2/2"):
        assert client.get(path).status_code == 404


def test_a_form_is_written_as_a_mail_that_says_the_same(portal: Portal) -> None:
    draft = Draft(
        Address(MARIE.email, 'D"U, <PONT>\r\nBcc: x@y.example'),
        f"{TITLE}\r\nBcc: x@y.example",
        "Été\n.\nFrom moi",
        "key",
        portal.desk.now().replace(microsecond=0),
        (("é.txt", "text/plain", b"a\r\n.\r\nb"),),
    )
    mail = parse(written(portal.desk, draft))
    assert mail.senders == (Address(MARIE.email, 'D"U, <PONT> Bcc: x@y.example'),)
    assert mail.subject == f"{TITLE} Bcc: x@y.example"
    assert (mail.cc, mail.date, mail.text.strip()) == ((), draft.shown, draft.text)
    assert [file.name for file in mail.attachments] == ["é.txt"]


@pytest.mark.parametrize("charset", ["charset=punycode", "charset=x"])
def test_a_form_in_another_charset_is_none(
    portal: Portal, client: httpx.Client, charset: str
) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nabc-\xff\r\n--b--\r\n'
    head = {"Content-Type": f"multipart/form-data; boundary=b; {charset}"}
    answer = client.post("/new", content=body, headers=head)
    assert answer.status_code == 400
    assert portal.tickets() == []
