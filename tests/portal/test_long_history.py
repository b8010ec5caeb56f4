"""A long history is shown by pages, the newest asked for first; each reader has his own count."""

import re

import httpx
import pytest

from mailgate.portal import history
from tests.portal.portal import RH, Portal, fill
from tests.portal.test_merged import merged


@pytest.fixture(autouse=True)
def three_a_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "PAGE", 3)


def walk(browser: httpx.Client, path: str) -> list[str]:
    """The pages of a history, oldest first, by their own links."""
    pages = [browser.get(path).text]
    while older := re.search(r'href="([^"#]+)#history" rel="prev"', pages[0]):
        pages.insert(0, browser.get(older[1]).text)
    return pages


def notes(page: str) -> list[int]:
    return [int(n) for n in re.findall(r"<p>Note (\d+)</p>", page)]


def revision(page: str) -> str:
    return re.findall(r'data-revision="([^"]+)"', page)[0]


def test_entries_are_shown_page_by_page(portal: Portal, client: httpx.Client) -> None:
    token = portal.opening("Note 1")
    for n in range(2, 8):
        portal.say(f"#interne\nNote {n}" if n == 3 else f"Note {n}")
    with portal.board() as agent:
        seen = (
            (client, f"/t/{token}", [1, 2, 4, 5, 6, 7]),
            (agent, "/agent/t/1", list(range(1, 8))),
        )
        for browser, path, shown in seen:
            pages = walk(browser, path)
            assert [n for page in pages for n in notes(page)] == shown
            assert all(page.count("<article") <= 3 for page in pages)
            assert len(pages) > 1
            assert 'rel="next"' in pages[0]
            assert 'rel="next"' not in pages[-1]
            assert {revision(page) for page in pages} == {browser.get(f"{path}/revision").text}


@pytest.mark.parametrize("asked", ["0", "99", "x", "-1", "1" * 5000, "²", ""])
def test_any_other_page_is_the_newest(portal: Portal, client: httpx.Client, asked: str) -> None:
    token = portal.opening("Note 1")
    for n in range(2, 6):
        portal.say(f"Note {n}")
    assert 5 in notes(client.get(f"/t/{token}", params={"page": asked}).text)


def test_a_merged_tickets_page_is_old_when_the_other_one_changes(
    portal: Portal, client: httpx.Client
) -> None:
    _, second = merged(portal)
    before = client.get(f"/t/{second}/revision").text
    portal.say("#résolu\nC'est fait.")
    after = client.get(f"/t/{second}/revision").text
    assert before != after == revision(client.get(f"/t/{second}").text)
    with portal.board() as agent:
        before = agent.get("/agent/t/2/revision").text
        fill(client, f"/t/{second}", do="note", text="Toujours rien.")
        assert before != agent.get("/agent/t/2/revision").text
    assert portal.token(RH.email, 2) == second
