"""What every page is: harmless to ask for, valid, guarded by its headers, in two languages."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

import html5lib
import httpx
import pytest
from jinja2 import Environment, FileSystemLoader, nodes

from rules.model import Absence, Away, Failing
from store import history, tickets
from store import portal as links
from tests.portal.portal import MARIE, RH, SEB, Portal, fill, routes, running

PNG = ("photo.png", "image/png", b"\x89PNG\r\n\x1a\n")
PAGES = ["/", "/new", "/new/sent", "/links", "/links/sent", "/help", "/help/"]
PAGES += ["/agent/sign-in", "/agent/sign-in/sent", "/agent/sign-in/nothing"]
PAGES += [
    "/help/create",
    "/help/answer",
    "/help/keywords",
    "/help/nothing",
    "/t/nothing",
    "/nothing",
]
AGENTS_PAGES = ["/agent", "/agent?state=closed-tickets", "/agent?q=x", "/agent?done=2&undone=7,8"]
AGENTS_PAGES += ["/agent/t/1", "/agent/t/1?done=act", "/agent/t/2", "/agent/t/3", "/agent/t/9"]
AGENTS_PAGES += [
    "/agent/help",
    "/agent/figures",
    "/agent/figures?weeks=52",
    "/agent/figures?weeks=x",
]
TICKET_PAGES = ["", "?done=note", "?choice=refuse", "?choice=confirm", "/new"]


@pytest.fixture(params=["fr", "en"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Portal, str]]:
    """A portal with a ticket of every kind of entry, and Marie's token."""
    with running(tmp_path, language=request.param) as portal:
        token = portal.opening("Bonjour,\n\nvoir https://fram.example/a?b=1&c=2", (PNG,))
        portal.say("Quel PC ?")
        portal.say(f"#transfert {RH.email}\nQui est-ce ?")
        portal.say("#interne\nEntre nous.")
        portal.say("#résolu\nC'est fait.")
        portal.opening()
        portal.say("#clôturé\nFini.", number=2)
        portal.opening()
        portal.say("#fusionner 1", number=3)
        portal.apply(
            1, Failing(RH.email, "550 unknown"), Away(Absence(MARIE.email, date(2030, 7, 1)))
        )
        yield portal, token


def test_every_page_is_valid_html(told: tuple[Portal, str]) -> None:
    portal, token = told
    paths = [*PAGES, *(f"/t/{token}{rest}" for rest in TICKET_PAGES)]
    with portal.client() as client:
        pages = [client.get(path) for path in paths]
        pages.append(fill(client, "/new", text="rien"))
        pages.append(fill(client, f"/t/{token}", do="refuse"))
        pages.append(client.get(portal.sign_in_path()))
    with portal.board() as client:
        pages += [client.get(path) for path in AGENTS_PAGES]
        pages.append(fill(client, "/agent/t/1", do="act", kind="reply", text="x", merge="x"))
        pages.append(fill(client, "/agent", do="take"))
    for page in pages:
        html5lib.HTMLParser(strict=True).parse(page.text)
        ids = re.findall(r'\bid="([^"]+)"', page.text)
        assert len(ids) == len(set(ids)), page.url
        named = re.findall(r'(?:\bfor|aria-labelledby|href="#)="?([\w-]+)"', page.text)
        assert set(named) <= set(ids), page.url
        for described in re.findall(r'aria-describedby="([^"]+)"', page.text):
            assert set(described.split()) <= set(ids), page.url


def test_every_answer_carries_the_headers(told: tuple[Portal, str]) -> None:
    portal, token = told
    ours = ["/agent", "/agent/t/1", "/agent/t/1/files/1/2", "/agent/t/1/mail/1"]
    ours += ["/agent/figures", "/agent/figures.csv"]
    with portal.board() as client:
        for path in [*PAGES, f"/t/{token}", f"/t/{token}/files/1/2", f"/t/{token}/revision", *ours]:
            headers = client.get(path).headers
            policy = headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy or "sandbox" in policy
            assert headers["referrer-policy"] == "no-referrer"
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-robots-tag"] == "noindex, nofollow"
            assert headers["cache-control"] == "no-store"
            assert "server" not in headers


