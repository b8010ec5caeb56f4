"""The agents' board: the list, a ticket's page, and every action of the keyword table."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest

from mailgate.portal import board as pages
from rules.model import Absence, AddEntry, Address, Alike, Away, EntryKind, Failing, Lookalike
from tests.portal.portal import MARIE, RH, SEB, Portal, fill, form_of, running

AGENTS = '\n[[agents]]\nname = "Nadia"\naddress = "nadia@fram.example"\n'
NADIA = Address("nadia@fram.example", "Nadia")
PAUL = Address("paul@fram.example", "Paul")
HERE = "/agent/t/1"


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    with running(tmp_path, more=AGENTS) as one:
        yield one


@pytest.fixture
def client(portal: Portal) -> Iterator[httpx.Client]:
    with portal.board() as one:
        yield one


def act(client: httpx.Client, path: str = HERE, **fields: str) -> httpx.Response:
    return fill(client, path, do="act", **fields)


def numbers(page: httpx.Response) -> list[int]:
    """The tickets of a list, from its top."""
    return [int(one) for one in re.findall(r'name="t" value="(\d+)"', page.text)]


# --- what each action does, as a mail would


@pytest.mark.parametrize(
    ("fields", "mails", "kind"),
    [
        ({"text": "Quel PC ?"}, [(MARIE.email, "note")], EntryKind.NOTE),
        (
            {"kind": "reply", "cc": "paul@fram.example; RH <rh@fram.example>", "text": "Voyez."},
            [(MARIE.email, "reply"), (PAUL.email, "reply"), (RH.email, "reply")],
            EntryKind.REPLY,
        ),
        (
            {"kind": "transfer", "to": RH.email, "text": "Qui est-ce ?"},
            [(RH.email, "transfer")],
            EntryKind.TRANSFER,
        ),
        (
            {"kind": "internal", "text": "Entre nous."},
            [(NADIA.email, "internal")],
            EntryKind.INTERNAL,
        ),
        ({"text": "#interne\nEntre nous."}, [(NADIA.email, "internal")], EntryKind.INTERNAL),
    ],
    ids=["note", "reply", "transfer", "internal", "typed"],
)
def test_words(
    portal: Portal,
    client: httpx.Client,
    fields: dict[str, str],
    mails: list[tuple[str, str]],
    kind: EntryKind,
) -> None:
    portal.opening()
    before = len(portal.mails())
    answer = act(client, **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{HERE}?done=act#done")
    assert portal.mails()[before:] == mails
    (entry,) = [one for one in portal.history() if one.kind is kind]
    assert (entry.author, entry.verified, entry.portal) == (SEB, True, True)
    assert entry.text == fields["text"].rpartition("\n")[2]
    assert entry.internal is (kind is EntryKind.INTERNAL)
    assert portal.woken[-1:] == [True]


def test_a_state_with_and_without_words(portal: Portal, client: httpx.Client) -> None:
    wanted = ["waiting", "resolved", "closed"] * 2
    for number, state in enumerate(wanted, 1):
        portal.opening()
        words = {"text": "Voici."} if number > 3 else {}
        before = len(portal.mails())
        act(client, f"/agent/t/{number}", state=state, **words)
        told = ["note", "state"] if words and state == "closed" else ["state"]
        assert portal.mails()[before:] == [(MARIE.email, one) for one in told]
    assert [one.state for one in portal.tickets()] == wanted


def test_owner_state_and_words_in_one_form(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    act(client, text="Nadia s'en occupe.", owner=NADIA.email, state="waiting")
    (ticket,) = portal.tickets()
    assert (ticket.owner, ticket.state) == (NADIA.email, "waiting")
    assert (NADIA.email, "internal") in portal.mails()
    act(client, owner=SEB.email)
    assert portal.tickets()[0].owner == SEB.email


def test_a_ticket_becomes_somebody_elses(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening()
    act(client, requester=str(PAUL))
    assert portal.tickets()[0].requester == PAUL
    assert (PAUL.email, "opened") in portal.mails()
    assert client.get(f"/t/{token}").status_code == 404
    # A bare address has no name, and certainly not that of the one before.
    act(client, requester=RH.email)
    assert portal.tickets()[0].requester == Address(RH.email)


def test_a_ticket_is_merged_into_another(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    portal.opening()
    act(client, "/agent/t/2", merge="#1")
    assert portal.tickets()[1].merged_into == 1
    page = client.get("/agent/t/2").text
    assert '<a href="/agent/t/1">ticket #1</a>' in page
    assert 'name="merge"' not in page
    assert '<a href="/agent/t/2">#2</a>' in client.get(HERE).text
    portal.opening()
    act(client, "/agent/t/3", text="#fusionner 1\nLe même.")
    assert portal.tickets()[2].merged_into == 1
    # The people of the merged ticket can still be written to, from its own page.
    before = len(portal.mails())
    act(client, "/agent/t/2", text="Toujours là ?")
    assert portal.mails()[before:] == [(MARIE.email, "note")]
    assert "Adressé au ticket #2" in client.get(HERE).text


def test_a_closed_ticket_is_opened_again(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    portal.say("#clôturé\nFini.")
    page = client.get(HERE).text
    assert re.findall(r'<option value="(\w+)"', page)[:1] == ["open"]
    assert 'value="closed"' not in page
    assert "Sera envoyé" not in page
    mailed = len(portal.mails())
    kept = act(client, text="Encore ceci.")
    assert "Le demandeur n'en est pas averti." in unescape(
        client.get(kept.headers["location"]).text
    )
    assert [one for one in portal.mails()[mailed:] if one[0] == MARIE.email] == []
    before = portal.dump()
    for fields in (
        {"kind": "transfer", "to": RH.email},
        {"kind": "reply", "cc": RH.email},
        {"owner": NADIA.email},
        {"requester": RH.email},
        {"state": "resolved"},
    ):
        answer = act(client, text="Et cela.", **fields)
        assert (answer.status_code, "rouvrez-le" in answer.text) == (422, True), fields
    assert portal.dump() == before
    assert portal.tickets()[0].state == "closed"
    act(client, state="open", text="Je reprends.")
    assert portal.tickets()[0].state == "open"


def test_files_ride_along(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    fill(client, HERE, [("plan.pdf", "application/pdf", b"%PDF-1.7")], do="act", text="Voici.")
    note = portal.notes()[-1]
    assert [one.name for one in note.attachments] == ["plan.pdf"]
    fill(client, HERE, [("a.txt", "text/plain", b"a")], do="act", kind="internal", text="")
    assert portal.history()[-1].internal


_REFUSED: list[tuple[dict[str, str], str, str]] = [
    ({}, "text", "Ce champ est obligatoire"),
    ({"kind": "reply", "text": "x"}, "cc", "Il manque une adresse"),
    ({"kind": "transfer", "to": "rh", "text": "x"}, "to", "adresse n'est pas valable"),
    ({"kind": "transfer", "to": "support@fram.example"}, "to", "celle du support"),
    ({"requester": "a@x.example b@x.example"}, "requester", "Nommez une seule personne"),
    ({"merge": "1"}, "merge", "pas le numéro d'un autre ticket"),
    ({"merge": "999999999"}, "merge", "pas le numéro d'un autre ticket"),
    ({"merge": "deux"}, "merge", "Un numéro de ticket doit suivre"),
    ({"merge": "2"}, "merge", "Un ticket fermé ne fusionne pas"),
    ({"merge": "3", "state": "closed"}, "merge", "contredit un autre champ"),
    ({"text": "#clotur\nx"}, "text", "Le plus proche\N{NO-BREAK SPACE}: #clôturé"),
    ({"text": "#interne\nx", "kind": "transfer", "to": RH.email}, "text", "contredit"),
    ({"text": "x" * 100_001}, "text", "trop long"),
    ({"kind": "reply", "cc": f"{RH.email}, " * 200, "text": "x"}, "cc", "trop long"),
    ({"kind": "internal", "to": RH.email, "text": "x"}, "", "effacez-les"),
    ({"cc": RH.email, "text": "x"}, "", "effacez-les"),
    ({"merge": "9" * 40}, "merge", "Un numéro de ticket doit suivre"),
]


def test_what_a_mail_would_be_refused_for_is_said_before_anything_is_kept(
    portal: Portal, client: httpx.Client
) -> None:
    for _ in range(3):
        portal.opening()
    portal.say("#clôturé\nFini.", number=2)
    before = portal.dump()
    for fields, field, said in _REFUSED:
        answer = act(client, **fields)
        assert answer.status_code == 422, fields
        page = unescape(answer.text)
        place = rf'<a href="#{field}">' if field else "<li>"
        assert re.search(rf"{place}[^<]*{re.escape(said)}", page), fields
        assert answer.text.count('aria-invalid="true"') == bool(field), fields
    assert portal.dump() == before


def test_a_note_to_nobody_is_refused(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    portal.nobodys(1)
    assert act(client, text="Bonjour ?").status_code == 422
    assert act(client, text="Bonjour ?", kind="internal").status_code == 303


# --- the page


def test_agents_see_all_of_a_ticket(portal: Portal, client: httpx.Client) -> None:
    portal.opening("Bonjour,\n\nle PC est en panne.", (("a.txt", "text/plain", b"data"),))
    portal.say("#interne\nUn secret entre agents.")
    page = client.get(HERE)
    for words in ("Un secret entre agents.", "Note interne", MARIE.email, "le PC est en panne"):
        assert words in page.text
    file = re.search(rf"{HERE}/files/\d+/\d+", page.text)
    assert file
    got = client.get(file[0])
    assert (got.content, got.headers["content-disposition"][:10]) == (b"data", "attachment")
    mails = re.findall(rf"{HERE}/mail/\d+", page.text)
    assert len(mails) == 2
    original = client.get(mails[0])
    assert b"Message-ID: <portal-" in original.content
    assert original.headers["content-type"] == "application/octet-stream"
    assert original.headers["content-disposition"].startswith('attachment; filename="1-')
    for nothing in (f"{HERE}/mail/999", f"{HERE}/files/1/9", "/agent/t/9", "/agent/t/99999999999"):
        assert client.get(nothing).status_code == 404


def test_addresses_that_fail_and_absences_are_shown(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    portal.say("#attente\nQuel PC ?")
    today = portal.desk.now().date()
    portal.apply(1, Failing(MARIE.email, "550 unknown user"))
    portal.apply(1, Away(Absence(RH.email, None)), Away(Absence(SEB.email, today)))
    page = client.get(HERE).text
    assert "Adresse en échec" in page
    assert "550 unknown user" in page
    assert "Les délais sont suspendus" in page
    assert "Absence annoncée" in page
    listed = client.get("/agent").text
    assert "adresse en échec" in listed
    assert "Délai suspendu" in listed


def test_an_automatic_message_is_told_in_the_desks_language(
    portal: Portal, client: httpx.Client
) -> None:
    portal.opening()
    reason = "Auto-Submitted: auto-replied says that a program answered."
    portal.apply(1, AddEntry(EntryKind.AUTO_REPLY, MARIE, "Absente.", automatic=reason))
    page = client.get(HERE).text
    assert "<b>Message automatique.</b> Rien ne lui est répondu." in page
    assert "says that" not in page


def test_whom_a_sender_may_be_taken_for_is_shown_to_agents_alone(
    portal: Portal, client: httpx.Client
) -> None:
    token = portal.opening()
    odd = Lookalike(Alike.KNOWN_NAME, "<b>Marie</b>", MARIE.email)
    eve = Address("eve@elsewhere.example", "Marie")
    portal.apply(1, AddEntry(EntryKind.NOTE, eve, "C'est moi.", lookalikes=(odd,)))
    warning = f"&lt;b&gt;Marie&lt;/b&gt; est ici le nom de {MARIE.email}"
    assert warning in client.get(HERE).text
    assert "est ici le nom de" not in client.get(f"/t/{token}").text


def test_taking_a_ticket_is_one_line_of_the_portal(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    portal.say("#prendre")
    portal.say("#prendre")
    (line,) = [one for one in portal.history() if one.internal]
    assert (line.text, line.portal, line.verified) == (f"→ {SEB.name}", True, True)
    assert "support, sur le portail" in client.get(HERE).text


def test_agents_see_whom_a_transfer_and_a_reply_went_to(
    portal: Portal, client: httpx.Client
) -> None:
    token = portal.opening()
    portal.say(f"#transfert {RH.email}\nPour vous.")
    portal.say("#réponse paul@fram.example\nEn copie.")
    page = client.get(HERE).text
    assert f"<b>Transfert</b> à {RH.email}</span>" in page
    assert f"<b>Réponse avec copies</b> à {MARIE.email}, paul@fram.example</span>" in page
    assert RH.email not in client.get(f"/t/{token}").text


def test_agents_read_states_in_their_own_words(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening()
    portal.say("#attente\nQuelle version ?")
    with portal.client() as marie:
        assert "de votre part" in marie.get(f"/t/{token}").text
    assert "de votre part" not in client.get(HERE).text
    assert "de votre part" not in client.get("/agent/help").text


@pytest.mark.parametrize("path", ["/agent/help", "/agent/t/99", "/agent/nothing"])
def test_the_bar_of_agents_stays(client: httpx.Client, path: str) -> None:
    page = client.get(path).text
    assert 'href="/agent/figures"' in page
    assert "/agent/sign-out" in page
    assert "Retour à l'accueil" not in page


def test_the_revision_changes_with_the_page(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    seen = []
    for words in ("", "#interne\nRien.", "#prendre", "Bonjour."):
        if words:
            portal.ahead.append(timedelta(seconds=1))
            portal.say(words)
        page = re.search(r'data-revision="([^"]+)"', client.get(HERE).text)
        assert page
        assert client.get(f"{HERE}/revision").text == page[1]
        seen.append(page[1])
    assert len(set(seen)) == 4


def test_a_link_is_revoked(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening()
    portal.say(f"#transfert {RH.email}\nQui ?")
    hr = portal.token(RH.email)
    answer = fill(client, HERE, do="revoke", who=MARIE.email)
    assert answer.headers["location"] == f"{HERE}?done=revoked#done"
    assert client.get(f"/t/{token}").status_code == 404
    assert client.get(f"/t/{hr}").status_code == 200
    assert client.get(f"/t/{portal.token(MARIE.email)}").status_code == 200
    told = portal.history()[-1]
    assert (told.internal, told.author, MARIE.email in told.text) == (True, SEB, True)
    before = portal.dump()
    for who in ("eve@elsewhere.example", ""):
        answer = fill(client, HERE, do="revoke", who=who)
        assert answer.headers["location"] == f"{HERE}?done=unknown#done"
    assert portal.dump() == before


# --- the list


@pytest.fixture
def several(portal: Portal) -> Portal:
    """1 waits, 2 is solved and Nadia's, 3 is new, 4 is closed, 5 joined 3."""
    for _ in range(5):
        portal.opening()
        portal.ahead.append(timedelta(minutes=5))
    portal.say("#résolu\nC'est fait.", NADIA, number=2)
    portal.say("#clôturé\nFini.", number=4)
    portal.ahead.append(timedelta(minutes=5))
    portal.say("#attente\nQuel PC ?", number=1)
    portal.ahead.append(timedelta(hours=40))
    portal.say("#fusionner 3", number=5)
    return portal


