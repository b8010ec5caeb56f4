"""`make pictures`: the pictures of docs/, taken of pages as visitors see them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from mailgate.demo import story as stories
from mailgate.demo.page import served
from mailgate.portal.road import Draft, submit
from rules.model import Address, Credential, Proof
from tests.demo import demo
from tests.portal.portal import NEW, RH, Portal, fill, running

DOCS = Path(__file__).parents[2] / "docs"
DESKTOP, PHONE = (1280, 1000), (375, 800)
FONT = '*{font-family:"Liberation Sans",Arial,sans-serif!important}'  # the same everywhere
PEOPLE = (
    ("luc.petit@fram.example", "Luc PETIT"),
    ("ines.roux@fram.example", "Inès ROUX"),
    ("anne.morel@fram.example", "Anne MOREL"),
)
OTHERS = (
    ("Renvoi d'appel pour l'agence fermée samedi", "Bonjour,\n\nvers quel numéro ?"),
    ("Imprimante du guichet 2 hors service", "Elle clignote."),
    ("Mise à jour du terminal de paiement", "Il la demande chaque matin."),
    ("Badge d'accès perdu", "Pouvez-vous le désactiver ?"),
)
PDF = ("fiche-arrivee-jean-martin.pdf", "application/pdf", b"%PDF-1.7" + b" " * 84_000)


def main() -> None:
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--force-color-profile=srgb"]
        )
        _demo(browser)
        _portal(browser)
        browser.close()


@contextmanager
def _page(browser: Browser, size: tuple[int, int]) -> Iterator[Page]:
    width, height = size
    context = browser.new_context(
        bypass_csp=True, viewport={"width": width, "height": height}, color_scheme="light"
    )
    yield context.new_page()
    context.close()


def _demo(browser: Browser) -> None:
    """docs/demo.png: the demo after row 5."""
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as world,
        served(world, stories.load(), 0) as url,
        _page(browser, (1280, 1500)) as page,
    ):
        page.goto(url)
        for _ in range(5):
            page.get_by_role("button", name="Envoyer").click()
        page.add_style_tag(content=FONT)
        page.screenshot(path=DOCS / "demo.png")


def _portal(browser: Browser) -> None:
    """docs/portal-*.png: every page of the portal, the ticket's in its states and on a phone."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as portal:
        token = _story(portal)
        shots = {
            "home": "/",
            "new": "/new",
            "sent": "/new/sent",
            "links": "/links",
            "help": "/help/answer",
            "keywords": "/help/keywords",
            "refused": "/t/nothing",
            "ticket": f"/t/{token}",
        }
        for name, path in shots.items():
            _shoot(browser, portal, name, path, DESKTOP)
        _shoot(browser, portal, "ticket-phone", f"/t/{token}", PHONE)
        _board(browser, portal)
        portal.say("#résolu\nLe compte de Jean est créé, son poste est prêt.")
        _shoot(browser, portal, "resolved", f"/t/{token}?choice=refuse", DESKTOP)
        portal.say("#clôturé")
        _shoot(browser, portal, "closed", f"/t/{token}", DESKTOP)


def _board(browser: Browser, portal: Portal) -> None:
    """docs/portal-board*.png, portal-sign-in*.png: what agents see."""
    for subject, text in OTHERS:
        portal.ahead.append(timedelta(minutes=40))
        draft = Draft(
            Address(*PEOPLE[len(subject) % 3]),
            subject,
            text,
            portal.desk.new_token(),
            portal.desk.now(),
        )
        submit(portal.desk, draft, Credential(Proof.FORM))
    portal.say("#interne\nOn attend le numéro du PC avant de commander l'écran.")
    portal.say("#prendre", number=2)
    portal.say("#résolu\nElle imprime de nouveau.", number=3)
    portal.ahead.append(timedelta(hours=3))
    _shoot(browser, portal, "sign-in", "/agent/sign-in", DESKTOP)
    for size, name in ((DESKTOP, ""), (PHONE, "-phone")):
        with _page(browser, size) as page:
            page.goto(portal.url + portal.sign_in_path())
            if not name:
                _save(page, "sign-in-confirm")
            page.get_by_role("button").click()
            _save(page, f"board{name}")
            page.goto(f"{portal.url}/agent/t/1")
            _save(page, f"board-ticket{name}")


def _shoot(browser: Browser, portal: Portal, name: str, path: str, size: tuple[int, int]) -> None:
    with _page(browser, size) as page:
        page.goto(portal.url + path)
        _save(page, name)


def _save(page: Page, name: str) -> None:
    page.add_style_tag(content=FONT)
    page.screenshot(path=DOCS / f"portal-{name}.png")


def _story(portal: Portal) -> str:
    """Marie's ticket up to the question that waits for her; returns her token."""
    with portal.client() as client:
        fill(client, "/new", [PDF], **NEW)
        portal.ahead.append(timedelta(minutes=50))
        portal.say("Bonjour Marie,\n\nquelles sont les dates de son contrat, et quel est son PC ?")
        portal.say(f"#transfert {RH.email}\nPouvez-vous confirmer son embauche ?")
        portal.ahead.append(timedelta(hours=2))
        token = portal.token(NEW["mail"])
        hr = portal.token(RH.email)
        fill(client, f"/t/{hr}", do="note", text="Contrat signé le 10 juillet.", author="Anne, RH")
        fill(client, f"/t/{token}", do="note", text="Un CDD du 1er août au 31 octobre.")
        portal.ahead.append(timedelta(hours=1))
        portal.say("#attente\nReste le PC : son numéro est sur l'étiquette sous l'écran.")
        portal.ahead.append(timedelta(hours=27))
    return token


if __name__ == "__main__":
    main()
