"""A desk at work over real IMAP and SMTP, and a browser that looks at its pages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.clients import answer
from tests.desk import SEB, TestDesk, body, tagged
from tests.desk import subject as subject_of
from tests.process import Daemon
from tests.servers.dovecot import Dovecot
from tests.servers.ports import free_port
from tests.servers.smtp_sink import Mail, SmtpSink
from tests.servers.waiting import wait_until

TITLE = "Arrivée de Jean MARTIN dans l'agence Toulouse le 01/08"
DESKTOP, PHONE = (1280, 900), (375, 740)


@dataclass
class Seed:
    """A desk at work and Marie's browser."""

    desk: TestDesk
    page: Page
    url: str
    script: bool

    def told(self, *expected: tuple[str, str]) -> list[Mail]:
        """Waits for the next mails: exactly these (recipient, tag), in any order."""
        start = self.desk.seen
        # What arrives while the desk begins to wait is seen 15 s later.
        wait_until(
            lambda: len(self.desk.sink.mails) >= start + len(expected), 40, what=str(expected)
        )
        mails = self.desk.new_mails()
        found = [(mail.recipients[0], tagged(subject_of(mail), TITLE)[1]) for mail in mails]
        assert sorted(found) == sorted(expected)
        return sorted(mails, key=lambda one: [e[0] for e in expected].index(one.recipients[0]))

    def mail(self) -> Mail:
        """Waits for the next mail, which is about no ticket."""
        start = self.desk.seen
        wait_until(lambda: len(self.desk.sink.mails) > start, 40, what="a mail")
        (mail,) = self.desk.new_mails()
        return mail

    def seb(self, mail: Mail, text: str) -> None:
        self.desk.deliver(answer(mail, SEB, text))

    def open(self, mail: Mail) -> None:
        """Clicks the link in a mail."""
        found = re.search(rf"{re.escape(self.url)}/t/[\w-]+", body(mail))
        assert found
        self.page.goto(found[0])
        self.check()

    def check(self) -> None:
        """axe-core is a script itself; without any the page is the same."""
        if self.script:
            accessible(self.page)
        assert fits(self.page)


def accessible(page: Page) -> None:
    """axe-core knows of no violation (WCAG 2.2 AA and its best practices)."""
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def fits(page: Page) -> bool:
    """Whether nothing is wider than the window."""
    assert page.viewport_size
    # Between two pages there is no document for a moment.
    page.wait_for_function("document.documentElement !== null && document.readyState !== 'loading'")
    wide: int = page.evaluate("document.documentElement.scrollWidth")
    return wide <= page.viewport_size["width"]


@pytest.fixture(
    params=[(True, DESKTOP), (False, DESKTOP), (True, PHONE), (False, PHONE)],
    ids=["script-desktop", "plain-desktop", "script-phone", "plain-phone"],
)
def seed(
    request: pytest.FixtureRequest,
    browser: Browser,
    tmp_path: Path,
    dovecot: Dovecot,
    imap_user: str,
    smtp_sink: SmtpSink,
) -> Iterator[Seed]:
    script, (width, height) = request.param
    listen = f"127.0.0.1:{free_port()}"
    url = f"http://{listen}"
    desk = TestDesk(tmp_path, dovecot, imap_user, smtp_sink)
    context = browser.new_context(
        java_script_enabled=script,
        viewport={"width": width, "height": height},
        locale="fr-FR",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    with Daemon(desk.path, MAILGATE_PORTAL__LISTEN=listen, MAILGATE_PORTAL__URL=url) as daemon:
        wait_until(lambda: "is open" in daemon.log.read_text("utf-8"), what="the desk is open")
        yield Seed(desk, page, url, script)
        context.close()
    # Chromium notes every status that is no success.
    assert [one for one in complaints if "status of 422" not in one] == []
