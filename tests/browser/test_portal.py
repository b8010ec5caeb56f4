"""The seed's steps 1, 4, 5, 7, 8 and 11 on the pages, the mails over real IMAP and SMTP."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.seed import DESKTOP, PHONE, TITLE, Seed, accessible, fits
from tests.desk import MARIE, RH, SEB, body
from tests.portal.portal import Portal

PAUL = "paul@fram.example"


def note(page: Page, text: str) -> None:
    page.get_by_role("link", name="Ajouter une note").click()
    page.get_by_label("Votre note").fill(text)
    page.get_by_role("button", name="Ajouter une note").click()
    expect(page.get_by_role("status").filter(has_text="Note ajoutée.")).to_be_visible()
    expect(page.locator("#history")).to_contain_text(text)


def test_the_seed_on_the_pages(seed: Seed) -> None:
    page = seed.page
    # 1: Marie opens her ticket.
    page.goto(seed.url)
    seed.check()
    page.get_by_role("link", name="Nouveau ticket de support").click()
    seed.check()
    page.get_by_role("button", name="Créer le ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("Le ticket n'est pas encore créé")
    expect(page.get_by_role("alert")).to_be_focused()
    seed.check()
    page.get_by_label("Votre adresse mail").fill(MARIE)
    page.get_by_label("Votre nom").fill("Marie DUPONT")
    page.get_by_label("Objet").fill(TITLE)
    page.get_by_label("Votre demande").fill("Pouvez-vous préparer ses accès ?\n\nMarie")
    page.get_by_label("Pièces jointes").set_input_files(
        {"name": "fiche.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 fiche"}
    )
    page.get_by_role("button", name="Créer le ticket").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Votre demande est envoyée")
    seed.check()
    assert "1898" not in page.content()
    _, to_seb = seed.told((MARIE, "Nouveau"), (SEB, "Nouveau"))

    # 2 and 3 by mail; 4: Marie opens the link, sees the whole history, adds a note.
    seed.seb(to_seb, "Quelles dates, et quel PC ?")
    (question,) = seed.told((MARIE, "Note/Réponse"))
    seed.seb(to_seb, f"#transfert {RH}\nPouvez-vous confirmer l'embauche ?")
    (transfer,) = seed.told((RH, "Transfert"))
    seed.open(question)
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    for words in ("préparer ses accès", "Quelles dates", "confirmer l'embauche", "fiche.pdf"):
        expect(page.locator("#history")).to_contain_text(words)
    with page.expect_download() as download:
        page.get_by_role("link", name="fiche.pdf").click()
    assert Path(download.value.path()).read_bytes() == b"%PDF-1.7 fiche"
    expect(page.get_by_label("Votre nom")).to_have_value("Marie DUPONT")
    note(page, "Du 1er août au 31 octobre.")
    (to_seb,) = seed.told((SEB, "Note"))
    assert "Du 1er août" in body(to_seb)

    # 5: HR by its own link.
    seed.open(transfer)
    expect(page.locator("#history")).to_contain_text("Du 1er août au 31 octobre.")
    page.get_by_label("Votre nom").fill("Anne, de la RH")
    note(page, "Contrat signé le 10 juillet.")
    expect(page.locator("#history")).to_contain_text("avec le lien de rh")
    seed.told((MARIE, "Note"), (SEB, "Note"))

    # 7: an answer with a colleague in copy, who reads it by a link of his own.
    seed.seb(to_seb, f"#réponse {PAUL}\nSon badge est-il prêt ?")
    _, to_paul = seed.told((MARIE, "Réponse"), (PAUL, "Réponse"))
    seed.open(to_paul)
    expect(page.locator("#history")).to_contain_text("Son badge est-il prêt ?")

    # 8: he waits for Marie; her note stops the clock.
    seed.seb(to_seb, "#attente\nQuel est le numéro du PC ?")
    (waiting,) = seed.told((MARIE, "Note"))
    seed.open(waiting)
    banner = page.get_by_role("region", name="En attente d'une réponse de votre part sous 72h")
    expect(banner).to_contain_text(
        re.compile(r"Répondez avant le .*, heure de Paris\s: il reste 7[12]\sh")
    )
    note(page, "C'est le TLS-PC-07.")
    expect(page.get_by_role("region", name="En cours")).to_be_visible()
    (to_seb,) = seed.told((SEB, "Note"))

    # 11: solved; she refuses, then confirms.
    seed.seb(to_seb, "#résolu\nLe poste est prêt.")
    (solved,) = seed.told((MARIE, "Résolu"))
    seed.open(solved)
    page.locator("summary", has_text="Refuser").click()
    page.get_by_label("Qu'est-ce qui n'est pas réglé ?").fill("L'écran manque.")
    seed.check()
    page.get_by_role("button", name="Refuser et envoyer").click()
    (to_seb,) = seed.told((SEB, "Note"))
    expect(page.get_by_role("region", name="En cours")).to_be_visible()
    seed.seb(to_seb, "#résolu\nL'écran est là.")
    (solved,) = seed.told((MARIE, "Résolu"))
    seed.open(solved)
    page.get_by_role("button", name="Confirmer").click()
    expect(page.get_by_role("region", name="Ticket clôturé")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="confirmation")).to_be_visible()
    seed.check()
    seed.told((MARIE, "Résolu/Clôturé"))
    page.get_by_role("link", name="Ouvrir un nouveau ticket lié").click()
    expect(page.get_by_label("Votre adresse mail")).to_have_value(MARIE)
    seed.check()


def test_news_arrive_while_something_is_being_typed(browser: Browser, portal: Portal) -> None:
    token = portal.opening()
    portal.say("#attente\nQuel PC ?")
    page = browser.new_page()
    page.goto(f"{portal.url}/t/{token}")
    page.get_by_label("Votre note").fill("Je cherche enc")
    portal.say("#résolu\nTrouvé, c'est fait.")
    expect(page.locator("#history")).not_to_contain_text("Trouvé")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # sooner than by itself
    expect(page.locator("#history")).to_contain_text("Trouvé, c'est fait.")
    expect(page.get_by_role("status")).to_have_text("Du nouveau vient d'arriver dans l'historique.")
    expect(page.get_by_role("region", name="Ticket résolu")).to_be_visible()
    expect(page.get_by_label("Votre note")).to_have_value("Je cherche enc")
    page.locator("summary", has_text="Refuser").click()
    page.get_by_label("Qu'est-ce qui n'est pas réglé ?").fill("Presque")
    portal.say("#interne\nRien pour elle.")
    portal.say("Encore un mot.")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#history")).to_contain_text("Encore un mot.")
    expect(page.get_by_label("Qu'est-ce qui n'est pas réglé ?")).to_have_value("Presque")
    page.get_by_label("Votre note").fill("Je cherche encore.")
    page.get_by_role("button", name="Ajouter une note").click()
    expect(page.get_by_role("status").filter(has_text="Note ajoutée.")).to_be_visible()
    page.close()


@pytest.mark.parametrize(
    "path",
    [
        "/links",
        "/links/sent",
        "/help/",
        "/help/create",
        "/help/answer",
        "/help/keywords",
        "/t/nothing",
        "/agent/sign-in",
        "/agent/sign-in/sent",
        "/agent/sign-in/nothing",
    ],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_other_pages_are_accessible(
    browser: Browser, portal: Portal, path: str, scheme: str
) -> None:
    for width, height in (DESKTOP, PHONE):
        page = browser.new_page(
            color_scheme=scheme,
            viewport={"width": width, "height": height},
        )
        page.goto(portal.url + path)
        accessible(page)
        assert fits(page)
        page.close()
