"""The agents' board in a browser: the seed's agent never opens his mailbox but to sign in."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from mailgate.portal.road import Draft, submit
from rules.model import Absence, Away, Credential, Failing, Proof
from tests.browser.seed import DESKTOP, PHONE, TITLE, Seed, accessible, fits
from tests.desk import MARIE, RH, SEB, body
from tests.portal.portal import MARIE as MARIE_DUPONT
from tests.portal.portal import Portal

PAUL = "paul@fram.example"


def send(page: Page, kind: str = "Note", state: str = "", **fields: str) -> None:
    """Fills in the form of an agent and sends it."""
    page.get_by_label(kind, exact=True).check()
    for label, value in fields.items():
        page.get_by_label(label.replace("_", " ")).fill(value)
    if state:
        page.get_by_label("État").select_option(label=state)
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("status").filter(has_text="C'est fait.")).to_be_visible()


def test_the_seed_on_the_board(seed: Seed) -> None:
    page = seed.page
    # 1: Marie opens her ticket.
    page.goto(f"{seed.url}/new")
    page.get_by_label("Votre adresse mail").fill(MARIE)
    page.get_by_label("Votre nom").fill("Marie DUPONT")
    page.get_by_label("Objet").fill(TITLE)
    page.get_by_label("Votre demande").fill("Pouvez-vous préparer ses accès ?")
    page.get_by_role("button", name="Créer le ticket").click()
    seed.told((MARIE, "Nouveau"), (SEB, "Nouveau"))

    # He signs in by the link of a mail; asking for it alone signs nobody in.
    page.goto(f"{seed.url}/agent")
    seed.check()
    page.get_by_label("Votre adresse d'agent").fill(SEB)
    page.get_by_role("button", name="Recevoir le lien").click()
    seed.check()
    mail = seed.mail()
    assert mail.recipients == (SEB,)
    link = re.search(rf"{re.escape(seed.url)}/agent/sign-in/[\w-]+", body(mail))
    assert link
    page.goto(link[0])
    seed.check()
    page.get_by_role("button", name="Se connecter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tickets ouverts")
    seed.check()

    # 2 and 3: he takes it, asks Marie and HR.
    page.get_by_role("link", name=TITLE).click()
    seed.check()
    page.get_by_role("button", name="Envoyer").click()
    expect(page.get_by_role("alert")).to_contain_text("Rien n'est encore fait")
    seed.check()
    send(page, Texte="Quelles dates, et quel PC ?")
    (question,) = seed.told((MARIE, "Note/Réponse"))
    assert "Quelles dates" in body(question)
    expect(page.get_by_role("region", name="En cours")).to_be_visible()
    send(page, "Transfert", Transférer_à=RH, Texte="Pouvez-vous confirmer ?")
    seed.told((RH, "Transfert"))
    send(page, "Note interne", Texte="On attend la RH.")
    expect(page.locator("#history")).to_contain_text("On attend la RH.")

    # 7: a reply with a colleague in copy; 8: the question with its clock.
    send(page, "Réponse avec copies", Copies_à=PAUL, Texte="Son badge est-il prêt ?")
    seed.told((MARIE, "Réponse"), (PAUL, "Réponse"))
    send(page, state="En attente", Texte="Quel est le numéro du PC ?")
    seed.told((MARIE, "Note"))
    expect(page.locator("#state")).to_contain_text(re.compile(r"Fermeture le .*il reste 7[12]\sh"))
    seed.check()

    # 11: solved, then closed from the list.
    send(page, state="Résolu", Texte="Le poste est prêt.")
    (solved,) = seed.told((MARIE, "Résolu"))
    assert "Le poste est prêt." in body(solved)
    assert "On attend la RH" not in body(solved)
    page.get_by_role("link", name="Tickets").first.click()
    expect(page.get_by_role("table")).to_contain_text("Fermeture dans")
    page.get_by_label("Cocher le ticket 1898").check()
    page.get_by_label("Tickets cochés").select_option(label="État : Clôturé")
    seed.check()
    page.get_by_role("button", name="Appliquer").click()
    expect(page.get_by_role("status")).to_contain_text("1 ticket changé.")
    seed.told((MARIE, "Résolu/Clôturé"))
    seed.check()
    page.get_by_role("button", name="Sébastien, se déconnecter").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Se connecter")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_of_agents_are_accessible(browser: Browser, portal: Portal, scheme: str) -> None:
    portal.opening("Bonjour.", (("a.txt", "text/plain", b"a"),))
    portal.say("#interne\nEntre nous.")
    portal.say(f"#transfert {RH}\nQui ?")
    portal.say("#attente\nQuel PC ?")
    portal.apply(1, Failing(RH, "550 unknown user"), Away(Absence(MARIE, None)))
    portal.opening()
    portal.opening()
    portal.say("#clôturé\nFini.", number=2)
    for width, height in (DESKTOP, PHONE):
        context = browser.new_context(
            color_scheme=scheme, viewport={"width": width, "height": height}
        )
        page = context.new_page()
        page.goto(portal.url + portal.sign_in_path())
        page.get_by_role("button").click()
        for path in ("/agent", "/agent/t/1", "/agent/t/2", "/agent?state=closed-tickets"):
            page.goto(portal.url + path)
            for folded in page.locator("summary").all():
                folded.click()
            accessible(page)
            assert fits(page), path
        context.close()


def test_an_internal_note_looks_like_none_that_goes_out(browser: Browser, portal: Portal) -> None:
    portal.opening()
    portal.say("#interne\nEntre nous.")
    page = browser.new_page()
    page.goto(portal.url + portal.sign_in_path())
    page.get_by_role("button").click()
    page.goto(f"{portal.url}/agent/t/1")
    note = page.get_by_role("article").filter(has_text="Entre nous.")
    expect(note).to_have_css("border-style", "dashed")
    expect(note).not_to_have_css("border-color", "rgba(0, 0, 0, 0)")
    expect(note).to_have_css("background-image", re.compile("gradient"))
    page.close()


def test_a_subject_of_one_long_word_fits_the_board(browser: Browser, portal: Portal) -> None:
    draft = Draft(MARIE_DUPONT, "Donaudampfschiff" * 12, "?", "k" * 22, portal.desk.now())
    submit(portal.desk, draft, Credential(Proof.FORM))
    for width, height in (DESKTOP, PHONE):
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(portal.url + portal.sign_in_path())
        page.get_by_role("button").click()
        assert fits(page)
        page.emulate_media(media="print")
        expect(page.get_by_role("button", name="Appliquer")).to_be_hidden()
        page.close()


def test_the_board_is_used_by_keys_alone(browser: Browser, portal: Portal) -> None:
    portal.opening()
    page = browser.new_page()
    page.goto(portal.url + portal.sign_in_path())
    page.get_by_role("button").press("Enter")
    page.get_by_role("button", name="Appliquer").press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("Cocher le ticket 1").press("Space")
    page.get_by_label("Tickets cochés").press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("1 ticket changé.")
    assert portal.tickets()[0].owner == SEB
    page.close()


def test_news_arrive_while_an_agent_is_typing(browser: Browser, portal: Portal) -> None:
    portal.opening()
    page = browser.new_page()
    page.goto(portal.url + portal.sign_in_path())
    page.get_by_role("button").click()
    page.goto(f"{portal.url}/agent/t/1")
    page.get_by_label("Texte").fill("Je cherche enc")
    portal.say("#interne\nTrouvé.")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#history")).to_contain_text("Trouvé.")
    expect(page.get_by_label("Texte")).to_have_value("Je cherche enc")
    page.close()
