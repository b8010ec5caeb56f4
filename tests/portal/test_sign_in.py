"""Agents sign in by a mailed link, and every page below /agent asks whether they did."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete

from mailgate import delivery, views
from mailgate.parse import parse
from mailgate.portal import session
from mailgate.smtp import Permanent, Result, Sent, Temporary
from store import outbox
from store.tables import AgentToken
from tests.portal.portal import MARIE, SEB, Portal, fill, form_of, routes, running
from tests.servers.waiting import wait_until

AGENTS = """
[[agents]]
name = "Nadia"
address = "nadia@fram.example"
aliases = ["nadia.b@fram.example"]
"""


def link(portal: Portal) -> str:
    """The path of the newest sign-in link that was mailed."""
    mails = portal.data().replace(b"=\r\n", b"").decode("latin-1")
    return re.findall(r"/agent/sign-in/[\w-]{20,}", mails)[-1]


def ask(portal: Portal, client: httpx.Client, mail: str = SEB.email) -> str:
    before = len(portal.mails())
    assert fill(client, session.SIGN_IN, mail=mail).status_code == 303
    wait_until(lambda: len(portal.mails()) > before)
    return link(portal)


def test_an_agent_signs_in_and_out(portal: Portal, client: httpx.Client) -> None:
    assert client.get("/agent").headers["location"] == session.SIGN_IN
    path = ask(portal, client)
    assert portal.mails() == [(SEB.email, "sign-in")]
    assert portal.woken == [True]
    page = client.get(path)
    assert (page.status_code, SEB.email in page.text) == (200, True)
    assert client.get("/agent").status_code == 303  # asked for alone, it signs nobody in
    answer = client.post(path, data={"form": form_of(page)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/agent")
    cookie = answer.headers["set-cookie"]
    assert re.search(r"^agent=\S+; HttpOnly; Max-Age=2592000; Path=/agent; SameSite=lax$", cookie)
    assert client.get("/agent").status_code == 200
    leave = re.search(
        r'action="/agent/sign-out"><input[^>]* value="([^"]+)"', client.get("/agent").text
    )
    assert leave
    kept = client.cookies[session.COOKIE]
    out = client.post("/agent/sign-out", data={"form": leave[1]})
    assert out.headers["location"] == session.SIGN_IN
    assert client.get("/agent").status_code == 303
    client.cookies.set(session.COOKIE, kept, path="/agent")
    assert client.get("/agent").status_code == 303  # a copy of the cookie is worth nothing
    assert client.post("/agent/sign-out").headers["location"] == session.SIGN_IN


def test_the_mail_is_about_no_ticket(portal: Portal, client: httpx.Client) -> None:
    ask(portal, client)
    with portal.desk.db.transaction() as tx:
        (sent,) = outbox.claim(tx, portal.desk.now(), 9)
    mail = parse(sent.data)
    assert mail.subject == "[FRAM][Connexion] Votre lien pour vous connecter"
    assert mail.headers["auto-submitted"] == ("auto-replied",)
    assert portal.url + link(portal) in mail.text
    assert "Lien du ticket" not in mail.text
    assert sent.ticket is None
    with portal.desk.db.reading() as tx:
        assert outbox.issued(tx, [sent.reference]) == {}


def test_a_link_that_cannot_be_mailed_is_in_the_log_alone(
    portal: Portal, client: httpx.Client
) -> None:
    ask(portal, client)
    with portal.desk.db.transaction() as tx:
        (sent,) = outbox.claim(tx, portal.desk.now(), 9)
    delivery.record(portal.desk, sent, Permanent("550 no such user"))
    with portal.desk.db.reading() as tx:
        failed = outbox.by_reference(tx, sent.reference)
    assert failed
    assert (failed.state, failed.error) == ("failed", "550 no such user")
    assert portal.mails() == [(SEB.email, "sign-in")]
    assert "about no ticket" in views.mail_text(failed)


@pytest.mark.parametrize("result", [Sent(), Permanent("550 no such user")])
def test_no_link_stays_in_the_database_once_its_mail_is_settled(
    portal: Portal, client: httpx.Client, result: Result
) -> None:
    path = ask(portal, client)
    token = path.rpartition("/")[2].encode()
    with portal.desk.db.transaction() as tx:
        (mail,) = outbox.claim(tx, portal.desk.now(), 9)
    delivery.record(portal.desk, mail, Temporary("451 later"))
    assert token in portal.data()
    delivery.record(portal.desk, mail, result)
    assert token not in portal.data()
    assert token.decode() not in str(portal.dump())


def test_a_link_works_once_and_for_a_quarter_of_an_hour(
    portal: Portal, client: httpx.Client
) -> None:
    path = ask(portal, client)
    form = form_of(client.get(path))
    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(lambda _: client.post(path, data={"form": form}).status_code, "1234"))
    assert sorted(codes) == [303, 404, 404, 404]
    client.cookies.delete(session.COOKIE, path="/agent")
    late = ask(portal, client)
    form = form_of(client.get(late))
    portal.ahead.append(timedelta(minutes=15))
    gone = [client.get(path), client.get(late), client.post(late, data={"form": form})]
    wrong = ("nothing", "é", late.rpartition("/")[2][::-1])
    gone += [client.get(f"{session.SIGN_IN}/{one}") for one in wrong]
    assert {one.status_code for one in gone} == {404}
    assert len({one.text for one in gone}) == 1


def test_the_answer_says_nothing_of_the_address(portal: Portal, client: httpx.Client) -> None:
    portal.opening()
    before = portal.mails()
    known = fill(client, session.SIGN_IN, mail=f"Seb <{SEB.email.upper()}>")
    others = [fill(client, session.SIGN_IN, mail=one) for one in (MARIE.email, "x@y.example")]
    alike = {(one.status_code, one.headers["location"], one.text) for one in (known, *others)}
    assert len(alike) == 1
    wait_until(lambda: len(portal.mails()) > len(before))
    assert portal.mails() == [*before, (SEB.email, "sign-in")]
    assert fill(client, session.SIGN_IN, mail="seb").status_code == 422


def test_a_session_ends(portal: Portal, client: httpx.Client) -> None:
    path = ask(portal, client)
    client.post(path, data={"form": form_of(client.get(path))})
    token, end, signature = client.cookies[session.COOKIE].split(".")
    for forged in (
        f"{token}.{int(end) + 9999}.{signature}",
        f"{token}x.{end}.{signature}",
        f"{token}.{end}.",
        f"{token}..{signature}",
        "é",
        "",
    ):
        headers = {"cookie": f"{session.COOKIE}={forged}".encode()}
        assert httpx.get(f"{portal.url}/agent", headers=headers).status_code == 303
    portal.ahead.append(timedelta(hours=11, minutes=59))
    assert client.get("/agent").status_code == 200
    portal.ahead.append(timedelta(minutes=1))
    assert client.get("/agent").status_code == 303


def test_an_agent_taken_out_of_the_configuration_is_out_at_once(tmp_path: Path) -> None:
    with running(tmp_path, more=AGENTS) as portal, portal.client() as client:
        path = ask(portal, client, "nadia.b@fram.example")
        assert portal.mails() == [("nadia@fram.example", "sign-in")]
        client.post(path, data={"form": form_of(client.get(path))})
        assert "Nadia" in client.get("/agent").text
        unused = ask(portal, client, "nadia@fram.example")
        cookies = dict(client.cookies)
    with running(tmp_path) as portal, portal.client() as client:
        client.cookies.update(cookies)
        assert client.get("/agent").status_code == 303
        assert client.get(unused).status_code == 404


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_every_page_of_agents_asks_who_is_signed_in(portal: Portal, method: str) -> None:
    portal.opening()
    paths = {route.path for route in routes(portal.desk) if method in (route.methods or ())}
    paths = {re.sub(r"{\w+(:\w+)?}", "1", path) for path in paths}
    below = {one for one in paths if one.startswith("/agent") and "/sign-in" not in one}
    assert below
    before = portal.dump()
    with portal.client() as client:
        for path in below:
            answer = client.request(method, path)
            assert (answer.status_code, answer.headers["location"]) == (303, session.SIGN_IN), path
    assert portal.dump() == before


def test_the_forms_of_the_sign_in_are_ours(portal: Portal, client: httpx.Client) -> None:
    path = ask(portal, client)
    before = portal.dump()
    assert client.post(path).status_code == 403
    assert client.post(session.SIGN_IN, data={"mail": SEB.email}).status_code == 403
    with portal.client() as other:
        assert client.post(path, data={"form": form_of(other.get(path))}).status_code == 403
    assert portal.dump() == before


def test_sign_in_links_have_a_ceiling(tmp_path: Path) -> None:
    with running(tmp_path, MAILGATE_LIMITS__FORMS_HOUR="2") as portal, portal.client() as client:
        codes = []
        for n in range(3):
            client.headers["x-forwarded-for"] = f"192.0.2.{n}"
            codes.append(fill(client, session.SIGN_IN, mail=SEB.email).status_code)
        assert codes == [303, 303, 429]


def test_one_agent_is_mailed_no_more_links_for_having_aliases(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        running(tmp_path, more=AGENTS, MAILGATE_LIMITS__FORMS_HOUR="2") as portal,
        portal.client() as client,
    ):
        codes = []
        for n, name in enumerate(("nadia", "nadia.b", "nadia", "nadia.b")):
            client.headers["x-forwarded-for"] = f"192.0.2.{n}"
            answer = fill(client, session.SIGN_IN, mail=f"{name}@fram.example")
            codes.append(answer.status_code)
        fill(client, session.SIGN_IN, mail=SEB.email)
        assert codes == [303] * 4  # who was mailed is not said
        withheld = "a sign-in link was not mailed to nadia@fram.example"
        wait_until(lambda: len(portal.mails()) + caplog.text.count(withheld) == 5)
        nadia = [one for one in portal.mails() if one[0] == "nadia@fram.example"]
        assert len(nadia) == 2


def test_strangers_cannot_use_up_the_links_of_a_browser_that_was_signed_in(
    tmp_path: Path,
) -> None:
    with (
        running(tmp_path, MAILGATE_LIMITS__FORMS_HOUR="2") as portal,
        portal.client() as seb,
        portal.client() as stranger,
    ):
        path = ask(portal, seb)
        seb.post(path, data={"form": form_of(seb.get(path))})
        for n in range(4):
            stranger.headers["x-forwarded-for"] = f"192.0.2.{n}"
            fill(stranger, session.SIGN_IN, mail=SEB.email)
        with portal.desk.db.transaction() as tx:  # as after twelve hours
            tx.run(delete(AgentToken), {})
        assert seb.get("/agent").status_code == 303
        seb.headers["x-forwarded-for"] = "198.51.100.1"
        path = ask(portal, seb)
        assert seb.post(path, data={"form": form_of(seb.get(path))}).status_code == 303
        assert seb.get("/agent").status_code == 200


@pytest.mark.parametrize(
    ("wanted", "opened"),
    [
        ("/agent/t/1898", "/agent/t/1898"),
        ("/agent/figures", "/agent/figures"),
        ("/agent", "/agent"),
        ("/agent/t/1898/revision", "/agent"),
    ],
)
def test_the_page_that_was_asked_for_opens_after_the_sign_in(
    portal: Portal, client: httpx.Client, wanted: str, opened: str
) -> None:
    assert client.get(wanted).headers["location"] == session.SIGN_IN
    path = ask(portal, client)
    answer = client.post(path, data={"form": form_of(client.get(path))})
    assert answer.headers["location"] == opened
    assert "asked" not in client.cookies


def test_a_page_elsewhere_is_not_opened(portal: Portal, client: httpx.Client) -> None:
    client.cookies.set("asked", "//evil.example/agent/t/1", path="/agent")
    path = ask(portal, client)
    answer = client.post(path, data={"form": form_of(client.get(path))})
    assert answer.headers["location"] == "/agent"