def test_a_page_that_breaks_carries_the_headers(tmp_path: Path) -> None:
    own = tmp_path / "own" / "portal"
    own.mkdir(parents=True)
    (own / "home.html.j2").write_text("{{ 1 / 0 }}", "utf-8")
    with running(tmp_path, MAILGATE_DESK__TEMPLATES="own") as portal, portal.client() as client:
        answer = client.get("/")
        assert answer.status_code == 500
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_another_method_is_refused_with_those_that_are_not(portal: Portal) -> None:
    with portal.client() as client:
        answer = client.put("/agent/sign-in/sent")
    assert answer.status_code == 405
    assert sorted(answer.headers["allow"].split(", ")) == ["GET", "HEAD"]


def test_nobody_is_sent_on_to_the_host_that_a_request_names(portal: Portal) -> None:
    token = portal.opening()
    with portal.client() as client:
        for path in (f"/t/{token}/", "/new/"):
            answer = client.get(path, headers={"Host": "evil.example"})
            assert (answer.status_code, answer.headers.get("location")) == (404, None)


def test_no_page_has_inline_script_or_style_or_anything_from_elsewhere(
    told: tuple[Portal, str],
) -> None:
    portal, token = told
    with portal.board() as client:
        for path in [*PAGES, f"/t/{token}", f"/t/{token}/new", *AGENTS_PAGES]:
            text = client.get(path).text
            assert re.findall(r"<script(?! src=\"/static/)|<style|\son\w+=|\sstyle=", text) == []
            assert re.findall(r'(?:src|action)="(?!/)', text) == []
            assert re.findall(r'<link[^>]* href="(?!/static/)', text) == []


def test_asking_for_a_page_changes_nothing(portal: Portal) -> None:
    """Every route with GET and HEAD: mail scanners follow links."""
    token = portal.opening(files=(PNG,))
    portal.say("#résolu\nC'est fait.")
    known = {"token": token, "entry": 1, "part": 2, "name": "create", "number": 1}
    asked = [one for one in routes(portal.desk) if "GET" in (one.methods or ())]
    paths = {re.sub(r":(int|path)}", "}", one.path).format_map(known) for one in asked}
    enter = portal.sign_in_path()
    paths = {enter if one == f"/agent/sign-in/{token}" else one for one in paths}
    assert {f"/t/{token}", f"/t/{token}/files/1/2", "/links", "/healthz", enter, "/agent"} <= paths
    with portal.board() as client:
        before = portal.dump()
        for path in sorted(paths):
            for more in ("", "?choice=confirm", "?choice=refuse&do=confirm&text=x"):
                assert client.get(path + more).status_code == 200, path
                assert client.head(path + more).status_code == 200, path
    assert portal.dump() == before
    assert portal.woken == []


def test_a_wrong_link_and_an_unknown_ticket_answer_alike(portal: Portal) -> None:
    token = portal.opening()
    wrong = [token[:-1], token + "x", token[::-1], "0", "é", "%00", "' or 1=1 --"]
    with portal.client() as client:
        pages = [client.get(f"/t/{one}") for one in wrong]
        pages += [client.get(f"/t/{one}/new") for one in wrong]
        pages += [client.get(f"/t/{one}/files/1/2") for one in wrong]
        with portal.desk.db.transaction() as tx:
            assert links.revoke(tx, 1, MARIE.email, portal.desk.new_token())
            tickets.load(tx, 1)
            mailed = tickets.join(tx, 1, RH, portal.desk.new_token(), tickets.Belongs.STRANGER)
        pages.append(client.get(f"/t/{token}"))  # revoked a moment ago
        pages.append(client.get(f"/t/{mailed}"))  # never given to anybody
        assert client.get(f"/t/{portal.token(MARIE.email)}").status_code == 200
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1