_LISTS = [
    ("", [2, 1, 3]),
    ("?sort=oldest", [1, 2, 3]),
    ("?sort=changed", [3, 1, 2]),
    ("?sort=nonsense&page=x&state=", [2, 1, 3]),
    ("?state=waiting", [1]),
    ("?state=new", [3]),
    ("?state=nonsense", []),
    ("?state=closed-tickets&sort=oldest", [4, 5]),
    ("?owner=nadia@fram.example", [2]),
    ("?owner=NADIA@fram.example&state=resolved", [2]),
    ("?owner=nobody", [3]),
    ("?owner=eve@x.example", []),
    ("?q=arriv%C3%A9e+de&sort=oldest", [1, 2, 3, 4, 5]),
    ("?q=%231&sort=oldest", [1]),
    ("?q=4", [4]),
    ("?q=marie.dupont&sort=oldest&state=closed-tickets", [4, 5]),
    ("?q=quel+pc", [1]),
    ("?q=quel+pc&state=new", []),
    ("?q=%25", []),
    ("?page=2", [2, 1, 3]),
    ("?page=0", [2, 1, 3]),
]


def test_filters_and_order(several: Portal) -> None:
    with several.board() as client:
        for asked, expected in _LISTS:
            page = client.get(f"/agent{asked}")
            assert (page.status_code, numbers(page)) == (200, expected), asked
        assert 'name="page" value="1"' in client.get("/agent?page=0").text


