"""The demo's page: for this computer alone, harmless by GET, and safe to show anybody's mail in."""

import re

import pytest

from mailgate.demo.people import MARIE
from mailgate.demo.world import World
from tests.demo import DESK, ask


def mail(subject: str, text: str = "…") -> dict[str, str]:
    return {"from": MARIE.address.email, "to": DESK, "subject": subject, "text": text}


def test_the_page_is_for_this_computer_and_its_own_forms(url: str) -> None:
    assert url.startswith("http://127.0.0.1:")
    assert ask(url)[0] == 200
    assert ask(url, Host="evil.example")[0] == 400
    for origin in ("http://evil.example", "null"):
        assert ask(url, "/send", mail("x"), Origin=origin)[0] == 403
        assert ask(url, "/advance", {"hours": "48"}, Origin=origin)[0] == 403
    assert ask(url, "/send", mail("x"), Origin=url.rstrip("/"))[0] == 303


@pytest.mark.parametrize("path", ["/send", "/advance", "/restart", "/release"])
def test_a_get_changes_nothing(url: str, path: str) -> None:
    assert ask(url, path)[0] == 405


@pytest.mark.parametrize("hours", ["", "-1", "0", "x", "99999", "9" * 5000])
def test_the_clock_is_moved_by_whole_hours(url: str, hours: str) -> None:
    assert ask(url, "/advance", {"hours": hours})[0] == 400


def test_what_people_write_is_escaped(url: str) -> None:
    ask(url, "/send", mail("<script>alert(1)</script>", "</textarea><img src=x onerror=alert(2)>"))
    status, text, headers = ask(url)
    assert status == 200
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "<img" not in text
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "style=" not in text


def test_html_mail_opens_in_a_sandbox_and_its_links_lead_to_the_composer(url: str) -> None:
    ask(url, "/send", mail("Un écran"))
    status, _, headers = ask(url, "/mail/2")
    assert status == 200
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith("; sandbox")
    assert "mailto:" not in ask(url, "/mail/3")[1]
    link = re.findall(r'href="(/\?link=3\.\d+)#write"', ask(url, "/mail/3")[1])[0]
    assert re.search(r"<textarea[^>]*>\n#\w+", ask(url, link)[1])


NOWHERE = ["/?reply=99", "/?reply=x", "/?link=1.9", "/?link=", "/mail/99"]
LONG = "9" * 5000  # figures; Python refuses to read so many


@pytest.mark.parametrize("path", [*NOWHERE, f"/?reply={LONG}", f"/?link=1.{LONG}"])
def test_what_is_not_there_is_no_error_of_the_server(url: str, path: str) -> None:
    assert ask(url, path)[0] in (200, 404)


def test_a_mail_that_cannot_go_comes_back_with_what_was_typed(url: str) -> None:
    status, text, _ = ask(url, "/send", mail("Sujet gardé") | {"to": "nobody"})
    assert status == 422
    assert "Sujet gardé" in text
    assert 'aria-invalid="true"' in text
    status, text, _ = ask(url, "/send", mail("Sujet gardé") | {"to": "refused@fram.example"})
    assert status == 422
    assert "550 5.1.1" in text
    assert ask(url, "/send", mail("x") | {"from": "stranger@x.example"})[0] == 400


def test_the_story_begins_again_with_another_ticket(url: str, world: World) -> None:
    ask(url, "/send", mail("Un écran"))
    assert "Étape 2 sur 11" in ask(url)[1]
    ask(url, "/restart", {})
    assert "Étape 1 sur 11" in ask(url)[1]
    ask(url, "/send", mail("Un autre"))
    assert "Étape 2 sur 11" in ask(url)[1]
    assert [ticket.number for ticket in world.tickets()] == [1898, 1899]
