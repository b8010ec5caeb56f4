"""The desk's figures in a browser: accessible, on every width, without script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.seed import DESKTOP, PHONE, accessible, fits
from tests.portal.portal import Portal


@pytest.fixture
def desk(portal: Portal) -> Portal:
    for number, words in enumerate(["", "Un mot.", "#attente\nQui ?", "#clôturé\nFait."], 1):
        portal.opening()
        if words:
            portal.say(words, number=number)
    return portal


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, desk: Portal) -> Iterator[Page]:
    width, height = request.param
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.goto(desk.url + desk.sign_in_path())
    page.get_by_role("button", name="Se connecter").click()
    page.get_by_role("link", name="Chiffres").click()
    yield page
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_figures_are_accessible(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    expect(page.get_by_role("heading", level=1)).to_have_text("Chiffres")
    for weeks in ("12", "52"):
        page.get_by_label("Période").select_option(weeks)
        page.get_by_role("button", name="Afficher").click()
        expect(page.get_by_label("Période")).to_have_value(weeks)
        accessible(page)
        assert fits(page)
    page.set_viewport_size({"width": 320, "height": 640})  # 1280 at 400 %: WCAG 2.2, 1.4.10
    assert fits(page)


def test_every_drawing_has_its_words_and_its_table(page: Page) -> None:
    for title, row in (
        ("Ouverts et fermés par semaine", "Toute la période 4 1"),
        ("Temps avant la première réponse", "moins de 15 min 3 100 %"),
        ("Temps de résolution", "moins de 4 h 1 100 %"),
        ("Tickets ouverts par état", "Nouveau 1"),
    ):
        region = page.get_by_role("region", name=title)
        expect(region.get_by_role("img")).to_have_count(1)
        expect(region.get_by_role("row", name=row)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger en CSV").click()
    assert download.value.suggested_filename.endswith(".csv")