def test_a_line_says_how_old_and_how_long(several: Portal) -> None:
    with several.board() as client:
        page = client.get("/agent?state=waiting").text
        assert "Rappel dans 8\u00a0h" in page
        assert re.search(r'class="go" width="5\d', page)
        assert re.search(r'c-age n">1\sj<', page)
        assert re.search(
            r'aria-current="page"><span class="st waiting">.*?<span class="n">1<', page
        )
        assert "À prendre" in client.get("/agent?state=new").text
        assert "Sans échéance" in client.get("/agent?state=new").text


def test_pages_of_the_list(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "_MOST", 2)
    for _ in range(5):
        portal.opening()
    with portal.board() as client:
        seen, path = [], "/agent?sort=oldest"
        while path:
            page = client.get(path)
            seen.append(numbers(page))
            found = re.search(r'href="([^"]+)" rel="next"', page.text)
            path = found[1].replace("&amp;", "&") if found else ""
        assert seen == [[1, 2], [3, 4], [5]]
        assert 'rel="prev"' in page.text
        # What stood on the last page is closed from it: the page before is the last one now.
        last = {
            "form": form_of(page),
            "do": "state:closed",
            "t": "5",
            "sort": "oldest",
            "page": "3",
        }
        closed = client.get(client.post("/agent", data=last).headers["location"])
        assert numbers(closed) == [3, 4]
        assert "Page 2 sur 2" in closed.text


