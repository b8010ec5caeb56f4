"""`make pictures`: the pictures of docs/, taken of pages as visitors see them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from playwright.sync_api import Browser, Page, sync_playwright

from mailgate.demo import story as stories
from mailgate.demo.page import served
from mailgate.portal.road import Draft, submit
from rules.model import AddEntry, Address, Credential, EntryKind, Proof
from store import tickets
from tests.demo import demo
from tests.portal.portal import MARIE, NEW, RH, SEB, Portal, fill, running

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
        _figures(browser)
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


def _figures(browser: Browser) -> None:
    """docs/portal-figures.png: twelve weeks of a small desk."""
    promised = {"MAILGATE_DESK__ANSWER_WITHIN": "4h"}
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder), **promised) as portal,
        _page(browser, (1280, 1700)) as page,
    ):
        portal.ahead.append(datetime(2026, 7, 23, 12, 10, tzinfo=UTC) - portal.desk.now())
        chance = Random(1)
        for _ in range(400):
            _course(portal, chance)
        page.goto(portal.url + portal.sign_in_path())
        page.get_by_role("button").click()
        page.goto(f"{portal.url}/agent/figures")
        _save(page, "figures")


def _course(portal: Portal, chance: Random) -> None:
    """One ticket: opened, answered, solved and closed as far as time has come."""
    now = portal.desk.now()
    opened = now - timedelta(days=84) * chance.random()
    answered = opened + timedelta(hours=chance.expovariate(0.5))
    solved = answered + timedelta(hours=chance.expovariate(0.03))
    state, note = EntryKind.STATE, EntryKind.NOTE
    story = [
        (opened, AddEntry(EntryKind.OPENING, MARIE, "Bonjour."), ""),
        (answered, AddEntry(note, SEB, "Je regarde.", verified=True), ""),
        (answered, AddEntry(state, SEB, "open", verified=True), "open"),
        (solved, AddEntry(state, SEB, "resolved", verified=True), "resolved"),
        (solved + timedelta(hours=48), AddEntry(state, None, "closed"), "closed"),
    ]
    with portal.desk.db.transaction() as tx:
        number = tickets.open_ticket(tx, "Poste", MARIE, "new", 1, opened).number
        for at, entry, to in story:
            if at <= now:
                tickets.add_entry(tx, number, entry, at, None)
                tickets.change(tx, number, at, to, SEB.email if to else "")


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
