"""A visitor's first minute: rows 1 to 6 and the clock, with script and without."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from mailgate.demo.letters import Draft
from mailgate.demo.world import World
from tests.servers.waiting import wait_until

TITLE = "Arrivée de Jean MARTIN dans l'agence Toulouse le 01/08"


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(request: pytest.FixtureRequest, browser: Browser, url: str) -> Iterator[Page]:
    """The page at 1280 px; whatever the browser complains of fails the test."""
    context = browser.new_context(
        java_script_enabled=request.param, viewport={"width": 1280, "height": 900}
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    yield page
    context.close()
    assert complaints == []


def box(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def newest(page: Page, name: str) -> Locator:
    return box(page, name).locator("details.mail").first


def send(page: Page) -> None:
    page.get_by_role("button", name="Envoyer").click()


def expect_step(page: Page, title: str) -> None:
    expect(page.locator("#act")).to_have_text(title)


def expect_tags(page: Page, name: str, *tags: str) -> None:
    """The tags of all mails in this box, newest first; the whole subjects are checked too.

    The page waits some seconds for the desk. On a slower machine a visitor looks again.
    """
    wanted = [f"[FRAM][#1898][{tag}] {TITLE}" for tag in tags]

    def there() -> bool:
        if box(page, name).locator(".sub").all_inner_texts() == wanted:
            return True
        page.reload()
        return False

    wait_until(there, 30, f"{name} has {wanted}")


def test_the_story_as_a_visitor_plays_it(page: Page) -> None:
    # 1: what is suggested is ready to be sent.
    expect_step(page, "Marie crée le ticket")
    send(page)
    expect(page.get_by_role("status")).to_contain_text("2 mails viennent d'arriver")
    expect_tags(page, "Marie", "Nouveau")
    expect_tags(page, "Sébastien", "Nouveau")

    # 2, and 3 to bring HR in.
    expect_step(page, "Sébastien prend le ticket et pose une question")
    send(page)
    expect_tags(page, "Marie", "Note/Réponse", "Nouveau")
    expect(newest(page, "Marie")).to_contain_text("sur quel PC sera-t-il installé ?")
    send(page)
    expect_tags(page, "RH", "Transfert")

    # 4: Marie answers the older mail, in words of her own.
    newest(page, "Marie").locator("summary").click()
    newest(page, "Marie").get_by_role("link", name="Répondre").click()
    expect(page.get_by_label("De", exact=True)).to_have_value("marie.dupont@fram.example")
    page.get_by_label("Texte").fill("Dès le 1er août, <b>TLS-PC-07</b>.")
    send(page)
    expect_tags(page, "Sébastien", "Note", "Nouveau")
    expect(newest(page, "Sébastien")).to_contain_text("Dès le 1er août, <b>TLS-PC-07</b>.")
    send(page)  # 5

    # 6: by the link in Sébastien's mail.
    newest(page, "Sébastien").get_by_role("link", name="Clôturer").click()
    expect(page.get_by_label("De", exact=True)).to_have_value("sebastien@fram.example")
    text = page.get_by_label("Texte")
    expect(text).to_have_value(re.compile(r"#clôturé\n\n+Réf\. mg-"))
    text.fill(text.input_value().replace("#clôturé\n", "#clôturé\nTout est prêt.\n"))
    send(page)
    expect_tags(page, "Marie", "Résolu/Clôturé", "Note/Réponse", "Note", "Note/Réponse", "Nouveau")
    expect(page.locator(".st.closed")).to_have_text("Ticket clôturé")


def test_the_clock(page: Page) -> None:
    page.get_by_label("Objet").fill(TITLE)
    send(page)
    newest(page, "Sébastien").get_by_role("link", name="Attente 72h").click()
    text = page.get_by_label("Texte")
    text.fill(text.input_value().replace("#attente\n", "#attente\nQuelles dates ?\n"))
    send(page)
    expect(page.locator(".st.waiting")).to_be_visible()
    expect(page.locator(".clock")).to_contain_text("rappel dans 48 h")
    expect(page.locator(".clock")).to_contain_text("fermeture dans 72 h")
    before = page.locator(".clock time").inner_text()
    page.get_by_role("button", name="Avancer de 48 h").click()
    assert page.locator(".clock time").inner_text() != before
    expect_tags(page, "Marie", "Attente réponse", "Note", "Nouveau")
    page.get_by_role("button", name="Avancer de 24 h").click()
    expect_tags(page, "Marie", "Clôturé sans réponse", "Attente réponse", "Note", "Nouveau")


def test_html_mail_and_its_links(page: Page) -> None:
    send(page)
    with page.expect_popup() as opened:
        newest(page, "Sébastien").get_by_role("link", name="Voir en HTML").click()
    mail = opened.value
    expect(mail.get_by_role("heading", level=1)).to_be_visible()
    mail.get_by_role("link", name="Prendre le ticket").click()
    expect(mail.get_by_label("Texte")).to_have_value(re.compile("#prendre\n"))


def test_the_link_in_a_mail_opens_the_ticket(page: Page) -> None:
    send(page)
    with page.expect_popup() as opened:
        newest(page, "Marie").get_by_role("link", name="Ouvrir le ticket").click()
    ticket = opened.value
    expect(ticket.get_by_role("heading", level=1)).to_have_text(TITLE)
    ticket.get_by_label("Votre note").fill("Son badge aussi.")
    ticket.get_by_role("button", name="Ajouter une note").click()
    expect(ticket.locator("#history")).to_contain_text("Son badge aussi.")
    page.reload()
    expect_tags(page, "Sébastien", "Note", "Nouveau")


def test_what_comes_by_itself_is_shown_by_itself(browser: Browser, url: str, world: World) -> None:
    page = browser.new_page()
    page.goto(url)
    world.send(Draft("rh@fram.example", "support@fram.example", "Une chaise", "Merci."))
    expect(box(page, "RH")).to_contain_text("[FRAM][#1898][Nouveau] Une chaise", timeout=15_000)
    page.close()


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_nothing_is_wider_than_the_window(browser: Browser, url: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(url)
    send(page)
    expect(page.get_by_role("status")).to_contain_text("2 mails")
    # Between two pages Chromium may still tell the width of a half-drawn one.
    wait_until(lambda: page.evaluate("document.documentElement.scrollWidth") <= width, what="fits")
    page.close()