def ticked(client: httpx.Client, action: str, *chosen: int, path: str = "/agent") -> httpx.Response:
    data: dict[str, object] = {"form": form_of(client.get("/agent")), "do": action}
    return client.post(path, data=data | {"t": [str(one) for one in chosen], "sort": "oldest"})


@pytest.mark.parametrize(
    ("action", "chosen", "done", "state", "owner"),
    [
        ("state:closed", (1, 3), "1, 3", ["closed", "resolved", "closed"], None),
        ("take", (1, 2, 3), "", None, [SEB.email] * 3),
        (f"assign:{NADIA.email}", (1, 3), "", None, [NADIA.email] * 3),
    ],
)
def test_several_at_once(
    several: Portal,
    action: str,
    chosen: tuple[int, ...],
    done: str,
    state: list[str] | None,
    owner: list[str] | None,
) -> None:
    with several.board() as client:
        answer = ticked(client, action, *chosen, 4, 5, 77)
        there = f"/agent?sort=oldest&done={len(chosen)}&undone=4,5,77#done"
        assert answer.headers["location"] == there
        page = client.get(there.partition("#")[0]).text
    assert f"{len(chosen)} tickets changés." in page
    assert "4, 5, 77" in page
    now = several.tickets()[:3]
    assert state is None or [one.state for one in now] == state
    assert owner is None or [one.owner for one in now] == owner
    assert several.tickets()[3].state == "closed"