def test_a_number_that_python_does_not_convert_is_no_entry(portal: Portal) -> None:
    with portal.client() as client:
        assert client.get(f"/t/{portal.opening()}/files/{'9' * 5_000}/1").status_code == 404


def test_what_stays_inside_is_on_no_page(portal: Portal) -> None:
    token = portal.opening()
    portal.say("#interne\nUn secret entre agents.")
    portal.say("Une réponse pour Marie.")
    with portal.client() as client:
        page = client.get(f"/t/{token}").text
        inside = next(one.id for one in portal.history() if one.internal)
        assert client.get(f"/t/{token}/files/{inside}/2").status_code == 404
    assert "Une réponse pour Marie." in page
    assert "secret" not in page
    with portal.desk.db.reading() as tx:
        seen = [history.extent(tx, 1, public=public)[0] for public in (True, False)]
    assert seen == [len(portal.history()) - 1, len(portal.history())]
    # Nobody's address but the desk's and the one that the link belongs to.
    assert set(re.findall(r"[\w.]+@[\w.]+", page)) == {portal.desk.policy.address}
    assert SEB.email not in page


def test_when_something_was_written_inside_is_on_no_page(portal: Portal) -> None:
    token = portal.opening()
    portal.say("Bonjour.")

    def seen(client: httpx.Client) -> tuple[list[str], str]:
        times = re.findall("<time[^>]*>", client.get(f"/t/{token}").text)
        return times, client.get(f"/t/{token}/revision").text

    with portal.client() as client:
        before = seen(client)
        portal.ahead.append(timedelta(hours=5))
        portal.say("#interne\nUn secret entre agents.")
        assert seen(client) == before
        portal.say("Une réponse pour Marie.")
        assert seen(client) != before


def test_a_page_says_nothing_before_it_is_opened(portal: Portal) -> None:
    """Chat programs show the title of what a link leads to."""
    token = portal.opening()
    with portal.client() as client:
        head = client.get(f"/t/{token}").text.partition("</head>")[0]
    assert "Jean MARTIN" not in head
    assert "og:" not in head


def test_both_languages_have_the_same_words() -> None:
    folder = Path(str(files("templates").joinpath("portal")))
    names = [{one.name for one in (folder / lang).iterdir()} for lang in ("fr", "en")]
    assert names[0] == names[1]
    environment = Environment(loader=FileSystemLoader(folder.parent), autoescape=True)
    words = [_words(environment, f"portal/{lang}/words.j2") for lang in ("fr", "en")]
    assert words[0] == words[1]
    environment.filters["number"] = str
    figures = [_words(environment, f"portal/{lang}/figures.j2", ("t",)) for lang in ("fr", "en")]
    assert figures[0] == figures[1]


def _words(
    environment: Environment,
    name: str,
    tables: tuple[str, ...] = ("t", "errors", "of_field", "refusals", "sent", "done"),
) -> tuple[object, ...]:
    """What a file of words defines: keys of its tables, macros with their parameters."""
    assert environment.loader
    tree = environment.parse(environment.loader.get_source(environment, name)[0])
    macros = {one.name: [arg.name for arg in one.args] for one in tree.find_all(nodes.Macro)}
    module = environment.get_template(name).module
    return macros, {one: set(getattr(module, one)) for one in tables}, set(vars(module))


def test_health(client: httpx.Client) -> None:
    assert client.get("/healthz").text == "ok\n"


def test_the_keywords_are_those_of_the_policy(client: httpx.Client) -> None:
    page = client.get("/help/keywords").text
    assert "#clôturé" in page
    assert "État : Clôturé".replace(" :", "\N{NO-BREAK SPACE}:") in page
    assert "#transfert ADRESSE" in page