def test_several_are_merged_into_the_oldest(several: Portal) -> None:
    with several.board() as client:
        assert "done=2" in ticked(client, "merge", 3, 1, 2).headers["location"]
    assert [one.merged_into for one in several.tickets()] == [None, 1, 1, None, 3]


_NOTHING: list[tuple[str, tuple[int, ...], str]] = [
    ("state:closed", (), "Cochez au moins un ticket"),
    ("", (1,), "Choisissez"),
    ("merge", (1,), "Choisissez"),
    ("state:nonsense", (1,), "Choisissez"),
    ("state:new", (1,), "Choisissez"),  # it has no keyword
    ("assign:eve@x.example", (1,), "Choisissez"),
]


def test_nothing_is_done_to_several(several: Portal) -> None:
    with several.board() as client:
        before = several.dump()
        for action, chosen, code in _NOTHING:
            answer = ticked(client, action, *chosen)
            assert (answer.status_code, code in answer.text) == (422, True), action
            kept = re.findall(r'name="t" value="(\d+)" checked', answer.text)
            assert kept == [str(one) for one in chosen], action
        assert '<option value="merge" selected>' in ticked(client, "merge", 1).text
        assert '<option value="state:closed" selected>' in ticked(client, "state:closed").text
    assert several.dump() == before


def test_nothing_was_changed(client: httpx.Client) -> None:
    assert "Aucun ticket changé." in client.get("/agent?done=0&undone=4").text


def test_forms_of_the_board_have_no_ceiling(tmp_path: Path) -> None:
    with running(tmp_path, MAILGATE_LIMITS__FORMS_HOUR="2") as portal:
        portal.opening()
        with portal.board() as client:
            codes = {act(client, text=f"Note {n}").status_code for n in range(6)}
    assert codes == {303}


# --- what is refused


def _forms(client: httpx.Client) -> dict[str, dict[str, str]]:
    """Each form of the board as it would be sent, but for its hidden word."""
    return {
        HERE: {"do": "act", "text": "x"},
        "/agent": {"do": "state:closed", "t": "1"},
        "/agent/sign-out": {},
    }


def test_a_form_that_is_not_ours_changes_nothing(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    others = form_of(client.get("/agent"))
    with portal.board(NADIA) as other:
        nadias = {path: form_of(other.get(path)) for path in (HERE, "/agent")}
    before = portal.dump()
    for path, fields in _forms(client).items():
        words = ["", "x.y.z", nadias.get(path, ""), others if path == HERE else ""]
        for word in words:
            answer = client.post(path, data=fields | {"form": word})
            assert answer.status_code == 403, path
        assert client.post(path, data=fields).status_code == 403
    revoke = {"do": "revoke", "who": MARIE.email}
    assert client.post(HERE, data=revoke).status_code == 403
    own = {"form": form_of(client.get(HERE)), "do": "act", "text": "x"}
    foreign = client.post(HERE, data=own, headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    assert portal.dump() == before


def test_script_in_every_field_is_text(portal: Portal, client: httpx.Client) -> None:
    script = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    portal.opening(script, ((f"{script}.html", "text/html", script.encode()),))
    names = ("text", "cc", "to", "state", "owner", "requester", "merge", "kind")
    pages = [act(client, **dict.fromkeys(names, script))]
    pages.append(act(client, text=script, kind="reply", cc=script))
    act(client, text=script, kind="internal")
    pages += [client.get(f"{HERE}?done={script}"), client.get(HERE)]
    filters = "&".join(f"{name}={script}" for name in ("state", "owner", "q", "sort", "done"))
    pages.append(client.get(f"/agent?{filters}&undone={script}&page={script}"))
    pages.append(ticked(client, script))
    for page in pages:
        assert page.status_code in (200, 422)
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


def test_a_field_holds_one_line(portal: Portal, client: httpx.Client) -> None:
    """Nothing that is typed into a field becomes a keyword line of its own."""
    portal.opening()
    before = portal.dump()
    for name in ("cc", "to", "requester", "merge"):
        typed = {"kind": "transfer" if name == "to" else "reply", "cc": RH.email, "to": RH.email}
        answer = act(client, text="x", **typed | {name: f"{RH.email}\n#clôturé"})
        assert answer.status_code == 422, name
    assert portal.dump() == before


def test_too_large_and_too_many(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    form = {"form": form_of(client.get(HERE)), "do": "act", "text": "x"}
    before = portal.dump()
    heavy = b"x" * (portal.desk.config.limits.upload + 300_000)
    assert client.post(HERE, data=form, files={"files": ("a.bin", heavy)}).status_code == 413
    many = [("files", (f"{n}.txt", b"x")) for n in range(21)]
    assert client.post(HERE, data=form, files=many).status_code == 400
    assert client.put(HERE).status_code == 405
    assert portal.dump() == before


def test_a_form_sent_twice_counts_once(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    portal.opening()
    data = {"form": form_of(client.get(HERE)), "do": "act", "text": "Voilà."}
    assert [client.post(HERE, data=data).status_code for _ in range(2)] == [303, 303]
    assert len(portal.notes()) == 1
    answer = ticked(client, "state:closed", 1, 2)  # of one author, subject and text
    assert "done=2" in answer.headers["location"]
    assert [one.state for one in portal.tickets()] == ["closed", "closed"]
